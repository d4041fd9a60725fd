"""Typed calls about months of raw activities: their partitions, and the archives that they go into."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta

from asyncpg import Connection, Pool, Record
from asyncpg.pool import PoolConnectionProxy

AnyConnection = Connection | PoolConnectionProxy

_COLUMNS = (
    "id", "user_id", "activity_type", "resource_type", "resource_id", "metadata", "ip_truncated",
    "user_agent_family", "created_at",
)  # fmt: skip
_COPY_SECONDS = 3600.0
# Archiving and restoring, one at a time; 7226001 to 7226003 are in the migrations 0022 and 0024.
_ARCHIVES_LOCK = 7226004
_FOLD_LOCK = 7226002
_PLAIN_DATES = "SET LOCAL datestyle = 'ISO, YMD'"
# A copy and whoever swaps must see the same rows: a row that was written anew has another place or transaction.
_FINGERPRINT = """
SELECT count(*) AS rows, bit_xor(hashint8extended(id, hashtidextended(ctid, xmin::text::bigint))) AS mark FROM {}
"""
_MONTHS_WITH_ROWS = """
SELECT month FROM (
    SELECT to_date(substring(c.relname FROM '[0-9]{4}_[0-9]{2}$'), 'YYYY_MM') AS month
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'user_activity'::regclass AND c.relname ~ '^user_activity_[0-9]{4}_[0-9]{2}$'
    UNION
    SELECT DISTINCT date_trunc('month', created_at AT TIME ZONE 'UTC')::date FROM user_activity_other
    WHERE created_at >= '0001-01-01 00:00:00+00' AND created_at < $1::date::timestamp AT TIME ZONE 'UTC'
) months
WHERE month < $1 AND EXISTS (
    SELECT FROM user_activity WHERE created_at >= month::timestamp AT TIME ZONE 'UTC'
    AND created_at < (month + interval '1 month')::timestamp AT TIME ZONE 'UTC')
ORDER BY month
"""
_RESTORED_SINCE = """
SELECT DISTINCT (from_at AT TIME ZONE 'UTC')::date AS month FROM activity_archives
WHERE restored_at > now() - make_interval(secs => $1)
"""
_LIST = """
WITH live AS (
    SELECT date_trunc('month', created_at AT TIME ZONE 'UTC')::date AS month, count(*) AS rows
    FROM user_activity WHERE isfinite(created_at) GROUP BY 1
), archived AS (
    SELECT (from_at AT TIME ZONE 'UTC')::date AS month, sum(row_count) AS rows, sum(byte_count) AS bytes,
           min(archived_at) AS archived_at
    FROM activity_archives WHERE restored_at IS NULL GROUP BY 1
), restored AS (
    SELECT (from_at AT TIME ZONE 'UTC')::date AS month, max(restored_at) AS restored_at
    FROM activity_archives WHERE restored_at IS NOT NULL GROUP BY 1
)
SELECT month, coalesce(l.rows, 0) AS live_rows, a.rows::bigint AS archived_rows, a.bytes::bigint AS archived_bytes,
       coalesce(pg_total_relation_size(to_regclass('user_activity_' || to_char(month, 'YYYY_MM'))), 0) AS live_bytes,
       a.archived_at, r.restored_at
FROM live l FULL JOIN archived a USING (month) LEFT JOIN restored r USING (month) ORDER BY month
"""
_FIND = """
SELECT id, storage_key, row_count, byte_count, sha256 FROM activity_archives
WHERE from_at = $1 AND restored_at IS NULL ORDER BY id
"""


def month_span(month: date) -> tuple[datetime, datetime]:
    """A month (its first day) in UTC, the end excluded."""
    begin = datetime(month.year, month.month, 1, tzinfo=UTC)
    return begin, (begin + timedelta(days=31)).replace(day=1)


def partition_of(month: date) -> str:
    """Its table, as `ensure_activity_partitions` names it."""
    return f"user_activity_{month:%Y_%m}"


async def lock_archives(connection: AnyConnection) -> bool:
    """Until the transaction ends; False when another one is at it."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _ARCHIVES_LOCK))


async def hold_still(connection: AnyConnection, month: date) -> None:
    """Nobody folds, reads or writes until the transaction ends. Gives up after a second
    (asyncpg.LockNotAvailableError): whoever comes after it waits as long."""
    await connection.execute("SET LOCAL lock_timeout = '1s'")
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _FOLD_LOCK)
    await connection.execute("LOCK TABLE ONLY user_activity IN ACCESS EXCLUSIVE MODE")
    await connection.execute(f"LOCK TABLE {partition_of(month)} IN ACCESS EXCLUSIVE MODE")


