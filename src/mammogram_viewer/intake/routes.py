"""`POST /api/images` and `DELETE /api/images/{id}`: the ways in and out of the archive over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote

from litestar import Request, Response, delete, post
from litestar.background_tasks import BackgroundTask
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from mammogram_viewer.accounts import dependencies, policy
from mammogram_viewer.foundation.errors import Malformed, MammogramViewerError, Unsupported
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.intake.answers import everything_refused, upload_answer
from mammogram_viewer.intake.archives import ArchiveOpener
from mammogram_viewer.intake.models import RefusedFile
from mammogram_viewer.intake.multipart import FIELD, MultipartReceiver
from mammogram_viewer.intake.names import clean_name
from mammogram_viewer.intake.receive import Intake, check_space
from mammogram_viewer.intake.schemas import UploadAnswer
from mammogram_viewer.intake.spool import SpoolFile, file_too_large
from mammogram_viewer.intake.withdraw import withdraw
from mammogram_viewer.jobs.models import BULK_PRIORITY


@post(
    "/api/images",
    opt={"policy": policy.UPLOAD_IMAGES},
    status_code=202,
    request_max_body_size=None,  # streamed to disk under our own limits, never held in memory
    tags=["images"],
    summary="Upload mammograms or plain pictures",
)
async def post_upload(
    request: Request[Any, Any, Any],
    settings: dependencies.Settings,
    intake: NamedDependency[Intake],
    archives: NamedDependency[ArchiveOpener],
    principal: dependencies.Principal,
    actor: dependencies.Actor,
    bulk: FromQuery[bool] = False,
) -> Response[UploadAnswer]:
    """Multipart field `files` (one or many), or a raw `application/dicom` body. 202 once everything is durable;
    files that are refused are listed beside those that were taken. `bulk`: these may wait behind what people have
    just sent."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Unsupported("Compressed request bodies are not taken. Send the file as it is.", code="content_encoding")
    check_space(settings)
    content_type = request.headers.get("content-type", "")
    spooled: list[SpoolFile] = []
    refused: list[RefusedFile] = []
    try:
        if content_type.startswith("multipart/"):
            receiver = MultipartReceiver(content_type, settings)
            spooled, refused = receiver.spooled, receiver.refused
            await receiver.receive(request.stream())
            _demand_files(receiver)
        elif content_type.split(";")[0].strip() == "application/dicom":
            await _receive_raw(request, settings, spooled, refused)
        else:
            raise Unsupported(
                f"Send multipart/form-data with the field “{FIELD}”, or one raw application/dicom body.",
                code="unsupported_content_type",
            )
        async with archives.opened(spooled, refused) as files:
            if refused and not files:
                raise everything_refused(refused)
            taken = await intake.receive(files, principal, actor, priority=BULK_PRIORITY if bulk else 0)
    finally:
        for spool in spooled:
            await spool.discard()
    return Response(
        upload_answer(taken, refused), status_code=202, background=BackgroundTask(intake.wake, taken, principal)
    )


async def _receive_raw(
    request: Request[Any, Any, Any], settings: Settings, spooled: list[SpoolFile], refused: list[RefusedFile]
) -> None:
    """The body is the file; its name comes percent-encoded in X-File-Name."""
    announced = int(request.headers.get("content-length") or 0)
    name = clean_name(unquote(request.headers.get("x-file-name", "")))
    if announced > settings.max_upload_bytes:
        refused.append(RefusedFile(name, file_too_large(settings.max_upload_bytes)))
        return
    spool = SpoolFile(settings, name)
    spooled.append(spool)
    stream: AsyncIterator[bytes] = request.stream()
    async for chunk in stream:
        spool.gather(chunk)
        if spool.refusal is not None:
            break
        await spool.drain()
    try:
        await spool.finish()
    except MammogramViewerError as error:
        spooled.remove(spool)
        await spool.discard()
        refused.append(RefusedFile(spool.name, error))
        return
    if announced and spool.byte_count != announced:
        raise Malformed(
            "The upload broke off before its end; nothing was kept. Send it again.", code="incomplete_upload"
        )


def _demand_files(receiver: MultipartReceiver) -> None:
    if receiver.spooled or receiver.refused:
        return
    raise Malformed(
        f"No file arrived. Send files in the multipart field “{FIELD}” with a file name.", code="missing_files"
    )


@delete("/api/images/{image_id:int}", opt={"policy": policy.DELETE_IMAGES}, tags=["images"], summary="Delete an image")
async def delete_image(
    image_id: FromPath[int],
    db: dependencies.Db,
    settings: dependencies.Settings,
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> None:
    """Nobody sees the image any more. `POST /api/images/restore` brings it back for a while; then its renditions and
    the original are removed for good. Owners and administrators only."""
    await withdraw(db, image_id, principal, actor, undo_seconds=settings.delete_undo_seconds)


handlers = [post_upload, delete_image]
