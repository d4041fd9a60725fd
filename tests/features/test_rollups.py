"""Whatever happens, in whatever order and however late: the roll-ups tell what a count of the raw rows tells, for any
range of days in any time zone."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import empty_database  # pyright: ignore[reportAttributeAccessIssue] - of tests/, not of tests/features
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.views import Look, ViewTracker
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.analytics.fold import fold_all
from mammogram_viewer.archive import withdrawals
from mammogram_viewer.foundation.settings import Settings

# Days on which clocks move, at midnight, by half an hour or in the southern spring; and one on which none does.
TURNS = {
    "Asia/Kathmandu": date(2025, 7, 1),
    "Asia/Kolkata": date(2026, 1, 1),
    "Australia/Lord_Howe": date(2025, 10, 5),
    "America/St_Johns": date(2025, 3, 9),
    "America/Havana": date(2025, 11, 2),
    "Africa/Cairo": date(2025, 4, 25),
    "Pacific/Apia": date(2026, 3, 1),
    "Pacific/Chatham": date(2026, 4, 5),
    "Europe/Berlin": date(2025, 10, 26),
    "UTC": date(2026, 2, 28),
}
TYPES = ("login", "upload", "view", "download", "delete", "image_restored", "report_read")
FILE_TYPES = ("dicom", "png", "jpeg", "tiff")
PEOPLE = (*range(1, 30), 8191, 8192, 9000, None)
BEGIN, END = datetime(2024, 12, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)


class Story:
    """What people do, by the dice of one seed; more of it around the days that matter."""

    def __init__(self, seed: int, zones: list[str]) -> None:
        self.dice = random.Random(seed)
        self.zones = zones

    def moment(self) -> datetime:
        if self.dice.random() < 0.3:
            return BEGIN + (END - BEGIN) * self.dice.random()
        turn = datetime.combine(TURNS[self.dice.choice(self.zones)], datetime.min.time(), UTC)
        near = turn + timedelta(hours=self.dice.uniform(-60, 60))
        # Often the very edge of a quarter, or a microsecond before it.
        return near if self.dice.random() < 0.5 else near.replace(
            minute=self.dice.choice((0, 15, 30, 45)), second=0, microsecond=0
        ) - timedelta(microseconds=self.dice.choice((0, 1)))  # fmt: skip

    async def act(self, db: asyncpg.Pool, tracker: ViewTracker) -> None:
        deeds = (self.facts, self.facts, self.facts, self.image, self.image, self.looks, self.change, self.removal)
        await self.dice.choice((*deeds, self.withdrawal, self.restoration))(db, tracker)

    async def facts(self, db: asyncpg.Pool, _: ViewTracker) -> None:
        count = self.dice.randint(1, 8)
        await db.execute(
            """INSERT INTO user_activity (user_id, activity_type, created_at)
               SELECT * FROM unnest($1::bigint[], $2::text[], $3::timestamptz[])""",
            [self.dice.choice(PEOPLE) for _ in range(count)],
            [self.dice.choice(TYPES) for _ in range(count)],
            [self.moment() for _ in range(count)],
        )

    async def image(self, db: asyncpg.Pool, _: ViewTracker) -> None:
        await db.execute(
            """INSERT INTO images (user_id, file_type, original_name, byte_count, sha256, storage_key, created_at)
               VALUES (1, $1, 'a', $2, sha256($3), $4, $5)""",
            self.dice.choice(FILE_TYPES),
            self.dice.randint(1, 2**40),
            self.dice.randbytes(16),
            self.dice.randbytes(16).hex(),
            self.moment(),
        )

    async def looks(self, db: asyncpg.Pool, tracker: ViewTracker) -> None:
        for _ in range(self.dice.randint(1, 5)):
            user_id = self.dice.randint(1, 3)
            look = Look(user_id, self.dice.randint(1, 4), self.moment(), actor=Actor(user_id=user_id))
            tracker._waiting.append(look)
        await tracker.flush()

    async def change(self, db: asyncpg.Pool, _: ViewTracker) -> None:
        await db.execute(
            """UPDATE user_activity SET created_at = $1, user_id = $2, activity_type = $3
               WHERE id IN (SELECT id FROM user_activity ORDER BY id OFFSET $4 LIMIT 2)""",
            self.moment(),
            self.dice.choice(PEOPLE),
            self.dice.choice(TYPES),
            self.dice.randint(0, 100),
        )

    async def removal(self, db: asyncpg.Pool, _: ViewTracker) -> None:
        table = self.dice.choice(("user_activity", "image_views"))
        await db.execute(
            f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} ORDER BY id OFFSET $1 LIMIT 2)",
            self.dice.randint(0, 60),
        )

    async def withdrawal(self, db: asyncpg.Pool, _: ViewTracker) -> None:
        async with db.acquire() as connection, connection.transaction():
            await withdrawals.withdraw_images(
                connection, [self.dice.randint(1, 12)], deleted_by=1, undo_seconds=600, cancelled_jobs=[]
            )

    async def restoration(self, db: asyncpg.Pool, _: ViewTracker) -> None:
        async with db.acquire() as connection, connection.transaction():
            await withdrawals.restore_images(connection, list(range(1, 13)), owner_id=None)


async def tell(url: str, seed: int, zones: list[str], ranges: list[tuple[int, int]]) -> None:
    await empty_database(url)
    db = await open_pool(url, size=8, application_name="tests")
    try:
        await db.execute("INSERT INTO users (email) VALUES ('a@example.org')")
        tracker, story, over = ViewTracker(db, Settings()), Story(seed, zones), asyncio.Event()

        async def write() -> None:
            for _ in range(30):
                await story.act(db, tracker)

        async def fold(lines: int) -> None:
            while not over.is_set():
                await db.fetchval("SELECT fold_activity($1)", lines)

        folders = [asyncio.create_task(fold(lines)) for lines in (1, 7, 1000)]
        await asyncio.gather(*(write() for _ in range(3)))
        over.set()
        await asyncio.gather(*folders)
        assert await fold_all(db, max_runs=100)
        assert await db.fetchval("SELECT count(*) FROM analytics_inbox") == 0
        for zone in zones:
            for start, length in ranges:
                first = TURNS[zone] + timedelta(days=start)
                await compare_days(db, zone, first, first + timedelta(days=length))
        await compare_whole(db)
    finally:
        await db.close()


COUNTED = ("login", "upload", "view", "download", "delete")
COUNTS = ", ".join(f"count(*) FILTER (WHERE activity_type = '{one}') AS {one}s" for one in COUNTED)
OTHERS = "count(*) FILTER (WHERE activity_type NOT IN ('login', 'upload', 'view', 'download', 'delete')) AS others"
RAW_DAYS = f"""
SELECT (created_at AT TIME ZONE $1)::date AS day, {COUNTS}, {OTHERS} FROM user_activity
WHERE (created_at AT TIME ZONE $1)::date BETWEEN $2 AND $3 GROUP BY 1 ORDER BY 1"""
SUMS = "sum(logins), sum(uploads), sum(views), sum(downloads), sum(deletes), sum(others)"
ROLLED_DAYS = f"""
SELECT $2::date + width_bucket(bucket, $1::timestamptz[]) - 1 AS day, {SUMS} FROM analytics_quarters
WHERE bucket >= $1[1] AND bucket < $1[cardinality($1)]
GROUP BY 1 HAVING sum(logins + uploads + views + downloads + deletes + others) > 0 ORDER BY 1"""
RAW_PEOPLE = """
SELECT (created_at AT TIME ZONE $1)::date AS day, count(DISTINCT user_id) FROM user_activity
WHERE (created_at AT TIME ZONE $1)::date BETWEEN $2 AND $3 AND user_id IS NOT NULL GROUP BY 1 ORDER BY 1"""
ROLLED_PEOPLE = """
SELECT $2::date + width_bucket(bucket, $1::timestamptz[]) - 1 AS day, bit_count(bit_or(users::bit(16384)))
FROM analytics_quarter_users WHERE bucket >= $1[1] AND bucket < $1[cardinality($1)]
GROUP BY 1 HAVING bit_count(bit_or(users::bit(16384))) > 0 ORDER BY 1"""
RAW_STOCK = """
SELECT day::date, (SELECT coalesce(sum(images), 0) FROM image_stock WHERE (at AT TIME ZONE $1)::date <= day),
       (SELECT coalesce(sum(bytes), 0) FROM image_stock WHERE (at AT TIME ZONE $1)::date <= day)
