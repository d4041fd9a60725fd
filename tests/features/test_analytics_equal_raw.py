"""Every number of the dashboard against plain SQL over the raw rows, which knows neither buckets nor bounds: it asks
PostgreSQL for the local date of each row. Zones, ranges, late facts, changed and deleted ones as hypothesis likes."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import empty_database  # pyright: ignore[reportAttributeAccessIssue] - of tests/, not of tests/features
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.analytics.ranges import Asked
from mammogram_viewer.analytics.schemas import Dashboard
from mammogram_viewer.analytics.service import AnalyticsService
from mammogram_viewer.archive.rendition_links import RenditionLinks
from mammogram_viewer.foundation.settings import Settings
from product import add_people

Answer = TypeVar("Answer")
ZONES = [
    "UTC", "Europe/Berlin", "Asia/Kathmandu", "Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe",
    "America/Havana", "Pacific/Apia", "Pacific/Chatham", "Pacific/Kiritimati", "America/New_York", "Africa/Cairo",
]  # fmt: skip
TYPES = ["login", "upload", "view", "download", "delete", "annotation"]
# Around days that clocks make longer and shorter, or leave out altogether (Samoa, 30 December 2011).
PLACES = [
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 11, 1, 5, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2011, 12, 30, 10, tzinfo=UTC),
]
_PEOPLE = [1, 2, 3, 4, 5]
numbers = itertools.count(1)

_RAW_DAYS = """
SELECT (created_at AT TIME ZONE $1)::date AS day, count(DISTINCT user_id) AS people,
       count(*) FILTER (WHERE activity_type = 'upload') AS uploads,
       count(*) FILTER (WHERE activity_type = 'view') AS views,
       count(*) FILTER (WHERE activity_type = 'download') AS downloads,
       count(*) FILTER (WHERE activity_type = 'login') AS logins,
       count(*) FILTER (WHERE activity_type = 'delete') AS deletes
FROM user_activity WHERE (created_at AT TIME ZONE $1)::date BETWEEN $2 AND $3 GROUP BY 1"""
_RAW_RANGE = """
SELECT count(DISTINCT user_id) AS people, count(*) FILTER (WHERE activity_type = 'upload') AS uploads,
       count(*) FILTER (WHERE activity_type = 'view') AS views
FROM user_activity
WHERE (created_at AT TIME ZONE $1)::date BETWEEN $2 AND $3 AND created_at < coalesce($4, 'infinity'::timestamptz)"""
_RAW_STOCK = """
SELECT d::date AS day,
       (SELECT coalesce(sum(images), 0) FROM image_stock WHERE (at AT TIME ZONE $1)::date <= d) AS images,
       (SELECT coalesce(sum(bytes), 0) FROM image_stock WHERE (at AT TIME ZONE $1)::date <= d) AS bytes,
       (SELECT coalesce(sum(bytes), 0) FROM image_stock
        WHERE bytes > 0 AND (at AT TIME ZONE $1)::date = d) AS bytes_added
