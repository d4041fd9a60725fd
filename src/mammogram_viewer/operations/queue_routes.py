"""The administrators' ways in to the queues: `/api/admin/queue/…`."""

from __future__ import annotations

from typing import Annotated

from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from mammogram_viewer.accounts import dependencies, policy
from mammogram_viewer.foundation.keyset import Page, parse_page_request
from mammogram_viewer.jobs.control import QueueControl, demand_queue
from mammogram_viewer.jobs.lists import JobFilters
from mammogram_viewer.jobs.lists import list_jobs as list_page
from mammogram_viewer.jobs.models import QUEUES, Job, JobState
from mammogram_viewer.jobs.schemas import JobAnswer, job_answer
from mammogram_viewer.jobs.service import QueueService
from mammogram_viewer.jobs.stats import QueueStats
from mammogram_viewer.operations.jobs import retry_job
from mammogram_viewer.operations.queue_schemas import (
    JobPage,
    QueueChange,
    QueueChanged,
    QueueStatsAnswer,
    queue_answer,
    worker_answer,
)
from mammogram_viewer.operations.queues import QueueOffice

_OPT = {"policy": policy.ADMINISTER}
_TAGS = ["queues"]


@get("/api/admin/queue/stats", opt=_OPT, tags=_TAGS, summary="Every queue and every worker")
async def get_queue_stats(
    queue_stats: NamedDependency[QueueStats], queue_control: NamedDependency[QueueControl]
) -> QueueStatsAnswer:
    """Counts at most a second old; what has ended in all at most ten."""
    counts = await queue_stats.count()
    workers = await queue_stats.list_workers()
    settings = await queue_control.list_settings()
    return QueueStatsAnswer(
        queues=[queue_answer(settings[name], counts[name], workers) for name in QUEUES],
        workers=[worker_answer(worker) for worker in workers],
        redis="ok" if await queue_control.redis_answers() else "down",
    )


@get("/api/admin/queue/jobs", opt=_OPT, tags=_TAGS, summary="Jobs of all queues, newest first")
async def get_queue_jobs(
    db: dependencies.Db,
    queue_name: Annotated[str | None, QueryParameter(name="queue")] = None,
    job_state: Annotated[JobState | None, QueryParameter(name="state")] = None,
    image_id: Annotated[int | None, QueryParameter(name="imageId")] = None,
    user_id: Annotated[int | None, QueryParameter(name="userId")] = None,
    reason: Annotated[str | None, QueryParameter(description="Code of a failure or rejection")] = None,
    cursor: FromQuery[str | None] = None,
    direction: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
) -> JobPage:
    """All filters together; a keyset page in both directions."""
    if queue_name is not None:
        demand_queue(queue_name)
    filters = JobFilters(
        queue=queue_name, states=(job_state,) if job_state else (), user_id=user_id, image_id=image_id, reason=reason
    )
    return job_page(await list_page(db, parse_page_request(cursor, direction, limit, id_kind="text"), filters))


def job_page(page: Page[Job]) -> JobPage:
    return JobPage(
        jobs=[job_answer(job) for job in page.rows],
        next_cursor=page.next_cursor,
        prev_cursor=page.prev_cursor,
        has_more=page.has_more,
        limit=page.limit,
    )


@post("/api/admin/queue/jobs/{job_id:str}/retry", opt=_OPT, tags=_TAGS, status_code=202, summary="Retry one job")
async def post_admin_retry(
    job_id: FromPath[str],
    db: dependencies.Db,
    queue: NamedDependency[QueueService],
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> JobAnswer:
    """As `POST /api/jobs/{jobId}/retry`."""
    job = await retry_job(db, queue, job_id, principal, actor)
    return job_answer(job, await queue.list_attempts(job_id))


@delete("/api/admin/queue/jobs/{job_id:str}", opt=_OPT, tags=_TAGS, summary="Take an unfinished job out of its queue")
async def delete_job(
    job_id: FromPath[str], queue_office: NamedDependency[QueueOffice], actor: dependencies.Actor
) -> None:
    """Its image waits for somebody to retry it; what an active one makes is thrown away. 409 `not_cancellable` once it
    has ended."""
    await queue_office.remove(job_id, actor)


@post("/api/admin/queue/{queue_name:str}/pause", opt=_OPT, tags=_TAGS, status_code=200, summary="Pause a queue")
async def post_pause(
    queue_name: FromPath[str],
    queue_office: NamedDependency[QueueOffice],
    actor: dependencies.Actor,
) -> QueueChanged:
    """What is in hand goes on to its end."""
    return QueueChanged(queue=queue_name, changed=await queue_office.pause(queue_name, actor))


@post("/api/admin/queue/{queue_name:str}/resume", opt=_OPT, tags=_TAGS, status_code=200, summary="Resume a queue")
async def post_resume(
    queue_name: FromPath[str],
    queue_office: NamedDependency[QueueOffice],
    actor: dependencies.Actor,
) -> QueueChanged:
    return QueueChanged(queue=queue_name, changed=await queue_office.resume(queue_name, actor))


@post(
    "/api/admin/queue/{queue_name:str}/retry-failed",
    opt=_OPT,
    tags=_TAGS,
    status_code=202,
    summary="Retry everything that has failed",
)
async def post_retry_failed(
    queue_name: FromPath[str],
    queue_office: NamedDependency[QueueOffice],
    actor: dependencies.Actor,
) -> QueueChanged:
    """Rejected files are not among them: they would be rejected again."""
    return QueueChanged(queue=queue_name, jobs=await queue_office.retry_failed(queue_name, actor))


@post(
    "/api/admin/queue/{queue_name:str}/drain",
    opt=_OPT,
    tags=_TAGS,
    status_code=200,
    summary="Take out everything that waits",
)
async def post_drain(
    queue_name: FromPath[str],
    queue_office: NamedDependency[QueueOffice],
    actor: dependencies.Actor,
) -> QueueChanged:
    """The images stay, and can be retried one by one."""
    return QueueChanged(queue=queue_name, jobs=await queue_office.drain(queue_name, actor))


@patch("/api/admin/queue/{queue_name:str}", opt=_OPT, tags=_TAGS, summary="Change a queue's concurrency")
async def patch_queue(
    queue_name: FromPath[str],
    data: JSONBody[QueueChange],
    queue_office: NamedDependency[QueueOffice],
    actor: dependencies.Actor,
) -> QueueChanged:
    """Jobs at once in each worker. Workers follow within a few seconds, and restart nothing for it."""
    await queue_office.set_concurrency(queue_name, data.concurrency, actor)
    return QueueChanged(queue=queue_name, changed=True)


handlers = [
    get_queue_stats,
    get_queue_jobs,
    post_admin_retry,
    delete_job,
    post_pause,
    post_resume,
    post_retry_failed,
    post_drain,
    patch_queue,
]
