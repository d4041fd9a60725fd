"""Most viewed images and pages of the feed over HTTP."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import asyncpg

from benchmarks.analytics import naive
from benchmarks.analytics.dashboards import WINDOWS
from benchmarks.analytics.timed import at_most, clock, get
from benchmarks.gallery.answers import Client

STANDARD_MS, CUSTOM_MS, FEED_MS = 5.0, 600.0, 5.0
DEPTHS = (1, 1000, 50_000)
PAGE_ROWS = 50
_CUSTOM_DAYS = (30, 90, 200)
_PATH = "/api/analytics/images/most-viewed?limit=10"

_CURSOR = """
SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '_' || id AS cursor
FROM user_activity
WHERE ($1::bigint IS NULL OR user_id = $1) AND ($2::text IS NULL OR activity_type = $2)
ORDER BY created_at DESC, id DESC OFFSET $3 LIMIT 1"""
_BUSIEST = """
SELECT user_id FROM user_activity WHERE created_at > now() - interval '30 days'
GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"""


async def most_viewed(client: Client, pool: asyncpg.Pool, today: date, rounds: int) -> dict[str, Any]:
    """Standard windows and all time again and again; each range of one's own twice."""
    standard = {f"{days} days": list[float]() for days in WINDOWS} | {"all time": list[float]()}
    first: list[float] = []
    again: list[float] = []
    choose = random.Random(11)
    for number in range(-1, rounds):
        for name, times in standard.items():
            wish = "period=all" if name == "all time" else f"days={name.split()[0]}"
            milliseconds = get(client, f"{_PATH}&{wish}")[1]
            if number >= 0:
                times.append(milliseconds)
    # Afterwards: what they leave to be done takes the other core.
    for number in range(rounds):
        last = today - timedelta(days=choose.randrange(1, 120))
        begun = last - timedelta(days=_CUSTOM_DAYS[number % len(_CUSTOM_DAYS)] - 1)
        path = f"{_PATH}&from={begun}&to={last}"
        first.append(get(client, path)[1])
        again.append(get(client, path)[1])
    counted = [
        await clock(lambda: pool.fetch(naive.MOST_VIEWED, *_ends(today, 30), "UTC")) for _ in range(max(rounds // 8, 1))
    ]
    return {
        "standard": {name: at_most(times, STANDARD_MS) for name, times in standard.items()},
        "custom_first": at_most(first, CUSTOM_MS),
        "custom_again": at_most(again, CUSTOM_MS / 10),
        "naive_30_days_ms": round(sorted(counted)[len(counted) // 2], 1),
    }


def _ends(today: date, days: int) -> tuple[Any, Any]:
    ends_at = datetime.combine(today + timedelta(days=1), time(), UTC)
    return ends_at - timedelta(days=days), ends_at


@dataclass(frozen=True)
class Filter:
    """Which facts of the feed."""

    name: str
    user_id: int | None = None
    activity_type: str | None = None

    @property
    def words(self) -> str:
        words = f"&userId={self.user_id}" if self.user_id is not None else ""
        return words + (f"&type={self.activity_type}" if self.activity_type is not None else "")


async def feed(client: Client, pool: asyncpg.Pool, rounds: int) -> list[dict[str, Any]]:
    """Page 1, 1,000 and 50,000 of what each filter lets through, or its last page where there are fewer."""
    busiest = await pool.fetchval(_BUSIEST)
    filters = (
        Filter("none"),
        Filter("type=view", activity_type="view"),
        Filter("type=delete", activity_type="delete"),
        Filter("a busy person", user_id=busiest),
        Filter("a busy person, type=view", user_id=busiest, activity_type="view"),
    )
    pages = [(each, depth, path) for each in filters for depth, path in await _places(pool, each)]
    taken: dict[int, list[float]] = {number: [] for number in range(len(pages))}
    for number in range(-1, rounds):
        for place, (_, _, path) in enumerate(pages):
            milliseconds = get(client, path)[1]
            if number >= 0:
                taken[place].append(milliseconds)
    return [
        {"filter": each.name, "page": depth, **at_most(taken[place], FEED_MS)}
        for place, (each, depth, _) in enumerate(pages)
    ]


async def _places(pool: asyncpg.Pool, wanted: Filter) -> list[tuple[int, str]]:
    there = await pool.fetchval(
        """SELECT count(*) FROM user_activity
           WHERE ($1::bigint IS NULL OR user_id = $1) AND ($2::text IS NULL OR activity_type = $2)""",
        wanted.user_id,
        wanted.activity_type,
    )
    last_page = max(there // PAGE_ROWS - 1, 1)
    places = []
    for depth in sorted({min(depth, last_page) for depth in DEPTHS}):
        path = f"/api/analytics/activity/recent?limit={PAGE_ROWS}{wanted.words}"
        if depth > 1:
            row = await pool.fetchrow(_CURSOR, wanted.user_id, wanted.activity_type, (depth - 1) * PAGE_ROWS - 1)
            path += f"&cursor={row['cursor']}" if row else ""
        places.append((depth, path))
    return places
