"""Each chart's own reading beside the naive SQL, in turn, from the same client: first both must say the same."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg

from benchmarks import figures
from benchmarks.analytics import naive
from benchmarks.analytics.timed import clock
from benchmarks.explain import Explainer
from mammogram_viewer.analytics.dashboard import activity_days, storage_days, upload_days
from mammogram_viewer.analytics.ranges import Asked, Period, open_period
from mammogram_viewer.analytics.statistics import read_file_types
from mammogram_viewer.analytics.sums import People, read_people, read_sums
from mammogram_viewer.foundation.settings import Settings

DAYS = (7, 30, 90)
JUDGED_DAYS = 30
ZONE = "Europe/Berlin"
_TYPES = ("view", "upload", "download", "login", "delete")


@dataclass(frozen=True)
class Chart:
    """A question to both sides. `ours` and `theirs` answer in one and the same form."""

    name: str
    sql: str
    least_ratio: float | None
    ours: Callable[[Any, Period], Awaitable[Any]]
    form: Callable[[list[asyncpg.Record]], Any]
    ranged: bool = True
    # The naive side leaves out days on which nothing came or went.
    gaps: bool = False

    def agree(self, ours: Any, theirs: Any) -> bool:
        return set(theirs) <= set(ours) if self.gaps else ours == theirs


async def _activity(db: Any, period: Period) -> list[tuple[Any, ...]]:
    days = activity_days(await read_sums(db, period), People({}))  # people have a question of their own
    return sorted((one.day, kind, getattr(one, f"{kind}s")) for one in days for kind in _TYPES)


async def _active(db: Any, period: Period) -> int:
    return (await read_people(db, period)).in_range


async def _active_by_day(db: Any, period: Period) -> list[tuple[Any, ...]]:
    people = await read_people(db, period)
    return [(day, people.of(slot)) for day, slot in zip(period.days, period.slots, strict=True) if people.of(slot)]


async def _uploads(db: Any, period: Period) -> list[tuple[Any, ...]]:
    return [(one.day, one.uploads, one.bytes) for one in upload_days(await read_sums(db, period)) if one.uploads]


async def _storage(db: Any, period: Period) -> list[tuple[Any, ...]]:
    return [(one.day, one.bytes, one.images) for one in storage_days(await read_sums(db, period))]


async def _file_types(db: Any, period: Period) -> list[tuple[Any, ...]]:  # noqa: ARG001 - as the others
    types, _ = await read_file_types(db)
    return sorted((one.file_type, one.images, one.total_bytes, one.min_bytes, one.max_bytes) for one in types)


def _activity_form(rows: list[asyncpg.Record]) -> list[tuple[Any, ...]]:
    days = {row["day"] for row in rows}
    counted = {(row["day"], row["activity_type"]): row["n"] for row in rows}
    return sorted((day, kind, counted.get((day, kind), 0)) for day in days for kind in _TYPES)


def _as_tuples(rows: list[asyncpg.Record]) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in rows]


CHARTS = (
    Chart("activities a day", naive.ACTIVITY, 100, _activity, _activity_form),
    Chart("active users a day", naive.ACTIVE_USERS_BY_DAY, 100, _active_by_day, _as_tuples),
    # Part of the same statement of ours; by itself nothing asks for it.
    Chart("active users in all", naive.ACTIVE_USERS, None, _active, lambda rows: rows[0]["people"]),
    Chart("uploads a day", naive.UPLOADS, 10, _uploads, _as_tuples),
    Chart("storage growth", naive.STORAGE, 10, _storage, _as_tuples, gaps=True),
    Chart(
        "file types",
        naive.FILE_TYPES,
        10,
        _file_types,
        lambda rows: [(r["file_type"], r["images"], r["bytes"], r["least"], r["most"]) for r in rows],
        ranged=False,
    ),
)


async def measure(pool: asyncpg.Pool, settings: Settings, rounds: int) -> list[dict[str, Any]]:
    """Medians and ratios by chart and number of days; the plan of ours beside them."""
    measured = []
    for days in DAYS:
        period = await open_period(pool, settings, Asked(days=days, tz=ZONE, compare="none"))
        for chart in CHARTS:
            if chart.ranged or days == JUDGED_DAYS:
                measured.append(await _one(pool, chart, period, days, rounds))
    return measured


async def _one(pool: asyncpg.Pool, chart: Chart, period: Period, days: int, rounds: int) -> dict[str, Any]:
    values = (period.from_at, period.to_at, ZONE) if chart.ranged else ()
    ours, theirs = await chart.ours(pool, period), chart.form(await pool.fetch(chart.sql, *values))
    if not chart.agree(ours, theirs):
        raise SystemExit(f"{chart.name}, {days} days: {str(ours)[:300]} here, {str(theirs)[:300]} by the naive SQL.")
    times: dict[str, list[float]] = {"ours": [], "naive": []}
    for number in range(rounds):
        for side in ("ours", "naive")[:: 1 if number % 2 else -1]:
            asked = (lambda: chart.ours(pool, period)) if side == "ours" else (lambda: pool.fetch(chart.sql, *values))
            times[side].append(await clock(asked))
    explainer = Explainer(pool)
    await chart.ours(explainer, period)
    ratio = figures.ratio(times["naive"], times["ours"])
    judged = days == JUDGED_DAYS and chart.least_ratio is not None
    return {
        "chart": chart.name,
        "days": days,
        "ours_ms": figures.summary(times["ours"]),
        "naive_ms": figures.summary(times["naive"]),
        "times_faster": ratio,
        "plan": sorted(explainer.measured.nodes),
        "blocks": explainer.measured.blocks,
        "target": {"times_faster_at_least": chart.least_ratio} if judged else None,
        "met": ratio["median_of_pairs"] >= chart.least_ratio if judged and chart.least_ratio else None,
    }
