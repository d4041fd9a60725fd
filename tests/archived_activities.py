"""What tests of archived activities share: a database of their own, facts, and all that is derived from them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from conftest import empty_database  # pyright: ignore[reportAttributeAccessIssue] - of tests/, not of tests/features
from mammogram_viewer.adapters.database.migrate import apply_migrations
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.adapters.storage.local import LocalStorage
from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.analytics import archive_queries
from mammogram_viewer.analytics.archive import PREFIX, ActivityArchives
from mammogram_viewer.analytics.fold import fold_all
from mammogram_viewer.foundation.settings import Settings
from s3_server import Bucket, s3_server  # noqa: F401 - the latter is a fixture

MARCH = date(2025, 3, 1)
TYPES = ("login", "upload", "view", "download", "delete", "note")


@pytest.fixture(scope="module")
async def own_url(new_database: Callable[[], Awaitable[str]]) -> str:
    """A database of this file's own: partitions come and go."""
    url = await new_database()
    await apply_migrations(url)
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("CREATE SCHEMA seeds; CREATE TABLE seeds.installation AS TABLE installation;")
        await connection.execute("CREATE TABLE seeds.schema_migrations AS TABLE schema_migrations")
    finally:
        await connection.close()
    return url


@pytest.fixture
async def db(own_url: str) -> AsyncIterator[asyncpg.Pool]:
    await empty_database(own_url)
    pool = await open_pool(own_url, size=6, application_name="tests")
    yield pool
    await asyncio.wait_for(pool.close(), 10)


@pytest.fixture
def own_settings(tmp_path: Path, own_url: str) -> Settings:
    settings = Settings(data_dir=tmp_path / "data", database_url=own_url)
    settings.spool_dir.mkdir(parents=True)
    return settings


@pytest.fixture
def storage(own_settings: Settings) -> LocalStorage:
    return LocalStorage(own_settings.storage_dir)


@pytest.fixture
def archives(db: asyncpg.Pool, storage: LocalStorage, own_settings: Settings) -> ActivityArchives:
    return ActivityArchives(db, storage, own_settings)


async def add(db: asyncpg.Pool, month: date, count: int = 60) -> None:
    """Facts all over a month, with all that a column may hold, and some in the months beside it."""
    begin, end = archive_queries.month_span(month)
    rows = [
        (
            None if n % 7 == 0 else n % 5 + 1,
            TYPES[n % len(TYPES)],
            ("image", None, "", 'a "quoted", \\N\n\tthing ☃')[n % 4],
            (None, n)[n % 2],
            {"n": n, "text": "\\N,\n\t\"☃\\u0001", "none": None, "deep": [{"x": 1.5}]} if n % 3 else {},
            ("10.1.2.0/24", "2001:db8::/48", None)[n % 3],
            (None, "Firefox", "")[n % 3],
            begin + (end - begin) * n / count + timedelta(microseconds=n),
        )
        for n in range(-3, count + 3)
    ]  # fmt: skip
    await db.executemany(
        """INSERT INTO user_activity (user_id, activity_type, resource_type, resource_id, metadata, ip_truncated,
                                      user_agent_family, created_at)
           VALUES ($1, $2, $3, $4, $5, $6::text::inet, $7, $8)""",
        rows,
    )


async def raw(db: asyncpg.Pool) -> list[str]:
    return [
        row["text"] for row in await db.fetch("SELECT a::text AS text FROM user_activity a ORDER BY created_at, id")
    ]


SOMETHING = "logins + uploads + views + downloads + deletes + others + images_added + images_removed > 0"


async def rolled(db: asyncpg.Pool) -> list[list[Any]]:
    """All that is derived, but for rows that say nothing."""
    assert await fold_all(db, max_runs=50)
    questions = [
        *(f"SELECT * FROM {table} WHERE {SOMETHING} ORDER BY 1" for table in ("analytics_quarters", "analytics_hours")),
        *(
            f"SELECT bucket, rtrim(users::text, '0') FROM {table} WHERE bit_count(users) > 0 ORDER BY 1"
            for table in ("analytics_quarter_users", "analytics_hour_users", "analytics_day_users")
        ),
        "SELECT * FROM image_totals WHERE images > 0 ORDER BY 1",
        "SELECT * FROM image_view_totals WHERE views > 0 ORDER BY 1",
    ]
    return [[tuple(row) for row in await db.fetch(question)] for question in questions]


async def states(archives: ActivityArchives) -> dict[str, str]:
    return {f"{row.month:%Y-%m}": row.state for row in await archives.list_months()}


def files(storage: Storage) -> list[str]:
    return sorted(storage.list_keys(PREFIX, older_than_seconds=-2))
