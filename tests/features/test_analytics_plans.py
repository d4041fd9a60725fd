"""Plans of analytics: feeds walk the index of their filter through the months, and read as many rows as they show; sums
meet the hours of their range and no raw fact; nothing reads a table of facts from end to end."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from benchmarks.explain import Explainer

from conftest import empty_database  # pyright: ignore[reportAttributeAccessIssue] - of tests/, not of tests/features
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.analytics.boards import Boards, keep_boards
from mammogram_viewer.analytics.feed import list_activities
from mammogram_viewer.analytics.ranges import Asked, open_period
from mammogram_viewer.analytics.statistics import read_file_types
from mammogram_viewer.analytics.sums import read_people, read_sums
from mammogram_viewer.foundation.keyset import Cursor, PageRequest
from mammogram_viewer.foundation.settings import Settings
from product import add_people

LIMIT = 10
ROWS = 40_000
DAYS = 400
FACTS = ("user_activity", "image_views", "image_stock", "images")
_FILL = f"""
SELECT ensure_activity_partitions((now() - interval '{DAYS} days')::date, now()::date);
INSERT INTO user_activity (user_id, activity_type, created_at)
SELECT CASE WHEN n < {ROWS // 10} THEN 1 ELSE 2 + n % 4 END, (ARRAY['login', 'view', 'view', 'rare'])[
           CASE n % 500 WHEN 3 THEN 4 ELSE 1 + n % 3 END],
       now() - interval '{DAYS} days' + n * interval '{DAYS} days' / {ROWS}
FROM generate_series(1, {ROWS}) n;
INSERT INTO images (user_id, created_at, file_type, original_name, byte_count, sha256, storage_key, status)
SELECT 4, now() - interval '{DAYS} days' + n * interval '{DAYS} days' / 3000,
       CASE n % 9 WHEN 0 THEN 'png' ELSE 'dicom' END, 'picture', n, sha256(n::text::bytea), 'k/' || n, 'ready'
