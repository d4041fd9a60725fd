"""Compares the rows with Redis and mends the difference. PostgreSQL is the truth; Redis may forget anything.

    Redis knows nothing of an unfinished row  -> add it again under the same id
    Redis says failed or completed, row open  -> forget the entry and add it again (the row still has attempts)
    Redis has it waiting, delayed or active   -> in order; look again later

One walk at a time in the whole installation, held by an advisory lock. Beside the walk, and never in its way: the
back-fill of renditions that an older recipe made, what Redis must not forget, and the sweep of this machine's spool."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import asyncpg
import redis.exceptions

from mammogram_viewer.activity.models import SYSTEM
from mammogram_viewer.activity.service import record_audit
from mammogram_viewer.adapters.database.away import AWAY as DATABASE_AWAY
from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.archive.removals import empty_removals
from mammogram_viewer.archive.withdrawals import purge_withdrawn
from mammogram_viewer.foundation.errors import Unavailable
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.intake.spool import sweep_spool
from mammogram_viewer.jobs.control import QueueControl
from mammogram_viewer.jobs.models import Job
from mammogram_viewer.jobs.service import QueueService
from mammogram_viewer.renditions.remake import BackFill
from mammogram_viewer.worker.maintenance import Maintenance

log = logging.getLogger(__name__)
_LOCK_KEY = 0x6D616D6D6F01
_BATCH = 1000
_BACK_FILL_SECONDS = 30.0
_FOLLOW_SECONDS = 10.0
_SPOOL_SECONDS = 300.0
_IN_ORDER = {"waiting", "delayed", "active", "prioritized", "waiting-children", "paused"}
_AWAY = (*DATABASE_AWAY, Unavailable, redis.exceptions.RedisError)


class Reconciler:
    """Walks every few seconds until it is cancelled."""

    def __init__(
        self,
        db: asyncpg.Pool,
        storage: Storage,
        queue: QueueService,
        control: QueueControl,
        maintenance: Maintenance,
        settings: Settings,
    ) -> None:
        self._db = db
        self._storage = storage
        self._queue = queue
        self._control = control
        self._maintenance = maintenance
        self._settings = settings
        self._back_fill = BackFill(db, queue)

    async def run_forever(self) -> None:
        """Outages of PostgreSQL or Redis are waited out; the next walk finds what they left."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._repeat(self.walk, self._settings.reconcile_interval_seconds))
            tasks.create_task(self._repeat(self._back_fill.add_batch, _BACK_FILL_SECONDS))
            tasks.create_task(self._repeat(self.follow_rows, _FOLLOW_SECONDS))
            tasks.create_task(self._repeat(self.sweep_spool, _SPOOL_SECONDS))

    async def _repeat(self, once: Callable[[], Awaitable[object]], pause_seconds: float) -> None:
        while True:
            try:
                await once()
            except _AWAY as problem:
                log.warning("reconciler_waits", extra={"problem": type(problem).__name__})
            except Exception:  # the outer loop: one walk that breaks must not end all later ones
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
            await purge_withdrawn(self._db)
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
            async with self._db.acquire() as connection:  # what the metrics count; kept for whoever asks later
                await record_audit(connection, SYSTEM, "jobs_reconciled", "queue", None, {"jobs": added})
        return added

    async def _add_again(self, job: Job, state: str) -> None:
        log.info("job_added_again", extra={"job_id": job.id, "state_in_redis": state, "status": job.status})
        await self._queue.wake_again(job)
        await self._queue.touch([job])

    async def sweep_spool(self) -> None:
        """What crashes left in this machine's spool."""
        await asyncio.to_thread(sweep_spool, self._settings)

    async def follow_rows(self) -> None:
        """What Redis may have forgotten and only our rows know: paused queues, and the schedules of maintenance."""
        await self._control.apply()
        await self._maintenance.schedule()
