"""The worker process: BullMQ workers, the reconciler, and an orderly end on SIGTERM.

The event loop never computes: pixels are the children's work, so that BullMQ's locks are renewed in time."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from typing import Any, cast

import redis.exceptions
from bullmq import Worker
from redis.asyncio import Redis

from mammogram_viewer.adapters.redis.connection import bullmq_connection, open_client
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.jobs.models import DICOM_CONVERSION, MAINTENANCE, THUMBNAIL
from mammogram_viewer.worker.heartbeat import Heartbeat
from mammogram_viewer.worker.processor import Processor
from mammogram_viewer.worker.reconciler import Reconciler

log = logging.getLogger(__name__)
# The row decides about interruptions (settings.job_interruptions); BullMQ must not give up before it.
_MAX_STALLS = 100
_WATCH_SECONDS = 2.0
_REDIS_QUESTION_SECONDS = 1.0
_TELL_AGAIN_SECONDS = 60.0
_EXIT_UNFINISHED = 3


class WorkerPool:
    """One BullMQ worker a queue in this process."""

    def __init__(self, processor: Processor, redis_url: str, settings: Settings, concurrency: dict[str, int]) -> None:
        self._settings = settings
        self._processor = processor
        self._redis_url = redis_url
        self._own_concurrency = dict(concurrency)
        self._workers = [self._make(queue, count, redis_url) for queue, count in concurrency.items()]
        self._runs = [asyncio.create_task(self._run(worker)) for worker in self._workers]

    def _make(self, queue: str, concurrency: int, redis_url: str) -> Worker:
        async def process(job: Any, _token: str) -> dict[str, Any]:
            if queue == MAINTENANCE:
                return await self._processor.process_scheduled(job.id, job.name)
            return await self._processor.process_entry(job.id, job.data, retried=_is_retried(job), kind=job.name)

        # bullmq's annotations want a Future for a coroutine function and do not know runRetryDelay, hence Any.
        options: Any = {
            "connection": bullmq_connection(redis_url),
            "concurrency": concurrency,
            "lockDuration": self._settings.job_lock_ms,
            "stalledInterval": self._settings.job_stalled_interval_ms,
            "maxStalledCount": _MAX_STALLS,
            "autorun": False,  # by `_run`, which knows whether it has ended
            "runRetryDelay": 1000,  # Redis away: ask again after a second, not after fifteen
        }
        worker = Worker(queue, cast(Any, process), options)
        for event in ("error", "failed", "stalled", "lockRenewalFailed"):
            worker.on(event, _Notes(queue, event))
        return worker

    async def _run(self, worker: Worker) -> None:
        """Run one worker to its end. BullMQ's own first command would come back to a Redis that is not there yet
        only after ever longer pauses, and then give up."""
        told = None
        async with open_client(self._redis_url) as client:
            while (problem := await _problem_with(client)) is not None:
                if problem != told:
                    log.warning("worker_waits_for_redis", extra={"queue": worker.name, "problem": problem})
                told = problem
                await asyncio.sleep(_REDIS_QUESTION_SECONDS)
        await worker.run()

    @property
    def concurrency(self) -> dict[str, int]:
        """Jobs at once in each of our queues, at this moment."""
        return {worker.name: worker.opts["concurrency"] for worker in self._workers}

    def follow(self, wanted: dict[str, int | None]) -> bool:
        """Take over what administrators want, or our own settings where they want nothing. BullMQ looks at the number
        each time it asks for a job: fewer at once begins when what is in hand has ended."""
        before = self.concurrency
        for worker in self._workers:
            worker.opts["concurrency"] = wanted.get(worker.name) or self._own_concurrency[worker.name]
        return self.concurrency != before

    @property
    def alive(self) -> bool:
        """False once a worker's loop has ended. One that still waits for Redis is alive."""
        return not any(run.done() for run in self._runs)

    async def close(self, grace_seconds: float) -> bool:
        """Finish what is in hand; False when the grace time was too short for it. BullMQ's `close` cannot be
        cancelled: it is left to itself then."""
        for worker, run in zip(self._workers, self._runs, strict=True):
            if not worker.running:
                run.cancel()
        closing = [asyncio.create_task(worker.close()) for worker in self._workers]
        _, unfinished = await asyncio.wait(closing, timeout=grace_seconds)
        return not unfinished


async def _problem_with(client: Redis) -> str | None:
    """Why Redis does not answer: away, still reading its files, or refusing the password."""
    try:
        await client.execute_command("PING")
    except (OSError, TimeoutError, redis.exceptions.RedisError) as problem:
        return type(problem).__name__
    return None


def _is_retried(job: Any) -> bool:
    """Whether BullMQ has booked an end of an attempt of this entry, and did not hand it out again because a worker was
    lost: then, if its row has failed, a person wants it tried anew. One that comes back from a lost worker has fewer
    booked ends than its row."""
    return job.attemptsMade > 0 and job.stalledCounter == 0


class _Notes:
    """What a BullMQ worker complains of, as log lines. One trouble is told once a minute: a Redis that is full would
    fill the log ten times a second for each job that could run."""

    def __init__(self, queue: str, event: str) -> None:
        self._queue = queue
        self._event = event
        self._last = ""
        self._told_at = -_TELL_AGAIN_SECONDS
        self._untold = 0

    def __call__(self, *args: Any) -> None:
        details = " ".join(str(getattr(arg, "id", arg)) for arg in args)[:500]
        now = time.monotonic()
        if self._event == "error" and details == self._last and now - self._told_at < _TELL_AGAIN_SECONDS:
            self._untold += 1
            return
        extra = {"queue": self._queue, "details": details}
        log.warning(f"queue_{self._event}", extra=extra | ({"untold": self._untold} if self._untold else {}))
        self._last, self._told_at, self._untold = details, now, 0


def queue_concurrency(settings: Settings, queues: list[str], concurrency: int | None) -> dict[str, int]:
    """How many jobs of each queue at once: the settings, or the same number for all."""
    defaults = {
        DICOM_CONVERSION: settings.dicom_conversion_concurrency,
        THUMBNAIL: settings.thumbnail_concurrency,
        MAINTENANCE: 1,
    }
    return {queue: (concurrency if queue != MAINTENANCE else None) or defaults[queue] for queue in queues}


async def run_until_stopped(pool: WorkerPool, reconciler: Reconciler, heartbeat: Heartbeat, settings: Settings) -> None:
    """Work until SIGTERM or SIGINT. Raises when a BullMQ worker's loop has ended by itself, so that the
    supervisor starts a fresh process."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stop.set)
    reconciling = asyncio.create_task(reconciler.run_forever())
    beating = asyncio.create_task(heartbeat.run_forever())
    log.info("worker_started")
    try:
        while not stop.is_set():
            if not pool.alive:
                log.error("worker_loop_ended")
                raise RuntimeError("a BullMQ worker stopped by itself")
            try:
                async with asyncio.timeout(_WATCH_SECONDS):
                    await stop.wait()
            except TimeoutError:
                continue
    finally:
        reconciling.cancel()
        beating.cancel()
        if not await pool.close(settings.worker_grace_seconds):
            # What is in hand stalls and goes to another worker, as after a kill; nothing here waits for it, as an
            # orderly end of the event loop would.
            log.warning("grace_time_over")
            os._exit(_EXIT_UNFINISHED)
        await heartbeat.say_goodbye()
        log.info("worker_stopped")
