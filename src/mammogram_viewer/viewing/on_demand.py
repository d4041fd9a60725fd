"""Renditions that are made when somebody first asks for them, and then kept: another VOI, 16 bits, a frame, overlays.

What may be asked for follows from the image's own header, so the number of renditions that one image can have is
bounded whatever callers try. The first question adds a job and answers `not_ready`; the next ones find the file."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg
import msgspec

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.archive import service as archive
from mammogram_viewer.archive.corrections import find_acquisition
from mammogram_viewer.archive.models import Image, StoredFile
from mammogram_viewer.foundation.errors import Gone, Invalid, NotFound, NotReady
from mammogram_viewer.imaging.order import RECIPE_VERSION, UPLOAD_KINDS, BaseKind, RenderOrder
from mammogram_viewer.jobs.models import Job
from mammogram_viewer.jobs.service import QueueService

_GREY = ("MONOCHROME1", "MONOCHROME2")


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a caller asks for of one image, as the address says it. `frame` counts from 1."""

    base: BaseKind
    voi: str | None = None
    frame: int | None = None
    overlays: bool = False


async def find_or_order(
    db: asyncpg.Pool, queue: QueueService, image_id: int, wish: Wish, principal: Principal
) -> StoredFile:
    """The wished rendition. NotFound, NotReady and Gone as `archive.find_rendition`; Invalid for what the image does
    not offer."""
    if wish == Wish(base=wish.base) and wish.base in UPLOAD_KINDS:
        return await archive.find_rendition(db, image_id, wish.base, owner_id=principal.owner_filter)
    image = await archive.get_visible_image(db, image_id, owner_id=principal.owner_filter)
    archive.demand_ready(image.status, image.reason_code, image.reason)
    order = await _order(db, image, wish)
    kind = order.kind(wish.base)
    file = await archive.find_kept_rendition(db, image_id, kind)
    if file is not None:
        return file
    job = queue.job_on_demand(
        image_id=image.id,
        user_id=image.user_id,
        recipe_version=RECIPE_VERSION,
        kind=kind,
        order=msgspec.to_builtins(order),
    )
    if not await queue.add_jobs([job]):
        earlier = await queue.get_job_status(job.id)
        file = await archive.find_kept_rendition(db, image_id, kind)
        if file is not None:  # it has just been made
            return file
        await _ask_again(queue, earlier)
    not_ready = NotReady("This rendition is being made. Ask again in a moment.", retry_after_seconds=1)
    not_ready.extra = {"jobId": job.id}
    raise not_ready


async def _order(db: asyncpg.Pool, image: Image, wish: Wish) -> RenderOrder:
    """The wish as an order, checked against what the image offers; what is the default anyway is left out, so that
    one picture has one name."""
    if image.object_kind != "image":
        raise NotFound("This object is a report and has no picture.", code="no_such_rendition")
    if wish.base == "png16" and image.photometric_interpretation not in _GREY:
        raise NotFound("Only grey images have a 16-bit rendition.", code="no_such_rendition")
    frames = image.number_of_frames or 1
    if wish.frame is not None and not 1 <= wish.frame <= frames:
        raise Invalid(f"frame must be from 1 to {frames}.", code="invalid_frame")
    acquisition = await find_acquisition(db, image.id)
    offered = {one.id: one for one in acquisition.voi_candidates} if acquisition else {}
    if wish.voi is not None and wish.voi not in offered:
        known = ", ".join(offered) or "none"
        raise Invalid(f"voi must be one of those that this image offers: {known}.", code="unknown_voi")
    return RenderOrder(
        kinds=(wish.base,),
        voi=None if wish.voi is None or wish.base == "png16" or offered[wish.voi].is_default else wish.voi,
        frame=None if wish.frame == frames // 2 + 1 else wish.frame,
        overlays=wish.overlays and wish.base != "png16" and acquisition is not None and acquisition.has_overlays,
    )


async def _ask_again(queue: QueueService, earlier: Job) -> None:
    """The job is known and its rendition is not there. One that has failed answers with its reason and waits for a
    person to retry it; one that ended otherwise is started over."""
    if earlier.status in ("rejected", "failed"):
        gone = Gone(earlier.error or "This rendition could not be made.", code=earlier.error_code or "gone")
        gone.extra = {"jobId": earlier.id}
        raise gone
    if earlier.is_finished:
        await queue.order_again(earlier.id)
