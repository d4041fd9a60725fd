"""Jobs that do nothing through our worker, rows and attempts and all, beside BullMQ's own worker doing nothing at all.

The same process, concurrency, options and entries for both, in turn. Ours claims the row and opens an attempt, then
ends both, in two durable transactions, as a job of the queue `maintenance` does. (One that renders holds its row first,
and writes the image's rows in the same transactions.) No child: it would cost both the same."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

import asyncpg
from bullmq import Queue, Worker

from benchmarks import figures
from benchmarks.stage import Stage
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.adapters.redis.connection import bullmq_connection
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.jobs import outbox
from mammogram_viewer.jobs.models import REMAKE_RENDITIONS, THUMBNAIL, Claim, NewJob
from mammogram_viewer.jobs.service import QueueService
from mammogram_viewer.jobs.wakeup import KEEP_FINISHED, WakeUp
from mammogram_viewer.worker.processor import Processor
from mammogram_viewer.worker.run import WorkerPool

JOBS = 1000
ROUNDS = 5
CONCURRENCY = 5  # what `thumbnail` has by default
TARGET_SHARE = 0.4
_BARE = "bare"
_LONGEST_SECONDS = 120
_GRACE_SECONDS = 10


async def measure(stage: Stage, jobs: int, rounds: int) -> dict[str, Any]:
    """Jobs a second of both sides, and the share of BullMQ's rate that is left."""
    rates: dict[str, list[float]] = {"ours": [], "bullmq": []}
    settings = Settings(data_dir=stage.folder, database_url=stage.database_url, redis_url=stage.redis_url)
    pool = await open_pool(stage.database_url, size=settings.database_pool_size, application_name="benchmark")
    try:
        user_id = await pool.fetchval("SELECT min(id) FROM users")
        sides: list[tuple[str, Callable[[str], Awaitable[float]]]] = [
            ("ours", lambda name: _ours(stage, settings, pool, user_id, jobs, name)),
            ("bullmq", lambda name: _bare(stage, settings, jobs, name)),
        ]
        for number in range(-1, rounds):
            for side, run in sides[:: 1 if number % 2 else -1]:
                seconds = await run(f"round{number + 1}")
                if number >= 0:
                    rates[side].append(jobs / seconds)
    finally:
        await pool.close()
    share = figures.ratio(rates["ours"], rates["bullmq"])
    return {
        "jobs": jobs,
        "rounds": rounds,
        "concurrency": CONCURRENCY,
        "ours_per_second": figures.summary(rates["ours"]),
        "bullmq_per_second": figures.summary(rates["bullmq"]),
        "share": share,
        "target": {"share_at_least": TARGET_SHARE},
        "met": share["median_of_pairs"] >= TARGET_SHARE,
    }


async def _ours(stage: Stage, settings: Settings, pool: asyncpg.Pool, user_id: int, jobs: int, name: str) -> float:
    """Seconds from starting our worker to its last job's end."""
    wake_up = WakeUp(stage.redis_url, settings)
    service = QueueService(pool, wake_up, settings)
    new = [
        NewJob(id=f"{name}-{n}", queue=THUMBNAIL, type=REMAKE_RENDITIONS, image_id=n + 1, user_id=user_id)
        for n in range(jobs)
    ]
    await service.add_jobs(new)

    async def nothing(claim: Claim) -> None:
        if not await outbox.complete(pool, claim, {}):
            raise SystemExit(f"{claim.job.id} has ended before it was done.")

    processor = Processor(pool, {REMAKE_RENDITIONS: nothing}, settings)
    started = time.perf_counter()
    workers = WorkerPool(processor, stage.redis_url, settings, {THUMBNAIL: CONCURRENCY})
    await _all_completed(workers._workers[0], jobs)
    taken = time.perf_counter() - started
    await workers.close(_GRACE_SECONDS)
    await wake_up.close()
    done = await pool.fetchval(
        """SELECT count(*) FROM job_queue j JOIN job_attempts a ON a.job_id = j.id
           WHERE j.id LIKE $1 AND j.status = 'completed' AND a.outcome = 'completed'""",
        f"{name}-%",
    )
    if done != jobs:
        raise SystemExit(f"{done} of {jobs} jobs are completed in their rows.")
    return taken


async def _bare(stage: Stage, settings: Settings, jobs: int, name: str) -> float:
    """Seconds from starting BullMQ's worker to its last job's end."""
    connection = bullmq_connection(stage.redis_url)
    queue = Queue(_BARE, {"connection": connection})
    options = {"attempts": 3, "removeOnComplete": KEEP_FINISHED, "removeOnFail": KEEP_FINISHED}
    await queue.addBulk(
        [
            {"name": "nothing", "data": {"imageId": n + 1, "userId": 1}, "opts": {"jobId": f"{name}-{n}", **options}}
            for n in range(jobs)
        ]
    )

    async def nothing(job: Any, _token: str) -> dict[str, Any]:
        return {"state": "completed", "imageId": job.data["imageId"]}

    worker_options: Any = {
        "connection": connection,
        "concurrency": CONCURRENCY,
        "lockDuration": settings.job_lock_ms,
        "stalledInterval": settings.job_stalled_interval_ms,
        "autorun": False,
    }
    started = time.perf_counter()
    worker = Worker(_BARE, cast(Any, nothing), worker_options)
    running = asyncio.create_task(worker.run())
    await _all_completed(worker, jobs)
    taken = time.perf_counter() - started
    await worker.close()
    await running
    await queue.close()
    return taken


async def _all_completed(worker: Worker, jobs: int) -> None:
    """BullMQ's own word for it, the same for both sides."""
    done = asyncio.Event()
    left = jobs

    def count(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            done.set()

    worker.on("completed", count)
    async with asyncio.timeout(_LONGEST_SECONDS):
        await done.wait()
