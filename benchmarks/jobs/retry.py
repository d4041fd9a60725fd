"""Everything that failed, started afresh by one request of an administrator: 10,000 images, their jobs and Redis."""

from __future__ import annotations

import statistics
import time
from typing import Any

import asyncpg
import httpx
from bullmq import Queue

from benchmarks import figures, seed
from benchmarks.stage import ADMINISTRATOR, PASSWORD, Stage, add_person, api
from mammogram_viewer.adapters.redis.connection import bullmq_connection
from mammogram_viewer.jobs.models import DICOM_CONVERSION

JOBS = 10_000
ROUNDS = 3
KEPT = 1000  # as many failed ones as Redis keeps
TARGET_SECONDS = 10.0
_LONGEST_SECONDS = 120


async def measure(stage: Stage, jobs: int, rounds: int) -> dict[str, Any]:
    """Seconds from the request to its answer, which comes when all of them wait again in their rows and in Redis."""
    await _prepare(stage, jobs)
    queue = Queue(DICOM_CONVERSION, {"connection": bullmq_connection(stage.redis_url)})
    try:
        with api(stage) as running, httpx.Client(base_url=running.base_url, timeout=_LONGEST_SECONDS) as client:
            client.post("/api/auth/login", json={"email": ADMINISTRATOR, "password": PASSWORD}).raise_for_status()
            taken = [await _once(stage, queue, client, jobs) for _ in range(rounds)]
    finally:
        await queue.close()
    return {
        "jobs": jobs,
        "kept_in_redis": min(KEPT, jobs),
        "rounds": rounds,
        "seconds": figures.summary(taken),
        "target": {"seconds_at_most": TARGET_SECONDS},
        "met": statistics.median(taken) <= TARGET_SECONDS,
    }


async def _prepare(stage: Stage, jobs: int) -> None:
    await seed.fill(stage.database_url, jobs)
    await add_person(stage.database_url, ADMINISTRATOR, "admin")
    await _execute(
        stage,
        """INSERT INTO job_queue (id, queue, type, image_id, user_id)
           SELECT 'dicom-' || id, 'dicom-conversion', 'convert_dicom', id, user_id FROM images
           WHERE storage_key LIKE 'benchmark/%'""",
    )


async def _once(stage: Stage, queue: Queue, client: httpx.Client, jobs: int) -> float:
    await _execute(stage, "UPDATE images SET status = 'failed', reason_code = 'decoder_crash', reason = 'It failed.'")
    await _execute(
        stage,
        """UPDATE job_queue SET status = 'failed', error_code = 'decoder_crash', error = 'It failed.',
                                finished_at = now(), attempts_made = 2""",
    )
    await queue.obliterate(force=True)
    await queue.addBulk(
        [{"name": "convert_dicom", "data": {}, "opts": {"jobId": f"dicom-{n + 1}"}} for n in range(min(KEPT, jobs))]
    )
    started = time.perf_counter()
    answer = client.post(f"/api/admin/queue/{DICOM_CONVERSION}/retry-failed")
    taken = time.perf_counter() - started
    waiting = (await queue.getJobCounts("wait"))["wait"]
    if answer.status_code != 202 or answer.json()["jobs"] != jobs or waiting != jobs:
        raise SystemExit(f"{answer.text}; {waiting} jobs wait in Redis instead of {jobs}.")
    return taken


async def _execute(stage: Stage, sql: str, *values: object) -> None:
    connection = await asyncpg.connect(stage.database_url)
    try:
        await connection.execute(sql, *values, timeout=_LONGEST_SECONDS)
    finally:
        await connection.close()
