"""A worker whose surroundings fail: Redis away at the start or in the middle, a job that outlasts the end, a
database that refuses the books."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import asyncpg
import psutil
import pytest
import redis

from builders import dicom_bytes, png_bytes
from conftest import Servers
from mammogram_viewer.adapters.children import stop, wait_until_ready
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.adapters.redis.embedded import EmbeddedRedis
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.jobs.control import QueueControl
from mammogram_viewer.jobs.models import Claim
from mammogram_viewer.jobs.service import QueueService
from mammogram_viewer.jobs.wakeup import WakeUp
from mammogram_viewer.worker.maintenance import Maintenance
from mammogram_viewer.worker.processor import Processor
from mammogram_viewer.worker.reconciler import Reconciler
from product import Product, running


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[tuple[EmbeddedRedis, Callable[[], subprocess.Popen[bytes]]]]:
    """A Redis of the test's own and what starts it: it does not run yet."""
    folder = tmp_path / "own redis"
    folder.mkdir()
    server = EmbeddedRedis(folder)
    server.prepare()
    started: list[subprocess.Popen[bytes]] = []
    with (folder / "log").open("wb") as output:

        def start() -> subprocess.Popen[bytes]:
            started.append(server.start(output))
            wait_until_ready(server, started[-1])
            return started[-1]

        yield server, start
        for process in started:
            process.send_signal(signal.SIGCONT)
            stop(process, signal.SIGTERM, grace_seconds=5)


@pytest.mark.slow
async def test_a_worker_that_starts_before_redis_waits_for_it(own_database: str, valkey: Any, tmp_path: Path) -> None:
    server, start = valkey
    with running(Product(tmp_path, own_database, server.url), "api", "worker") as product:
        taken = product.upload_one(dicom_bytes(seed=1))
        product.wait_until(lambda: "worker_started" in product.log("worker"), "the worker has started", 60)
        with pytest.raises(subprocess.TimeoutExpired):
            product.processes["worker"].wait(5)
        start()
        assert product.wait_for(taken["id"])["status"] == "ready"
        assert product.processes["worker"].poll() is None


async def test_a_worker_whose_redis_never_came_ends_at_once_when_asked(
    own_database: str, valkey: Any, tmp_path: Path
) -> None:
    with running(Product(tmp_path, own_database, valkey[0].url), "worker") as product:
        product.wait_until(lambda: "worker_started" in product.log("worker"), "the worker has started", 60)
        product.processes["worker"].send_signal(signal.SIGTERM)
        assert product.processes["worker"].wait(30) == 0, product.log("worker")


async def test_a_job_that_outlasts_the_grace_time_is_left_to_another_worker(
    own_database: str, servers: Servers, tmp_path: Path
) -> None:
    client = redis.Redis.from_url(f"{servers.redis_url}?db=9")
    client.flushdb()
    client.close()
    with running(Product(tmp_path, own_database, f"{servers.redis_url}?db=9"), "api") as product:
        product.start("worker", MAMMOGRAM_VIEWER_WORKER_GRACE_SECONDS="1")
        first = product.wait_for(product.upload_one(png_bytes(seed=1), "first.png")["id"])
        assert first["status"] == "ready"
        worker = product.processes.pop("worker")
        # A fork server that stands still: the next job does not end in any time.
        fork_servers = psutil.Process(worker.pid).children()
        for process in fork_servers:
            process.suspend()
        try:
            taken = product.upload_one(png_bytes(seed=2), "second.png")
            product.wait_until(lambda: list((tmp_path / "spool").glob("render-*")), "its job runs", 20)
            started = time.monotonic()
            worker.send_signal(signal.SIGTERM)
            worker.wait(30)
            assert time.monotonic() - started < 1 + 3
        finally:
            for process in fork_servers:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        assert "grace_time_over" in product.log("worker")
        product.start("worker")
        assert product.wait_for(taken["id"])["status"] == "ready"


async def test_a_silent_redis_does_not_keep_the_reconcilers_lock(
    own_database: str, valkey: Any, tmp_path: Path
) -> None:
    server, start = valkey
    process = start()
    settings = Settings(data_dir=tmp_path, reconcile_untouched_seconds=-1, enqueue_timeout_seconds=0.3)
    db = await open_pool(own_database, size=2, application_name="tests")
    wake_up = WakeUp(server.url, settings)
    queue = QueueService(db, wake_up, settings)
    control, storage = QueueControl(db, wake_up), cast(Any, _NoStorage())  # no removal is due
    maintenance = Maintenance(db, storage, wake_up, settings)
    reconciler = Reconciler(db, storage, queue, control, maintenance, settings)
    try:
        for number in range(3):
            await queue.add_dicom_conversion_job(number, 1, "", "")
        process.send_signal(signal.SIGSTOP)
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reconciler.walk(), 10)
        assert time.monotonic() - started < 2, "the first silence ends the walk"
        assert await db.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0
        process.send_signal(signal.SIGCONT)
        await reconciler.walk()
    finally:
        process.send_signal(signal.SIGCONT)
        await wake_up.close()
        await db.close()


class _NoStorage:
    """Nothing is to be removed."""


async def test_a_failure_that_cannot_be_booked_does_not_carry_the_first_one(own_database: str) -> None:
    """What BullMQ stores in Redis is the whole chain of exceptions."""
    db = await open_pool(own_database, size=2, application_name="tests")
    await db.execute(
        """INSERT INTO images (user_id, file_type, original_name, byte_count, sha256, storage_key)
           VALUES (1, 'dicom', 'a', 1, sha256('x'), 'originals/aa/a')"""
    )
    await db.execute(
        "INSERT INTO job_queue (id, queue, type, image_id) VALUES ('dicom-1', 'dicom-conversion', 'convert_dicom', 1)"
    )

    async def quote_the_patient(_: Claim) -> None:
        await db.close()
        raise ValueError("CANARY^NAME")

    with pytest.raises(asyncpg.InterfaceError) as failed:
        await Processor(db, {"convert_dicom": quote_the_patient}, Settings()).process("dicom-1")
    assert "CANARY" not in "".join(traceback.format_exception(failed.value))
