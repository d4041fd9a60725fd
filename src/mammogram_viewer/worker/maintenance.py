"""The queue `maintenance`: what is to be done from time to time, once in the whole installation.

BullMQ's job schedulers add the jobs; a run gets its row when a worker takes it, so that its story is where every other
one is. Redis may forget the schedules too: the reconciler has them laid again."""

from __future__ import annotations

import logging

import asyncpg

from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.analytics.archive_check import sweep_archive_files
from mammogram_viewer.analytics.schedule import AnalyticsUpkeep
from mammogram_viewer.archive.installation import join_installation
from mammogram_viewer.archive.removals import purge_quarantine, remove_orphans
from mammogram_viewer.archive.verify import verify_some
from mammogram_viewer.foundation.errors import Conflict, StorageFull, Unavailable
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.intake.resumable import sweep_resumable
from mammogram_viewer.jobs import outbox, workers
from mammogram_viewer.jobs.lists import find_last_result
from mammogram_viewer.jobs.models import MAINTENANCE, Claim
from mammogram_viewer.jobs.wakeup import WakeUp
from mammogram_viewer.renditions.jobs import AttemptFailed
from mammogram_viewer.worker.processor import Runner

log = logging.getLogger(__name__)
SWEEP_STORAGE = "sweep_storage"
VERIFY_STORAGE = "verify_storage"
KEEP_ANALYTICS = "keep_analytics"
STORAGE_DAMAGED = "storage_damaged"
_NAMED = 20
_ORPHAN_SECONDS = 3600  # older than any upload or render can last


class Maintenance:
    """Schedules and runs. One instance a worker process."""

    def __init__(self, db: asyncpg.Pool, storage: Storage, wake_up: WakeUp, settings: Settings) -> None:
        self._db = db
        self._storage = storage
        self._wake_up = wake_up
        self._settings = settings
        self._analytics = AnalyticsUpkeep(db, storage, settings)

    @property
    def runners(self) -> dict[str, Runner]:
        return {
            SWEEP_STORAGE: self.sweep_storage,
            VERIFY_STORAGE: self.verify_storage,
            KEEP_ANALYTICS: self.keep_analytics,
        }

    async def schedule(self) -> None:
        """Lay the schedules that Redis does not know."""
        every = {
            SWEEP_STORAGE: self._settings.sweep_interval_seconds,
            VERIFY_STORAGE: self._settings.verify_interval_seconds,
            KEEP_ANALYTICS: self._settings.analytics_upkeep_seconds,
        }
        for kind, seconds in every.items():
            await self._wake_up.schedule(MAINTENANCE, kind, every_seconds=seconds)

    async def sweep_storage(self, claim: Claim) -> None:
        """Files in storage that no row speaks of, and what has been long enough in quarantine."""
        result = await self.sweep()
        await outbox.complete(self._db, claim, result)

    async def sweep(self) -> dict[str, object]:
        """Only where storage and database belong together; answers what went."""
        if not await join_installation(self._db, self._storage, self._settings.spool_dir):
            log.warning("storage_of_another_installation", extra={"swept": False})
            return {"swept": False}
        orphans = await remove_orphans(self._db, self._storage, older_than_seconds=_ORPHAN_SECONDS)
        orphans += await sweep_archive_files(self._db, self._storage, older_than_seconds=_ORPHAN_SECONDS)
        purged = await purge_quarantine(self._storage, days=self._settings.quarantine_days)
        await workers.forget_old(self._db)
        uploads = await sweep_resumable(self._db, self._settings)
        return {"swept": True, "orphans": orphans, "purged": purged, "abandonedUploads": uploads}

    async def verify_storage(self, claim: Claim) -> None:
        """Some originals each time, by their digests, going on where the last run ended. One that is missing or changed
        makes the run fail, and the next ones too, until it is mended: nobody must have to look for it."""
        last = await find_last_result(self._db, MAINTENANCE, VERIFY_STORAGE)
        after_id, findings = await verify_some(
            self._db,
            self._storage,
            after_id=int((last or {}).get("afterId", 0)),
            limit=self._settings.verify_originals_per_run,
        )
        if findings:
            ids = [finding.image_id for finding in findings[:_NAMED]]
            log.error("storage_damaged", extra={"originals": len(findings), "image_ids": ids})
            raise AttemptFailed(
                STORAGE_DAMAGED,
                f"{len(findings)} originals are missing or changed in storage, of these images: "
                f"{', '.join(map(str, ids))}{' and more' if len(findings) > _NAMED else ''}. "
                "Run `mammogram-viewer verify` for all of them, and bring them back from your backup.",
                attempts_allowed=1,
            )
        await outbox.complete(self._db, claim, {"afterId": after_id})

    async def keep_analytics(self, claim: Claim) -> None:
        """Statistics of days, and months of raw activities into archives. What stands in the way is told; the next run
        tries again."""
        try:
            result = await self._analytics.run()
        except (Conflict, StorageFull, Unavailable) as problem:
            raise AttemptFailed(problem.code, problem.detail, attempts_allowed=1) from None
        await outbox.complete(self._db, claim, result)
