"""Redis as a wake-up: BullMQ queues that tell workers which rows to look at.

Nothing here is needed for truth. A lost, late or doubled entry costs time, never a job: the reconciler compares
the rows with Redis and adds again what is missing."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, cast

import redis.exceptions
from bullmq import Queue
from bullmq.backends.redis_backend import RedisBackend
from redis.asyncio import Redis

from mammogram_viewer.adapters.redis.connection import bullmq_connection
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.jobs.models import MAINTENANCE, QUEUES, Job, NewJob

log = logging.getLogger(__name__)
# Kept long enough for Bull Board and Node clients to read results; history lives in job_queue.
KEEP_FINISHED = {"age": 3600, "count": 1000}
_FORGET_AT_ONCE = 1000
# In BullMQ's own hash of the queue, so that whatever forgets its pause forgets this too.
_TOLD = "mammogramViewerTold"
_AWAY = (redis.exceptions.RedisError, OSError, TimeoutError)


@dataclass(frozen=True, kw_only=True)
class PauseInRedis:
    """Whether Redis holds a queue back, and what we last told it; `told` None: Redis knows nothing of us."""

    paused: bool
    told: bool | None


class WakeUp:
    """The BullMQ side of the queues, made once per process inside its event loop."""

    def __init__(self, redis_url: str, settings: Settings) -> None:
        self._connection = bullmq_connection(redis_url)
        self._timeout_seconds = settings.enqueue_timeout_seconds
        self._backoff_ms = settings.job_backoff_ms
        self._maintenance_backoff_ms = settings.maintenance_backoff_ms
        self._queues: dict[str, Queue] = {}

    def _queue(self, name: str) -> Queue:
        if name not in self._queues:
            self._queues[name] = Queue(name, {"connection": self._connection})
        return self._queues[name]

    async def add(self, jobs: list[NewJob] | list[Job]) -> bool:
        """Tell the workers. False when Redis did not take it in time: logged, and the reconciler mends it."""
        by_queue: dict[str, list[NewJob | Job]] = defaultdict(list)
        for job in jobs:
            by_queue[job.queue].append(job)
        try:
            async with asyncio.timeout(self._timeout_seconds + 0.001 * len(jobs)):
                for name, batch in by_queue.items():
                    await self._queue(name).addBulk([self._entry(job) for job in batch])  # pyright: ignore[reportArgumentType] - bullmq's annotation of a job's fields is too narrow
        except _AWAY as problem:
            log.warning("wake_up_failed", extra={"jobs": len(jobs), "problem": type(problem).__name__})
            return False
        return True

    def _entry(self, job: NewJob | Job) -> dict[str, object]:
        # What nobody watches may wait longer for a receiver that restarts.
        delay_ms = self._maintenance_backoff_ms if job.queue == MAINTENANCE else self._backoff_ms
        options: dict[str, object] = {
            "jobId": job.id,
            "attempts": job.max_attempts,
            "backoff": {"type": "exponential", "delay": delay_ms},
            "removeOnComplete": KEEP_FINISHED,
            "removeOnFail": KEEP_FINISHED,
        }
        if job.priority:
            options["priority"] = job.priority
        # Ids alone: no name, path or patient ever reaches Redis.
        return {"name": job.type, "data": {"imageId": job.image_id, "userId": job.user_id}, "opts": options}

    async def state(self, job: Job) -> str:
        """What Redis believes: waiting, active, delayed, prioritized, completed, failed or `unknown`. TimeoutError
        when it does not answer in time."""
        async with asyncio.timeout(self._timeout_seconds):
            return await self._queue(job.queue).getJobState(job.id)

    async def forget(self, job: Job) -> bool:
        """Remove a kept id, so that it can be added again. False when Redis is away (the reconciler follows)."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await self._queue(job.queue).remove(job.id)
        except _AWAY as problem:
            log.warning("wake_up_failed", extra={"jobs": 1, "problem": type(problem).__name__})
            return False
        return True

    async def answers(self) -> bool:
        """Whether Redis answers."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await self._queue(QUEUES[0]).isPaused()
        except _AWAY:
            return False
        return True

    async def forget_all(self, jobs: list[Job]) -> bool:
        """Remove many kept ids, a pipeline at a time. False when Redis is away."""
        try:
            for start in range(0, len(jobs), _FORGET_AT_ONCE):
                async with asyncio.timeout(self._timeout_seconds):
                    await self._forget_batch(jobs[start : start + _FORGET_AT_ONCE])
        except _AWAY as problem:
            log.warning("wake_up_failed", extra={"jobs": len(jobs), "problem": type(problem).__name__})
            return False
        return True

    async def _forget_batch(self, jobs: list[Job]) -> None:
        # BullMQ removes one a round trip: 10,000 took 6 s; its own script in a pipeline takes a tenth of that.
        async with self._client().pipeline(transaction=False) as pipe:
            for job in jobs:
                queue = self._queue(job.queue)
                remove = _backend(queue).scripts.commands["removeJob"]
                await remove(
                    keys=[queue.toKey(job.id), queue.toKey("repeat")], args=[job.id, 1, queue.toKey("")], client=pipe
                )
            await pipe.execute()

    def _client(self) -> Redis:
        """The connection that BullMQ keeps."""
        return cast(Redis, _backend(self._queue(QUEUES[0])).conn)

    async def pause_in_redis(self, queue: str) -> PauseInRedis | None:
        """None when Redis is away."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                key = self._queue(queue).toKey("meta")
                paused, told = await cast(Any, self._client().hmget(key, ["paused", _TOLD]))
        except _AWAY as problem:
            log.warning("pause_unknown", extra={"queue": queue, "problem": type(problem).__name__})
            return None
        # BullMQ's field is there or not; ours is 1, 0 or not there.
        return PauseInRedis(paused=paused is not None, told=None if told is None else str(told) == "1")

    async def set_paused(self, queue: str, *, paused: bool) -> bool:
        """Pause or resume a queue in Redis and note beside it that this was us. False when Redis is away."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                bull = self._queue(queue)
                if bool(await bull.isPaused()) != paused:
                    await (bull.pause() if paused else bull.resume())
                # Afterwards: a break in between is mended as if the row had just changed, never taken for a stranger's.
                await cast(Any, self._client().hset(bull.toKey("meta"), _TOLD, "1" if paused else "0"))
        except _AWAY as problem:
            log.warning("pause_not_applied", extra={"queue": queue, "problem": type(problem).__name__})
            return False
        return True

    async def schedule(self, queue: str, name: str, *, every_seconds: int) -> None:
        """Have BullMQ add a job `name` at this pace for as long as it remembers; nothing when it does already."""
        every_ms = every_seconds * 1000
        # Asking for the record of a schedule that is not there raises in BullMQ's Python port.
        known = await self._queue(queue).isJobScheduler(name)
        if not known or (await self._queue(queue).getJobScheduler(name) or {}).get("every") != every_ms:
            await self._queue(queue).upsertJobScheduler(
                name, {"every": every_ms}, name, {}, {"removeOnComplete": KEEP_FINISHED, "removeOnFail": KEEP_FINISHED}
            )

    async def close(self) -> None:
        for queue in self._queues.values():
            await queue.close()


def _backend(queue: Queue) -> RedisBackend:
    return cast(RedisBackend, queue.backend)  # a queue with connection options has no other
