"""`/api/dicomweb/…`, and the same by our own ids: headers and frames for the viewer, in the shapes of WADO-RS."""

from __future__ import annotations

from typing import Annotated

from litestar import HttpMethod, get, route
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response.base import ASGIResponse
from litestar.response.streaming import ASGIStreamingResponse

from mammogram_viewer.accounts import dependencies, policy
from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.archive import service as archive
from mammogram_viewer.archive.rendition_links import RenditionLinks
from mammogram_viewer.dicomweb.accept import HEADER_TYPE, demand_frame_type, demand_header_type
from mammogram_viewer.dicomweb.exam import open_exam, open_image
from mammogram_viewer.dicomweb.frames import FrameReadings, checked_uid, find_frame, find_image_id, reading_of
from mammogram_viewer.dicomweb.metadata import open_headers, read_header
from mammogram_viewer.dicomweb.schemas import ExamViewing, ViewingImage
from mammogram_viewer.viewing.serve import IMMUTABLE, REVALIDATE, serve_file

_OPT = {"policy": policy.READ_IMAGES}
_STUDY = "/api/dicomweb/studies/{study_uid:str}"
_SERIES = f"{_STUDY}/series/{{series_uid:str}}"
_INSTANCE = f"{_SERIES}/instances/{{instance_uid:str}}"
_READ = [HttpMethod.GET, HttpMethod.HEAD]
_PRIVATE = {"cache-control": "private, no-store"}
Version = Annotated[int | None, QueryParameter(name="v", description="Recipe version, as the image's links carry it")]
Purpose = Annotated[
    str | None,
    QueryParameter(name="purpose", description="`prefetch`: fetched ahead, and not shown yet; counts as no view"),
]


@get(
    "/api/studies/{study_id:int}/viewing",
    opt=_OPT,
    tags=["viewer"],
    summary="One exam with everything that showing it needs",
)
async def get_viewing(
    study_id: FromPath[int],
    db: dependencies.Db,
    storage: NamedDependency[Storage],
    rendition_links: NamedDependency[RenditionLinks],
    settings: dependencies.Settings,
    principal: dependencies.Principal,
) -> ExamViewing:
    """Sides, views, spacing, grey scales with their tables, links to frames, and earlier exams of the same patient."""
    return await open_exam(db, storage, settings, study_id, principal, await rendition_links.addresses())


@get(
    "/api/images/{image_id:int}/viewing",
    opt=_OPT,
    tags=["viewer"],
    summary="One image with everything that showing it needs",
)
async def get_image_viewing(
    image_id: FromPath[int],
    db: dependencies.Db,
    storage: NamedDependency[Storage],
    rendition_links: NamedDependency[RenditionLinks],
    settings: dependencies.Settings,
    principal: dependencies.Principal,
) -> ViewingImage:
    """As in its exam; also for plain pictures and others that belong to no exam."""
    return await open_image(db, storage, settings, image_id, principal, await rendition_links.addresses())


@get(f"{_STUDY}/metadata", opt=_OPT, tags=["viewer"], summary="The headers of a study (WADO-RS)")
async def get_study_metadata(study_uid: FromPath[str], request: dependencies.AnyRequest) -> ASGIResponse:
    """DICOM JSON (PS3.18 F) of all images that the caller may see and that are shown. Pixel attributes describe what
    `/frames` serves."""
    return await _headers(request, study_uid, None)


@get(f"{_SERIES}/metadata", opt=_OPT, tags=["viewer"], summary="The headers of a series (WADO-RS)")
async def get_series_metadata(
    study_uid: FromPath[str], series_uid: FromPath[str], request: dependencies.AnyRequest
) -> ASGIResponse:
    """As of a study."""
    return await _headers(request, study_uid, series_uid)


@get(f"{_INSTANCE}/metadata", opt=_OPT, tags=["viewer"], summary="The header of an instance (WADO-RS)")
async def get_instance_metadata(
    study_uid: FromPath[str],
    series_uid: FromPath[str],
    instance_uid: FromPath[str],
    request: dependencies.AnyRequest,
) -> ASGIResponse:
    """An array of one. Of several images with the same SOP Instance UID the first that is shown."""
    demand_header_type(request.headers.get("accept"))
    principal, db = request.scope["user"], request.app.state.db
    return await _header(request, await find_image_id(db, study_uid, series_uid, instance_uid, principal))


