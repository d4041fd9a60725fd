"""SQL of annotations, key images and viewer preferences. Typed calls, no logic."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from mammogram_viewer.annotations.models import Annotation, KeyImage, MeasuredImage

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
Database = Connection | asyncpg.Pool

_SELECT = """
SELECT n.image_id, n.annotation_id, n.user_id, u.name AS user_name, n.kind, n.frame, n.points, n.text, n.statistics,
       n.revision, n.created_at, n.updated_at, a.spacing_row_mm, a.spacing_column_mm, a.spacing_basis, a.magnification
FROM annotations n
JOIN users u ON u.id = n.user_id
LEFT JOIN image_acquisitions a ON a.image_id = n.image_id"""


def _annotation(row: asyncpg.Record) -> Annotation:
    return msgspec.convert(dict(row), Annotation)


async def lock_image(connection: Connection, image_id: int) -> bool:
    """Whether it is still there; held against deletion and against other writers of its annotations until the caller's
    transaction ends, so that what is written is neither lost on the way into `withdrawn_images` nor beyond a limit."""
    row = await connection.fetchrow("SELECT id FROM images WHERE id = $1 FOR NO KEY UPDATE", image_id)
    return row is not None


async def list_annotations(db: Database, image_ids: list[int]) -> list[Annotation]:
    rows = await db.fetch(
        f"{_SELECT} WHERE n.image_id = ANY($1::bigint[]) ORDER BY n.created_at, n.image_id, n.annotation_id", image_ids
    )
    return [_annotation(row) for row in rows]


async def find_annotation(db: Database, image_id: int, annotation_id: UUID) -> Annotation | None:
    row = await db.fetchrow(f"{_SELECT} WHERE n.image_id = $1 AND n.annotation_id = $2", image_id, annotation_id)
    return None if row is None else _annotation(row)


async def count_annotations(db: Database, image_id: int) -> int:
    return await db.fetchval("SELECT count(*) FROM annotations WHERE image_id = $1", image_id) or 0


async def save_annotation(
    connection: Connection,
    image_id: int,
    annotation_id: UUID,
    user_id: int,
    *,
    kind: str,
    frame: int,
    points: list[Any],
    text: str | None,
    statistics: Any,
) -> None:
    """A new one, or the next revision of one that is there."""
    await connection.execute(
        """INSERT INTO annotations AS n (image_id, annotation_id, user_id, kind, frame, points, text, statistics)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
           ON CONFLICT (image_id, annotation_id) DO UPDATE
           SET kind = excluded.kind, frame = excluded.frame, points = excluded.points, text = excluded.text,
               statistics = excluded.statistics, revision = n.revision + 1, updated_at = now()""",
        image_id,
        annotation_id,
        user_id,
        kind,
        frame,
        points,
        text,
        statistics,
    )


async def delete_annotation(connection: Connection, image_id: int, annotation_id: UUID) -> None:
    await connection.execute(
        "DELETE FROM annotations WHERE image_id = $1 AND annotation_id = $2", image_id, annotation_id
    )


async def list_key_images(db: Database, image_ids: list[int]) -> list[KeyImage]:
    rows = await db.fetch(
        """SELECT k.image_id, k.frame, k.user_id, u.name AS user_name, k.created_at
           FROM key_images k JOIN users u ON u.id = k.user_id
           WHERE k.image_id = ANY($1::bigint[]) ORDER BY k.created_at, k.image_id, k.frame, k.user_id""",
        image_ids,
    )
    return [KeyImage(**dict(row)) for row in rows]


async def add_key_image(connection: Connection, image_id: int, frame: int, user_id: int) -> bool:
    """Whether it was not marked before."""
    row = await connection.fetchrow(
        "INSERT INTO key_images (image_id, frame, user_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING frame",
        image_id,
        frame,
        user_id,
    )
    return row is not None


async def remove_key_image(connection: Connection, image_id: int, frame: int, user_id: int) -> bool:
    """Whether it was marked."""
    row = await connection.fetchrow(
        "DELETE FROM key_images WHERE image_id = $1 AND frame = $2 AND user_id = $3 RETURNING frame",
        image_id,
        frame,
        user_id,
    )
    return row is not None


async def list_images_of_exam(db: Database, study_ids: list[int], owner_id: int | None, limit: int) -> list[int]:
    """In the order in which they came."""
    rows = await db.fetch(
        """SELECT id FROM images WHERE study_id = ANY($1::bigint[]) AND ($2::bigint IS NULL OR user_id = $2)
           ORDER BY created_at, id LIMIT $3""",
        study_ids,
        owner_id,
        limit,
    )
    return [row["id"] for row in rows]


async def list_measured_images(db: Database, image_ids: list[int]) -> list[MeasuredImage]:
    rows = await db.fetch(
        """SELECT i.id, i.sop_class_uid, i.sop_instance_uid, s.study_instance_uid, e.series_instance_uid, i.laterality,
                  i.view_position, i.rows, i.columns, i.number_of_frames
           FROM images i LEFT JOIN studies s ON s.id = i.study_id LEFT JOIN series e ON e.id = i.series_id
           WHERE i.id = ANY($1::bigint[]) ORDER BY i.created_at, i.id""",
        image_ids,
    )
    return [MeasuredImage(**dict(row)) for row in rows]


async def find_header(db: Database, image_id: int) -> tuple[str, int] | None:
    """Storage key and bytes of an image's header as DICOM JSON."""
    row = await db.fetchrow(
        """SELECT t.storage_key, t.byte_count FROM images i
           JOIN renditions t ON t.image_id = i.id AND t.kind = 'tags' AND t.recipe_version = i.recipe_version
           WHERE i.id = $1""",
        image_id,
    )
    return None if row is None else (row["storage_key"], row["byte_count"])


async def find_preferences(db: Database, user_id: int) -> dict[str, Any]:
    return await db.fetchval("SELECT preferences FROM viewer_preferences WHERE user_id = $1", user_id) or {}


async def save_preferences(db: Database, user_id: int, preferences: dict[str, Any]) -> None:
    await db.execute(
        """INSERT INTO viewer_preferences (user_id, preferences) VALUES ($1, $2)
           ON CONFLICT (user_id) DO UPDATE SET preferences = excluded.preferences, updated_at = now()""",
        user_id,
        preferences,
    )
