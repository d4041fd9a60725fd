"""Typed calls that derive numbers anew; no logic."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from asyncpg import Connection, Pool
from asyncpg.pool import PoolConnectionProxy

AnyConnection = Connection | PoolConnectionProxy

_REBUILD_LOCK = 7226005
_FOLD_LOCK = 7226002
_BOARDS_LOCK = 7226003
_LONG_SECONDS = 3600.0
_IN_ARCHIVE = """
EXISTS (SELECT FROM activity_archives a WHERE a.restored_at IS NULL AND a.from_at <= {0} AND {0} < a.to_at)
"""
# Days that have raw rows, or numbers that claim so.
_DAYS = f"""
SELECT (day AT TIME ZONE 'UTC')::date AS day FROM (
    SELECT DISTINCT day_of(created_at) AS day FROM user_activity WHERE isfinite(created_at)
    UNION SELECT day_of(bucket) FROM analytics_hours
    UNION SELECT day_of(bucket) FROM analytics_quarters
) days WHERE NOT {_IN_ARCHIVE.format("day")} ORDER BY 1
"""
# In one transaction with the lock, under which months go into archives: none of these hours loses its rows meanwhile.
_RECOUNT = f"""
SELECT recount_activity(ARRAY(
    SELECT hour FROM (
        SELECT DISTINCT hour_of(created_at) AS hour FROM user_activity WHERE created_at >= $1 AND created_at < $2
        UNION SELECT bucket FROM analytics_hours WHERE bucket >= $1 AND bucket < $2
        UNION SELECT hour_of(bucket) FROM analytics_quarters WHERE bucket >= $1 AND bucket < $2
        UNION SELECT bucket FROM analytics_hour_users WHERE bucket >= $1 AND bucket < $2
        UNION SELECT hour_of(bucket) FROM analytics_quarter_users WHERE bucket >= $1 AND bucket < $2
    ) hours WHERE NOT {_IN_ARCHIVE.format("hour")} ORDER BY hour))
"""
_NOTHING = (
    "(logins, uploads, views, downloads, deletes, others, images_added, images_removed) = (0, 0, 0, 0, 0, 0, 0, 0)"
)
_STAT_DAYS = f"""
WITH first AS (
    SELECT greatest(min(bucket), '1980-01-01 00:00:00+00') AT TIME ZONE 'UTC' AS at FROM analytics_hours
    HAVING count(*) > 0
)
SELECT day FROM (
    SELECT stat_date AS day FROM system_stats
    UNION
    SELECT generate_series(date_trunc('day', at), (now() AT TIME ZONE 'UTC')::date - 1, interval '1 day')::date
    FROM first
) days
WHERE day <= (now() AT TIME ZONE 'UTC')::date AND NOT {_IN_ARCHIVE.format("(day::timestamp AT TIME ZONE 'UTC')")}
ORDER BY day
"""
_TO_HEAL = f"""
WITH first AS (
    SELECT greatest($1, min(bucket), '1980-01-01 00:00:00+00') AT TIME ZONE 'UTC' AS at FROM analytics_hours
    HAVING count(*) > 0
), days AS (
    SELECT generate_series(date_trunc('day', at), least($2 AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC')::date - 1,
                           interval '1 day')::date AS day
    FROM first
), counted AS (
    SELECT (bucket AT TIME ZONE 'UTC')::date AS day,
           ARRAY[sum(logins), sum(uploads), sum(views), sum(downloads), sum(deletes), sum(others), sum(images_added)]
               AS counts
    FROM analytics_hours
    WHERE bucket >= coalesce($1, timestamptz '-infinity') AND bucket < coalesce($2, timestamptz 'infinity') GROUP BY 1
)
SELECT day FROM days LEFT JOIN counted USING (day) LEFT JOIN system_stats s ON s.stat_date = day
WHERE (s.computed_at IS NULL OR s.computed_at < (day + 1)::timestamp AT TIME ZONE 'UTC'
       OR ARRAY[s.logins, s.uploads, s.views, s.downloads, s.deletes, s.others, s.images_new]::numeric[]
          <> coalesce(counted.counts, ARRAY[0, 0, 0, 0, 0, 0, 0]))
  AND NOT {_IN_ARCHIVE.format("(day::timestamp AT TIME ZONE 'UTC')")}
ORDER BY day
"""
_ARCHIVED_MONTHS = "SELECT count(DISTINCT from_at) FROM activity_archives WHERE restored_at IS NULL"


async def lock_rebuild(connection: AnyConnection) -> bool:
    """Until the transaction ends; False when another one is at it."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _REBUILD_LOCK))


async def list_days(db: Pool) -> list[date]:
    """UTC days to be counted anew, oldest first, but for archived ones."""
    return [row["day"] for row in await db.fetch(_DAYS, timeout=_LONG_SECONDS)]


async def recount_day(db: Pool, day: date) -> None:
    """The activities of a UTC day from their raw rows."""
    begin = datetime.combine(day, time(), UTC)
    async with db.acquire() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _FOLD_LOCK, timeout=_LONG_SECONDS)
        await connection.fetchval(_RECOUNT, begin, begin + timedelta(days=1), timeout=_LONG_SECONDS)


async def rebuild_stock_and_views(db: Pool) -> None:
    """All of them at once; uploads and views wait meanwhile. Boards are made anew when somebody asks. Rows that say
    nothing go: the first row tells since when something is known."""
    async with db.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '5s'")
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _FOLD_LOCK)
        await connection.execute("SELECT rebuild_stock_and_views()", timeout=_LONG_SECONDS)
        for table in ("analytics_quarters", "analytics_hours"):
            await connection.execute(f"DELETE FROM {table} WHERE {_NOTHING}", timeout=_LONG_SECONDS)
        for table in ("analytics_quarter_users", "analytics_hour_users"):
            await connection.execute(f"DELETE FROM {table} WHERE bit_count(users) = 0", timeout=_LONG_SECONDS)
        await connection.execute("SELECT pg_advisory_xact_lock_shared($1)", _BOARDS_LOCK)
        await connection.execute("DELETE FROM view_boards")
        await connection.execute("SELECT pg_notify('analytics', '')")


async def list_stat_days(db: Pool) -> list[date]:
    """Days of `system_stats`, and those that it lacks, but for archived ones."""
    return [row["day"] for row in await db.fetch(_STAT_DAYS, timeout=_LONG_SECONDS)]


async def list_days_to_heal(db: Pool, from_at: datetime | None, to_at: datetime | None) -> list[date]:
    """Days that are over (UTC) and whose row is missing or wrong."""
    return [row["day"] for row in await db.fetch(_TO_HEAL, from_at, to_at, timeout=_LONG_SECONDS)]


async def update_day(db: Pool, day: date) -> None:
    """As `queries_work.update_system_stats`, with the patience of a job."""
    await db.execute("SELECT update_system_stats($1)", day, timeout=_LONG_SECONDS)


async def count_archived_months(db: Pool) -> int:
    return await db.fetchval(_ARCHIVED_MONTHS)
