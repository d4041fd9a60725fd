"""Four hundred days of a busy service, made by SQL: people who come and stay, working hours and weekends, growth, views
that prefer what is new, and a few images that everybody looks at.

The triggers rest meanwhile, and the roll-ups are derived at the end by the functions that mend them in the product.
Counts are exact and the same on every machine; moments hang on when it is made, for dashboards end today."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from benchmarks import seed

DAYS = 400
_LONGEST_SECONDS = 900
_FOLDING_LOCK = "SELECT pg_advisory_xact_lock(7226002)"
_MULTIPLIER = 2_654_435_761  # a prime that divides none of our counts: n * this % count walks through all of them


@dataclass(frozen=True)
class Size:
    """How much of it. Of the activities `views` are views and one an image its upload."""

    users: int = 10_000
    images: int = 1_000_000
    exams: int = 50_000
    deleted: int = 50_000
    views: int = 3_000_000
    activities: int = 10_000_000

    def scaled(self, scale: float) -> Size:
        return Size(
            users=max(100, round(self.users * scale)),
            images=max(2000, round(self.images * scale)),
            exams=max(100, round(self.exams * scale)),
            deleted=max(100, round(self.deleted * scale)),
            views=max(6000, round(self.views * scale)),
            activities=max(20_000, round(self.activities * scale)),
        )

    @property
    def others(self) -> int:
        """Activities that are neither uploads nor deletes."""
        return self.activities - self.images - 2 * self.deleted


# An hour's share: by the clock (UTC), by the day of the week, and three times as much at the end as at the beginning.
_HOURS = """
CREATE TABLE seed_hours AS
WITH weighed AS (
    SELECT hour, (extract(epoch FROM hour - $1) / extract(epoch FROM $2::timestamptz - $1))::float8 AS progress,
           (ARRAY[2,1,1,1,2,6,20,60,100,110,105,90,70,95,105,95,75,45,25,15,10,8,5,3])[1 + extract(hour FROM hour)::int]
           * (ARRAY[0.15,1,1.05,1,0.95,0.9,0.25])[1 + extract(dow FROM hour)::int] AS weight
    FROM generate_series($1::timestamptz, $2::timestamptz - interval '1 hour', interval '1 hour') hour
), summed AS (
    SELECT *, sum(weight * (0.5 + progress)) OVER (ORDER BY hour) / sum(weight * (0.5 + progress)) OVER () AS share
    FROM weighed
), counted AS (
    SELECT hour, progress, round(share * $3::bigint)::bigint AS until FROM summed
)
SELECT hour, progress, coalesce(lag(until) OVER (ORDER BY hour), 0) AS before, until FROM counted"""

# People registered in the order of their ids, three in five of them before it all began.
_REGISTERED = """
UPDATE users u SET created_at = CASE
    WHEN n < 0.6 * $3 THEN $1::timestamptz - (0.6 * $3 - n) / $3 * interval '900 days'
    ELSE $1::timestamptz + (n - 0.6 * $3) / (0.4 * $3) * ($2::timestamptz - $1::timestamptz) END
FROM (SELECT id, (row_number() OVER (ORDER BY id) - 1)::float8 AS n FROM users WHERE email LIKE 'uploader%') numbered
WHERE u.id = numbered.id"""

_UPLOADS = """
INSERT INTO user_activity (user_id, activity_type, resource_type, resource_id, metadata, user_agent_family, created_at)
SELECT user_id, 'upload', 'image', id, jsonb_build_object('fileType', file_type, 'byteCount', byte_count), 'Chrome',
       created_at
FROM images ORDER BY created_at, id"""

# Images that came and went again: their facts stay.
_DELETED = """
CREATE TABLE seed_deleted AS
SELECT $3::bigint + n AS image_id, $4::bigint + n % $5::bigint AS user_id, 25000000 + n AS bytes,
       $1::timestamptz + (n + 0.5) / $6::float8 * 0.85 * ($2::timestamptz - $1::timestamptz) AS came_at,
       (1 + n % 1000) / 1000.0 * 0.15 * ($2::timestamptz - $1::timestamptz) AS stayed
FROM generate_series(0, $6::bigint - 1) n"""
_DELETED_ACTS = """
INSERT INTO user_activity (user_id, activity_type, resource_type, resource_id, metadata, user_agent_family, created_at)
SELECT user_id, act, 'image', image_id, jsonb_build_object('fileType', 'dicom', 'byteCount', bytes), 'Firefox', at
FROM seed_deleted
CROSS JOIN LATERAL (VALUES ('upload', came_at), ('delete', came_at + stayed)) acts (act, at)
ORDER BY at"""

# The first people do most. A view is of one of the newest images, every fifth of one that many look at.
_OTHERS = """
INSERT INTO user_activity (user_id, activity_type, resource_type, resource_id, ip_truncated, user_agent_family,
                           created_at)