async def ensure_partition(db: Pool, month: date) -> bool:
    """Give the month a partition of its own, with what lay in the one for all others. False when a table of its name is
    there that is no partition."""
    async with db.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '5s'")
        await connection.execute("SELECT ensure_activity_partitions($1, $1)", month)
        found = "SELECT relispartition FROM pg_class WHERE oid = to_regclass($1)"
        return bool(await connection.fetchval(found, partition_of(month)))


async def fingerprint(connection: AnyConnection, month: date) -> tuple[int, int | None]:
    """How many rows the partition has, and a mark that another set of rows would not have."""
    row = await connection.fetchrow(_FINGERPRINT.format(partition_of(month)), timeout=_COPY_SECONDS)
    assert row is not None
    return row["rows"], row["mark"]


async def copy_out(db: Pool, month: date, write: Callable[[bytes], Awaitable[None]]) -> tuple[int, int | None]:
    """All rows of the partition in the order of time, as CSV; answers their fingerprint."""
    async with db.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(_PLAIN_DATES)
        mark = await fingerprint(connection, month)
        if mark[0]:
            await connection.copy_from_query(
                f"SELECT {', '.join(_COLUMNS)} FROM {partition_of(month)} ORDER BY created_at, id",
                output=write,
                format="csv",
                header=True,
                timeout=_COPY_SECONDS,
            )
        return mark


async def copy_in(connection: AnyConnection, month: date, text: AsyncIterator[bytes]) -> int:
    """Rows back into the partition, past the triggers of `user_activity`: they were counted long ago."""
    await connection.execute(_PLAIN_DATES)
    told = await connection.copy_to_table(
        partition_of(month), source=text, columns=_COLUMNS, format="csv", header=True, timeout=_COPY_SECONDS
    )
    return int(told.removeprefix("COPY "))


async def has_recounts(connection: AnyConnection, month: date) -> bool:
    """Whether rows of the month were changed that the roll-ups do not know yet."""
    found = "SELECT EXISTS (SELECT FROM analytics_recounts WHERE hour >= $1 AND hour < $2)"
    return bool(await connection.fetchval(found, *month_span(month)))


async def replace_partition(
    connection: AnyConnection, month: date, *, key: str, rows: int, byte_count: int, sha256: bytes
) -> None:
    """The archive instead of the partition. Files of the month that had been restored are spoken of no longer."""
    from_at, to_at = month_span(month)
    await connection.execute("DELETE FROM activity_archives WHERE from_at = $1 AND restored_at IS NOT NULL", from_at)
    await connection.execute(
        """INSERT INTO activity_archives (from_at, to_at, storage_key, row_count, byte_count, sha256)
           VALUES ($1, $2, $3, $4, $5, $6)""",
        from_at, to_at, key, rows, byte_count, sha256,
    )  # fmt: skip
    await connection.execute(f"ALTER TABLE user_activity DETACH PARTITION {partition_of(month)}")
    await connection.execute(f"DROP TABLE {partition_of(month)}")


async def find_archives(connection: AnyConnection, month: date) -> list[Record]:
    """Those whose rows are not in `user_activity`."""
    return await connection.fetch(_FIND, month_span(month)[0])


async def mark_restored(connection: AnyConnection, ids: Sequence[int]) -> None:
    await connection.execute("UPDATE activity_archives SET restored_at = now() WHERE id = ANY($1::bigint[])", ids)


async def was_restored(connection: AnyConnection, month: date) -> bool:
    found = "SELECT EXISTS (SELECT FROM activity_archives WHERE from_at = $1 AND restored_at IS NOT NULL)"
    return bool(await connection.fetchval(found, month_span(month)[0]))


async def list_months_with_rows(db: Pool, before: date) -> list[date]:
    """Months before this one (its first day) that have raw rows, oldest first."""
    return [row["month"] for row in await db.fetch(_MONTHS_WITH_ROWS, before, timeout=_COPY_SECONDS)]


async def list_restored_since(db: Pool, seconds: float) -> set[date]:
    return {row["month"] for row in await db.fetch(_RESTORED_SINCE, seconds)}


async def list_months(db: Pool) -> list[Record]:
    """All months with raw rows or archives."""
    return await db.fetch(_LIST, timeout=_COPY_SECONDS)


async def list_files(db: Pool) -> list[Record]:
    """Files that must be in storage."""
    return await db.fetch(
        "SELECT storage_key, byte_count, sha256 FROM activity_archives WHERE restored_at IS NULL ORDER BY id"
    )


async def list_known_keys(db: Pool, keys: Sequence[str]) -> set[str]:
    rows = await db.fetch("SELECT storage_key FROM activity_archives WHERE storage_key = ANY($1::text[])", list(keys))
    return {row["storage_key"] for row in rows}
