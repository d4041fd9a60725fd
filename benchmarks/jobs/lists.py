"""Every page of the job lists over a million rows, at the database: EXPLAIN ANALYZE of the statements that our own code
sends, for each combination of filters, at the first page, in the middle and at the end. And what counting costs."""

from __future__ import annotations

import itertools
import statistics
import time
from datetime import datetime
from typing import Any, cast

import asyncpg

from benchmarks.explain import Explainer, Measured
from benchmarks.jobs import rows
from benchmarks.stage import Stage
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.foundation.keyset import Cursor, PageRequest
from mammogram_viewer.jobs import stats_queries
from mammogram_viewer.jobs.lists import JobFilters, list_jobs
from mammogram_viewer.jobs.models import JobState
from mammogram_viewer.jobs.stats import QueueStats

ROWS = 1_000_000
ROUNDS = 5
TARGET_MS = 5.0
PLACES = ("first", "middle", "last", "back from the last")
_LIMIT = 20
_SLOWEST = 12

QUEUES = (None, "dicom-conversion", "thumbnail", "maintenance")
STATES: tuple[JobState | None, ...] = (None, "waiting", "active", "completed", "rejected", "failed", "cancelled")
USERS = (None, rows.HEAVY_USER, rows.LIGHT_USER)
REASONS = (None, rows.COMMON_REASON, rows.RARE_REASON)


async def measure(stage: Stage, count: int, rounds: int) -> dict[str, Any]:
    """Milliseconds of each page; `count` rows take the place of all that were there."""
    pool = await open_pool(stage.database_url, size=2, application_name="benchmark")
    try:
        await pool.execute("TRUNCATE job_queue CASCADE")
        async with pool.acquire() as connection:
            await rows.fill(cast(asyncpg.Connection, connection), count)
        return await _pages(pool, rounds) | {"rows": count, "counts": await _counts(pool, rounds)}
    finally:
        await pool.close()


async def _pages(pool: asyncpg.Pool, rounds: int) -> dict[str, Any]:
    places = await _requests(pool)
    figures = []
    for filters in combinations(await find_image(pool)):
        for place, request in places.items():
            pages = [await explain_page(pool, request, filters) for _ in range(rounds)]
            median_ms = round(statistics.median(page.milliseconds for page in pages), 3)
            figures.append(
                {"filters": words_for(filters), "page": place, "ms": median_ms, "plan": sorted(pages[0].nodes)}
            )
    figures.sort(key=lambda figure: -figure["ms"])
    return {
        "pages": len(figures),
        "rounds": rounds,
        "median_ms": round(statistics.median(figure["ms"] for figure in figures), 3),
        "slowest_ms": figures[0]["ms"],
        "slowest": figures[:_SLOWEST],
        "over_target": sum(figure["ms"] > TARGET_MS for figure in figures),
        "target": {"ms_at_most": TARGET_MS},
        "met": figures[0]["ms"] <= TARGET_MS,
    }


def combinations(image_id: int) -> list[JobFilters]:
    """Every filter with every other, common and rare values."""
    return [
        JobFilters(queue=queue, states=(state,) if state else (), user_id=user_id, image_id=image, reason=reason)
        for queue, state, user_id, image, reason in itertools.product(QUEUES, STATES, USERS, (None, image_id), REASONS)
    ]


async def _requests(pool: asyncpg.Pool) -> dict[str, PageRequest]:
    middle, last = [await find_place(pool, share) for share in (0.5, 0.001)]
    requests = (
        PageRequest(limit=_LIMIT),
        PageRequest(cursor=middle, limit=_LIMIT),
        PageRequest(cursor=last, limit=_LIMIT),
        PageRequest(cursor=last, direction="prev", limit=_LIMIT),
    )
    return dict(zip(PLACES, requests, strict=True))


async def find_place(pool: asyncpg.Pool, share: float) -> Cursor:
    """The row at this share of the whole time, from its beginning."""
    row = await pool.fetchrow(
        """SELECT created_at, id FROM job_queue
           WHERE created_at >= (SELECT min(created_at) + (max(created_at) - min(created_at)) * $1 FROM job_queue)
           ORDER BY created_at, id LIMIT 1""",
        share,
    )
    assert row is not None
    at: datetime = row["created_at"]
    return Cursor(created_at=at, id=row["id"])


async def find_image(pool: asyncpg.Pool) -> int:
    """One that has jobs."""
    return await pool.fetchval("SELECT image_id FROM job_queue WHERE image_id IS NOT NULL ORDER BY id LIMIT 1")


def words_for(filters: JobFilters) -> str:
    """For people."""
    named = {
        "queue": filters.queue,
        "state": filters.states[0] if filters.states else None,
        "user": {rows.HEAVY_USER: "many", rows.LIGHT_USER: "few"}.get(filters.user_id or 0),
        "image": "one" if filters.image_id else None,
        "reason": filters.reason,
    }
    return ", ".join(f"{name} {value}" for name, value in named.items() if value) or "none"


async def explain_page(pool: asyncpg.Pool, request: PageRequest, filters: JobFilters) -> Measured:
    """One page by our own code, its statements explained."""
    explainer = Explainer(pool)
    await list_jobs(cast(asyncpg.Pool, explainer), request, filters)
    return explainer.measured


async def _counts(pool: asyncpg.Pool, rounds: int) -> dict[str, Any]:
    """Wall milliseconds: all that the page of queues asks at once, and each part of it."""
    asked = {
        "all_together": lambda: QueueStats(pool).count(),
        "unfinished": lambda: stats_queries.count_unfinished(pool),
        "ended": lambda: stats_queries.count_ended(pool),
        "recent": lambda: stats_queries.count_recent(pool),
    }
    counted = {}
    for name, ask in asked.items():
        taken = []
        for _ in range(rounds):
            started = time.perf_counter()
            await ask()
            taken.append((time.perf_counter() - started) * 1000)
        counted[f"{name}_ms"] = round(statistics.median(taken), 2)
    return counted
