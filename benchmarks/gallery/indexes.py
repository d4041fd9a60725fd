"""What each index is good for: its size, pages that walk it, their time with it and without it, and which indexes the
whole benchmark never touched.

Without: dropped in a transaction that is rolled back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg

from benchmarks.gallery.database import Cost, explain

TABLES = ["images", "studies", "exam_tallies", "users"]
_LONGEST_MS = 5000
_PAGES = 2
_RUNS = 3

_INDEXES = """
SELECT s.relname AS table_name, s.indexrelname AS name, pg_relation_size(s.indexrelid) AS bytes, s.idx_scan AS scans,
       pg_get_indexdef(s.indexrelid) AS definition,
       EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = s.indexrelid) AS is_constraint
FROM pg_stat_user_indexes s WHERE s.schemaname = 'public' ORDER BY s.relname, s.indexrelname"""


async def measure(pool: asyncpg.Pool, costs: Sequence[Cost]) -> list[dict[str, Any]]:
    """Each index of the lists' tables that is no constraint's, with the pages that suffer most without it."""
    found = []
    for index in await pool.fetch(_INDEXES):
        if index["table_name"] not in TABLES or index["is_constraint"]:
            continue
        walked = [cost for cost in costs if index["name"] in cost.measured.indexes]
        found.append(
            {
                "table": index["table_name"],
                "index": index["name"],
                "definition": index["definition"].partition(" USING ")[2],
                "megabytes": round(index["bytes"] / 1e6, 1),
                "pages_that_walk_it": len(walked),
                "with_and_without": await _compare(pool, index["name"], walked),
            }
        )
    return found


async def _compare(pool: asyncpg.Pool, name: str, walked: Sequence[Cost]) -> list[dict[str, Any]]:
    """The pages that gain most, of one place for each filter."""
    by_filter = {cost.page.filters: cost for cost in sorted(walked, key=lambda cost: -cost.milliseconds)}
    compared = []
    for cost in by_filter.values():
        without = await _without(pool, name, cost)
        compared.append(
            {
                "list": cost.page.path.partition("?")[0],
                "filters": cost.page.filters,
                "page": cost.page.place,
                "with_ms": round(cost.milliseconds, 3),
                "without_ms": None if without is None else round(without, 3),
                "without_ms_more_than": _LONGEST_MS if without is None else None,
            }
        )
    compared.sort(key=lambda each: -(each["without_ms"] or _LONGEST_MS))
    return compared[:_PAGES]


async def _without(pool: asyncpg.Pool, name: str, cost: Cost) -> float | None:
    """The best of a few runs; None when it takes too long."""
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            await connection.execute(f"DROP INDEX {name}")
            await connection.execute(f"SET LOCAL statement_timeout = {_LONGEST_MS}")
            times = []
            for _ in range(_RUNS):
                plan = await explain(connection, cost.page)  # type: ignore[arg-type] - it has what a connection has
                times.append(plan.milliseconds)
                if times[-1] > _LONGEST_MS / 10:
                    break
            return min(times)
        except asyncpg.QueryCanceledError:
            return None
        finally:
            await transaction.rollback()


async def forget(pool: asyncpg.Pool) -> None:
    """Counting of scans begins anew."""
    await pool.execute("SELECT pg_stat_reset()")


async def unused(pool: asyncpg.Pool) -> dict[str, Any]:
    """Indexes of the lists' tables without a single scan, constraints told apart: those hold without being read."""
    # Backends tell what they did at most once a second.
    await asyncio.sleep(1.5)
    rows = [row for row in await pool.fetch(_INDEXES) if row["table_name"] in TABLES and not row["scans"]]
    return {
        "indexes": [row["name"] for row in rows if not row["is_constraint"]],
        "constraints": [row["name"] for row in rows if row["is_constraint"]],
    }
