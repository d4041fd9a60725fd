"""What administrators do with queues: each act moves jobs, images and audit in one transaction, then tells Redis."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import asyncpg

from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.service import record_audit
from mammogram_viewer.archive import service as archive
from mammogram_viewer.jobs.control import CANCELLED, CANCELLED_REASON, QueueControl
from mammogram_viewer.jobs.models import Job
from mammogram_viewer.jobs.outbox import Connection


class QueueOffice:
    """The administrators' acts on queues. One instance a process."""

    def __init__(self, db: asyncpg.Pool, control: QueueControl) -> None:
        self._db = db
        self._control = control

    async def pause(self, queue: str, actor: Actor) -> bool:
        """Workers take nothing more from it; what is in hand goes on. False when it is paused already."""
        async with self._db.acquire() as connection, connection.transaction():
            changed = await self._control.pause(connection, queue, user_id=actor.user_id)
            if changed:
                await record_audit(connection, actor, "queue_paused", "queue", None, {"queue": queue})
        await self._control.apply()
        return changed

    async def resume(self, queue: str, actor: Actor) -> bool:
        """False when it is not paused."""
        async with self._db.acquire() as connection, connection.transaction():
            changed = await self._control.resume(connection, queue)
            if changed:
                await record_audit(connection, actor, "queue_resumed", "queue", None, {"queue": queue})
        await self._control.apply()
        return changed

    async def set_concurrency(self, queue: str, concurrency: int | None, actor: Actor) -> None:
        async with self._db.acquire() as connection, connection.transaction():
            await self._control.set_concurrency(connection, queue, concurrency)
            detail = {"queue": queue, "concurrency": concurrency}
            await record_audit(connection, actor, "queue_concurrency_set", "queue", None, detail)

    async def remove(self, job_id: str, actor: Actor) -> None:
        """Take one unfinished job out; its image waits for somebody to retry it."""
        async with self._db.acquire() as connection, connection.transaction():
            job = await self._control.cancel(connection, job_id)
            await _cancel_images(connection, [job])
            detail = {"jobId": job_id, "queue": job.queue}
            await record_audit(connection, actor, "job_removed", "image", job.image_id, detail)
        await self._control.forget([job])

    async def drain(self, queue: str, actor: Actor, advance: Callable[[int], object] | None = None) -> int:
        """Take everything out that waits; answers how many. A break in between leaves whole batches done. `advance`
        hears of each batch."""

        async def after(jobs: list[Job]) -> None:
            await self._control.forget(jobs)
            if advance is not None:
                advance(len(jobs))

        return await self._in_batches(queue, actor, "queue_drained", self._control.drain_batch, _cancel_images, after)

    async def retry_failed(self, queue: str, actor: Actor, advance: Callable[[int], object] | None = None) -> int:
        """Start everything afresh that has failed; answers how many. `advance` hears of each batch."""

        async def pending(connection: Connection, jobs: list[Job]) -> None:
            await archive.mark_many_pending(connection, _images(jobs))

        async def after(jobs: list[Job]) -> None:
            await self._control.wake_all_again(jobs)
            if advance is not None:
                advance(len(jobs))

        return await self._in_batches(queue, actor, "queue_retried", self._control.retry_batch, pending, after)

    async def _in_batches(
        self,
        queue: str,
        actor: Actor,
        act: str,
        take: Callable[[Connection, str], Awaitable[list[Job]]],
        follow: Callable[[Connection, list[Job]], Awaitable[None]],
        after: Callable[[list[Job]], Awaitable[None]],
    ) -> int:
        """Batch by batch: jobs, their images and the audit commit together, then Redis is told."""
        done = 0
        while True:
            async with self._db.acquire() as connection, connection.transaction():
                jobs = await take(connection, queue)
                if not jobs:
                    return done
                await follow(connection, jobs)
                await record_audit(connection, actor, act, "queue", None, {"queue": queue, "jobs": len(jobs)})
            await after(jobs)
            done += len(jobs)


async def _cancel_images(connection: Connection, jobs: list[Job]) -> None:
    await archive.mark_many_failed(connection, _images(jobs), CANCELLED, CANCELLED_REASON)


def _images(jobs: list[Job]) -> list[int]:
    return [job.image_id for job in jobs if job.decides_image and job.image_id is not None]
