"""SQL of what the viewer reads. Typed calls, no logic; nothing here writes."""

from __future__ import annotations

from datetime import datetime

import asyncpg

from mammogram_viewer.dicomweb.models import AcquisitionFacts, HeaderSource, PriorExam, SeriesFacts, ShownFile

Database = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy | asyncpg.Pool
_HEADER = """
SELECT i.id, i.sop_class_uid, i.sop_instance_uid, s.study_instance_uid, e.series_instance_uid, i.modality, i.rows,
       i.columns, i.photometric_interpretation, t.storage_key, t.byte_count, cardinality(h.frame_offsets) - 1 AS frames
FROM images i
JOIN renditions t ON t.image_id = i.id AND t.kind = 'tags' AND t.recipe_version = i.recipe_version
LEFT JOIN renditions h ON h.image_id = i.id AND h.kind = 'htj2k' AND h.recipe_version = i.recipe_version
LEFT JOIN studies s ON s.id = i.study_id
LEFT JOIN series e ON e.id = i.series_id"""
# An image by its study, its series and itself; the last two may be left open.
_BY_UIDS = """
    s.study_instance_uid = $1 AND ($2::text IS NULL OR e.series_instance_uid = $2)
    AND ($3::text IS NULL OR i.sop_instance_uid = $3) AND ($4::bigint IS NULL OR i.user_id = $4)"""


async def find_frame(db: Database, image_id: int, number: int) -> asyncpg.Record | None:
    """Whose the image is and how it stands (user_id, status, reason_code, reason), and where frame `number` (from 1)
    lies: storage_key (null: it has no codestreams), begins_at and ends_at (null: it has no such frame), and what an
    ETag is made of. None: no such image."""
    return await db.fetchrow(
        """SELECT i.user_id, i.status, i.reason_code, i.reason, r.storage_key, r.id AS rendition_id, r.recipe_version,
                  r.frame_offsets[$2] AS begins_at, r.frame_offsets[$2 + 1] AS ends_at
           FROM images i
           LEFT JOIN renditions r ON r.image_id = i.id AND r.kind = 'htj2k' AND r.recipe_version = i.recipe_version
           WHERE i.id = $1""",
        image_id,
        number,
    )


async def find_header(db: Database, image_id: int) -> HeaderSource | None:
    row = await db.fetchrow(f"{_HEADER} WHERE i.id = $1", image_id)
    return None if row is None else HeaderSource(**dict(row))


async def list_headers(
    db: Database,
    study_instance_uid: str,
    series_instance_uid: str | None,
    *,
    owner_id: int | None,
    after: int,
    limit: int,
) -> list[HeaderSource]:
    """Those of the images that are shown, in the order of ids, behind the id `after`."""
    rows = await db.fetch(
        f"{_HEADER} WHERE {_BY_UIDS} AND i.id > $5 ORDER BY i.id LIMIT $6",
        study_instance_uid,
        series_instance_uid,
        None,
        owner_id,
        after,
        limit,
    )
    return [HeaderSource(**dict(row)) for row in rows]


async def find_by_uids(
    db: Database,
    study_instance_uid: str,
    series_instance_uid: str | None,
    sop_instance_uid: str | None,
    *,
    owner_id: int | None,
) -> asyncpg.Record | None:
    """id, status, reason_code and reason of one image: of several the first that is shown, else the first."""
    return await db.fetchrow(
        f"""SELECT i.id, i.status, i.reason_code, i.reason
            FROM images i JOIN studies s ON s.id = i.study_id LEFT JOIN series e ON e.id = i.series_id
            WHERE {_BY_UIDS} ORDER BY i.status = 'ready' DESC, i.id LIMIT 1""",
        study_instance_uid,
        series_instance_uid,
        sop_instance_uid,
        owner_id,
    )


async def list_acquisitions(db: Database, image_ids: list[int]) -> list[AcquisitionFacts]:
    columns = ", ".join(AcquisitionFacts.__struct_fields__)
    rows = await db.fetch(f"SELECT {columns} FROM image_acquisitions WHERE image_id = ANY($1::bigint[])", image_ids)
    return [AcquisitionFacts(**dict(row)) for row in rows]


async def list_series(db: Database, image_ids: list[int]) -> list[SeriesFacts]:
    rows = await db.fetch(
        """SELECT i.id AS image_id, s.study_instance_uid, e.series_instance_uid, e.series_description, e.manufacturer,
                  e.station_name
           FROM images i JOIN studies s ON s.id = i.study_id JOIN series e ON e.id = i.series_id
           WHERE i.id = ANY($1::bigint[])""",
        image_ids,
    )
    return [SeriesFacts(**dict(row)) for row in rows]


async def list_shown_files(db: Database, image_ids: list[int]) -> list[ShownFile]:
    """Headers, grey scales and codestreams of the recipe that each image shows."""
    rows = await db.fetch(
        """SELECT r.image_id, r.kind, r.storage_key, r.byte_count
           FROM images i JOIN renditions r ON r.image_id = i.id AND r.recipe_version = i.recipe_version
           WHERE i.id = ANY($1::bigint[]) AND r.kind IN ('tags', 'greyscale', 'htj2k')""",
        image_ids,
    )
    return [ShownFile(**dict(row)) for row in rows]


async def list_priors(
    db: Database, study_ids: list[int], *, viewer_id: int, patient_id: str, before: datetime, limit: int
) -> list[PriorExam]:
    """Exams of the patient of these studies, taken before, the newest first. The table of patients tells issuers apart;
    that an image itself names the patient is asked beside it, for the shared row may speak of somebody else's file."""
    rows = await db.fetch(
        """SELECT t.exam_id AS id, f.study_at, f.study_description, t.image_count
           FROM (SELECT DISTINCT coalesce(o.grouped_into, o.id) AS exam_id
                 FROM studies o
                 WHERE o.patient_id IN (SELECT patient_id FROM studies WHERE id = ANY($1::bigint[]))
                   AND o.id <> ALL($1::bigint[])) x
           JOIN exam_tallies t ON t.exam_id = x.exam_id AND t.viewer_id = $2 AND t.image_count > 0
           CROSS JOIN LATERAL (
               SELECT i.study_at, i.study_description
               FROM studies s JOIN images i ON i.study_id = s.id
               WHERE (s.id = x.exam_id OR s.grouped_into = x.exam_id) AND ($2 = 0 OR i.user_id = $2)
                 AND i.patient_id = $3 AND i.study_at IS NOT NULL
               ORDER BY i.study_at, i.id LIMIT 1) f
           WHERE f.study_at < $4 ORDER BY f.study_at DESC, t.exam_id DESC LIMIT $5""",
        study_ids,
        viewer_id,
        patient_id,
        before,
        limit,
    )
    return [PriorExam(**dict(row)) for row in rows]
