"""The life of a job row. Every function runs inside the caller's transaction, so that a job's state and the
image's state change together.

    pending -> waiting -> active -> completed | rejected | failed
                            |  ^
                            v  |            cancelled: the image was deleted (undone: pending again)
                          delayed           (an attempt failed, another one follows)

Invariant: an end state is final until a person retries; whoever comes second (a job may run twice) finds the
row finished and leaves it alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mammogram_viewer.foundation.errors import Conflict, NotFound
from mammogram_viewer.jobs import control_queries, queries
from mammogram_viewer.jobs.models import DECIDES_IMAGE, MAINTENANCE, RETRYABLE, Claim, Job, NewJob
from mammogram_viewer.jobs.queries import Connection, Database


async def add_jobs(connection: Connection, jobs: list[NewJob]) -> list[NewJob]:
    """Add jobs to the outbox and answer those that are new; an id that is already there is left as it is."""
    added = await queries.insert_jobs(connection, jobs)
    return [job for job in jobs if job.id in added]


async def find_job(db: Database, job_id: str) -> Job | None:
    """The row as it is now."""
    return await queries.find_job(db, job_id)


async def add_scheduled(connection: Connection, job_id: str, kind: str) -> None:
    """The row of a run of the queue `maintenance`, unless it is there."""
    await queries.insert_scheduled_job(connection, job_id, MAINTENANCE, kind)


async def claim(connection: Connection, job_id: str, worker: str) -> Claim | Job | None:
    """Open an attempt. Answers the finished Job instead when there is nothing left to do, None when there is
    no such row. A row that is still `active` was left behind by a worker that died: the attempt is counted as
    an interruption, not as a failure of the job."""
    claim = await _open(connection, job_id, worker, but_of_types=[])
    return await queries.find_job(connection, job_id) if claim is None else claim


async def claim_apart(db: Database, job_id: str, worker: str) -> Claim | None:
    """Open an attempt of a job that decides about no image, by a statement that is a transaction of its own: a third of
    the round trips. None when `claim` has to look at it."""
    return await _open(db, job_id, worker, but_of_types=sorted(DECIDES_IMAGE))


async def _open(db: Database, job_id: str, worker: str, *, but_of_types: list[str]) -> Claim | None:
    opened = await queries.open_attempt(db, job_id, worker, but_of_types=but_of_types)
    return None if opened is None else Claim(job=opened[0], attempt_id=opened[1])


async def hold(connection: Connection, claim: Claim) -> bool:
    """Lock the claimed row for finishing; False when another run or a deletion has ended it meanwhile."""
    return await queries.lock_unfinished(connection, claim.job.id)


async def complete(db: Database, claim: Claim, result: dict[str, Any]) -> bool:
    """Done. Who writes anything else in the same transaction holds the row first (`hold`); who does not needs neither.
    False when another run or a deletion has ended the row meanwhile: nothing has changed then."""
    attempts_made = claim.job.attempts_made + 1
    ended = await queries.finish(
        db,
        claim.job.id,
        "completed",
        claim.attempt_id,
        "completed",
        result=result,
        attempts_made=attempts_made,
    )
    if ended:
        claim.ends.append(replace(claim.job, status="completed", result=result, attempts_made=attempts_made))
    return ended


async def reject(connection: Connection, claim: Claim, code: str, reason: str) -> None:
    """An expected end: the file cannot become a picture. No retry by itself."""
    attempts_made = claim.job.attempts_made + 1
    await queries.finish(
        connection,
        claim.job.id,
        "rejected",
        claim.attempt_id,
        "rejected",
        error_code=code,
        error=reason,
        attempts_made=attempts_made,
    )
    claim.ends.append(
        replace(claim.job, status="rejected", error_code=code, error=reason, result=None, attempts_made=attempts_made)
    )


async def fail(
    connection: Connection,
    claim: Claim,
    code: str,
    reason: str,
    *,
    attempts_allowed: int,
    exit_code: int | None = None,
) -> bool:
    """An attempt failed. True when it was the last one (the row is `failed`), else it is `delayed`."""
    attempts_made = claim.job.attempts_made + 1
    final = attempts_made >= attempts_allowed
    await queries.finish(
        connection,
        claim.job.id,
        "failed" if final else "delayed",
        claim.attempt_id,
        "failed",
        error_code=code,
        error=reason,
        exit_code=exit_code,
        attempts_made=attempts_made,
    )
    return final


async def retry_failed(connection: Connection, job_id: str) -> Job | None:
    """As `retry`, where no row that may be retried is no mistake: only a failed one, else None."""
    job = await queries.lock_job(connection, job_id)
    if job is None or job.status != "failed":
        return None
    await control_queries.reset_jobs(connection, [job_id])
    return job


async def retry(connection: Connection, job_id: str) -> Job:
    """A person asks again: back to `pending` with fresh attempts. Only an ended job that did not succeed."""
    job = await queries.lock_job(connection, job_id)
    if job is None:
        raise NotFound("There is no such job.")
    if job.status not in RETRYABLE:
        raise Conflict("Only a failed, rejected or cancelled job can be retried.", code="not_retryable")
    await control_queries.reset_jobs(connection, [job_id])
    return job


async def restart(connection: Connection, job_id: str) -> Job:
    """What an ended job once made is wanted again: back to `pending`. One that has not ended goes on."""
    job = await queries.lock_job(connection, job_id)
    if job is None:
        raise NotFound("There is no such job.")
    if job.is_finished:
        await control_queries.reset_jobs(connection, [job_id])
    return job


async def restart_many(connection: Connection, job_ids: list[str]) -> list[Job]:
    """As `restart`: answers those that had ended and begin again; `QueueService.wake_all_again` after the commit."""
    jobs = await queries.lock_ended_jobs(connection, job_ids)
    await control_queries.reset_jobs(connection, [job.id for job in jobs])
    return jobs


async def cancel_for_images(connection: Connection, image_ids: list[int]) -> list[tuple[int, str]]:
    """The images are going; whatever is unfinished for them is moot. Answers pairs of image and job, for `revive`."""
    return await queries.cancel_jobs_of_images(connection, image_ids)


async def cancel_if_absent(connection: Connection, image_id: int) -> None:
    """As above, unless the image is there (again)."""
    await queries.cancel_jobs_of_absent_image(connection, image_id)


async def revive(connection: Connection, job_ids: list[str]) -> list[Job]:
    """Their images are back: what the deletion has cancelled waits again; `QueueService.wake_all_again` after the
    commit."""
    return await queries.revive_jobs(connection, job_ids)
