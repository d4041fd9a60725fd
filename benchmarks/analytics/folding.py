"""What the roll-ups cost: folding recent events, and the daily statistics. No API runs meanwhile, which folds too."""

from __future__ import annotations

import random
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg

from benchmarks import figures
from benchmarks.analytics.timed import at_most, clock

EVENTS, FOLDED_PER_SECOND, STATS_MS = 100_000, 50_000.0, 100.0
_TYPES = ("view", "view", "view", "login", "upload", "download", "search", "annotate", "export", "delete")
_MARK = "benchmark"  # as the family of the user agent, so that they can go again
_COLUMNS = ["user_id", "activity_type", "resource_type", "resource_id", "user_agent_family", "created_at"]


async def measure(pool: asyncpg.Pool, rounds: int, events: int) -> dict[str, Any]:
    """Events of the last hour arrive by COPY, through the triggers, a thousand at a time, and are folded."""
    first_user, users = await pool.fetchrow("SELECT min(id), count(*) FROM users") or (1, 1)
    await _fold(pool)
    copied: list[float] = []
    folded: list[float] = []
    try:
        for number in range(-1, rounds):
            records = _events(number, first_user, users, events)
            started = time.perf_counter()
            for start in range(0, events, 1000):
                await pool.copy_records_to_table(
                    "user_activity", columns=_COLUMNS, records=records[start : start + 1000]
                )
            arrived = time.perf_counter()
            lines = await _fold(pool)
            ended = time.perf_counter()
            if lines < events:
                raise SystemExit(f"{lines} of {events} lines were folded; somebody else folds too.")
            if number >= 0:
                copied.append(events / (arrived - started))
                folded.append(events / (ended - arrived))
    finally:
        await pool.execute(
            "DELETE FROM user_activity WHERE user_agent_family = $1 AND created_at > $2", _MARK, _since()
        )
        await _fold(pool)
        await pool.execute("VACUUM ANALYZE user_activity")
        await pool.execute("VACUUM ANALYZE analytics_inbox")
    per_second = figures.summary(folded)
    return {
        "events": events,
        "rounds": rounds,
        "folded_per_second": per_second,
        "copied_per_second": figures.summary(copied),
        "target": {"folded_per_second_at_least": FOLDED_PER_SECOND},
        "met": per_second["median"] >= FOLDED_PER_SECOND,
    }


def _since() -> datetime:
    return datetime.now(UTC) - timedelta(hours=6)


def _events(seed: int, first_user: int, users: int, count: int) -> list[tuple[Any, ...]]:
    draw = random.Random(seed)
    now = datetime.now(UTC)
    return [
        (
            first_user + int(users * draw.random() ** 2),
            draw.choice(_TYPES),
            "image",
            draw.randrange(1, 1_000_000),
            _MARK,
            now - timedelta(seconds=3600 * draw.random()),
        )
        for _ in range(count)
    ]


async def _fold(pool: asyncpg.Pool) -> int:
    total = 0
    while more := await pool.fetchval("SELECT fold_activity()", timeout=300):
        total += more
    return total


async def daily_statistics(pool: asyncpg.Pool, today: date, days: int) -> dict[str, Any]:
    """`update_system_stats` of days all over the time, each once, after one that counts for nothing."""
    chosen = [today - timedelta(days=1 + number * 365 // days) for number in range(days)]
    times = [
        await clock(lambda day=day: pool.execute("SELECT update_system_stats($1)", day)) for day in (today, *chosen)
    ]
    return {"days": days, **at_most(times[1:], STATS_MS)}