FROM generate_series(1, 3000) n;
INSERT INTO image_views (user_id, image_id, viewed_at)
SELECT 1 + n % 5, 1 + (n * 7919) % 3000, now() - interval '{DAYS} days' + n * interval '{DAYS} days' / {ROWS}
FROM generate_series(1, {ROWS}) n;
SELECT fold_activity();
"""


@pytest.fixture(scope="module")
async def past(migrated_database: str) -> AsyncIterator[asyncpg.Pool]:
    """A year and more of facts, in as many partitions as it has months; of this file alone."""
    await empty_database(migrated_database)
    await add_people(migrated_database)
    pool = await open_pool(migrated_database, size=8, application_name="tests")
    await pool.execute(_FILL, timeout=120)
    await pool.execute("VACUUM ANALYZE", timeout=120)
    await keep_boards(pool)
    yield pool
    await pool.close()


async def plan_of(pool: asyncpg.Pool, read: Any, *, generic: bool) -> dict[str, Any]:
    """The plan of the statement that `read` sends, with the rows really met. `generic`: as PostgreSQL plans what it
    has been asked often, without a look at the values."""
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        notes = Explainer(connection)  # type: ignore[arg-type] - what a pool lends
        await read(notes)
        sql, values = notes.statements[0]  # an empty page asks once more, what lies behind
        literals = [await connection.fetchval("SELECT quote_nullable($1::text)", str(value)) for value in values]
        await connection.execute(f"SET LOCAL plan_cache_mode = force_{'generic' if generic else 'custom'}_plan")
        await connection.execute(f"PREPARE planned AS {sql}")
        arguments = f"({', '.join(literals)})" if literals else ""
        told = await connection.fetchval(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE planned{arguments}")
        await connection.execute("DEALLOCATE planned")
    return json.loads(told)[0]["Plan"]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)


MIDDLE = Cursor(created_at=datetime.now(UTC) - timedelta(days=DAYS // 2), id=1)


@pytest.mark.parametrize("generic", [False, True], ids=["custom", "generic"])
@pytest.mark.parametrize(
    "request_",
    [
        PageRequest(limit=LIMIT),
        PageRequest(limit=LIMIT, direction="prev"),
        PageRequest(limit=LIMIT, cursor=MIDDLE),
        PageRequest(limit=LIMIT, cursor=MIDDLE, direction="prev"),
    ],
    ids=["first", "last", "older", "newer"],
)
@pytest.mark.parametrize(
    ("filters", "index"),
    [
        ({}, "_pkey"),
        ({"user_id": 1}, "_user_id_created_at_id_idx"),
        ({"activity_type": "view"}, "_activity_type_created_at_id_idx"),
        ({"activity_type": "rare"}, "_activity_type_created_at_id_idx"),
        ({"user_id": 2, "activity_type": "login"}, "_user_id_activity_type_created_at_id_idx"),
    ],
    ids=str,
)
async def test_feed_walks_the_index_of_its_filter_and_sorts_nothing(
    past: asyncpg.Pool, filters: dict[str, Any], index: str, request_: PageRequest, generic: bool
) -> None:
    plan = await plan_of(past, lambda db: list_activities(db, request_, **filters), generic=generic)
    met = 0
    for node in nodes(plan):
        assert not (node["Node Type"] == "Seq Scan" and node["Relation Name"].startswith("user_activity")), node
        assert node["Node Type"] != "Incremental Sort"
        if node["Node Type"] == "Sort":
            assert node["Actual Rows"] <= LIMIT + 1, "only what is shown"
        if str(node.get("Relation Name", "")).startswith("user_activity") and "Index" in node["Node Type"]:
            assert not node.get("Rows Removed by Filter"), node
            assert not node["Actual Rows"] or node["Index Name"].endswith(index), node["Index Name"]
            met += int(node["Actual Rows"] * node["Actual Loops"])
    # A row more than is shown, the one behind, and the first of each month that the walk compares.
    assert met <= 2 * (LIMIT + 2 + 2 * DAYS // 30 + 6)


async def plan_as_asked(pool: asyncpg.Pool, read: Any) -> dict[str, Any]:
    """The plan of the one statement that `read` sends, planned for its values."""
    async with pool.acquire() as connection:
        notes = Explainer(connection)  # type: ignore[arg-type] - what a pool lends
        await read(notes)
        ((sql, values),) = notes.statements
        told = await connection.fetchval(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}", *values)
    assert told is not None
    return json.loads(told)[0]["Plan"]


@pytest.mark.parametrize("days", [7, 30, 90])
@pytest.mark.parametrize("tz", ["UTC", "Asia/Kathmandu"])
@pytest.mark.parametrize("read", [read_sums, read_people])
async def test_sums_meet_the_hours_of_their_range_and_few_raw_facts(
    past: asyncpg.Pool, tz: str, days: int, read: Any
) -> None:
    period = await open_period(past, Settings(), Asked(days=days, tz=tz))
    rows, facts = 0, 0
    for node in nodes(await plan_as_asked(past, lambda db: read(db, period))):
        table = str(node.get("Relation Name", ""))
        if node["Node Type"] == "Seq Scan" and table.startswith((*FACTS, "analytics_")):
            assert not node.get("Actual Rows") and not node.get("Rows Removed by Filter"), node  # a month to come
        met = int(node.get("Actual Rows", 0) * node.get("Actual Loops", 0))
        rows += met if table.startswith("analytics_") else 0
        facts += met if table.startswith(FACTS) else 0
    # Of today and of the part of a day that it is compared with, quarters too; raw facts of two halves of a quarter.
    assert rows <= 2 * days * 27 + 60
    assert facts <= 40


async def test_file_types_look_at_the_ends_of_an_index(past: asyncpg.Pool) -> None:
    async with past.acquire() as connection:
        notes = Explainer(connection)  # type: ignore[arg-type] - what a pool lends
        await read_file_types(notes)  # type: ignore[arg-type] - it stands where a pool does
    assert any(index.startswith("images_") for index in notes.measured.indexes)
    assert notes.measured.blocks < 60


async def test_a_standard_window_of_most_viewed_reads_the_views_since_its_board(past: asyncpg.Pool) -> None:
    for tz in ("UTC", "Asia/Kathmandu", "Pacific/Niue", "Pacific/Kiritimati"):
        period = await open_period(past, Settings(), Asked(days=90, tz=tz, compare="none"))
        async with past.acquire() as connection:
            notes = Explainer(connection)  # type: ignore[arg-type] - what a pool lends
            await Boards(notes).rank(period.from_at, period.to_at)  # type: ignore[arg-type] - it stands for a pool
        assert notes.measured.indexes <= {"view_boards_pkey", "image_views_viewed_at_idx", "image_views_by_image_idx"}
        assert not any(node == "Seq Scan image_views" for node in notes.measured.nodes)
        assert len(notes.statements) <= 4
