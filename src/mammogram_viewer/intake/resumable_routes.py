"""tus 1.0.0 below `/api/uploads/resumable`: uploads that survive a lost line, a closed page and our own restart.

tus says nothing about what an upload became: `GET /api/uploads/resumable/{id}` answers that, in the words of
`POST /api/images`, as often as it is asked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from litestar import HttpMethod, Request, Response, delete, get, head, patch, post, route
from litestar.background_tasks import BackgroundTask
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from mammogram_viewer.accounts import dependencies, policy
from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.archive.known import list_known
from mammogram_viewer.archive.models import ImageStatus
from mammogram_viewer.foundation.errors import Invalid, Malformed
from mammogram_viewer.foundation.wire import Wire, WireRequest
from mammogram_viewer.intake import resumable_protocol as tus
from mammogram_viewer.intake.names import clean_name
from mammogram_viewer.intake.receive import Intake
from mammogram_viewer.intake.resumable import Progress, ResumableUploads
from mammogram_viewer.intake.resumable_models import ResumableUpload, Status
from mammogram_viewer.intake.schemas import RejectedFile, TakenFile
from mammogram_viewer.jobs.models import BULK_PRIORITY

PATH = "/api/uploads/resumable"
ONE = PATH + "/{upload_id:str}"
MOST_DIGESTS = 1000
AnyRequest = Request[Any, Any, Any]
Uploads = NamedDependency[ResumableUploads]


class UnfinishedUpload(Wire, frozen=True):
    """Where an upload stands. `offset` is null when another machine has the bytes; `busy` while a request sends it.
    `images` and `rejected` as `POST /api/images` answers them, once it has ended."""

    id: str
    name: str
    status: Status
    byte_count: int
    offset: int | None
    busy: bool
    metadata: dict[str, str]
    created_at: datetime
    expires_at: datetime
    images: list[TakenFile]
    rejected: list[RejectedFile]


class UnfinishedUploads(Wire, frozen=True):
    """The newest first."""

    uploads: list[UnfinishedUpload]


class Digests(WireRequest, frozen=True):
    """SHA-256 of whole files, hexadecimal; at most 1,000."""

    sha256: list[str]


class KnownFile(Wire, frozen=True):
    sha256: str
    id: int
    status: ImageStatus


class KnownFiles(Wire, frozen=True):
    known: list[KnownFile]


class TusHeaders:
    """Each answer says the protocol's version, the refusals too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_version(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = [(b"tus-resumable", tus.VERSION.encode()), (b"tus-version", tus.VERSION.encode())]
                message["headers"] = [*message.get("headers", ()), *added]
            await send(message)

        await self.app(scope, receive, send_with_version)


@route(
    [PATH, ONE],
    http_method=[HttpMethod.OPTIONS],
    opt={"policy": policy.PUBLIC},
    status_code=204,
    middleware=[TusHeaders],
    include_in_schema=False,
)
async def tell_protocol(settings: dependencies.Settings) -> Response[None]:
    """What this server speaks."""
    return Response(
        None,
        headers={
            "tus-extension": tus.EXTENSIONS,
            "tus-max-size": str(settings.max_upload_bytes),
            "tus-checksum-algorithm": ",".join(tus.CHECKSUM_ALGORITHMS),
            "allow": "OPTIONS, GET, POST, HEAD, PATCH, DELETE",
        },
    )


