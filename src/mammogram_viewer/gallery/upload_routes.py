"""`GET /api/uploads`: what one has uploaded, and where each job stands."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from mammogram_viewer.accounts import dependencies, policy
from mammogram_viewer.archive.models import Image, ImageStatus
from mammogram_viewer.archive.rendition_links import RenditionLinks
from mammogram_viewer.archive.schemas import ImageAnswer, image_answer
from mammogram_viewer.foundation.keyset import parse_page_request
from mammogram_viewer.foundation.wire import Wire
from mammogram_viewer.gallery import service
from mammogram_viewer.gallery.filters import ImageFilters
from mammogram_viewer.jobs.models import job_id_for_image
from mammogram_viewer.jobs.schemas import JobAnswer, job_answer
from mammogram_viewer.jobs.service import QueueService


class Upload(Wire, frozen=True):
    """One image and the job that renders it."""

    image: ImageAnswer
    job: JobAnswer | None


class UploadPage(Wire, frozen=True):
    """A keyset page, newest first in both directions."""

    uploads: list[Upload]
    next_cursor: str | None
    prev_cursor: str | None
    has_more: bool
    limit: int


@get("/api/uploads", opt={"policy": policy.OWN_ACCOUNT}, tags=["jobs"], summary="One's own uploads and their jobs")
async def list_uploads(
    db: dependencies.Db,
    queue: NamedDependency[QueueService],
    rendition_links: NamedDependency[RenditionLinks],
    principal: dependencies.Principal,
    status: FromQuery[ImageStatus | None] = None,
    cursor: FromQuery[str | None] = None,
    direction: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
) -> UploadPage:
    """Also for those who see every image: this list is about what oneself has sent."""
    filters = ImageFilters(user_id=principal.user_id, status=status)
    page = await service.page_after(db, parse_page_request(cursor, direction, limit), filters, principal)
    jobs = {job.id: job for job in await queue.list_jobs([_job_id(image) for image in page.rows])}
    address = await rendition_links.addresses()
    return UploadPage(
        uploads=[
            Upload(
                image=image_answer(image, address),
                job=job_answer(job) if (job := jobs.get(_job_id(image))) else None,
            )
            for image in page.rows
        ],
        next_cursor=page.next_cursor,
        prev_cursor=page.prev_cursor,
        has_more=page.has_more,
        limit=page.limit,
    )


def _job_id(image: Image) -> str:
    return job_id_for_image(image.file_type, image.id)


handlers = [list_uploads]
