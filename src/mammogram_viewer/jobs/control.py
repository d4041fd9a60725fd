"""What administrators do with a queue: pause, resume, drain, retry what failed, change concurrency, remove a job.

The row of `queues` is the truth about pausing and concurrency; Redis is told after the commit, and the reconciler tells
it again when it has forgotten. What somebody has paused or resumed in Redis itself (Bull Board, a Node client) is an
act too, and goes into the row. Jobs move in their rows first, like everywhere."""

from __future__ import annotations

import logging

import asyncpg

from mammogram_viewer.activity.models import SYSTEM
from mammogram_viewer.activity.service import record_audit
from mammogram_viewer.foundation.errors import Conflict, Invalid, NotFound
from mammogram_viewer.jobs import control_queries, queries
from mammogram_viewer.jobs.models import QUEUES, Job, QueueSettings
from mammogram_viewer.jobs.queries import Connection
from mammogram_viewer.jobs.wakeup import WakeUp

log = logging.getLogger(__name__)
CANCELLED = "cancelled"
CANCELLED_REASON = "An administrator took this job out of the queue. Nothing was lost; it can be tried again."
MAX_CONCURRENCY = 64
_BATCH = 1000


class QueueControl:
    """One instance a process. Methods with a `connection` belong to the caller's transaction."""

    def __init__(self, db: asyncpg.Pool, wake_up: WakeUp) -> None:
        self._db = db
        self._wake_up = wake_up

    async def list_settings(self) -> dict[str, QueueSettings]:
        """Of every queue, by name."""
        return {row.name: row for row in await control_queries.list_queue_settings(self._db)}

    async def pause(self, connection: Connection, queue: str, *, user_id: int | None) -> bool:
        """Note it; `apply` after the commit. False when it is paused already."""
        demand_queue(queue)
        return await control_queries.set_paused(connection, queue, user_id=user_id)

    async def resume(self, connection: Connection, queue: str) -> bool:
        """Note it; `apply` after the commit. False when it is not paused."""
        demand_queue(queue)
        return await control_queries.set_resumed(connection, queue)

    async def apply(self) -> None:
        """Bring rows and Redis together about pausing. Redis being away is no error: the reconciler comes by again.

        Redis is as we told it last, or knows nothing of us   -> it follows the row
        the row is as we told Redis last, Redis is otherwise  -> somebody acted there: the row follows
        """
        for queue in QUEUES:
            if await self._apply_one(queue):
                await self._apply_one(queue)  # the row has followed; now Redis is told that we know

    async def _apply_one(self, queue: str) -> bool:
        """True when the row has followed Redis."""
        # Under the row's lock, so that nobody tells Redis of a row that has just changed.
        async with self._db.acquire() as connection, connection.transaction():
            paused = await control_queries.lock_paused(connection, queue)
            redis = await self._wake_up.pause_in_redis(queue)
            if redis is None or paused == redis.paused == redis.told:
                return False
            if redis.told is None or redis.told != paused:
                await self._wake_up.set_paused(queue, paused=paused)
                return False
            if redis.paused:
                await control_queries.set_paused(connection, queue, user_id=None)
            else:
                await control_queries.set_resumed(connection, queue)
            act = "queue_paused" if redis.paused else "queue_resumed"
            await record_audit(connection, SYSTEM, act, "queue", None, {"queue": queue, "from": "redis"})
        log.warning(f"{act}_in_redis", extra={"queue": queue})
        return True

    async def redis_answers(self) -> bool:
        return await self._wake_up.answers()

    async def set_concurrency(self, connection: Connection, queue: str, concurrency: int | None) -> None:
        """Jobs at once in each worker; None goes back to what its settings say. Workers follow within seconds."""
        demand_queue(queue)
        if concurrency is not None and not 1 <= concurrency <= MAX_CONCURRENCY:
            raise Invalid(f"concurrency must lie between 1 and {MAX_CONCURRENCY}.", code="invalid_concurrency")
        await control_queries.set_concurrency(connection, queue, concurrency)

    async def cancel(self, connection: Connection, job_id: str) -> Job:
        """Take one job out of its queue; `forget` after the commit. What an active one makes is thrown away."""
        job = await queries.lock_job(connection, job_id)
        if job is None:
            raise NotFound("There is no such job.")
        if job.is_finished:
            raise Conflict("This job has ended already.", code="not_cancellable")
        await control_queries.cancel_jobs(connection, [job_id], CANCELLED_REASON)
        return job

    async def forget(self, jobs: list[Job]) -> None:
        """After the commit: take the entries out of Redis, so that no worker looks at them in vain."""
        await self._wake_up.forget_all(jobs)

    async def drain_batch(self, connection: Connection, queue: str) -> list[Job]:
        """Cancel the next thousand jobs that wait or are delayed; `forget` after the commit. Empty at the end. What
        is active goes on to its end."""
        demand_queue(queue)
        jobs = await control_queries.lock_waiting_jobs(connection, queue, limit=_BATCH)
        await control_queries.cancel_jobs(connection, [job.id for job in jobs], CANCELLED_REASON)
        return jobs

    async def retry_batch(self, connection: Connection, queue: str) -> list[Job]:
        """Start the next thousand failed jobs afresh; `wake_all_again` after the commit. Empty at the end."""
        demand_queue(queue)
        jobs = await control_queries.lock_failed_jobs(connection, queue, limit=_BATCH)
        await control_queries.reset_jobs(connection, [job.id for job in jobs])
        return jobs

    async def wake_all_again(self, jobs: list[Job]) -> None:
        """After the commit: BullMQ ignores an id that it keeps, so they are forgotten first."""
        await self._wake_up.forget_all(jobs)
        if await self._wake_up.add(jobs):
            await queries.mark_enqueued(self._db, [job.id for job in jobs])


def demand_queue(queue: str) -> None:
    """NotFound for a queue that is none of ours."""
    if queue not in QUEUES:
        raise NotFound(f"There is no such queue. There are {', '.join(QUEUES)}.", code="no_such_queue")
