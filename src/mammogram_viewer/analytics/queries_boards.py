"""Typed calls about the boards of images viewed most, and the views that they are made of; no logic."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from asyncpg import Connection, Pool, Record
from asyncpg.pool import PoolConnectionProxy

Database = Pool | Connection | PoolConnectionProxy

# The board of this very window, else that of the nearest one that begins a little earlier.
_BOARD = """
SELECT from_at, to_at, until_at, image_ids, views, complete FROM view_boards
WHERE to_at = $2 AND from_at <= $1 AND from_at >= $1 - $3::interval
ORDER BY from_at DESC LIMIT 1
"""
_COUNT = (
    "SELECT image_id, count(*) AS views FROM image_views WHERE viewed_at >= $1 AND viewed_at < $2 GROUP BY image_id"
)
_TOP = f"{_COUNT} ORDER BY views DESC, image_id DESC LIMIT $3"
# The same without reading the span: only of the images with most views ever, and of those whose totals wait in the
# inbox. In one snapshot the total of every other image is exact, and comes after the last row, the last of them.
_TOP_BY_TOTALS = """
WITH most AS MATERIALIZED (
    SELECT image_id, views FROM image_view_totals WHERE views > 0 ORDER BY views DESC, image_id DESC LIMIT $3
), wanted AS (
    SELECT image_id FROM most UNION SELECT viewed_image_id FROM analytics_inbox WHERE viewed_image_id IS NOT NULL
)
SELECT w.image_id, v.views, false AS is_bound FROM wanted w CROSS JOIN LATERAL (
    SELECT count(*) AS views FROM image_views i
    WHERE i.image_id = w.image_id AND i.viewed_at >= $1 AND i.viewed_at < $2) v
WHERE v.views > 0
UNION ALL
(SELECT image_id, views, true FROM most ORDER BY views DESC, image_id DESC OFFSET $3 - 1)
"""
_COUNT_OF = """
SELECT w.image_id, v.views FROM unnest($1::bigint[]) w (image_id) CROSS JOIN LATERAL (
    SELECT count(*) AS views FROM image_views WHERE image_id = w.image_id AND viewed_at >= $2 AND viewed_at < $3) v
"""
# Alone, until the transaction ends: late views wait for it, and then forget what is made here (migration 0024).
_LOCK = "SELECT pg_advisory_xact_lock(7226003)"
_CLOCK = "SELECT clock_timestamp()"
_SAVE = """
INSERT INTO view_boards AS b (from_at, to_at, until_at, image_ids, views, complete) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (from_at, to_at) DO UPDATE SET until_at = excluded.until_at, image_ids = excluded.image_ids,
    views = excluded.views, complete = excluded.complete, asked_at = now()
"""
_DROP_OLD = "DELETE FROM view_boards WHERE asked_at < now() - $1::interval"
# Those listed since get their rows; who came since the last count is added to the others.
_ADD_VIEWERS = """
INSERT INTO view_board_viewers AS b (from_at, to_at, image_id, users)
SELECT $1::timestamptz, $2::timestamptz, w.image_id, user_bits(ARRAY(
    SELECT DISTINCT user_id FROM image_views v
    WHERE v.image_id = w.image_id AND v.viewed_at < $4 AND v.viewed_at >= CASE
        WHEN EXISTS (SELECT FROM view_board_viewers o
                     WHERE o.from_at = $1 AND o.to_at = $2 AND o.image_id = w.image_id) THEN $5
        ELSE $1::timestamptz END))
FROM unnest($3::bigint[]) w (image_id) ORDER BY w.image_id
ON CONFLICT (from_at, to_at, image_id) DO UPDATE SET users = user_bits_or(b.users, excluded.users)
"""
_DROP_VIEWERS = "DELETE FROM view_board_viewers WHERE from_at = $1 AND to_at = $2 AND image_id <> ALL($3::bigint[])"
_VIEWERS_ON_BOARD = """
SELECT b.image_id, bit_count(user_bits_or(b.users, user_bits(ARRAY(
    SELECT DISTINCT user_id FROM image_views v
    WHERE v.image_id = b.image_id AND v.viewed_at >= $4 AND v.viewed_at < $5))))::int AS viewers
FROM view_board_viewers b WHERE b.from_at = $1 AND b.to_at = $2 AND b.image_id = ANY($3::bigint[])
"""
_VIEWERS = """
SELECT w.image_id, (SELECT count(DISTINCT user_id) FROM image_views
                    WHERE image_id = w.image_id AND viewed_at >= $2 AND viewed_at < $3) AS viewers
