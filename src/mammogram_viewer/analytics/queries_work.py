"""Typed calls about what was uploaded and what became of it, and the daily rows of `system_stats`; no logic."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from asyncpg import Connection, Pool, Record
from asyncpg.pool import PoolConnectionProxy

AnyConnection = Connection | PoolConnectionProxy

# One pass over the images of a span (images_created_at_idx); the series tells the station.
_BREAKDOWN = """
SELECT now() AS computed_at, GROUPING(i.modality, i.laterality, s.station_name) AS kept,
       i.modality, i.laterality, s.station_name, count(*) AS images, coalesce(sum(i.byte_count), 0)::bigint AS bytes
FROM images i LEFT JOIN series s ON s.id = i.series_id
WHERE i.created_at >= $1 AND i.created_at < $2
GROUP BY GROUPING SETS ((i.modality), (i.laterality), (s.station_name), ())
ORDER BY images DESC, i.modality, i.laterality, s.station_name
"""
# Jobs that decided about an image, by the index on finished_at.
_PROCESSING = """
SELECT width_bucket(finished_at, $1::timestamptz[]) AS slot,
       count(*) FILTER (WHERE status = 'completed') AS completed,
       count(*) FILTER (WHERE status = 'failed') AS failed,
       count(*) FILTER (WHERE status = 'rejected') AS rejected,
       percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - created_at))
           FILTER (WHERE status = 'completed') AS seconds
FROM job_queue
WHERE finished_at >= $1[1] AND finished_at < $1[cardinality($1)] AND type = ANY($2)
GROUP BY 1
"""
_REASONS = """
SELECT error_code AS code, status, count(*) AS count FROM job_queue
WHERE finished_at >= $1 AND finished_at < $2 AND type = ANY($3) AND status IN ('failed', 'rejected')
GROUP BY 1, 2 ORDER BY count DESC, code, status
"""
_SYSTEM_STATS = "SELECT * FROM system_stats WHERE stat_date BETWEEN $1 AND $2 ORDER BY stat_date"


async def fetch_breakdown(db: Pool, from_at: datetime, to_at: datetime) -> list[Record]:
    """Rows of three groupings, told apart by `kept`: 3 by modality, 5 by side, 6 by station, 7 the whole."""
    return await db.fetch(_BREAKDOWN, from_at, to_at)


async def fetch_processing(db: Pool, bounds: Sequence[datetime], types: Sequence[str]) -> list[Record]:
    return await db.fetch(_PROCESSING, bounds, types)


async def fetch_reasons(db: Pool, from_at: datetime, to_at: datetime, types: Sequence[str]) -> list[Record]:
    return await db.fetch(_REASONS, from_at, to_at, types)


async def fetch_system_stats(db: Pool, first: date, last: date) -> list[Record]:
    return await db.fetch(_SYSTEM_STATS, first, last)


async def update_system_stats(connection: AnyConnection, day: date) -> None:
    await connection.execute("SELECT update_system_stats($1)", day)


async def today_utc(db: Pool) -> date:
    today: date = await db.fetchval("SELECT (now() AT TIME ZONE 'UTC')::date")
    return today
