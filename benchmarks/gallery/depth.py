"""Page 50,000 beside page 1, and beside the same page by OFFSET."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import asyncpg

from benchmarks import figures
from benchmarks.explain import Explainer
from benchmarks.gallery.answers import Client
from benchmarks.gallery.database import explain
from benchmarks.gallery.pages import FIRST, LAST, LIMIT, Page

TARGET_RATIO = 1.2
_OFFSET_ROUNDS = 3


async def measure(
    pool: asyncpg.Pool, client: Client, pages: Sequence[Page], images: int, rounds: int
) -> dict[str, Any]:
    """In turn, pair by pair, without filters. Page 50,000 is the last one of a million images."""
    first, last = (
        next(page for page in pages if page.kind == "none" and page.place == place) for place in (FIRST, LAST)
    )
    database: dict[str, list[float]] = {FIRST: [], LAST: []}
    answers: dict[str, list[float]] = {FIRST: [], LAST: []}
    for number in range(rounds):
        for page in (first, last)[:: 1 if number % 2 else -1]:
            database[page.place].append((await explain(pool, page)).milliseconds)
            answers[page.place].append(client.get(page.path)[2])
    database_ratio, ratio = (figures.ratio(times[LAST], times[FIRST]) for times in (database, answers))
    return {
        "page": images // LIMIT,
        "rounds": rounds,
        "api_ms": {place: figures.summary(times) for place, times in answers.items()},
        "database_ms": {place: round(statistics.median(times), 3) for place, times in database.items()},
        "ratio": ratio,
        "database_ratio": database_ratio,
        "target": {"ratio_at_most": TARGET_RATIO},
        "met": ratio["median_of_pairs"] <= TARGET_RATIO,
        "offset": await _by_offset(pool, first, images, statistics.median(database[LAST])),
    }


async def _by_offset(pool: asyncpg.Pool, first: Page, images: int, keyset_ms: float) -> dict[str, Any]:
    """The statement of our first page with an OFFSET behind its LIMIT."""
    noted = Explainer(pool)
    await first.read(noted)
    ((sql, values),) = noted.statements
    limit = f"LIMIT {LIMIT + 1}"
    offset = images - LIMIT
    skipping = Explainer(pool)
    times = []
    for _ in range(_OFFSET_ROUNDS):
        before = skipping.measured.milliseconds
        await skipping.fetch(sql.replace(limit, f"{limit} OFFSET {offset}", 1), *values)
        times.append(skipping.measured.milliseconds - before)
    median_ms = statistics.median(times)
    return {
        "offset": offset,
        "database_ms": round(median_ms, 2),
        "times_slower": round(median_ms / keyset_ms, 1),
    }
