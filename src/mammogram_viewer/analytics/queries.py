"""Sums over slots of time, from roll-ups, and what every answer needs first; no logic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from asyncpg import Pool, Record

from mammogram_viewer.analytics.pieces import Cut

_BITS_STEP = 1024

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
_SUMS = ", ".join(f"sum({name})::bigint AS {name}" for name in _COLUMNS)
_RAW_COUNTS = ", ".join(
    f"count(*) FILTER (WHERE activity_type {condition})"
    for condition in (
        *(f"= '{name[:-1]}'" for name in COUNTS[:-1]),
        "NOT IN ('login', 'upload', 'view', 'download', 'delete')",
    )
)

# Pieces of three grains (analytics/pieces.py), three columns each, from $1 on; the sums of a piece by one index range.
# Slot -1: what is there now, in the same snapshot.
_OF_PIECES = "unnest(${}::int[], ${}::timestamptz[], ${}::timestamptz[]) p (slot, begins_at, ends_at)"
_SLOTS = f"""
SELECT slot, {_SUMS} FROM (
    SELECT p.slot, h.* FROM {_OF_PIECES.format(1, 2, 3)} CROSS JOIN LATERAL (
        SELECT {_SUMS} FROM analytics_hours WHERE bucket >= p.begins_at AND bucket < p.ends_at) h
    UNION ALL
    SELECT p.slot, q.* FROM {_OF_PIECES.format(4, 5, 6)} CROSS JOIN LATERAL (
        SELECT {_SUMS} FROM analytics_quarters WHERE bucket >= p.begins_at AND bucket < p.ends_at) q
    {{raw}}
) facts GROUP BY slot
UNION ALL
SELECT -1, 0, 0, 0, 0, 0, 0, coalesce(sum(images), 0)::bigint, 0, coalesce(sum(bytes), 0)::bigint, 0 FROM image_totals
"""
_RAW_SLOTS = f"""UNION ALL
    SELECT p.slot, a.*, 0, 0, 0, 0 FROM {_OF_PIECES.format(7, 8, 9)} CROSS JOIN LATERAL (
        SELECT {_RAW_COUNTS} FROM user_activity WHERE created_at >= p.begins_at AND created_at < p.ends_at) a
    UNION ALL
    SELECT p.slot, 0, 0, 0, 0, 0, 0, s.* FROM {_OF_PIECES.format(7, 8, 9)} CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE images > 0), count(*) FILTER (WHERE images < 0),
               sum(bytes) FILTER (WHERE images > 0), -sum(bytes) FILTER (WHERE images < 0)
        FROM image_stock WHERE at >= p.begins_at AND at < p.ends_at) s"""
_SLOTS_EXACT = _SLOTS.format(raw=_RAW_SLOTS)
_SLOTS_OF_QUARTERS = _SLOTS.format(raw="")

# The same of sets of people, days first. A row a slot, and slot 0 for all slots from 1 on together.
_PEOPLE = f"""
WITH slots AS MATERIALIZED (
    SELECT slot, bit_or(users) AS users FROM (
        SELECT p.slot, f.users FROM {_OF_PIECES.format(1, 2, 3)} CROSS JOIN LATERAL (
            SELECT bit_or(users::bit({{bits}})) AS users FROM analytics_day_users
            WHERE bucket >= p.begins_at AND bucket < p.ends_at) f
        UNION ALL
        SELECT p.slot, f.users FROM {_OF_PIECES.format(4, 5, 6)} CROSS JOIN LATERAL (
            SELECT bit_or(users::bit({{bits}})) AS users FROM analytics_hour_users
            WHERE bucket >= p.begins_at AND bucket < p.ends_at) f
        UNION ALL
        SELECT p.slot, f.users FROM {_OF_PIECES.format(7, 8, 9)} CROSS JOIN LATERAL (
            SELECT bit_or(users::bit({{bits}})) AS users FROM analytics_quarter_users
            WHERE bucket >= p.begins_at AND bucket < p.ends_at) f
        {{raw}}
    ) facts GROUP BY slot
)
SELECT slot, bit_count(users) AS people FROM slots WHERE slot <> 0
UNION ALL SELECT 0, bit_count(bit_or(users)) FROM slots WHERE slot > 0
"""
_RAW_PEOPLE = f"""UNION ALL
        SELECT p.slot, f.users FROM {_OF_PIECES.format(10, 11, 12)} CROSS JOIN LATERAL (
            SELECT user_bits(array_agg(DISTINCT user_id))::bit({{bits}}) AS users FROM user_activity
            WHERE created_at >= p.begins_at AND created_at < p.ends_at AND user_id IS NOT NULL) f"""

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


async def fetch_slots(db: Pool, pieces: Cut) -> dict[int, Record]:
    """Sums of COUNTS and STOCK by slot. Slot -1 holds what is there now, as added."""
    values = [*pieces.hours.columns, *pieces.quarters.columns]
    if pieces.raw.slots:
        rows = await db.fetch(_SLOTS_EXACT, *values, *pieces.raw.columns)
    else:
        rows = await db.fetch(_SLOTS_OF_QUARTERS, *values)
    return {row["slot"]: row for row in rows}


async def fetch_people(db: Pool, pieces: Cut, max_user_id: int) -> dict[int, int]:
    """How many people were active, by slot; 0: in all slots from 1 on together."""
    bits = bits_for(max_user_id)
    values = [*pieces.days.columns, *pieces.hours.columns, *pieces.quarters.columns]
    raw = ""
    if pieces.raw.slots:
        raw = _RAW_PEOPLE.format(bits=bits)
        values += pieces.raw.columns
    rows = await db.fetch(_PEOPLE.format(bits=bits, raw=raw), *values)
    return {row["slot"]: row["people"] or 0 for row in rows}


async def count_users(db: Pool, ends: Sequence[datetime]) -> list[int]:
    """How many accounts there were at each of these instants."""
    return await db.fetchval(_USERS_AT, ends)
