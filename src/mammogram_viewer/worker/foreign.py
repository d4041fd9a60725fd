"""Entries that other programs put into our queues: a Node client, a script, Bull Board.

One that names an image has its renditions made, again if need be, and can read the result as of any BullMQ job. What
cannot be meant ends at once as failed in BullMQ, with a code instead of a retry; it gets no row."""

from __future__ import annotations

import logging
import re

import asyncpg
from bullmq.custom_errors import UnrecoverableError

from mammogram_viewer.archive import service as archive
from mammogram_viewer.jobs import outbox
from mammogram_viewer.jobs.models import (
    CONVERT_DICOM,
    DICOM_CONVERSION,
    REMAKE_RENDITIONS,
    RENDER_PICTURE,
    THUMBNAIL,
    NewJob,
)

log = logging.getLogger(__name__)
MALFORMED_PAYLOAD = "malformed_payload"
UNKNOWN_IMAGE = "unknown_image"
_MOST = 2**63 - 1
_UNWANTED = re.compile(r"[^A-Za-z0-9._-]")


async def adopt_foreign(db: asyncpg.Pool, bullmq_id: str, payload: object) -> str:
    """The id of the row that stands for a foreign entry; the same entry gets the same row each time it is tried.
    UnrecoverableError `malformed_payload` or `unknown_image`: BullMQ does not try again."""
    image_id = payload.get("imageId") if isinstance(payload, dict) else None
    if not isinstance(image_id, int) or isinstance(image_id, bool) or not 0 < image_id <= _MOST:
        log.warning("foreign_job_refused", extra={"code": MALFORMED_PAYLOAD})
        raise UnrecoverableError(MALFORMED_PAYLOAD)
    async with db.acquire() as connection, connection.transaction():
        image = await archive.find_image(connection, image_id)
        if image is None:
            log.warning("foreign_job_refused", extra={"code": UNKNOWN_IMAGE, "image_id": image_id})
            raise UnrecoverableError(UNKNOWN_IMAGE)
        is_dicom = image.file_type == "dicom"
        # What is shown stays shown, whatever a foreign wish ends in.
        conversion = CONVERT_DICOM if is_dicom else RENDER_PICTURE
        job = NewJob(
            id=f"foreign-{image_id}-{_UNWANTED.sub('-', bullmq_id)[:100]}",
            queue=DICOM_CONVERSION if is_dicom else THUMBNAIL,
            type=REMAKE_RENDITIONS if image.status == "ready" else conversion,
            image_id=image_id,
            user_id=image.user_id,
        )
        await outbox.add_jobs(connection, [job])
    log.info("foreign_job_adopted", extra={"job_id": job.id})
    return job.id
