"""What analytics needs from time to time, wherever the installation runs: a job of the queue `maintenance`.

Each part is idempotent and does only what is missing; several workers may meet and do no harm."""

from __future__ import annotations

import logging

import asyncpg

from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.analytics.archive import ActivityArchives
from mammogram_viewer.analytics.fold import ensure_partitions
from mammogram_viewer.analytics.rebuild import heal_days
from mammogram_viewer.foundation.errors import Locked
from mammogram_viewer.foundation.settings import Settings

log = logging.getLogger(__name__)


class AnalyticsUpkeep:
    """Yesterday's statistics and missed ones, the partitions to come, and the months that are to be archived."""

    def __init__(self, db: asyncpg.Pool, storage: Storage, settings: Settings) -> None:
        self._db = db
        self._archives = ActivityArchives(db, storage, settings)

    async def run(self) -> dict[str, object]:
        """One look; answers what it did. Conflict, Unavailable and StorageFull of archiving come last, when everything
        else is done."""
        try:
            partitions = await ensure_partitions(self._db)
        except asyncpg.LockNotAvailableError:  # made by the next look; there are two months of them
            log.warning("partitions_wait")
            partitions = 0
        days = await heal_days(self._db)
        archived: list[str] = []
        for month in await self._archives.due_months():
            try:
                moved = await self._archives.archive(month)
            except Locked:  # somebody archives or restores by hand; the next look goes on
                break
            if moved is not None:
                archived.append(f"{month:%Y-%m}")
        return {"partitions": partitions, "days": days, "archived": archived}
