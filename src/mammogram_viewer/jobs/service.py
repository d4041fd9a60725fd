"""QueueService: what scripts, routes and the reconciler use of the queue; its names are stable."""

from __future__ import annotations

import logging
from typing import Any

import asyncpg

from mammogram_viewer.adapters.database.away import AWAY
from mammogram_viewer.foundation.errors import NotFound
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.jobs import outbox, queries
from mammogram_viewer.jobs.models import (
    BACK_FILL_PRIORITY,
    CONVERT_DICOM,
    DICOM_CONVERSION,
    REMAKE_RENDITIONS,
    RENDER_ON_DEMAND,
    RENDER_PICTURE,
    THUMBNAIL,
    Attempt,
    Job,
    NewJob,
    job_id_for_image,
    job_id_for_remake,
    job_id_on_demand,
)
from mammogram_viewer.jobs.queries import Connection
from mammogram_viewer.jobs.wakeup import WakeUp

log = logging.getLogger(__name__)


class QueueService:
    """Rows first, Redis after the commit. One instance a process."""

    def __init__(self, db: asyncpg.Pool, wake_up: WakeUp, settings: Settings) -> None:
        self._db = db
        self._wake_up = wake_up
        self._settings = settings

    def job_for_image(self, *, image_id: int, user_id: int, file_type: str, priority: int = 0) -> NewJob:
        """The one job that makes all renditions of a new image."""
        is_dicom = file_type == "dicom"
        return NewJob(
            id=job_id_for_image(file_type, image_id),
            queue=DICOM_CONVERSION if is_dicom else THUMBNAIL,
            type=CONVERT_DICOM if is_dicom else RENDER_PICTURE,
            image_id=image_id,
            user_id=user_id,
            priority=priority,
            max_attempts=self._settings.job_attempts,
        )

    def job_for_remake(self, *, image_id: int, user_id: int, recipe_version: int) -> NewJob:
        """Making an image's renditions again with a newer recipe, when nothing else is to do."""
        return NewJob(
            id=job_id_for_remake(image_id, recipe_version),
            queue=THUMBNAIL,
            type=REMAKE_RENDITIONS,
            image_id=image_id,
            user_id=user_id,
            priority=BACK_FILL_PRIORITY,
            max_attempts=self._settings.job_attempts,
        )

    def job_on_demand(
        self, *, image_id: int, user_id: int, recipe_version: int, kind: str, order: dict[str, Any]
    ) -> NewJob:
        """Making one rendition that somebody waits for; `order` says what the child is to make."""
        return NewJob(
            id=job_id_on_demand(image_id, recipe_version, kind),
            queue=THUMBNAIL,
            type=RENDER_ON_DEMAND,
            image_id=image_id,
            user_id=user_id,
            max_attempts=self._settings.job_attempts,
            input=order,
        )

    async def add_jobs(self, jobs: list[NewJob]) -> int:
        """Add jobs in a transaction of their own and wake the workers; answers how many were new, the others stay as
        they are."""
        async with self._db.acquire() as connection, connection.transaction():
            added = await outbox.add_jobs(connection, jobs)
        await self.wake(added)
        return len(added)

    async def count_unfinished(self, job_type: str) -> int:
        return await queries.count_unfinished(self._db, job_type)

    async def find_job(self, job_id: str) -> Job | None:
        return await queries.find_job(self._db, job_id)

    async def add_dicom_conversion_job(self, image_id: int, user_id: int, file_path: str, original_name: str) -> str:
        """Add the conversion of one image in a transaction of its own and wake a worker. Safe to repeat.
        `file_path` and `original_name` stay in the row."""
        job = self.job_for_image(image_id=image_id, user_id=user_id, file_type="dicom")
        job = NewJob(**{**vars(job), "input": {"filePath": file_path, "originalName": original_name}})
        await self.add_jobs([job])
        return job.id

    async def wake(self, jobs: list[NewJob] | list[Job]) -> None:
        """After the commit: tell Redis, then note that it knows. Never raises for Redis or PostgreSQL being away: the
        reconciler finds what was not noted."""
        if not jobs or not await self._wake_up.add(jobs):
            return
        try:
            await queries.mark_enqueued(self._db, [job.id for job in jobs])
        except AWAY as problem:
            log.warning("wake_up_not_noted", extra={"jobs": len(jobs), "problem": type(problem).__name__})

    async def get_job_status(self, job_id: str) -> Job:
        """The row of one job; NotFound when there is none."""
        job = await queries.find_job(self._db, job_id)
        if job is None:
            raise NotFound("There is no such job.")
        return job

    async def list_jobs(self, job_ids: list[str]) -> list[Job]:
        return await queries.list_jobs_by_id(self._db, job_ids)

    async def list_attempts(self, job_id: str) -> list[Attempt]:
        return await queries.list_attempts(self._db, job_id)

    async def retry(self, connection: Connection, job_id: str) -> Job:
        """Reset an ended job inside the caller's transaction; call `wake_again` after the commit."""
        return await outbox.retry(connection, job_id)

    async def order_again(self, job_id: str) -> None:
        """Start a job over that has completed or was cancelled and whose result is wanted once more."""
        async with self._db.acquire() as connection, connection.transaction():
            job = await outbox.restart(connection, job_id)
        await self.wake_again(job)

    async def wake_again(self, job: Job) -> None:
        """Re-adding a kept id is silently ignored by BullMQ: forget it first."""
        await self._wake_up.forget(job)
        await self.wake([job])

    async def wake_all_again(self, jobs: list[Job]) -> None:
        """As `wake_again`, a pipeline at a time."""
        if jobs:
            await self._wake_up.forget_all(jobs)
            await self.wake(jobs)

    async def list_unfinished(self, *, untouched_seconds: float, limit: int) -> list[Job]:
        return await queries.list_unfinished_jobs(self._db, untouched_seconds=untouched_seconds, limit=limit)

    async def state_in_redis(self, job: Job) -> str:
        return await self._wake_up.state(job)

    async def touch(self, jobs: list[Job]) -> None:
        """These were looked at and are in order; look again later."""
        await queries.touch(self._db, [job.id for job in jobs])
