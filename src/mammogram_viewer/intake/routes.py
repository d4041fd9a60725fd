"""`POST /api/images` and `DELETE /api/images/{id}`: the ways in and out of the archive over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote

from litestar import Request, Response, delete, post
from litestar.background_tasks import BackgroundTask
from litestar.di import NamedDependency
from litestar.params import FromPath

from mammogram_viewer.accounts import dependencies, policy
from mammogram_viewer.foundation.errors import Invalid, Malformed, MammogramViewerError, Unsupported
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.intake.archives import ArchiveOpener
from mammogram_viewer.intake.models import RefusedFile
from mammogram_viewer.intake.multipart import FIELD, MultipartReceiver
from mammogram_viewer.intake.names import clean_name
from mammogram_viewer.intake.receive import Intake, TakenUpload, check_space
from mammogram_viewer.intake.schemas import RejectedFile, TakenFile, UploadAnswer
from mammogram_viewer.intake.spool import SpoolFile, file_too_large
from mammogram_viewer.intake.withdraw import withdraw


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
) -> Response[UploadAnswer]:
    """Multipart field `files` (one or many), or a raw `application/dicom` body. 202 once everything is durable;
    files that are refused are listed beside those that were taken."""
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
                raise _everything_refused(refused)
            taken = await intake.receive(files, principal, actor)
    finally:
        for spool in spooled:
            await spool.discard()
    return Response(_answer(taken, refused), status_code=202, background=BackgroundTask(intake.wake, taken, principal))


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


def _everything_refused(refused: list[RefusedFile]) -> MammogramViewerError:
    """The error of a single refused file as it is; for several an Invalid. Both carry the list."""
    error = (
        refused[0].error
        if len(refused) == 1
        else Invalid("None of the files could be taken; nothing was kept.", code="all_files_refused")
    )
    error.extra = {"images": [], "rejected": [_rejected(r) for r in refused]}
    return error


def _rejected(refused: RefusedFile) -> RejectedFile:
    return RejectedFile(name=refused.name, code=refused.error.code, detail=refused.error.detail)


def _answer(taken: list[TakenUpload], refused: list[RefusedFile]) -> UploadAnswer:
    return UploadAnswer(
        images=[
            TakenFile(
                id=t.image.id,
                job_id=t.job_id,
                status=t.image.status,
                sha256=t.image.sha256.hex(),
                duplicate=t.image.duplicate,
                name=t.name,
            )
            for t in taken
        ],
        rejected=[_rejected(r) for r in refused],
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
