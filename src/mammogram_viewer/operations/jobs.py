"""A person looks at, or retries, the job of an image."""

from __future__ import annotations

import asyncpg

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.service import record_audit
from mammogram_viewer.archive import service as archive
from mammogram_viewer.foundation.errors import Forbidden, NotFound
from mammogram_viewer.jobs.models import Job
from mammogram_viewer.jobs.service import QueueService

ABSENT = "This job does not exist, or you may not see it."


def may_see(job: Job, principal: Principal) -> bool:
    return principal.sees_every_image or job.user_id == principal.user_id


async def get_visible_job(queue: QueueService, job_id: str, principal: Principal) -> Job:
    """The job, if the caller may see its image."""
    job = await queue.get_job_status(job_id)
    if not may_see(job, principal):
        raise NotFound(ABSENT)
    return job


async def retry_job(db: asyncpg.Pool, queue: QueueService, job_id: str, principal: Principal, actor: Actor) -> Job:
    """Start an ended job afresh; its image waits again."""
    job = await get_visible_job(queue, job_id, principal)
    if not principal.is_admin and principal.role != "technologist" and job.user_id != principal.user_id:
        raise Forbidden("Only the person who uploaded this image, a technologist or an administrator may retry it.")
    async with db.acquire() as connection, connection.transaction():
        await queue.retry(connection, job_id)
        if job.image_id is not None and await archive.find_image(connection, job.image_id) is None:
            raise NotFound("The image of this job has been deleted.", code="image_deleted")
        if job.decides_image and job.image_id is not None:
            await archive.mark_pending(connection, job.image_id)
        await record_audit(connection, actor, "job_retried", "image", job.image_id, {"jobId": job_id})
    retried = await queue.get_job_status(job_id)
    await queue.wake_again(retried)
    return await queue.get_job_status(job_id)