@post(
    PATH,
    opt={"policy": policy.UPLOAD_IMAGES},
    request_max_body_size=None,  # streamed to disk under our own limits
    middleware=[TusHeaders],
    tags=["uploads"],
    summary="Begin a resumable upload (tus)",
)
async def create_upload(
    request: AnyRequest,
    resumable: Uploads,
    intake: NamedDependency[Intake],
    principal: dependencies.Principal,
    actor: dependencies.Actor,
    bulk: FromQuery[bool] = False,
) -> Response[None]:
    """`Upload-Length` is wanted; `Upload-Metadata` may carry filename, filetype, relativePath, sha256 (of the whole
    file, checked at the end) and headsha256. A body may follow at once. `bulk`: its jobs may wait behind others."""
    tus.demand_version(request.headers)
    has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    if has_body:
        tus.demand_plain_body(request.headers)
    byte_count, checksum = tus.read_length(request.headers), tus.read_checksum(request.headers)
    metadata = tus.read_metadata(request.headers)
    tus.promised_digest(metadata, "headsha256")
    # Before: a failure after it would leave an upload of which nobody hears.
    await resumable.sweep_sometimes()
    upload = await resumable.create(
        byte_count=byte_count,
        name=clean_name(metadata.get("filename")),
        metadata=request.headers.get("upload-metadata", ""),
        sha256=tus.promised_digest(metadata, "sha256"),
        priority=BULK_PRIORITY if bulk else 0,
        principal=principal,
    )
    progress = Progress(upload, 0, [])
    if has_body:
        progress = await resumable.receive(
            upload,
            0,
            request.stream(),
            announced=_announced(request),
            checksum=checksum,
            principal=principal,
            actor=actor,
        )
    return _progress(progress, intake, principal, status=201, location=f"{PATH}/{upload.id}")


