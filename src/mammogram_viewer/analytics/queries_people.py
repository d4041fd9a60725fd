"""Typed calls about single people and about weeks of people; no logic."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from asyncpg import Pool, Record

from mammogram_viewer.analytics.pieces import Cut

# One person's facts, by user_activity_by_user_idx. Slots as in `queries.py`.
_SLOTS_OF = """
SELECT width_bucket(created_at, $2::timestamptz[]) AS slot,
       count(*) FILTER (WHERE activity_type = 'login') AS logins,
       count(*) FILTER (WHERE activity_type = 'upload') AS uploads,
       count(*) FILTER (WHERE activity_type = 'view') AS views,
       count(*) FILTER (WHERE activity_type = 'download') AS downloads,
       count(*) FILTER (WHERE activity_type = 'delete') AS deletes
FROM user_activity WHERE user_id = $1 AND created_at >= $2[1] AND created_at < $2[cardinality($2)]
GROUP BY 1
"""
_VIEW_SECONDS_OF = """
SELECT width_bucket(viewed_at, $2::timestamptz[]) AS slot, sum(duration_seconds)::bigint AS seconds
FROM image_views WHERE user_id = $1 AND viewed_at >= $2[1] AND viewed_at < $2[cardinality($2)]
GROUP BY 1
"""
_OWNED_BY = "SELECT count(*) AS images, coalesce(sum(byte_count), 0)::bigint AS bytes FROM images WHERE user_id = $1"

# $1 the beginnings of weeks and the end of the last; then days, hours and quarters (analytics/pieces.py), a slot a
# week. Who registered in each week, and how many of them were active in which.
_OF_PIECES = "unnest(${}::int[], ${}::timestamptz[], ${}::timestamptz[]) p (slot, begins_at, ends_at)"
_COHORTS = f"""
WITH members AS MATERIALIZED (
    SELECT width_bucket(created_at, $1::timestamptz[]) AS week, user_bits(array_agg(id))::bit({{bits}}) AS users,
           count(*) AS people
    FROM users WHERE created_at >= $1[1] AND created_at < $1[cardinality($1)] GROUP BY 1
), active AS MATERIALIZED (
    SELECT slot AS week, bit_or(users) AS users FROM (
        SELECT p.slot, f.users FROM {_OF_PIECES.format(2, 3, 4)} CROSS JOIN LATERAL (
            SELECT bit_or(users::bit({{bits}})) AS users FROM analytics_day_users
            WHERE bucket >= p.begins_at AND bucket < p.ends_at) f
        UNION ALL
        SELECT p.slot, f.users FROM {_OF_PIECES.format(5, 6, 7)} CROSS JOIN LATERAL (
            SELECT bit_or(users::bit({{bits}})) AS users FROM analytics_hour_users
            WHERE bucket >= p.begins_at AND bucket < p.ends_at) f
        UNION ALL
        SELECT p.slot, f.users FROM {_OF_PIECES.format(8, 9, 10)} CROSS JOIN LATERAL (
            SELECT bit_or(users::bit({{bits}})) AS users FROM analytics_quarter_users
            WHERE bucket >= p.begins_at AND bucket < p.ends_at) f
    ) facts GROUP BY 1
)
SELECT m.week, m.people, a.week AS active_week, bit_count(m.users & a.users) AS active
FROM members m LEFT JOIN active a ON a.week >= m.week ORDER BY m.week, a.week
"""


async def fetch_slots_of(db: Pool, user_id: int, edges: Sequence[datetime]) -> list[Record]:
    return await db.fetch(_SLOTS_OF, user_id, edges)


async def fetch_view_seconds_of(db: Pool, user_id: int, edges: Sequence[datetime]) -> list[Record]:
    return await db.fetch(_VIEW_SECONDS_OF, user_id, edges)


async def fetch_owned_by(db: Pool, user_id: int) -> Record:
    row = await db.fetchrow(_OWNED_BY, user_id)
    assert row is not None
    return row


async def fetch_cohorts(db: Pool, weeks: Sequence[datetime], pieces: Cut, bits: int) -> list[Record]:
    values = [*pieces.days.columns, *pieces.hours.columns, *pieces.quarters.columns]
    return await db.fetch(_COHORTS.format(bits=bits), weeks, *values)
