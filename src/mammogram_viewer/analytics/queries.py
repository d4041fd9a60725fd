"""Sums over slots of time, from roll-ups, and what every answer needs first; no logic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from asyncpg import Pool, Record

# A call of fold_activity() that moved fewer lines than this has left nothing behind that was there before it.
FOLD_SMALL = 1000
_BITS_STEP = 8192

_MOMENT = """
SELECT now() AS as_of, (now() AT TIME ZONE $1)::date AS today,
       ((now() AT TIME ZONE $1) - make_interval(days => $2)) AT TIME ZONE $1 AS same_time_before,
       (SELECT min(bucket) FROM analytics_quarters) AS known_from,
       (SELECT max(id) FROM users) AS max_user_id,
       ARRAY(SELECT from_at FROM activity_archives WHERE restored_at IS NULL ORDER BY from_at, id) AS archived_from,
       ARRAY(SELECT to_at FROM activity_archives WHERE restored_at IS NULL ORDER BY from_at, id) AS archived_to
"""

COUNTS = ("logins", "uploads", "views", "downloads", "deletes", "others")
STOCK = ("images_added", "images_removed", "bytes_added", "bytes_removed")
_COLUMNS = (*COUNTS, *STOCK)
_NAMED = ", ".join(_COLUMNS)
_SUMS = ", ".join(f"sum({name})::bigint AS {name}" for name in _COLUMNS)
_RAW_COUNTS = ", ".join(f"(activity_type = '{name[:-1]}')::int::bigint" for name in COUNTS[:-1])

# $1 edges, $2 split hours, $3 quarters, $4 split quarters. An hour before the first edge is left out, one that holds
# it is split. Slot -1: what is there now, in the same snapshot.
_SLOTS = f"""
SELECT slot, {_SUMS} FROM (
    SELECT width_bucket(bucket, $1::timestamptz[]) AS slot, {_NAMED} FROM analytics_hours h
    WHERE bucket >= $1[1] AND NOT EXISTS (SELECT FROM unnest($2::timestamptz[]) s (hour) WHERE s.hour = h.bucket)
    UNION ALL
    SELECT width_bucket(bucket, $1), {_NAMED} FROM analytics_quarters WHERE bucket = ANY($3::timestamptz[])
    {{raw}}
) facts WHERE slot > 0 GROUP BY slot
UNION ALL
SELECT -1, 0, 0, 0, 0, 0, 0, coalesce(sum(images), 0)::bigint, 0, coalesce(sum(bytes), 0)::bigint, 0 FROM image_totals
"""
_RAW_SLOTS = f"""UNION ALL
    SELECT width_bucket(created_at, $1), {_RAW_COUNTS},
           (activity_type NOT IN ('login', 'upload', 'view', 'download', 'delete'))::int::bigint, 0, 0, 0, 0
    FROM unnest($4::timestamptz[]) q (begins_at)
    JOIN user_activity ON created_at >= begins_at AND created_at < begins_at + interval '15 minutes'
    UNION ALL
    SELECT width_bucket(at, $1), 0, 0, 0, 0, 0, 0, greatest(images, 0), greatest(-images, 0), greatest(bytes, 0),
           greatest(-bytes, 0)
    FROM unnest($4::timestamptz[]) q (begins_at)
    JOIN image_stock ON at >= begins_at AND at < begins_at + interval '15 minutes'"""
_SLOTS_EXACT = _SLOTS.format(raw=_RAW_SLOTS)
_SLOTS_OF_QUARTERS = _SLOTS.format(raw="")

# $1 to $3 as above; $4 the first slot of the range, $5 the one after it, $6 split quarters. A row a slot of the range,
# and, as slots 0 and -1, people in the whole range and in the one before it.
_PEOPLE = """
WITH days AS MATERIALIZED (
    SELECT slot, bit_or(users) AS users FROM (
        SELECT width_bucket(bucket, $1::timestamptz[]) AS slot, users::bit({bits}) AS users
        FROM analytics_hour_users h
        WHERE bucket >= $1[1] AND bucket < $1[cardinality($1)]
          AND NOT EXISTS (SELECT FROM unnest($2::timestamptz[]) s (hour) WHERE s.hour = h.bucket)
        UNION ALL
        SELECT width_bucket(bucket, $1), users::bit({bits}) FROM analytics_quarter_users
        WHERE bucket = ANY($3::timestamptz[])
        {raw}
    ) facts WHERE slot > 0 AND slot < $5 GROUP BY slot
)
SELECT slot, bit_count(users) AS people FROM days WHERE slot >= $4
UNION ALL SELECT 0, bit_count(bit_or(users)) FROM days WHERE slot >= $4
UNION ALL SELECT -1, bit_count(bit_or(users)) FROM days WHERE slot < $4 - 1
"""
_RAW_PEOPLE = """UNION ALL
        SELECT slot, user_bits(array_agg(DISTINCT user_id))::bit({bits}) FROM (
            SELECT width_bucket(created_at, $1) AS slot, user_id FROM unnest($6::timestamptz[]) q (begins_at)
            JOIN user_activity ON created_at >= begins_at AND created_at < begins_at + interval '15 minutes'
            WHERE user_id IS NOT NULL
        ) raw GROUP BY slot"""

_USERS_AT = """
SELECT array_agg((SELECT count(*) FROM users WHERE created_at < at) ORDER BY place)
FROM unnest($1::timestamptz[]) WITH ORDINALITY AS t (at, place)
"""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """Now, and what is known: `same_time_before` is this local time some local days ago."""

    as_of: datetime
    today: date
    same_time_before: datetime
    known_from: datetime | None
    max_user_id: int
    archived: list[tuple[datetime, datetime]]


def bits_for(max_user_id: int) -> int:
    """Length of a set of user ids. In few steps, so that the text of a statement seldom changes."""
    return (max_user_id // _BITS_STEP + 1) * _BITS_STEP


async def fold(db: Pool) -> int:
    folded: int = await db.fetchval("SELECT fold_activity()")
    return folded


async def fetch_moment(db: Pool, tz: str, days_back: int) -> Moment:
    row = await db.fetchrow(_MOMENT, tz, min(days_back, 10_000))
    assert row is not None
    return Moment(
        as_of=row["as_of"],
        today=row["today"],
        same_time_before=row["same_time_before"],
        known_from=row["known_from"],
        max_user_id=row["max_user_id"] or 0,
        archived=list(zip(row["archived_from"], row["archived_to"], strict=True)),
    )


async def fetch_slots(
    db: Pool,
    edges: Sequence[datetime],
    split_hours: Sequence[datetime],
    quarters: Sequence[datetime],
    split_quarters: Sequence[datetime],
) -> dict[int, Record]:
    """Sums of COUNTS and STOCK by slot; slots without facts are missing. Slot -1 holds what is there now, as added."""
    if split_quarters:
        rows = await db.fetch(_SLOTS_EXACT, edges, split_hours, quarters, split_quarters)
    else:
        rows = await db.fetch(_SLOTS_OF_QUARTERS, edges, split_hours, quarters)
    return {row["slot"]: row for row in rows}


async def fetch_people(
    db: Pool,
    edges: Sequence[datetime],
    split_hours: Sequence[datetime],
    quarters: Sequence[datetime],
    split_quarters: Sequence[datetime],
    *,
    slots: range,
    max_user_id: int,
) -> dict[int, int]:
    """How many people were active, by slot of `slots`; 0: in all of them, -1: in those of the period before."""
    bits = bits_for(max_user_id)
    values: list[object] = [edges, split_hours, quarters, slots.start, slots.stop]
    raw = ""
    if split_quarters:
        raw = _RAW_PEOPLE.format(bits=bits)
        values.append(split_quarters)
    rows = await db.fetch(_PEOPLE.format(bits=bits, raw=raw), *values)
    return {row["slot"]: row["people"] or 0 for row in rows}


async def count_users(db: Pool, ends: Sequence[datetime]) -> list[int]:
    """How many accounts there were at each of these instants."""
    return await db.fetchval(_USERS_AT, ends)
