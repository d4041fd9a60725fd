"""SQL of questions about many images, and of correcting them. Typed calls, no logic."""

from __future__ import annotations

import asyncpg

from mammogram_viewer.archive.models import PERSON, CorrectedField
from mammogram_viewer.archive.queries import Connection, Database


async def list_standing(db: Database, image_ids: list[int]) -> list[asyncpg.Record]:
    """id, user_id and status of those that are there."""
    return await db.fetch("SELECT id, user_id, status FROM images WHERE id = ANY($1::bigint[])", image_ids)


async def lock_sides_and_views(connection: Connection, image_ids: list[int]) -> list[asyncpg.Record]:
    """id, laterality, view_position and where each comes from, in the order of ids; held until the caller's transaction
    ends."""
    return await connection.fetch(
        """SELECT id, laterality, laterality_source, view_position, view_position_source
           FROM images WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE""",
        image_ids,
    )


async def list_earlier_corrections(
    connection: Connection, image_ids: list[int], field: CorrectedField
) -> list[asyncpg.Record]:
    """image_id, file_value and file_source of those that a person has corrected before."""
    return await connection.fetch(
        """SELECT image_id, file_value, file_source FROM image_corrections
           WHERE image_id = ANY($1::bigint[]) AND field = $2""",
        image_ids,
        field,
    )


async def save_corrections(
    connection: Connection, image_ids: list[int], field: CorrectedField, value: str, *, user_id: int
) -> None:
    """A person's word on many images; what the file says is kept where it is not kept yet. `field` is one of two column
    names, never a caller's text."""
    await connection.execute(
        f"""INSERT INTO image_corrections (image_id, field, value, file_value, file_source, corrected_by)
            SELECT id, $2, $3, {field}, {field}_source, $4 FROM images WHERE id = ANY($1::bigint[])
            ON CONFLICT (image_id, field) DO UPDATE
                SET value = excluded.value, corrected_by = excluded.corrected_by, corrected_at = now()""",
        image_ids,
        field,
        value,
        user_id,
    )
    await connection.execute(
        f"""UPDATE images SET {field} = $2, {field}_source = $3, updated_at = now() WHERE id = ANY($1::bigint[])""",
        image_ids,
        value,
        PERSON,
    )


async def take_back_corrections(connection: Connection, image_ids: list[int], field: CorrectedField) -> None:
    """What the files say counts again. `field` as above."""
    await connection.execute(
        f"""WITH gone AS (
                DELETE FROM image_corrections WHERE image_id = ANY($1::bigint[]) AND field = $2
                RETURNING image_id, file_value, file_source)
            UPDATE images i SET {field} = gone.file_value, {field}_source = gone.file_source, updated_at = now()
            FROM gone WHERE i.id = gone.image_id""",
        image_ids,
        field,
    )


# What a ZIP of originals tells of each; its exam is the study that it was grouped into, if it was.
_ORIGINALS = """SELECT i.id, coalesce(s.grouped_into, s.id) AS exam_id, s.study_instance_uid, i.sop_instance_uid,
                       i.original_name, i.file_type, i.byte_count, i.sha256, i.storage_key, i.laterality,
                       i.view_position, i.modality, i.created_at
                FROM images i LEFT JOIN studies s ON s.id = i.study_id"""


async def list_originals(db: Database, image_ids: list[int], owner_id: int | None) -> list[asyncpg.Record]:
    """Those of the images that are there and this person's (None: anybody's), exam by exam."""
    return await db.fetch(
        f"""{_ORIGINALS} WHERE i.id = ANY($1::bigint[]) AND ($2::bigint IS NULL OR i.user_id = $2)
            ORDER BY exam_id NULLS LAST, i.id""",
        image_ids,
        owner_id,
    )


async def list_image_ids_of_exams(
    db: Database, exam_ids: list[int], owner_id: int | None, *, limit: int
) -> list[asyncpg.Record]:
    """id of the images of these studies and of those grouped into them."""
    return await db.fetch(
        """SELECT i.id FROM images i
           WHERE i.study_id IN (SELECT id FROM studies WHERE id = ANY($1::bigint[]) OR grouped_into = ANY($1::bigint[]))
             AND ($2::bigint IS NULL OR i.user_id = $2)
           ORDER BY i.id LIMIT $3""",
        exam_ids,
        owner_id,
        limit,
    )