@head(ONE, opt={"policy": policy.UPLOAD_IMAGES}, middleware=[TusHeaders], tags=["uploads"], summary="The offset (tus)")
async def ask_offset(
    request: AnyRequest,
    upload_id: FromPath[str],
    resumable: Uploads,
    intake: NamedDependency[Intake],
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> Response[None]:
    """How many bytes are on disk; the next request begins there."""
    upload = await resumable.get(upload_id, principal)
    tus.demand_version(request.headers)
    progress = await resumable.offset(upload, principal, actor)
    headers = {"upload-length": str(upload.byte_count), "upload-metadata": upload.metadata}
    return _progress(progress, intake, principal, status=200, **headers)


@patch(
    ONE,
    opt={"policy": policy.UPLOAD_IMAGES},
    status_code=204,
    request_max_body_size=None,  # streamed to disk under our own limits
    middleware=[TusHeaders],
    tags=["uploads"],
    summary="Send bytes at an offset (tus)",
)
async def send_bytes(
    request: AnyRequest,
    upload_id: FromPath[str],
    resumable: Uploads,
    intake: NamedDependency[Intake],
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> Response[None]:
    """204 once the bytes are on disk; with the last one, once the file is an image with its job."""
    return await _send_bytes(request, upload_id, resumable, intake, principal, actor)


async def _send_bytes(
    request: AnyRequest,
    upload_id: str,
    resumable: ResumableUploads,
    intake: Intake,
    principal: Principal,
    actor: Actor,
) -> Response[None]:
    upload = await resumable.get(upload_id, principal)
    tus.demand_version(request.headers)
    tus.demand_plain_body(request.headers)
    progress = await resumable.receive(
        upload,
        tus.read_offset(request.headers),
        request.stream(),
        announced=_announced(request),
        checksum=tus.read_checksum(request.headers),
        principal=principal,
        actor=actor,
    )
    return _progress(progress, intake, principal, status=204)


@delete(
    ONE,
    opt={"policy": policy.UPLOAD_IMAGES},
    middleware=[TusHeaders],
    tags=["uploads"],
    summary="Discard an unfinished upload (tus)",
)
async def discard_upload(
    request: AnyRequest,
    upload_id: FromPath[str],
    resumable: Uploads,
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> None:
    """What has come is removed. An image that it has become stays."""
    upload = await resumable.get(upload_id, principal)
    tus.demand_version(request.headers)
    await resumable.discard(upload, actor)


@post(
    ONE,
    opt={"policy": policy.UPLOAD_IMAGES},
    status_code=204,
    request_max_body_size=None,
    middleware=[TusHeaders],
    tags=["uploads"],
    summary="PATCH or DELETE for callers that cannot send them (tus)",
)
async def act_by_other_method(
    request: AnyRequest,
    upload_id: FromPath[str],
    resumable: Uploads,
    intake: NamedDependency[Intake],
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> Response[None]:
    """`X-HTTP-Method-Override` names the method that is meant."""
    meant = request.headers.get("x-http-method-override", "").upper()
    upload = await resumable.get(upload_id, principal)
    if meant == "PATCH":
        return await _send_bytes(request, upload_id, resumable, intake, principal, actor)
    if meant != "DELETE":
        raise Malformed("X-HTTP-Method-Override must say PATCH or DELETE.", code="unknown_method")
    tus.demand_version(request.headers)
    await resumable.discard(upload, actor)
    return Response(None, status_code=204)


@get(ONE, opt={"policy": policy.OWN_ACCOUNT}, middleware=[TusHeaders], tags=["uploads"], summary="What it has become")
async def get_upload(
    upload_id: FromPath[str], resumable: Uploads, principal: dependencies.Principal
) -> UnfinishedUpload:
    """Where one's own upload stands, and once it has ended what was made of it. May be asked until it expires."""
    return await _described(await resumable.get(upload_id, principal), resumable)


@get(PATH, opt={"policy": policy.OWN_ACCOUNT}, middleware=[TusHeaders], tags=["uploads"], summary="What is unfinished")
async def list_unfinished(resumable: Uploads, principal: dependencies.Principal) -> UnfinishedUploads:
    """One's own uploads that may go on, the newest first."""
    uploads = await resumable.list_unfinished(principal)
    return UnfinishedUploads(uploads=[await _described(upload, resumable) for upload in uploads])


@post(
    "/api/uploads/known",
    opt={"policy": policy.UPLOAD_IMAGES},
    status_code=200,
    tags=["uploads"],
    summary="Which of these files one has sent already",
)
async def find_known(data: JSONBody[Digests], db: dependencies.Db, principal: dependencies.Principal) -> KnownFiles:
    """By SHA-256 of the whole file, among one's own images: what is known need not be sent again."""
    if len(data.sha256) > MOST_DIGESTS:
        raise Invalid(f"At most {MOST_DIGESTS} digests in one request.", code="too_many_digests")
    digests = [digest for text in data.sha256 if (digest := tus.promised_digest({"sha256": text}, "sha256"))]
    known = await list_known(db, principal.user_id, digests)
    return KnownFiles(known=[KnownFile(sha256=k.sha256.hex(), id=k.id, status=k.status) for k in known])


def _announced(request: AnyRequest) -> int | None:
    text = request.headers.get("content-length")
    return int(text) if text and text.isdigit() else None


def _progress(
    progress: Progress, intake: Intake, principal: Principal, *, status: int, **headers: str
) -> Response[None]:
    headers["upload-offset"] = str(progress.offset)
    headers["upload-expires"] = tus.expires_text(progress.upload.expires_at)
    return Response(
        None,
        status_code=status,
        headers={name.replace("_", "-"): value for name, value in headers.items()} | {"cache-control": "no-store"},
        background=BackgroundTask(intake.wake, progress.taken, principal) if progress.taken else None,
    )


async def _described(upload: ResumableUpload, resumable: ResumableUploads) -> UnfinishedUpload:
    answer = upload.answer or {}
    return UnfinishedUpload(
        id=upload.id,
        name=upload.original_name,
        status=upload.status,
        byte_count=upload.byte_count,
        offset=await resumable.length_so_far(upload),
        busy=upload.status == "receiving" and resumable.is_busy(upload),
        metadata=tus.read_metadata({"upload-metadata": upload.metadata}),
        created_at=upload.created_at,
        expires_at=upload.expires_at,
        images=[_taken(image) for image in answer.get("images", [])],
        rejected=[RejectedFile(**rejected) for rejected in answer.get("rejected", [])],
    )


def _taken(image: dict[str, Any]) -> TakenFile:
    return TakenFile(**{"job_id" if name == "jobId" else name: value for name, value in image.items()})


handlers = [
    tell_protocol,
    create_upload,
    ask_offset,
    send_bytes,
    discard_upload,
    act_by_other_method,
    get_upload,
    list_unfinished,
    find_known,
]
