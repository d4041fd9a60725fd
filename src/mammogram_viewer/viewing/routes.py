"""One image: its record, its picture, its thumbnails, its original and its header."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response.base import ASGIResponse

from mammogram_viewer.accounts import dependencies, policy
from mammogram_viewer.activity.views import ViewTracker
from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.archive import service as archive
from mammogram_viewer.archive.corrections import find_details
from mammogram_viewer.archive.rendition_links import RenditionLinks
from mammogram_viewer.foundation.errors import Invalid
from mammogram_viewer.jobs.models import job_id_for_image
from mammogram_viewer.jobs.schemas import job_answer
from mammogram_viewer.jobs.service import QueueService
from mammogram_viewer.viewing.correct import correct_image
from mammogram_viewer.viewing.on_demand import Wish, find_or_order
from mammogram_viewer.viewing.schemas import (
    CorrectionRequest,
    ImageDetail,
    ReadingHeartbeat,
    ViewHeartbeat,
    image_detail,
)
from mammogram_viewer.viewing.serve import IMMUTABLE, REVALIDATE, serve_file
from mammogram_viewer.viewing.service import note_reading, open_original, record_view

_OPT = {"policy": policy.READ_IMAGES}
Version = Annotated[int | None, QueryParameter(name="v", description="Recipe version, as the image's links carry it")]

Voi = Annotated[
    str | None, QueryParameter(name="voi", description="One of the image's VOI candidates, e.g. `window-2` or `lut-1`")
]
Frame = Annotated[int | None, QueryParameter(name="frame", description="Counts from 1; the middle one if left out")]
Overlays = Annotated[bool, QueryParameter(name="overlays", description="Draw the overlay planes (60xx)")]


@get("/api/images/{image_id:int}", opt=_OPT, tags=["images"], summary="One image with its study, series and job")
async def get_image(
    image_id: FromPath[int],
    db: dependencies.Db,
    queue: NamedDependency[QueueService],
    rendition_links: NamedDependency[RenditionLinks],
    principal: dependencies.Principal,
) -> ImageDetail:
    """Everything the image's page shows but its DICOM header (see `/tags`)."""
    return await _detail(db, queue, rendition_links, image_id, principal)


