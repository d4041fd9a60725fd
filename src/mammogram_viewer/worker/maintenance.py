"""The queue `maintenance`: what is to be done from time to time, once in the whole installation.

BullMQ's job schedulers add the jobs; a run gets its row when a worker takes it, so that its story is where every other
one is. Redis may forget the schedules too: the reconciler has them laid again."""

from __future__ import annotations

import logging

import asyncpg

from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.archive.installation import join_installation
from mammogram_viewer.archive.removals import purge_quarantine, remove_orphans
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.jobs import outbox, workers
from mammogram_viewer.jobs.models import MAINTENANCE, Claim
from mammogram_viewer.jobs.wakeup import WakeUp
from mammogram_viewer.worker.processor import Runner

log = logging.getLogger(__name__)
SWEEP_STORAGE = "sweep_storage"
_ORPHAN_SECONDS = 3600  # older than any upload or render can last


class Maintenance:
    """Schedules and runs. One instance a worker process."""

    def __init__(self, db: asyncpg.Pool, storage: Storage, wake_up: WakeUp, settings: Settings) -> None:
        self._db = db
        self._storage = storage
        self._wake_up = wake_up
        self._settings = settings

    @property
    def runners(self) -> dict[str, Runner]:
        return {SWEEP_STORAGE: self.sweep_storage}

    async def schedule(self) -> None:
        """Lay the schedules that Redis does not know."""
        await self._wake_up.schedule(MAINTENANCE, SWEEP_STORAGE, every_seconds=self._settings.sweep_interval_seconds)

    async def sweep_storage(self, claim: Claim) -> None:
        """Files in storage that no row speaks of, and what has been long enough in quarantine."""
        result = await self.sweep()
        async with self._db.acquire() as connection, connection.transaction():
            if await outbox.hold(connection, claim):
                await outbox.complete(connection, claim, result)

    async def sweep(self) -> dict[str, object]:
        """Only where storage and database belong together; answers what went."""
        if not await join_installation(self._db, self._storage, self._settings.spool_dir):
            log.warning("storage_of_another_installation", extra={"swept": False})
            return {"swept": False}
        orphans = await remove_orphans(self._db, self._storage, older_than_seconds=_ORPHAN_SECONDS)
        purged = await purge_quarantine(self._storage, days=self._settings.quarantine_days)
        await workers.forget_old(self._db)
        return {"swept": True, "orphans": orphans, "purged": purged}
