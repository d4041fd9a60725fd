"""From a BullMQ entry to a job's end: claim the row, run its kind, keep the books.

BullMQ's own attempt counter is only a metronome; the row decides whether another attempt follows."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
from bullmq.custom_errors import UnrecoverableError

from mammogram_viewer.activity.models import SYSTEM
from mammogram_viewer.activity.service import record_audit
from mammogram_viewer.archive import service as archive
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.foundation.tracebacks import without_messages
from mammogram_viewer.jobs import outbox
from mammogram_viewer.jobs.models import DECIDES_IMAGE, Claim, Job
from mammogram_viewer.jobs.outbox import find_job
from mammogram_viewer.renditions.jobs import AttemptFailed
from mammogram_viewer.worker.foreign import adopt_foreign

log = logging.getLogger(__name__)
Runner = Callable[[Claim], Awaitable[None]]
UNKNOWN = "unknown"
UNEXPECTED = "unexpected"
INTERRUPTED = "interrupted"
UNEXPECTED_REASON = "Something went wrong on our side. Nothing was lost; the conversion can be tried again."
INTERRUPTED_REASON = "The worker was stopped again and again while it converted this file. Nothing was lost."


def _answer(job: Job | None) -> dict[str, Any]:
    """What BullMQ keeps of a job that needs no other attempt. No reasons: they are for the owner, in the row."""
    if job is None:
        return {"state": UNKNOWN}
    return {"state": job.status, "imageId": job.image_id, **(job.result or {})}


class Processor:
    """Runs claimed jobs. `runners` maps each kind (job_queue.type) to its code."""

    def __init__(self, db: asyncpg.Pool, runners: dict[str, Runner], settings: Settings) -> None:
        self._db = db
        self._runners = runners
        self._settings = settings
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self.active: set[str] = set()  # ids of the rows that are being run

    async def process(self, job_id: str, *, retried: bool = False, kind: str | None = None) -> dict[str, Any]:
        """Run one job to its end or raise for another attempt. The answer goes to BullMQ as the job's result: the end
        state, and for a completed one what the row holds as its result. `retried`, `kind`: as in `process_entry`."""
        self.active.add(job_id)
        try:
            return await self._process(job_id, retried=retried, kind=kind)
        finally:
            self.active.discard(job_id)

    async def process_entry(
        self, bullmq_id: str, payload: object, *, retried: bool = False, kind: str | None = None
    ) -> dict[str, Any]:
        """An entry of a rendering queue: of a row of ours, or one that a foreign client has added, which names an image
        and gets a row of its own (`worker/foreign.py`). `retried`: BullMQ has ended this entry before, so if its row
        has failed, somebody asks for it again in Bull Board or the like. `kind`: what the entry says it is, which
        may be the shorter way to its row."""
        answer = await self.process(bullmq_id, retried=retried, kind=kind)
        if answer["state"] != UNKNOWN:
            return answer
        return await self.process(await adopt_foreign(self._db, bullmq_id, payload), retried=retried)

    async def process_scheduled(self, bullmq_id: str, kind: str) -> dict[str, Any]:
        """A run that BullMQ's scheduler has added, or a row's wake-up. A kind that we do not run gets no row."""
        job_id = bullmq_id.replace(":", "-")
        if kind in self._runners:
            async with self._db.acquire() as connection, connection.transaction():
                await outbox.add_scheduled(connection, job_id, kind)
        return await self.process(job_id, kind=kind)

    async def _process(self, job_id: str, *, retried: bool, kind: str | None) -> dict[str, Any]:
        claim = await self._claim(job_id, kind)
        if retried and isinstance(claim, Job) and await self._retry_failed(job_id):
            claim = await self._claim(job_id)
        if isinstance(claim, Job) and not claim.is_finished:
            raise UnrecoverableError(INTERRUPTED)
        if not isinstance(claim, Claim):
            # Finished already, or an entry without a row: nothing to do, and nothing to retry.
            return _answer(claim)
        failure = await self._run(claim)
        if failure is not None:
            # Outside of any `except`: should booking it fail too, BullMQ keeps in Redis what that exception chains to.
            await self._fail(claim, failure)
        elif claim.ends:
            return _answer(claim.ends[-1])
        return _answer(await find_job(self._db, job_id))

    async def _run(self, claim: Claim) -> AttemptFailed | None:
        """Run the claim's kind; answers how it failed."""
        try:
            await self._runners[claim.job.type](claim)
        except AttemptFailed as failure:
            return failure
        except Exception as problem:  # noqa: BLE001 - the outer loop of a job; logged without messages
            log.error(
                "job_failed",
                extra={
                    "job_id": claim.job.id,
                    "attempt": claim.job.attempts_made + 1,
                    "exception": without_messages(problem),
                },
            )
            return AttemptFailed(UNEXPECTED, UNEXPECTED_REASON, attempts_allowed=self._settings.job_attempts)
        return None

    async def _retry_failed(self, job_id: str) -> bool:
        """What somebody retries in Redis is retried in the row; who it was, nobody knows."""
        async with self._db.acquire() as connection, connection.transaction():
            job = await outbox.retry_failed(connection, job_id)
            if job is not None:
                detail = {"jobId": job_id, "from": "redis"}
                await record_audit(connection, SYSTEM, "job_retried", "image", job.image_id, detail)
        return job is not None

    async def _claim(self, job_id: str, kind: str | None = None) -> Claim | Job | None:
        """As `outbox.claim`; the unfinished Job when this was one interruption too many and its row has ended now."""
        if kind is not None and kind not in DECIDES_IMAGE:
            claim = await outbox.claim_apart(self._db, job_id, self.name)
            if claim is not None and claim.job.interruptions <= self._settings.job_interruptions:
                return claim
        else:
            claim = None
        async with self._db.acquire() as connection, connection.transaction():
            claim = claim or await outbox.claim(connection, job_id, self.name)
            if not isinstance(claim, Claim):
                return claim
            if claim.job.interruptions > self._settings.job_interruptions:
                await self._end(connection, claim, INTERRUPTED, INTERRUPTED_REASON)
                return claim.job
            if claim.job.image_id is not None and claim.job.decides_image:
                await archive.mark_processing(connection, claim.job.image_id)
            return claim

    async def _end(self, connection: outbox.Connection, claim: Claim, code: str, reason: str) -> None:
        await outbox.fail(connection, claim, code, reason, attempts_allowed=0)
        if claim.job.image_id is not None and claim.job.decides_image:
            await archive.mark_ended(connection, claim.job.image_id, "failed", code, reason)

    async def _fail(self, claim: Claim, failure: AttemptFailed) -> None:
        """Book the failed attempt; then raise, so that BullMQ waits and tries again, or gives up. Raised without its
        cause: BullMQ keeps the whole traceback in Redis, and a database error quotes the row."""
        image_id = claim.job.image_id if claim.job.decides_image else None
        async with self._db.acquire() as connection, connection.transaction():
            if not await outbox.hold(connection, claim):
                return
            final = await outbox.fail(
                connection,
                claim,
                failure.code,
                failure.reason,
                attempts_allowed=failure.attempts_allowed,
                exit_code=failure.exit_code,
            )
            if image_id is not None and final:
                await archive.mark_ended(connection, image_id, "failed", failure.code, failure.reason)
            elif image_id is not None:
                await archive.mark_pending(connection, image_id)
        log.warning("attempt_failed", extra={"job_id": claim.job.id, "code": failure.code, "final": final})
        if final:
            raise UnrecoverableError(failure.code) from None
        raise AttemptFailed(failure.code, failure.reason, attempts_allowed=failure.attempts_allowed) from None