FROM generate_series($2::date, $3::date, '1 day') d"""
_RAW_STOCK_BEFORE = """
SELECT coalesce(sum(images), 0) AS images, coalesce(sum(bytes), 0) AS bytes FROM image_stock WHERE at < $1"""


class World:
    """A database with a past, and the service over it, in an event loop of its own."""

    def __init__(self, url: str, folder: Path) -> None:
        self._runner = asyncio.Runner()
        self.db = self.run(self._open(url))
        self.settings = Settings(data_dir=folder, database_url=url, redis_url="")
        self.analytics = AnalyticsService(self.db, self.settings, RenditionLinks(self.db, "", link_seconds=60))

    def run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        return self._runner.run(work)

    async def _open(self, url: str) -> asyncpg.Pool:
        await empty_database(url)
        await add_people(url)
        pool = await open_pool(url, size=8, application_name="tests")
        now = datetime.now(UTC)
        for place in (*PLACES, now - timedelta(hours=30), now - timedelta(days=40)):
            await pool.execute("SELECT ensure_activity_partitions($1, $1)", place.date())
            await add_facts(pool, place, 40, timedelta(hours=60))
        return pool

    def close(self) -> None:
        self.run(self.db.close())
        self._runner.close()


async def add_facts(db: asyncpg.Pool, around: datetime, count: int, spread: timedelta) -> None:
    """Activities and images at random moments, never later than now."""
    await db.execute(
        """INSERT INTO user_activity (user_id, activity_type, created_at)
           SELECT (ARRAY[1, 2, 3, 4, 5, NULL])[1 + floor(random() * 6)], ($3::text[])[1 + floor(random() * 6)],
                  least($1::timestamptz + (random() * 2 - 1) * $2::interval, now()) FROM generate_series(1, $4::int)""",
        around, spread, TYPES, count,
    )  # fmt: skip
    await db.execute(
        """INSERT INTO images (user_id, created_at, file_type, original_name, byte_count, sha256, storage_key, status)
           SELECT 1 + floor(random() * 5), least($1::timestamptz + (random() * 2 - 1) * $2::interval, now()),
                  (ARRAY['dicom', 'png'])[1 + floor(random() * 2)], 'picture', 1 + floor(random() * 1000),
                  sha256((n + $4::int)::text::bytea), 'k/' || (n + $4::int), 'ready'
           FROM generate_series(1, $3::int) n""",
        around, spread, max(count // 8, 1), next(numbers) * 1000,
    )  # fmt: skip


@pytest.fixture(scope="module")
def world(migrated_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(migrated_database, tmp_path_factory.mktemp("data"))
    yield made
    made.close()


async def change_something(db: asyncpg.Pool, how: str, around: datetime) -> None:
    if how == "late":
        await add_facts(db, around, 5, timedelta(hours=30))
    elif how == "gone":
        for table, count in (("user_activity", 3), ("images", 1)):
            await db.execute(
                f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} ORDER BY random() LIMIT {count})"
            )
    elif how == "moved":
        await db.execute(
            """UPDATE user_activity SET created_at = created_at - interval '7 hours', user_id = 2
               WHERE id IN (SELECT id FROM user_activity ORDER BY random() LIMIT 3)"""
        )


ranges = st.one_of(
    st.builds(lambda days: Asked(days=days), st.sampled_from([7, 14, 30, 60, 90])),
    st.builds(
        lambda place, back, length: Asked(
            first=str(place.date() - timedelta(days=back)), last=str(place.date() + timedelta(days=length - back))
        ),
        st.sampled_from(PLACES),
        st.integers(0, 5),
        st.integers(5, 40),
    ),
    st.builds(lambda length: Asked(first=str(date.today() - timedelta(days=length)), last=str(date.today())),
              st.integers(0, 100)),
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    asked=ranges,
    tz=st.sampled_from(ZONES),
    compare=st.sampled_from(["prev", "none", None]),
    how=st.sampled_from(["late", "gone", "moved", "nothing"]),
    around=st.sampled_from(PLACES),
)
def test_dashboard_equals_sql_over_raw_rows(
    world: World, asked: Asked, tz: str, compare: str | None, how: str, around: datetime
) -> None:
    world.run(change_something(world.db, how, around))
    wanted = Asked(days=asked.days, first=asked.first, last=asked.last, tz=tz, compare=compare)
    if asked.first is not None and asked.first > str(world.run(today_in(world.db, tz))):
        return
    board = world.run(world.analytics.get_dashboard_metrics(asked=wanted))
    world.run(compare_days(world.db, board))
    world.run(compare_summary(world.db, board, compared=compare != "none"))


async def today_in(db: asyncpg.Pool, tz: str) -> date:
    return await db.fetchval("SELECT (now() AT TIME ZONE $1)::date", tz)


async def compare_days(db: asyncpg.Pool, board: Dashboard) -> None:
    span = board.range.tz, board.range.from_, board.range.to
    raw = {row["day"]: row for row in await db.fetch(_RAW_DAYS, *span)}
    since = await db.fetchval("SELECT ($1::timestamptz AT TIME ZONE $2)::date", board.known_from, board.range.tz)
    for day in board.charts.activity:
        row = raw.get(day.day)
        counted = (day.uploads, day.views, day.downloads, day.logins, day.deletes, day.active_users)
        names = ("uploads", "views", "downloads", "logins", "deletes", "people")
        nothing = 0 if day.day >= since else None
        assert counted == tuple(nothing if row is None else row[name] for name in names), day
    stock = {row["day"]: row for row in await db.fetch(_RAW_STOCK, *span)}
    assert [(day.day, day.images, day.bytes) for day in board.charts.storage] == [
        (day, row["images"], row["bytes"]) if day >= since else (day, None, None) for day, row in stock.items()
    ]
    assert [(day.day, day.uploads, day.bytes) for day in board.charts.uploads] == [
        (day.day, day.uploads, stock[day.day]["bytes_added"] if day.day >= since else None)
        for day in board.charts.activity
    ]


async def compare_summary(db: asyncpg.Pool, board: Dashboard, *, compared: bool) -> None:
    shown = board.summary
    raw = await db.fetchrow(_RAW_RANGE, board.range.tz, board.range.from_, board.range.to, None)
    stock = await db.fetchrow(_RAW_STOCK_BEFORE, board.range.to_at)
    assert raw is not None
    assert stock is not None
    known = board.known_from is not None and board.range.to_at > board.known_from
    flows = (shown.new_uploads, shown.views, shown.active_users, shown.images, shown.storage_bytes)
    wanted = (raw["uploads"], raw["views"], raw["people"], stock["images"], stock["bytes"])
    assert tuple(one.value for one in flows) == (wanted if known else (None,) * 5)
    before = board.previous
    assert (before is not None) == compared
    if before is None or board.known_from is None or before.until_at <= board.known_from:
        assert all(one.previous is None for one in flows)
        return
    raw = await db.fetchrow(_RAW_RANGE, before.tz, before.from_, before.to, before.until_at)
    stock = await db.fetchrow(_RAW_STOCK_BEFORE, before.until_at)
    assert raw is not None
    assert stock is not None
    wanted = (raw["uploads"], raw["views"], raw["people"], stock["images"], stock["bytes"])
    assert tuple(one.previous for one in flows) == wanted
