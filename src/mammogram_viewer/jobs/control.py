"""What administrators do with a queue: pause, resume, drain, retry what failed, change concurrency, remove a job.

The row of `queues` is the truth about pausing and concurrency; Redis is told after the commit, and the reconciler tells
it again when it has forgotten. Jobs move in their rows first, like everywhere."""

from __future__ import annotations

import asyncpg

from mammogram_viewer.foundation.errors import Conflict, Invalid, NotFound
from mammogram_viewer.jobs import control_queries, queries
from mammogram_viewer.jobs.models import QUEUES, Job, QueueSettings
from mammogram_viewer.jobs.queries import Connection
from mammogram_viewer.jobs.wakeup import WakeUp

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
        """Make Redis pause and resume as the rows say. Redis being away is no error: the reconciler comes by again."""
        for settings in (await self.list_settings()).values():
            await self._wake_up.set_paused(settings.name, paused=settings.paused_at is not None)

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
