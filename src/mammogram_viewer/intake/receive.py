"""Takes files in. The order is the promise: spool (limit, digest) -> fsync -> rename -> fsync folder ->
one transaction (image + job + activity) -> answer -> wake a worker.

Crash points in between leave a spool file or an orphan original, both swept later, and never a visible image
whose bytes are not safe."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import asyncpg

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.service import record_activity, record_audit
from mammogram_viewer.adapters.storage.keys import new_original_key
from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.archive.models import NewImage, RegisteredImage
from mammogram_viewer.archive.service import find_duplicate, register_image
from mammogram_viewer.foundation.crash_points import crash_point
from mammogram_viewer.foundation.errors import NotFound
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.intake.models import ReceivedFile
from mammogram_viewer.intake.spool import demand_space
from mammogram_viewer.jobs import outbox
from mammogram_viewer.jobs.models import NewJob, job_id_for_image
from mammogram_viewer.jobs.service import QueueService

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TakenUpload:
    """One received file and the image it became."""

    name: str
    image: RegisteredImage
    priority: int = 0

    @property
    def job_id(self) -> str:
        return job_id_for_image(self.image.file_type, self.image.id)


def check_space(settings: Settings) -> None:
    """Refuse an upload before it starts when storage is nearly full."""
    demand_space(settings.spool_dir, settings.min_free_bytes)


class Intake:
    """Turns received files into registered images with their jobs."""

    def __init__(self, db: asyncpg.Pool, storage: Storage, queue: QueueService) -> None:
        self._db = db
        self._storage = storage
        self._queue = queue

    async def receive(
        self, files: list[ReceivedFile], principal: Principal, actor: Actor, *, priority: int = 0
    ) -> list[TakenUpload]:
        """All of them or none: durable when this returns. The workers are woken by `wake`, after the answer.
        `priority` is that of the jobs; 0 comes first."""
        crash_point("after_spool")
        taken: dict[ReceivedFile, TakenUpload] = {}
        fresh: dict[ReceivedFile, str] = {}
        for file in files:
            older = await find_duplicate(self._db, principal.user_id, file.sha256)
            if older is not None:
                await self._mend(older, file)
                taken[file] = TakenUpload(file.name, older)
            else:
                fresh[file] = new_original_key()
        if fresh:
            await self._storage.adopt([(file.path, key) for file, key in fresh.items()])
            crash_point("after_rename")
            taken |= await self._register(fresh, principal, actor, priority)
            crash_point("after_commit")
        return [taken[file] for file in files]

    async def _mend(self, older: RegisteredImage, file: ReceivedFile) -> None:
        """The same bytes again: should the stored original be gone or cut short, these take its place."""
        try:
            whole = await self._storage.byte_count(older.storage_key) == file.byte_count
        except NotFound:
            whole = False
        if not whole:
            log.warning("original_restored", extra={"image_id": older.id})
            await self._storage.adopt([(file.path, older.storage_key)])

    async def _register(
        self, fresh: dict[ReceivedFile, str], principal: Principal, actor: Actor, priority: int
    ) -> dict[ReceivedFile, TakenUpload]:
        taken: dict[ReceivedFile, TakenUpload] = {}
        async with self._db.acquire() as connection, connection.transaction():
            # In one order for everybody: two requests with the same files must not wait for each other.
            for file, key in sorted(fresh.items(), key=lambda item: item[0].sha256):
                image = await register_image(connection, _new_image(file, key, principal))
                taken[file] = TakenUpload(file.name, image, priority)
                if image.duplicate:
                    continue
                await outbox.add_jobs(connection, [self._job(taken[file], principal)])
                metadata = {"fileType": image.file_type, "byteCount": file.byte_count}
                await record_activity(connection, actor, "upload", "image", image.id, metadata)
                await record_audit(connection, actor, "image_uploaded", "image", image.id, metadata)
        return taken

    async def wake(self, taken: list[TakenUpload], principal: Principal) -> None:
        """Tell the workers about what is new."""
        await self._queue.wake([self._job(t, principal) for t in taken if not t.image.duplicate])
        crash_point("after_enqueue")

    def _job(self, taken: TakenUpload, principal: Principal) -> NewJob:
        image = taken.image
        return self._queue.job_for_image(
            image_id=image.id, user_id=principal.user_id, file_type=image.file_type, priority=taken.priority
        )


def _new_image(file: ReceivedFile, key: str, principal: Principal) -> NewImage:
    return NewImage(
        user_id=principal.user_id,
        file_type=file.file_type,
        original_name=file.name,
        byte_count=file.byte_count,
        sha256=file.sha256,
        storage_key=key,
    )
