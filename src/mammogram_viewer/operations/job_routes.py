"""Jobs for those who wait for them."""

from __future__ import annotations

from typing import Annotated

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from mammogram_viewer.accounts import dependencies, policy
from mammogram_viewer.foundation.errors import Invalid
from mammogram_viewer.foundation.wire import Wire
from mammogram_viewer.jobs.schemas import JobAnswer, job_answer
from mammogram_viewer.jobs.service import QueueService
from mammogram_viewer.operations.jobs import get_visible_job, may_see, retry_job

MAX_JOBS_AT_ONCE = 100


class JobList(Wire, frozen=True):
    """Those of the asked jobs that exist and may be seen."""

    jobs: list[JobAnswer]


@get("/api/jobs/{job_id:str}", opt={"policy": policy.READ_IMAGES}, tags=["jobs"], summary="One job with its timeline")
async def get_job(
    job_id: FromPath[str], queue: NamedDependency[QueueService], principal: dependencies.Principal
) -> JobAnswer:
    job = await get_visible_job(queue, job_id, principal)
    return job_answer(job, await queue.list_attempts(job_id))


@get("/api/jobs", opt={"policy": policy.READ_IMAGES}, tags=["jobs"], summary="Several jobs by id")
async def list_jobs(
    queue: NamedDependency[QueueService],
    principal: dependencies.Principal,
    job_ids: Annotated[list[str] | None, QueryParameter(name="id", description="Repeat for each job")] = None,
) -> JobList:
    """At most 100 at once; unknown and invisible ones are left out."""
    if job_ids is not None and len(job_ids) > MAX_JOBS_AT_ONCE:
        raise Invalid(f"At most {MAX_JOBS_AT_ONCE} jobs can be asked for at once.", code="too_many_jobs")
    jobs = await queue.list_jobs(job_ids or [])
    return JobList(jobs=[job_answer(job) for job in jobs if may_see(job, principal)])


@post(
    "/api/jobs/{job_id:str}/retry",
    opt={"policy": policy.CORRECT_IMAGES},
    status_code=202,
    tags=["jobs"],
    summary="Try a failed job again",
)
async def post_retry(
    job_id: FromPath[str],
    db: dependencies.Db,
    queue: NamedDependency[QueueService],
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> JobAnswer:
    """409 `not_retryable` unless it failed, was rejected or was cancelled."""
    job = await retry_job(db, queue, job_id, principal, actor)
    return job_answer(job, await queue.list_attempts(job_id))


handlers = [get_job, list_jobs, post_retry]
