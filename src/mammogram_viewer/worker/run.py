"""The worker process: BullMQ workers, the reconciler, and an orderly end on SIGTERM.

The event loop never computes: pixels are the children's work, so that BullMQ's locks are renewed in time."""

from __future__ import annotations

import asyncio
import logging
import signal
from typing import Any, cast

from bullmq import Worker

from mammogram_viewer.adapters.redis.connection import bullmq_connection
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.jobs.models import DICOM_CONVERSION, THUMBNAIL
from mammogram_viewer.worker.processor import Processor
from mammogram_viewer.worker.reconciler import Reconciler

log = logging.getLogger(__name__)
# The row decides about interruptions (settings.job_interruptions); BullMQ must not give up before it.
_MAX_STALLS = 100
_WATCH_SECONDS = 2.0


class WorkerPool:
    """One BullMQ worker a queue in this process."""

    def __init__(self, processor: Processor, redis_url: str, settings: Settings, concurrency: dict[str, int]) -> None:
        self._settings = settings
        self._processor = processor
        self._workers = [self._make(queue, count, redis_url) for queue, count in concurrency.items()]

    def _make(self, queue: str, concurrency: int, redis_url: str) -> Worker:
        async def process(job: Any, _token: str) -> dict[str, str]:
            return await self._processor.process(job.id)

        # bullmq's annotations want a Future for a coroutine function and do not know runRetryDelay, hence Any.
        options: Any = {
            "connection": bullmq_connection(redis_url),
            "concurrency": concurrency,
            "lockDuration": self._settings.job_lock_ms,
            "stalledInterval": self._settings.job_stalled_interval_ms,
            "maxStalledCount": _MAX_STALLS,
            "runRetryDelay": 1000,  # Redis away: ask again after a second, not after fifteen
        }
        worker = Worker(queue, cast(Any, process), options)
        for event in ("error", "failed", "stalled", "lockRenewalFailed"):
            worker.on(event, _logger(queue, event))
        return worker

    @property
    def alive(self) -> bool:
        return all(worker.running and not worker.closed for worker in self._workers)

    async def close(self, grace_seconds: float) -> None:
        """Finish what is in hand within the grace time; what is left stalls and goes to another worker."""
        try:
            async with asyncio.timeout(grace_seconds):
                await asyncio.gather(*(worker.close() for worker in self._workers))
        except TimeoutError:
            log.warning("grace_time_over")


def _logger(queue: str, event: str) -> Any:
    def note(*args: Any) -> None:
        details = " ".join(str(getattr(arg, "id", arg)) for arg in args)
        log.warning(f"queue_{event}", extra={"queue": queue, "details": details[:500]})

    return note


def queue_concurrency(settings: Settings, queues: list[str], concurrency: int | None) -> dict[str, int]:
    """How many jobs of each queue at once: the settings, or the same number for all."""
    defaults = {
        DICOM_CONVERSION: settings.dicom_conversion_concurrency,
        THUMBNAIL: settings.thumbnail_concurrency,
    }
    return {queue: concurrency or defaults[queue] for queue in queues}


async def run_until_stopped(pool: WorkerPool, reconciler: Reconciler, settings: Settings) -> None:
    """Work until SIGTERM or SIGINT. Raises when a BullMQ worker's loop has ended by itself, so that the
    supervisor starts a fresh process."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stop.set)
    reconciling = asyncio.create_task(reconciler.run_forever())
    await asyncio.sleep(0.1)  # the workers' loops begin in tasks of their own
    log.info("worker_started")
    try:
        while not stop.is_set():
            if not pool.alive:
                raise RuntimeError("a BullMQ worker stopped by itself")
            try:
                async with asyncio.timeout(_WATCH_SECONDS):
                    await stop.wait()
            except TimeoutError:
                continue
    finally:
        reconciling.cancel()
        await pool.close(settings.worker_grace_seconds)
        log.info("worker_stopped")
