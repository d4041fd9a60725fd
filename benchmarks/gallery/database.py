"""What each page costs PostgreSQL: the execution time of all its statements, the median of some runs."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from benchmarks.explain import Explainer, Measured
from benchmarks.gallery.pages import Page

# A page that takes longer than this is not asked again and again.
_SLOW_MS = 200.0


@dataclass(frozen=True)
class Cost:
    """One page: the median of its runs, and one run's plan."""

    page: Page
    milliseconds: float
    measured: Measured


async def measure(pool: asyncpg.Pool, pages: Sequence[Page], rounds: int) -> list[Cost]:
    """Each page `rounds` times, after one run that counts for nothing."""
    return [await _cost(pool, page, rounds) for page in pages]


async def _cost(pool: asyncpg.Pool, page: Page, rounds: int) -> Cost:
    runs = [await explain(pool, page)]
    if runs[0].milliseconds < _SLOW_MS:
        runs = [await explain(pool, page) for _ in range(rounds)]
    return Cost(page, statistics.median(run.milliseconds for run in runs), runs[-1])


async def explain(db: asyncpg.Pool | asyncpg.Connection, page: Page) -> Measured:
    """The page by our own code, its statements explained."""
    explainer = Explainer(db)
    await page.read(explainer)
    return explainer.measured