@route(
    f"{_INSTANCE}/frames/{{frame_number:int}}",
    http_method=_READ,
    opt=_OPT,
    tags=["viewer"],
    summary="One frame of an instance (WADO-RS)",
)
async def get_instance_frame(
    study_uid: FromPath[str],
    series_uid: FromPath[str],
    instance_uid: FromPath[str],
    frame_number: FromPath[int],
    request: dependencies.AnyRequest,
    actor: dependencies.Actor,
    version: Version = None,
    purpose: Purpose = None,
) -> ASGIResponse:
    """As by the image's id. Of several images with the same SOP Instance UID the first that is shown."""
    demand_frame_type(request.headers.get("accept"))
    principal, db = request.scope["user"], request.app.state.db
    image_id = await find_image_id(db, study_uid, series_uid, instance_uid, principal)
    return await _frame(request, actor, image_id, frame_number, version, purpose)


@get("/api/images/{image_id:int}/metadata", opt=_OPT, tags=["viewer"], summary="The header that fits the frames")
async def get_image_metadata(image_id: FromPath[int], request: dependencies.AnyRequest) -> ASGIResponse:
    """An array of one, DICOM JSON. `/tags` has the file's own words about its pixels. 404 `no_such_rendition` for plain
    pictures, which have neither header nor frames: their picture is `/png`."""
    demand_header_type(request.headers.get("accept"))
    return await _header(request, image_id)


@route(
    "/api/images/{image_id:int}/frames/{frame_number:int}",
    http_method=_READ,
    opt=_OPT,
    tags=["viewer"],
    summary="One frame, lossless HTJ2K",
)
async def get_frame(
    image_id: FromPath[int],
    frame_number: FromPath[int],
    request: dependencies.AnyRequest,
    actor: dependencies.Actor,
    version: Version = None,
    purpose: Purpose = None,
) -> ASGIResponse:
    """One codestream (1.2.840.10008.1.2.4.202, RPCL: its first few per cent show the whole picture small), as a single
    part. `ETag`, `Range`. Frames count from 1. 409 `not_ready`, 410 and 404 as for the picture; 406 `not_acceptable`
    where the Accept header leaves image/jphc out. The first request for an image counts as a view, unless it is
    marked as prefetch (`Sec-Purpose: prefetch` or `purpose=prefetch`): then tell `/views` once it is shown."""
    demand_frame_type(request.headers.get("accept"))
    return await _frame(request, actor, image_id, frame_number, version, purpose)


@get("/api/images/{image_id:int}/grey-scale", opt=_OPT, tags=["viewer"], summary="From samples to greys")
async def get_grey_scale(
    image_id: FromPath[int], request: dependencies.AnyRequest, version: Version = None
) -> ASGIResponse:
    """What `greyScale` of an image in `/viewing` holds, for those of which the exam says null. 404 `no_such_rendition`
    for images in colour and plain pictures."""
    app = request.app.state
    file = await archive.find_rendition(app.db, image_id, "greyscale", owner_id=request.scope["user"].owner_filter)
    return await serve_file(request, app.storage, file, cache_control=_caching(version, file.etag))


async def _frame(
    request: dependencies.AnyRequest, actor: dependencies.Actor, image_id: int, number: int, version: int | None,
    purpose: str | None,
) -> ASGIResponse:  # fmt: skip
    app, principal = request.app.state, request.scope["user"]
    frame = await find_frame(app.db, image_id, number, principal)
    caching = _caching(version, frame.file.etag)
    answer = await serve_file(request, app.storage, frame.file, cache_control=caching, begins_at=frame.begins_at)
    reading = reading_of(request, purpose)
    if reading is not None and answer.status_code != 304:
        readings: FrameReadings = app.frame_readings
        seconds = app.settings.frame_reading_seconds
        await readings.note(app.db, app.view_tracker, image_id, actor, principal, reading, seconds=seconds)
    return answer


async def _header(request: dependencies.AnyRequest, image_id: int) -> ASGIResponse:
    app = request.app.state
    body = await read_header(app.db, app.storage, app.settings, image_id, request.scope["user"])
    return ASGIResponse(body=body, media_type=HEADER_TYPE, headers=_PRIVATE)


async def _headers(request: dependencies.AnyRequest, study_uid: str, series_uid: str | None) -> ASGIResponse:
    demand_header_type(request.headers.get("accept"))
    app = request.app.state
    parts = await open_headers(
        app.db,
        app.storage,
        app.settings,
        checked_uid(study_uid),
        None if series_uid is None else checked_uid(series_uid),
        request.scope["user"],
    )
    return ASGIStreamingResponse(iterator=parts, media_type=HEADER_TYPE, headers=_PRIVATE)


def _caching(version: int | None, etag: str) -> str:
    """Immutable only for the version that is really served (`etag` ends in it)."""
    return IMMUTABLE if version is not None and etag.endswith(f"-{version}") else REVALIDATE


handlers = [
    get_viewing,
    get_image_viewing,
    get_study_metadata,
    get_series_metadata,
    get_instance_metadata,
    get_instance_frame,
    get_image_metadata,
    get_frame,
    get_grey_scale,
]