FROM unnest($1::bigint[]) w (image_id)
"""
_LAST_VIEWED = """
SELECT w.image_id, (SELECT max(viewed_at) FROM image_views
                    WHERE image_id = w.image_id AND viewed_at >= $2 AND viewed_at < $3) AS at
FROM unnest($1::bigint[]) w (image_id)
"""

_LAST_VIEWED_BY = """
SELECT w.image_id, (SELECT max(viewed_at) FROM image_views
                    WHERE user_id = $4 AND image_id = w.image_id AND viewed_at >= $2 AND viewed_at < $3) AS at
FROM unnest($1::bigint[]) w (image_id)
"""


async def fetch_board(db: Database, from_at: datetime, to_at: datetime, earlier: timedelta) -> Record | None:
    return await db.fetchrow(_BOARD, from_at, to_at, earlier)


async def count_views(db: Database, from_at: datetime, to_at: datetime) -> dict[int, int]:
    """Views of each image that was viewed in a span, by the index on viewed_at alone."""
    return {row["image_id"]: row["views"] for row in await db.fetch(_COUNT, from_at, to_at)}


async def count_views_of(db: Database, image_ids: Sequence[int], from_at: datetime, to_at: datetime) -> dict[int, int]:
    """The same of these images, by the index on image and viewed_at."""
    return {row["image_id"]: row["views"] for row in await db.fetch(_COUNT_OF, image_ids, from_at, to_at)}


async def count_top_views(db: Database, from_at: datetime, to_at: datetime, limit: int) -> list[tuple[int, int]]:
    """Those viewed most (image, views), the newer of two alike first; reads every view of the span."""
    return [(row["image_id"], row["views"]) for row in await db.fetch(_TOP, from_at, to_at, limit)]


async def count_top_views_by_totals(
    db: Database, from_at: datetime, to_at: datetime, candidates: int
) -> tuple[list[tuple[int, int]], tuple[int, int] | None]:
    """Views in a span of that many images with most views ever (image, views), in no order; and the views ever and id
    of the last of those, which no other image reaches. None: there is no other image."""
    rows = await db.fetch(_TOP_BY_TOTALS, from_at, to_at, candidates)
    bound = next(((row["views"], row["image_id"]) for row in rows if row["is_bound"]), None)
    return [(row["image_id"], row["views"]) for row in rows if not row["is_bound"]], bound


async def lock_boards(db: Database) -> datetime:
    """And then the time."""
    await db.execute(_LOCK)
    now = await db.fetchval(_CLOCK)
    assert now is not None
    return now


async def save_board(
    db: Database, span: tuple[datetime, datetime], until_at: datetime, ranked: Sequence[tuple[int, int]], complete: bool
) -> None:
    ids, views = [image_id for image_id, _ in ranked], [count for _, count in ranked]
    await db.execute(_SAVE, *span, until_at, ids, views, complete)


async def save_viewers(
    db: Database,
    span: tuple[datetime, datetime],
    image_ids: Sequence[int],
    until_at: datetime,
    counted_until: datetime,
) -> None:
    """Of these images alone; who is there already was counted to `counted_until`."""
    await db.execute(_DROP_VIEWERS, *span, image_ids)
    await db.execute(_ADD_VIEWERS, *span, image_ids, until_at, counted_until)


async def drop_old_boards(db: Database, age: timedelta) -> None:
    await db.execute(_DROP_OLD, age)


async def count_viewers_on_board(
    db: Database, span: tuple[datetime, datetime], image_ids: Sequence[int], since: datetime, to_at: datetime
) -> dict[int, int]:
    rows = await db.fetch(_VIEWERS_ON_BOARD, *span, image_ids, since, to_at)
    return {row["image_id"]: row["viewers"] for row in rows}


async def count_viewers(db: Database, image_ids: Sequence[int], from_at: datetime, to_at: datetime) -> dict[int, int]:
    """From the views themselves; as slow as there are many."""
    return {row["image_id"]: row["viewers"] for row in await db.fetch(_VIEWERS, image_ids, from_at, to_at)}


async def fetch_last_viewed(
    db: Database, image_ids: Sequence[int], from_at: datetime, to_at: datetime
) -> dict[int, datetime]:
    return {row["image_id"]: row["at"] for row in await db.fetch(_LAST_VIEWED, image_ids, from_at, to_at)}


async def fetch_last_viewed_by(
    db: Database, user_id: int, image_ids: Sequence[int], from_at: datetime, to_at: datetime
) -> dict[int, datetime]:
    rows = await db.fetch(_LAST_VIEWED_BY, image_ids, from_at, to_at, user_id)
    return {row["image_id"]: row["at"] for row in rows}
