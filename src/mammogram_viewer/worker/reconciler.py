"""Compares the rows with Redis and mends the difference. PostgreSQL is the truth; Redis may forget anything.

    Redis knows nothing of an unfinished row  -> add it again under the same id
    Redis says failed or completed, row open  -> forget the entry and add it again (the row still has attempts)
    Redis has it waiting, delayed or active   -> in order; look again later

One walk at a time in the whole installation, held by an advisory lock. Beside the walk, and never in its way: the
back-fill of renditions that an older recipe made, and the sweep of what crashes left in the spool and in storage."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import asyncpg
import redis.exceptions

from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.archive.installation import claim_sweep, join_installation
from mammogram_viewer.archive.removals import empty_removals, purge_quarantine, remove_orphans
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.intake.spool import sweep_spool
from mammogram_viewer.jobs.models import Job
from mammogram_viewer.jobs.service import QueueService
from mammogram_viewer.renditions.remake import BackFill

log = logging.getLogger(__name__)
_LOCK_KEY = 0x6D616D6D6F01
_BATCH = 1000
_SWEEP_SECONDS = 3600
_BACK_FILL_SECONDS = 30.0
_SWEEP_QUESTION_SECONDS = 300.0  # how often a worker asks whether the sweep is due
_IN_ORDER = {"waiting", "delayed", "active", "prioritized", "waiting-children", "paused"}
_AWAY = (OSError, TimeoutError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, redis.exceptions.RedisError)


class Reconciler:
    """Walks every few seconds until it is cancelled."""

    def __init__(self, db: asyncpg.Pool, storage: Storage, queue: QueueService, settings: Settings) -> None:
        self._db = db
        self._storage = storage
        self._queue = queue
        self._settings = settings
        self._back_fill = BackFill(db, queue)

    async def run_forever(self) -> None:
        """Outages of PostgreSQL or Redis are waited out; the next walk finds what they left."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._repeat(self.walk, self._settings.reconcile_interval_seconds))
            tasks.create_task(self._repeat(self._back_fill.add_batch, _BACK_FILL_SECONDS))
            tasks.create_task(self._repeat(self.sweep, _SWEEP_QUESTION_SECONDS))

    async def _repeat(self, once: Callable[[], Awaitable[object]], pause_seconds: float) -> None:
        while True:
            try:
                await once()
            except _AWAY as problem:
                log.warning("reconciler_waits", extra={"problem": type(problem).__name__})
            except Exception:
                log.exception("reconciler_failed")
            await asyncio.sleep(pause_seconds)

    async def walk(self) -> int:
        """One walk; answers how many jobs were added again. Nothing when another process holds the lock. Ends at
        Redis's first silence: the lock is the whole installation's."""
        # A lock of the transaction goes with it, however this ends; a session's could stay behind in the pool.
        async with self._db.acquire() as connection, connection.transaction():
            if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _LOCK_KEY):
                return 0
            added = await self._reconcile_jobs()
            await empty_removals(self._db, self._storage)
            return added

    async def _reconcile_jobs(self) -> int:
        jobs = await self._queue.list_unfinished(
            untouched_seconds=self._settings.reconcile_untouched_seconds, limit=_BATCH
        )
        in_order = []
        for job in jobs:
            # Asked and mended one by one: when Redis falls silent in between, the next question ends the walk.
            state = await self._queue.state_in_redis(job)
            if state in _IN_ORDER:
                in_order.append(job)
            else:
                await self._add_again(job, state)
        await self._queue.touch(in_order)
        added = len(jobs) - len(in_order)
        if added:
            log.warning("jobs_reconciled", extra={"jobs": added})
        return added

    async def _add_again(self, job: Job, state: str) -> None:
        log.info("job_added_again", extra={"job_id": job.id, "state_in_redis": state, "status": job.status})
        await self._queue.wake_again(job)
        await self._queue.touch([job])

    async def sweep(self) -> None:
        """This machine's spool; and once an hour, by one worker of all, files in storage without a row."""
        await asyncio.to_thread(sweep_spool, self._settings)
        if not await claim_sweep(self._db, every_seconds=_SWEEP_SECONDS):
            return
        if not await join_installation(self._db, self._storage, self._settings.spool_dir):
            log.warning("storage_of_another_installation", extra={"swept": False})
            return
        await remove_orphans(self._db, self._storage, older_than_seconds=_SWEEP_SECONDS)
        await purge_quarantine(self._storage, days=self._settings.quarantine_days)