SELECT $3::bigint + floor(power(who, 2) * $4::bigint * (0.6 + 0.4 * progress))::bigint, type,
       CASE WHEN type IN ('view', 'download', 'annotate') THEN 'image' END,
       CASE WHEN type IN ('view', 'download', 'annotate') THEN
            $5::bigint + floor($6::bigint * (0.001 + 0.998 * progress)
                               * CASE WHEN n % 5 = 0 THEN power(what, 4) ELSE 1 - power(what, 6) END)::bigint END,
       ('10.' || n % 200 || '.' || n % 250 || '.0/24')::inet,
       (ARRAY['Chrome', 'Firefox', 'Safari', 'Edge'])[1 + n % 4], hour + second
FROM (SELECT h.hour, h.progress, n, random() AS who, random() AS what, random() * interval '1 hour' AS second,
             n * {multiplier} % $7::bigint AS place
      FROM seed_hours h, generate_series(h.before, h.until - 1) n
      WHERE h.hour >= $1 AND h.hour < $2) chance
CROSS JOIN LATERAL (
    SELECT CASE WHEN place < $8::bigint THEN 'view' WHEN place < $7 * 0.57 THEN 'login'
                WHEN place < $7 * 0.68 THEN 'download' WHEN place < $7 * 0.85 THEN 'search'
                WHEN place < $7 * 0.95 THEN 'annotate' ELSE 'export' END AS type) kind"""

_VIEWS = """
INSERT INTO image_views (user_id, image_id, viewed_at, last_seen_at, duration_seconds)
SELECT user_id, resource_id, created_at, created_at + interval '1 second' * (5 + id % 300),
       CASE WHEN id % 10 > 0 THEN 5 + id % 300 END