@patch(
    "/api/images/{image_id:int}",
    opt={"policy": policy.CORRECT_IMAGES},
    tags=["images"],
    summary="Correct side or view, or label the image",
)
async def patch_image(
    image_id: FromPath[int],
    data: CorrectionRequest,
    db: dependencies.Db,
    queue: NamedDependency[QueueService],
    rendition_links: NamedDependency[RenditionLinks],
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> ImageDetail:
    """What the file says is kept beside the correction, and comes back with `null`. Every change is audited."""
    await correct_image(db, image_id, data, principal, actor)
    return await _detail(db, queue, rendition_links, image_id, principal)


async def _detail(
    db: dependencies.Db,
    queue: QueueService,
    rendition_links: RenditionLinks,
    image_id: int,
    principal: dependencies.Principal,
) -> ImageDetail:
    image = await archive.get_visible_image(db, image_id, owner_id=principal.owner_filter)
    study = await archive.find_study_of_image(db, image_id)
    jobs = await queue.list_jobs([job_id_for_image(image.file_type, image.id)])
    job = job_answer(jobs[0], await queue.list_attempts(jobs[0].id)) if jobs else None
    details, address = await find_details(db, image_id), await rendition_links.addresses()
    return image_detail(image, study, details, job, address)


@get("/api/images/{image_id:int}/png", opt=_OPT, tags=["images"], summary="The rendered picture")
async def get_png(
    image_id: FromPath[int],
    request: Request[Any, Any, Any],
    db: dependencies.Db,
    storage: NamedDependency[Storage],
    queue: NamedDependency[QueueService],
    view_tracker: NamedDependency[ViewTracker],
    principal: dependencies.Principal,
    actor: dependencies.Actor,
    bits: FromQuery[int] = 8,
    voi: Voi = None,
    frame: Frame = None,
    overlays: Overlays = False,
    version: Version = None,
) -> ASGIResponse:
    """8-bit PNG by the file's own grey scale, or 16-bit PNG of the modality values (no VOI; a pCAL chunk says how
    samples become values). Other than the default picture is made when it is first asked for: 409 `not_ready` with
    the job's id until then. Counts as a view when a person opens it."""
    if bits not in (8, 16):
        raise Invalid("bits must be 8 or 16.", code="invalid_bits")
    wish = Wish(base="png8" if bits == 8 else "png16", voi=voi, frame=frame, overlays=overlays)
    file = await find_or_order(db, queue, image_id, wish, principal)
    if _is_opening(request):
        await record_view(db, view_tracker, image_id, actor)
    return await serve_file(request, storage, file, cache_control=_caching(version, file.etag))


@post(
    "/api/images/{image_id:int}/views",
    opt={"policy": policy.NOTE_VIEWS},
    tags=["images"],
    status_code=204,
    summary="Say that the picture has been shown",
)
async def post_view(
    image_id: FromPath[int],
    db: dependencies.Db,
    view_tracker: NamedDependency[ViewTracker],
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> None:
    """For pages that show the picture by a signed link, where nobody can tell who looks. `/png` counts by itself."""
    await archive.get_visible_image(db, image_id, owner_id=principal.owner_filter)
    await record_view(db, view_tracker, image_id, actor)


@post(
    "/api/images/{image_id:int}/views/heartbeat",
    opt={"policy": policy.NOTE_VIEWS},
    tags=["images"],
    status_code=204,
    summary="Say that the picture is still being looked at",
)
async def post_view_heartbeat(
    image_id: FromPath[int],
    data: ViewHeartbeat,
    db: dependencies.Db,
    view_tracker: NamedDependency[ViewTracker],
    principal: dependencies.Principal,
) -> None:
    """Adds seconds to the caller's view of the image, as long as one is under way: half an hour after the last sign of
    it. Never more than have passed since it began, however many windows show the picture."""
    await archive.get_visible_image(db, image_id, owner_id=principal.owner_filter)
    view_tracker.note_looking(principal.user_id, image_id, data.seconds)


@post(
    "/api/images/views/heartbeat",
    opt={"policy": policy.NOTE_VIEWS},
    tags=["images"],
    status_code=204,
    summary="Say that images are still being looked at side by side",
)
async def post_reading_heartbeat(
    data: JSONBody[ReadingHeartbeat],
    db: dependencies.Db,
    settings: dependencies.Settings,
    view_tracker: NamedDependency[ViewTracker],
    principal: dependencies.Principal,
) -> None:
    """The seconds count once: they are shared out among the caller's views of these images, in whole seconds whose sum
    is theirs. An image named twice counts as one. Those that have gone meanwhile leave their share to the others; 404
    when none is left."""
    await note_reading(db, view_tracker, data.image_ids, data.seconds, principal, limit=settings.reading_images)


@get("/api/images/{image_id:int}/thumbnail", opt=_OPT, tags=["images"], summary="A WebP thumbnail")
async def get_thumbnail(
    image_id: FromPath[int],
    request: Request[Any, Any, Any],
    size: FromQuery[int] = 512,
    voi: Voi = None,
    frame: Frame = None,
    version: Version = None,
) -> ASGIResponse:
    """`size` is 256 or 512 pixels along the longer side. Never counts as a view."""
    # Not asked for as dependencies: the framework starts a task for each of two, and a gallery asks for hundreds.
    state = request.app.state
    if size not in (256, 512):
        raise Invalid("size must be 256 or 512.", code="invalid_size")
    wish = Wish(base="thumbnail512" if size == 512 else "thumbnail256", voi=voi, frame=frame)
    file = await find_or_order(state.db, state.queue, image_id, wish, request.scope["user"])
    return await serve_file(request, state.storage, file, cache_control=_caching(version, file.etag))


@get("/api/images/{image_id:int}/tags", opt=_OPT, tags=["images"], summary="The DICOM header as DICOM JSON")
async def get_tags(
    image_id: FromPath[int],
    request: Request[Any, Any, Any],
    db: dependencies.Db,
    storage: NamedDependency[Storage],
    principal: dependencies.Principal,
    version: Version = None,
) -> ASGIResponse:
    """PS3.18 F; bulk values are replaced by their byte counts."""
    del version  # accepted, because the image's links carry it; PHI in JSON is never stored
    file = await archive.find_rendition(db, image_id, "tags", owner_id=principal.owner_filter)
    return await serve_file(request, storage, file, cache_control="private, no-store")


@get("/api/images/{image_id:int}/file", opt=_OPT, tags=["images"], summary="The original, byte-identical")
async def get_original(
    image_id: FromPath[int],
    request: Request[Any, Any, Any],
    db: dependencies.Db,
    storage: NamedDependency[Storage],
    principal: dependencies.Principal,
    actor: dependencies.Actor,
    download: FromQuery[bool] = False,
) -> ASGIResponse:
    """Always an attachment. `download=true` counts as a download."""
    image, file = await open_original(db, image_id, principal, actor, counts=download and _is_opening(request))
    return await serve_file(request, storage, file, cache_control=REVALIDATE, attachment_name=image.original_name)


def _is_opening(request: Request[Any, Any, Any]) -> bool:
    """A first read of the whole: no range continuation, no check of a cached copy."""
    resumed = request.headers.get("range", "bytes=0-").replace(" ", "").startswith("bytes=0-") is False
    return request.method == "GET" and not resumed and "if-none-match" not in request.headers


def _caching(version: int | None, etag: str) -> str:
    """Immutable only for the version that is really served (`etag` ends in it)."""
    return IMMUTABLE if version is not None and etag.endswith(f"-{version}") else REVALIDATE


handlers = [
    get_image,
    patch_image,
    get_png,
    post_view,
    post_view_heartbeat,
    post_reading_heartbeat,
    get_thumbnail,
    get_tags,
    get_original,
]
