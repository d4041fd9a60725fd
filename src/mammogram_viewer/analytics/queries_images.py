"""Typed calls about originals as they are now: their sizes, and which were viewed most; no logic."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from asyncpg import Pool, Record

from mammogram_viewer.archive.models import Image, image_from
from mammogram_viewer.archive.selections import SELECT_IMAGE

# The ends of an index tell the smallest and the largest.
_FILE_TYPES = """
SELECT now() AS computed_at, t.file_type, coalesce(s.images, 0) AS images, coalesce(s.bytes, 0) AS bytes,
       (SELECT min(byte_count) FROM images i WHERE i.file_type = t.file_type) AS least,
       (SELECT max(byte_count) FROM images i WHERE i.file_type = t.file_type) AS most
FROM unnest(ARRAY['dicom', 'png', 'jpeg', 'tiff']) t (file_type)
LEFT JOIN image_totals s ON s.file_type = t.file_type
"""
_MOST_VIEWED = """
SELECT v.image_id, v.views FROM (
    SELECT image_id, count(*) AS views FROM image_views WHERE viewed_at >= $1 AND viewed_at < $2 GROUP BY image_id
) v JOIN images i ON i.id = v.image_id
ORDER BY v.views DESC, v.image_id DESC LIMIT $3
"""
_MOST_VIEWED_BY = """
SELECT v.image_id, v.views FROM (
    SELECT image_id, count(*) AS views FROM image_views
    WHERE user_id = $4 AND viewed_at >= $1 AND viewed_at < $2 GROUP BY image_id
) v JOIN images i ON i.id = v.image_id
ORDER BY v.views DESC, v.image_id DESC LIMIT $3
"""
_MOST_VIEWED_EVER = """
SELECT t.image_id, t.views FROM image_view_totals t JOIN images i ON i.id = t.image_id
WHERE t.views > 0 ORDER BY t.views DESC, t.image_id DESC LIMIT $1
"""
_SHOWN = f"{SELECT_IMAGE} WHERE i.id = ANY($1::bigint[])"


async def fetch_file_types(db: Pool) -> list[Record]:
    return await db.fetch(_FILE_TYPES)


async def fetch_most_viewed(
    db: Pool, from_at: datetime, to_at: datetime, limit: int, user_id: int | None = None
) -> list[Record]:
    """Images that are still there, most viewed first, the newer of two alike first: (image_id, views)."""
    if user_id is None:
        return await db.fetch(_MOST_VIEWED, from_at, to_at, limit)
    return await db.fetch(_MOST_VIEWED_BY, from_at, to_at, limit, user_id)


async def fetch_most_viewed_ever(db: Pool, limit: int) -> list[Record]:
    return await db.fetch(_MOST_VIEWED_EVER, limit)


async def fetch_images(db: Pool, image_ids: Sequence[int]) -> list[Image]:
    """Of those that are there, in no order."""
    return [image_from(row) for row in await db.fetch(_SHOWN, image_ids)]
