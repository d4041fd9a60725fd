"""ZIPs of originals: `POST /api/exports` makes a ticket, `GET /api/exports/{id}` is the download."""

from __future__ import annotations

from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody

from mammogram_viewer.accounts import dependencies, policy
from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.foundation.errors import Invalid
from mammogram_viewer.foundation.keyset import instant_text
from mammogram_viewer.foundation.refusals import demand_ids, possible
from mammogram_viewer.gallery.export_schemas import ExportTicket, ExportWish
from mammogram_viewer.gallery.export_stream import ExportStream, OpenExports
from mammogram_viewer.gallery.exports import list_images_of_exams, make_ticket, open_ticket

_open_exports = OpenExports()


@post(
    "/api/exports",
    opt={"policy": policy.EXPORT_IMAGES},
    tags=["exports"],
    summary="Prepare a ZIP of originals",
)
async def post_export(
    data: JSONBody[ExportWish],
    db: dependencies.Db,
    settings: dependencies.Settings,
    principal: dependencies.Principal,
) -> ExportTicket:
    """Of images, or of whole exams. Nothing is packed yet: the ZIP is made while it is downloaded."""
    if (data.image_ids is msgspec.UNSET) == (data.study_ids is msgspec.UNSET):
        raise Invalid("Name either imageIds or studyIds.", code="nothing_named")
    if data.image_ids is not msgspec.UNSET:
        image_ids = possible(demand_ids(data.image_ids, limit=settings.export_images, what="images"))
    else:
        assert data.study_ids is not msgspec.UNSET
        exam_ids = possible(demand_ids(data.study_ids, limit=settings.export_images, what="exams"))
        image_ids = await list_images_of_exams(db, settings, exam_ids, principal)
    ticket = await make_ticket(db, settings, image_ids, principal)
    return ExportTicket(
        id=str(ticket.id),
        url=f"/api/exports/{ticket.id}",
        image_count=len(ticket.image_ids),
        byte_count=ticket.byte_count,
        expires_at=instant_text(ticket.expires_at),
    )


@get(
    "/api/exports/{export_id:uuid}",
    opt={"policy": policy.READ_OWN_EXPORTS},
    tags=["exports"],
    summary="Download a prepared ZIP",
    responses={200: ResponseSpec(bytes, generate_examples=False, description="A ZIP", media_type="application/zip")},
)
async def get_export(
    export_id: FromPath[UUID],
    db: dependencies.Db,
    storage: NamedDependency[Storage],
    settings: dependencies.Settings,
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> ExportStream:
    """The originals byte for byte, a folder an exam, and `manifest.csv` with their digests. Images deleted since the
    ticket was made are left out and named there. Counts once as a download of each image."""
    _open_exports.demand_room(principal.user_id, settings.export_streams_per_user)
    contents = await open_ticket(db, export_id, principal, actor)
    return ExportStream(
        export_id=export_id,
        contents=contents,
        db=db,
        storage=storage,
        settings=settings,
        principal=principal,
        tally=_open_exports,
    )


handlers = [post_export, get_export]
