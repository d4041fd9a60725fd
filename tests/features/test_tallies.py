"""What the metrics count for themselves: ends of attempts, each once, and requests, at little cost."""

from __future__ import annotations

import asyncio
import time

import asyncpg
import pytest

from mammogram_viewer.jobs.tally import AttemptTally
from mammogram_viewer.operations.request_tally import RequestTally


async def test_an_attempt_is_counted_once_when_it_ends_however_late(db: asyncpg.Pool) -> None:
    async def attempt(job: str, *, minutes_ago: float, outcome: str | None) -> int:
        await db.execute(
            "INSERT INTO job_queue (id, queue, type, status) VALUES ($1, 'thumbnail', 'render_picture', 'active')", job
        )
        return await db.fetchval(
            """INSERT INTO job_attempts (job_id, worker, started_at, finished_at, outcome)
               VALUES ($1, 'w', now() - make_interval(mins => $2),
                       CASE WHEN $3::text IS NULL THEN NULL ELSE now() END, $3) RETURNING id""",
            job,
            minutes_ago,
            outcome,
        )

    tally = AttemptTally(db)
    await attempt("before", minutes_ago=5, outcome="completed")
    late = await attempt("late", minutes_ago=60, outcome=None)
    await tally.read()
    assert tally.ended.total() == 0, "what ended before it looked is not counted"
    settled = await attempt("settled", minutes_ago=30, outcome=None)
    await attempt("moot", minutes_ago=30, outcome=None)
    fresh = await attempt("fresh", minutes_ago=0, outcome=None)
    await attempt("ended", minutes_ago=0, outcome="completed")
    for _ in range(3):
        await tally.read()
    assert tally.ended == {("render_picture", "completed", ""): 1}
    await db.execute("UPDATE job_queue SET status = 'cancelled' WHERE id = 'moot'")
    await db.execute(
        "UPDATE job_attempts SET finished_at = now(), outcome = 'failed', error_code = 'unexpected' WHERE id = ANY($1)",
        [late, settled, fresh],
    )
    for _ in range(3):
        await tally.read()
    assert tally.ended["render_picture", "failed", "unexpected"] == 3
    assert tally.ended.total() == 4
    assert not tally._open


async def test_reading_many_attempts_at_once_takes_them_all(db: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mammogram_viewer.jobs.tally._BATCH", 100)
    tally = AttemptTally(db)
    await tally.read()
    await db.execute("INSERT INTO job_queue (id, queue, type) VALUES ('one', 'thumbnail', 'render_picture')")
    await db.execute(
        """INSERT INTO job_attempts (job_id, worker, started_at, finished_at, outcome)
           SELECT 'one', 'w', now() - interval '10 minutes', now() - interval '9 minutes', 'interrupted'
           FROM generate_series(1, 1234)"""
    )
    await asyncio.gather(*(tally.read() for _ in range(5)))
    assert tally.ended.total() == 1234
    assert tally.durations == {}, "when a worker died is not known"


def test_counting_a_request_costs_less_than_five_microseconds() -> None:
    tally = RequestTally()
    best = float("inf")
    for _ in range(5):
        started = time.perf_counter()
        for number in range(10_000):
            tally.note("GET", "/api/images/{image_id}", 200, number * 1e-6)
        best = min(best, (time.perf_counter() - started) / 10_000)
    assert best < 5e-6
    assert sum(tally.routes["GET", "/api/images/{image_id}"].buckets) == 50_000