FROM generate_series($2::date, $3::date, interval '1 day') day ORDER BY 1"""
ROLLED_STOCK = """
SELECT $2::date + n - 1,
       (SELECT coalesce(sum(images), 0) FROM image_totals) - coalesce((SELECT sum(images_added - images_removed)
            FROM analytics_quarters WHERE bucket >= $1[n + 1]), 0),
       (SELECT coalesce(sum(bytes), 0) FROM image_totals) - coalesce((SELECT sum(bytes_added - bytes_removed)
            FROM analytics_quarters WHERE bucket >= $1[n + 1]), 0)
FROM generate_series(1, cardinality($1::timestamptz[]) - 1) n ORDER BY 1"""


ALL_PEOPLE = """
SELECT count(DISTINCT user_id) FROM user_activity WHERE (created_at AT TIME ZONE $1)::date BETWEEN $2 AND $3"""
ALL_BITS = """
SELECT coalesce(bit_count(bit_or(users::bit(16384))), 0) FROM analytics_quarter_users
WHERE bucket >= $1 AND bucket < $2"""


async def compare_days(db: asyncpg.Pool, zone: str, first: date, last: date) -> None:
    bounds = await db.fetchval("SELECT local_day_bounds($1, $2, $3)", zone, first, last)
    for raw, rolled in ((RAW_DAYS, ROLLED_DAYS), (RAW_PEOPLE, ROLLED_PEOPLE), (RAW_STOCK, ROLLED_STOCK)):
        expected = [tuple(row) for row in await db.fetch(raw, zone, first, last)]
        assert [tuple(row) for row in await db.fetch(rolled, bounds, first)] == expected, (zone, first, last)
    people = (
        "SELECT count(DISTINCT user_id) FROM user_activity WHERE (created_at AT TIME ZONE $1)::date BETWEEN $2 AND $3"
    )
    bits = """SELECT coalesce(bit_count(bit_or(users::bit(16384))), 0) FROM analytics_quarter_users
              WHERE bucket >= $1 AND bucket < $2"""
    assert await db.fetchval(bits, bounds[0], bounds[-1]) == await db.fetchval(people, zone, first, last)


# Each pair of questions has one answer: hours and days are their quarters, totals are what is there.
TYPE_SUMS = "sum(dicom_images), sum(png_images), sum(jpeg_images), sum(tiff_images)"
ALL_SUMS = f"{SUMS}, sum(images_added), sum(images_removed), sum(bytes_added), sum(bytes_removed), {TYPE_SUMS}"
PEOPLE_OF = """
SELECT {0}, bit_count(bit_or(users::bit(16384))) AS people FROM {1}
GROUP BY 1 HAVING bit_count(bit_or(users::bit(16384))) > 0 ORDER BY 1"""
SAME = (
    (
        f"SELECT hour_of(bucket), {ALL_SUMS} FROM analytics_quarters GROUP BY 1 ORDER BY 1",
        f"SELECT bucket, {ALL_SUMS} FROM analytics_hours GROUP BY 1 ORDER BY 1",
    ),
    (
        PEOPLE_OF.format("hour_of(bucket)", "analytics_quarter_users"),
        PEOPLE_OF.format("bucket", "analytics_hour_users"),
    ),
    (
        "SELECT file_type, count(*), sum(byte_count) FROM images GROUP BY 1 ORDER BY 1",
        "SELECT file_type, images, bytes FROM image_totals WHERE images > 0 ORDER BY 1",
    ),
    (
        "SELECT image_id, count(*) FROM image_views GROUP BY 1 ORDER BY 1",
        "SELECT image_id, views FROM image_view_totals WHERE views > 0 ORDER BY 1",
    ),
    (
        "SELECT id, byte_count, file_type FROM images ORDER BY 1",
        "SELECT image_id, sum(bytes), file_type FROM image_stock GROUP BY 1, 3 HAVING sum(images) = 1 ORDER BY 1",
    ),
    ("SELECT 0", "SELECT count(*) FROM image_totals WHERE images < 0 OR (images = 0 AND bytes <> 0)"),
)  # fmt: skip


async def compare_whole(db: asyncpg.Pool) -> None:
    for one, other in SAME:
        assert [tuple(row) for row in await db.fetch(other)] == [tuple(row) for row in await db.fetch(one)], other


zones = st.lists(st.sampled_from(sorted(TURNS)), min_size=2, max_size=3, unique=True)
ranges = st.lists(st.tuples(st.integers(-40, 2), st.integers(0, 95)), min_size=1, max_size=3)


@settings(max_examples=8, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), zones=zones, ranges=ranges)
def test_rollups_equal_the_raw_rows(
    migrated_database: str, seed: int, zones: list[str], ranges: list[tuple[int, int]]
) -> None:
    asyncio.run(tell(migrated_database, seed, zones, ranges))


DAY = "SELECT * FROM system_stats WHERE stat_date = $1"


async def test_a_day_computed_again_changes_nothing_but_when(db: asyncpg.Pool) -> None:
    story = Story(1, ["UTC"])
    tracker = ViewTracker(db, Settings())
    await db.execute("INSERT INTO users (email, created_at) VALUES ('a@example.org', '2025-01-01')")
    for _ in range(60):
        await story.act(db, tracker)
    await db.execute("INSERT INTO user_activity (user_id, activity_type) VALUES (1, 'login')")
    today = await db.fetchval("SELECT CURRENT_DATE")
    rows = []
    for day in (today, today, TURNS["UTC"], TURNS["UTC"]):
        await db.execute("SELECT update_system_stats($1)", day)
        rows.append(dict(await _row(db, day)))
    for one, other in (rows[:2], rows[2:]):
        assert one.pop("computed_at") < other.pop("computed_at")
        assert one == other
    raw = await db.fetchrow(
        f"SELECT {COUNTS}, {OTHERS}, count(DISTINCT user_id) AS users_active FROM user_activity "
        "WHERE (created_at AT TIME ZONE 'UTC')::date = $1",
        TURNS["UTC"],
    )
    assert raw is not None
    assert {name: rows[2][name] for name in dict(raw)} == dict(raw)
    assert rows[0]["images_total"] == await db.fetchval("SELECT count(*) FROM images")


async def _row(db: asyncpg.Pool, day: date) -> Any:
    return await db.fetchrow(DAY, day)
