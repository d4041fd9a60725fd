"""A million rows of the feed as CSV: rows a second, and what the API process holds before, at its peak and after."""

from __future__ import annotations

import time
from datetime import date, timedelta
from typing import Any

import asyncpg
import httpx

from benchmarks import figures
from benchmarks.memory import Watch, forget_peak, resident_mb
from benchmarks.stage import ADMINISTRATOR, Stage, api, sign_in

ROWS, MOST_GROWTH_MB = 1_000_000, 20.0
_TIMEOUT_SECONDS = 300


async def measure(stage: Stage, pool: asyncpg.Pool, today: date, rows: int, rounds: int) -> dict[str, Any]:
    """A fresh process; one small export first, so that only rows count as growth."""
    days = await _days_for(pool, today, rows)
    path = (
        f"/api/analytics/activity/recent?format=csv&from={today - timedelta(days=days)}&to={today - timedelta(days=1)}"
    )
    small = f"/api/analytics/activity/recent?format=csv&from={today - timedelta(days=1)}&to={today - timedelta(days=1)}"
    rates: list[float] = []
    counted = 0
    with api(stage) as running:
        headers = {"cookie": sign_in(running, ADMINISTRATOR).cookie}
        with httpx.Client(base_url=running.base_url, headers=headers, timeout=_TIMEOUT_SECONDS) as client:
            _read(client, small)
            before_mb = resident_mb(running, "VmRSS")
            peak_is_the_kernels = forget_peak(running)
            watch = Watch(running)
            with watch:
                for _ in range(rounds):
                    started = time.perf_counter()
                    counted = _read(client, path)
                    rates.append(counted / (time.perf_counter() - started))
            peak_mb = max(watch.peak_mb, resident_mb(running, "VmHWM") if peak_is_the_kernels else 0.0)
            after_mb = resident_mb(running, "VmRSS")
    expected = await pool.fetchval(
        """SELECT count(*) FROM user_activity
           WHERE created_at >= $1::date::timestamptz AND created_at < $2::date::timestamptz""",
        today - timedelta(days=days),
        today,
    )
    if counted != expected:
        raise SystemExit(f"The CSV has {counted:,} rows, the table {expected:,}.")
    return {
        "rows": counted,
        "rows_per_second": figures.summary(rates),
        "memory_mb": {"before": round(before_mb, 1), "peak": round(peak_mb, 1), "after": round(after_mb, 1)},
        "growth_mb": round(peak_mb - before_mb, 1),
        "target": {"growth_mb_at_most": MOST_GROWTH_MB},
        "met": peak_mb - before_mb <= MOST_GROWTH_MB,
    }


def _read(client: httpx.Client, path: str) -> int:
    """Lines without the header; a download that lacks its end raises."""
    with client.stream("GET", path) as answer:
        if answer.status_code != 200:
            raise SystemExit(f"{path} answered {answer.status_code}")
        return sum(piece.count(b"\n") for piece in answer.iter_raw()) - 1


async def _days_for(pool: asyncpg.Pool, today: date, rows: int) -> int:
    """How many days before today have that many."""
    for days in range(1, 400):
        counted = await pool.fetchval(
            """SELECT sum(logins + uploads + views + downloads + deletes + others) FROM analytics_hours
               WHERE bucket >= $1::date::timestamptz AND bucket < $2::date::timestamptz""",
            today - timedelta(days=days),
            today,
        )
        if counted and counted >= rows:
            return days
    return 399
