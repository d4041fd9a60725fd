"""One image: its record, its picture, its thumbnails, its original and its header."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from mammogram_viewer.accounts import dependencies, policy
from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.archive import service as archive
from mammogram_viewer.foundation.errors import Invalid
from mammogram_viewer.jobs.models import job_id_for_image
from mammogram_viewer.jobs.schemas import job_answer
from mammogram_viewer.jobs.service import QueueService
from mammogram_viewer.viewing.schemas import ImageDetail, image_detail
from mammogram_viewer.viewing.serve import IMMUTABLE, REVALIDATE, serve_file
from mammogram_viewer.viewing.service import open_original, open_picture, owner_filter

_OPT = {"policy": policy.READ_IMAGES}
Version = Annotated[int | None, QueryParameter(name="v", description="Recipe version, as the image's links carry it")]


@get("/api/images/{image_id:int}", opt=_OPT, tags=["images"], summary="One image with its study, series and job")
async def get_image(
    image_id: FromPath[int],
    db: dependencies.Db,
    queue: NamedDependency[QueueService],
    principal: dependencies.Principal,
) -> ImageDetail:
    """Everything the image's page shows but its DICOM header (see `/tags`)."""
    image = await archive.get_visible_image(db, image_id, owner_id=owner_filter(principal))
    study = await archive.find_study_of_image(db, image_id)
    jobs = await queue.list_jobs([job_id_for_image(image.file_type, image.id)])
    job = job_answer(jobs[0], await queue.list_attempts(jobs[0].id)) if jobs else None
    return image_detail(image, study, job)


@get("/api/images/{image_id:int}/png", opt=_OPT, tags=["images"], summary="The rendered picture")
async def get_png(
    image_id: FromPath[int],
    request: Request[Any, Any, Any],
    db: dependencies.Db,
    storage: NamedDependency[Storage],
    principal: dependencies.Principal,
    actor: dependencies.Actor,
    bits: FromQuery[int] = 8,
    version: Version = None,
) -> Response[Any]:
    """8-bit PNG by the file's own grey scale. Counts as a view when a person opens it."""
    if bits != 8:
        raise Invalid("bits must be 8.", code="invalid_bits")
    file = await open_picture(db, image_id, principal, actor, counts=_is_opening(request))
    return await serve_file(request, storage, file, cache_control=_caching(version, file.etag))


@get("/api/images/{image_id:int}/thumbnail", opt=_OPT, tags=["images"], summary="A WebP thumbnail")
async def get_thumbnail(
    image_id: FromPath[int],
    request: Request[Any, Any, Any],
    db: dependencies.Db,
    storage: NamedDependency[Storage],
    principal: dependencies.Principal,
    size: FromQuery[int] = 512,
    version: Version = None,
) -> Response[Any]:
    """`size` is 256 or 512 pixels along the longer side. Never counts as a view."""
    if size not in (256, 512):
        raise Invalid("size must be 256 or 512.", code="invalid_size")
    file = await archive.find_rendition(db, image_id, f"thumbnail{size}", owner_id=owner_filter(principal))
    return await serve_file(request, storage, file, cache_control=_caching(version, file.etag))


@get("/api/images/{image_id:int}/tags", opt=_OPT, tags=["images"], summary="The DICOM header as DICOM JSON")
async def get_tags(
    image_id: FromPath[int],
    request: Request[Any, Any, Any],
    db: dependencies.Db,
    storage: NamedDependency[Storage],
    principal: dependencies.Principal,
    version: Version = None,
) -> Response[Any]:
    """PS3.18 F; bulk values are replaced by their byte counts."""
    del version  # accepted, because the image's links carry it; PHI in JSON is never stored
    file = await archive.find_rendition(db, image_id, "tags", owner_id=owner_filter(principal))
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
) -> Response[Any]:
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


handlers = [get_image, get_png, get_thumbnail, get_tags, get_original]
