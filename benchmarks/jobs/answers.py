"""How much longer an upload's answer takes because there is a job: the API beside itself without one, in turn."""

from __future__ import annotations

import sys
import time
from typing import Any

import asyncpg

from benchmarks import figures
from benchmarks.machine import ROOT
from benchmarks.sender import Mammogram, Upload
from benchmarks.stage import Peer, Stage, api, free_port, peer, sign_in

# Small, because a job weighs the same beside a file of any size: 0.1 MB shows it most.
ROWS, COLUMNS = 256, 208
WARM_UPS = 20
ROUNDS = 300
TARGET_RATIO = 1.3
# The answer's background task (waking a worker) belongs to nobody's next run.
_PAUSE_SECONDS = 0.01


async def measure(stage: Stage, rounds: int) -> dict[str, Any]:
    """Milliseconds from connect to the last byte of the answer."""
    file = Mammogram(ROWS, COLUMNS)
    with api(stage) as ours, _jobless(stage) as bare:
        authorization = sign_in(ours).authorization
        times: dict[str, list[float]] = {"with_job": [], "without_job": []}
        for number in range(-WARM_UPS, rounds):
            sides: list[tuple[str, Peer]] = [("with_job", ours), ("without_job", bare)]
            for side, server in sides[:: 1 if number % 2 else -1]:
                taken_ms = _timed(Upload.raw(file.another(), authorization), server)
                if number >= 0:
                    times[side].append(taken_ms)
    jobs = await _count_jobs(stage)
    if jobs != WARM_UPS + rounds:
        raise SystemExit(f"{jobs} jobs for {WARM_UPS + rounds} uploads with one: the two sides are not what they say.")
    ratio = figures.ratio(times["with_job"], times["without_job"])
    return {
        "file_bytes": file.byte_count,
        "runs": rounds,
        "with_job_ms": figures.summary(times["with_job"]),
        "without_job_ms": figures.summary(times["without_job"]),
        "ratio": ratio,
        "target": {"ratio_at_most": TARGET_RATIO},
        "met": ratio["median_of_pairs"] <= TARGET_RATIO,
    }


def _jobless(stage: Stage) -> Any:
    port = free_port()
    environ = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(stage.folder),
        "DATA_DIR": str(stage.folder),
        "DATABASE_URL": stage.database_url,
        "REDIS_URL": stage.redis_url,
        "PORT": str(port),
        "PYTHONPATH": str(ROOT),
    }
    return peer([sys.executable, "-m", "benchmarks.jobs.jobless_api"], port, environ, stage.folder, stage.output)


def _timed(upload: Upload, server: Peer) -> float:
    time.sleep(_PAUSE_SECONDS)
    started = time.perf_counter()
    upload.send(server.port)
    return (time.perf_counter() - started) * 1000


async def _count_jobs(stage: Stage) -> int:
    connection = await asyncpg.connect(stage.database_url)
    try:
        return await connection.fetchval("SELECT count(*) FROM job_queue")
    finally:
        await connection.close()