FROM user_activity WHERE activity_type = 'view' AND created_at >= $1 ORDER BY created_at"""

_STOCK = """
INSERT INTO image_stock (at, image_id, file_type, images, bytes)
SELECT created_at, id, file_type, 1, byte_count FROM images
UNION ALL
SELECT at, image_id, 'dicom', sign, sign * bytes
FROM seed_deleted
CROSS JOIN LATERAL (VALUES (1, came_at), (-1, came_at + stayed)) signs (sign, at)
ORDER BY 1"""

_LAST_SEEN = """
UPDATE users u SET last_activity_at = a.at
FROM (SELECT user_id, max(created_at) AS at FROM user_activity GROUP BY 1) a WHERE u.id = a.user_id"""

_INDEXES = """
SELECT i.indexrelid::regclass::text AS name, replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ') AS words
FROM pg_index i
WHERE i.indrelid = ANY (ARRAY['user_activity', 'image_views', 'image_stock']::regclass[])
  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)"""
_TABLES = ("user_activity", "image_views", "image_stock")


async def fill(database_url: str, size: Size, newest_at: datetime, tell: Callable[[str], None]) -> None:
    """All of it, up to `newest_at` (a whole hour, UTC), folded and analysed. Once a database."""
    begins_at = newest_at - timedelta(days=DAYS)
    tell(f"{size.images:,} images and {size.users:,} people")
    apart = f"{DAYS * 86400 / size.exams:.6f} seconds"
    newest = (newest_at - timedelta(hours=2)).isoformat()
    await seed.fill(database_url, size.images, exams=size.exams, users=size.users, newest_at=newest, apart=apart)
    connection = await asyncpg.connect(database_url, command_timeout=_LONGEST_SECONDS)
    try:
        async with seed.quick(connection, size.images):
            await connection.execute("SET work_mem = '256MB'; SET maintenance_work_mem = '512MB'")
            await _facts(connection, size, begins_at, newest_at, tell)
            await roll_up(connection, begins_at, newest_at, tell)
        tell("vacuum and statistics")
        await connection.execute("DROP TABLE seed_hours, seed_deleted")
        await connection.execute("VACUUM ANALYZE", timeout=_LONGEST_SECONDS)
    finally:
        await connection.close()


async def _facts(
    connection: asyncpg.Connection, size: Size, begins_at: datetime, newest_at: datetime, tell: Callable[[str], None]
) -> None:
    await connection.execute("SELECT setseed(0.5)")
    await connection.execute(
        "SELECT ensure_activity_partitions($1::timestamptz::date, $2::timestamptz::date)", begins_at, newest_at
    )
    indexes = await connection.fetch(_INDEXES)
    for index in indexes:
        await connection.execute(f"DROP INDEX {index['name']}")
    for table in _TABLES:
        await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    first_user = await connection.fetchval("SELECT min(id) FROM users WHERE email LIKE 'uploader%'")
    first_image = await connection.fetchval("SELECT min(id) FROM images")
    last_image = await connection.fetchval("SELECT max(id) FROM images") or 0
    tell(f"{size.images + 2 * size.deleted:,} uploads and deletes")
    await connection.execute(_REGISTERED, begins_at, newest_at, size.users)
    await connection.execute(_HOURS, begins_at, newest_at, size.others)
    await connection.execute(_UPLOADS)
    await connection.execute(_DELETED, begins_at, newest_at, last_image + 1, first_user, size.users, size.deleted)
    await connection.execute(_DELETED_ACTS)
    tell(f"{size.others:,} other activities")
    await connection.execute(
        _OTHERS.format(multiplier=_MULTIPLIER),
        *(begins_at, newest_at, first_user, size.users, first_image, size.images, size.others, size.views),
    )
    tell(f"{size.views:,} views, stock of images")
    await connection.execute(_VIEWS, begins_at)
    await connection.execute(_STOCK)
    await connection.execute(_LAST_SEEN)
    # Deleted images keep their ids for themselves.
    await connection.execute(f"ALTER TABLE images ALTER COLUMN id RESTART WITH {last_image + size.deleted + 1}")
    tell("indexes")
    for index in indexes:
        await connection.execute(index["words"])
    for table in _TABLES:
        await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        await connection.execute(f"ANALYZE {table}")


async def roll_up(
    connection: asyncpg.Connection, begins_at: datetime, newest_at: datetime, tell: Callable[[str], None]
) -> None:
    """By the functions that mend roll-ups; then the daily statistics of whole days."""
    at, step = begins_at, timedelta(days=20)
    while at < newest_at:
        tell(f"roll-ups of {at:%Y-%m-%d} and after")
        async with connection.transaction():
            await connection.execute(_FOLDING_LOCK)
            await connection.execute(
                """SELECT recount_activity(ARRAY(SELECT generate_series(
                       hour_of($1::timestamptz), least($2::timestamptz, $3) - interval '1 microsecond', '1 hour')))""",
                at,
                at + step,
                newest_at,
            )
        at += step
    async with connection.transaction():
        await connection.execute(_FOLDING_LOCK)
        await connection.execute("SELECT rebuild_stock_and_views()")
    tell("daily statistics")
    await connection.execute("ANALYZE")
    await connection.execute(
        """SELECT update_system_stats(day::date)
           FROM generate_series($1::timestamptz::date, $2::timestamptz::date - 1, interval '1 day') day""",
        begins_at,
        newest_at,
    )


# What the same hour of the week before saw, once more.
_AGAIN = """
WITH before AS (
    SELECT *, created_at + interval '7 days' AS at FROM user_activity
    WHERE created_at >= $1::timestamptz - interval '7 days' AND created_at < $2::timestamptz - interval '7 days'
      AND activity_type NOT IN ('upload', 'delete')
), viewed AS (
    INSERT INTO image_views (user_id, image_id, viewed_at, last_seen_at)
    SELECT user_id, resource_id, at, at + interval '1 minute' FROM before WHERE activity_type = 'view'
)
INSERT INTO user_activity (user_id, activity_type, resource_type, resource_id, ip_truncated, user_agent_family,
                           created_at)
SELECT user_id, activity_type, resource_type, resource_id, ip_truncated, user_agent_family, at
FROM before ORDER BY at"""


async def catch_up(connection: asyncpg.Connection, newest_at: datetime, now: datetime) -> None:
    """Activities and views from `newest_at` to `now` (whole hours), through the triggers, and folded."""
    while newest_at < now:
        until = min(now, newest_at + timedelta(days=1))
        await connection.execute(
            "SELECT ensure_activity_partitions($1::timestamptz::date, $2::timestamptz::date)", newest_at, until
        )
        await connection.execute(_AGAIN, newest_at, until)
        while await connection.fetchval("SELECT fold_activity()"):
            pass
        newest_at = until
    await connection.execute("VACUUM ANALYZE", timeout=_LONGEST_SECONDS)
