"""Compares the rows with Redis and mends the difference. PostgreSQL is the truth; Redis may forget anything.

    Redis knows nothing of an unfinished row  -> add it again under the same id
    Redis says failed or completed, row open  -> forget the entry and add it again (the row still has attempts)
    Redis has it waiting, delayed or active   -> in order; look again later

One reconciler at a time in the whole installation, held by an advisory lock."""

from __future__ import annotations

import asyncio
import logging
import time

import asyncpg
import redis.exceptions

from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.archive.removals import empty_removals, remove_orphans
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.intake.spool import sweep_spool
from mammogram_viewer.jobs.models import Job
from mammogram_viewer.jobs.service import QueueService

log = logging.getLogger(__name__)
_LOCK_KEY = 0x6D616D6D6F01
_BATCH = 1000
_ORPHAN_WALK_SECONDS = 3600
_IN_ORDER = {"waiting", "delayed", "active", "prioritized", "waiting-children", "paused"}
_AWAY = (OSError, TimeoutError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, redis.exceptions.RedisError)


class Reconciler:
    """Walks every few seconds until it is cancelled."""

    def __init__(self, db: asyncpg.Pool, storage: Storage, queue: QueueService, settings: Settings) -> None:
        self._db = db
        self._storage = storage
        self._queue = queue
        self._settings = settings
        self._orphans_walked_at = 0.0

    async def run_forever(self) -> None:
        """Outages of PostgreSQL or Redis are waited out; the next walk finds what they left."""
        while True:
            try:
                await self.walk()
            except _AWAY as problem:
                log.warning("reconciler_waits", extra={"problem": type(problem).__name__})
            except Exception:
                log.exception("reconciler_failed")
            await asyncio.sleep(self._settings.reconcile_interval_seconds)

    async def walk(self) -> int:
        """One walk; answers how many jobs were added again. Nothing when another process holds the lock."""
        async with self._db.acquire() as connection:
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK_KEY):
                return 0
            try:
                added = await self._reconcile_jobs()
                await empty_removals(self._db, self._storage)
                await self._sweep()
                return added
            finally:
                await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK_KEY)

    async def _reconcile_jobs(self) -> int:
        jobs = await self._queue.list_unfinished(
            untouched_seconds=self._settings.reconcile_untouched_seconds, limit=_BATCH
        )
        states = {job.id: await self._queue.state_in_redis(job) for job in jobs}
        in_order = [job for job in jobs if states[job.id] in _IN_ORDER]
        forgotten = [job for job in jobs if states[job.id] not in _IN_ORDER]
        await self._queue.touch(in_order)
        for job in forgotten:
            await self._add_again(job, states[job.id])
        if forgotten:
            log.warning("jobs_reconciled", extra={"jobs": len(forgotten)})
        return len(forgotten)

    async def _add_again(self, job: Job, state: str) -> None:
        log.info("job_added_again", extra={"job_id": job.id, "state_in_redis": state, "status": job.status})
        await self._queue.wake_again(job)
        await self._queue.touch([job])

    async def _sweep(self) -> None:
        """Rarely: spool files and originals that a crash left without a row."""
        if time.monotonic() - self._orphans_walked_at < _ORPHAN_WALK_SECONDS and self._orphans_walked_at:
            return
        self._orphans_walked_at = time.monotonic()
        sweep_spool(self._settings)
        await remove_orphans(self._db, self._storage, older_than_seconds=_ORPHAN_WALK_SECONDS)
