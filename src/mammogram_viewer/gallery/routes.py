"""`GET /api/images`: the gallery's list."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromQuery, QueryParameter
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from mammogram_viewer.accounts import dependencies, policy
from mammogram_viewer.archive.models import FileType, ImageStatus
from mammogram_viewer.archive.schemas import image_answer
from mammogram_viewer.foundation.keyset import parse_page_request
from mammogram_viewer.foundation.wire import encode_json
from mammogram_viewer.gallery import service
from mammogram_viewer.gallery.filters import MOMENT, ImageFilters, parse_moment
from mammogram_viewer.gallery.schemas import ImagePage, NumberedImagePage


class _Json(ASGIResponse):
    """JSON with status 200 and nothing else to it: the framework's own goes through what other answers may have."""

    __slots__ = ()

    def __init__(self, body: bytes) -> None:
        self.body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - as ASGI calls it
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(self.body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


@get(
    "/api/images",
    opt={"policy": policy.READ_IMAGES},
    tags=["images"],
    summary="List images, newest first",
    responses={
        200: ResponseSpec(ImagePage | NumberedImagePage, generate_examples=False, description="A page of images")
    },
)
async def list_images(
    request: dependencies.AnyRequest,
    use_cursor: Annotated[bool, QueryParameter(name="useCursor")] = False,
    cursor: FromQuery[str | None] = None,
    direction: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
    page: FromQuery[int | None] = None,
    file_type: Annotated[FileType | None, QueryParameter(name="fileType")] = None,
    created_from: Annotated[str | None, QueryParameter(name="from", description=MOMENT)] = None,
    created_to: Annotated[str | None, QueryParameter(name="to", description=f"{MOMENT} Exclusive.")] = None,
    user_id: Annotated[int | None, QueryParameter(name="userId")] = None,
    status: FromQuery[ImageStatus | None] = None,
    laterality: FromQuery[str | None] = None,
    view: FromQuery[str | None] = None,
    modality: FromQuery[str | None] = None,
    study_id: Annotated[int | None, QueryParameter(name="studyId")] = None,
    q: FromQuery[str | None] = None,
) -> ASGIResponse:
    """With `useCursor=true` (or a `cursor`) a keyset page; without, the older offset mode with a total."""
    # Not asked for as dependencies: the framework starts a task for each of two, a tenth of what this answer costs.
    state, principal = request.app.state, request.scope["user"]
    filters = ImageFilters(
        file_type=file_type,
        created_from=parse_moment("from", created_from),
        created_to=parse_moment("to", created_to),
        user_id=user_id,
        status=status,
        laterality=laterality,
        view=view,
        modality=modality,
        study_id=study_id,
        q=q,
    )
    wanted = parse_page_request(cursor, direction, limit)
    address = await state.rendition_links.addresses()
    if use_cursor or cursor is not None:
        found = await state.read_db.read_page(
            principal.user_id, wanted, lambda db: service.page_after(db, wanted, filters, principal)
        )
        return _answer(
            ImagePage(
                images=[image_answer(image, address) for image in found.rows],
                next_cursor=found.next_cursor,
                prev_cursor=found.prev_cursor,
                has_more=found.has_more,
                limit=found.limit,
            )
        )
    number = 1 if page is None else page
    images, total = await state.read_db.read(
        principal.user_id, lambda db: service.numbered_page(db, number, wanted.limit, filters, principal)
    )
    return _answer(
        NumberedImagePage(
            images=[image_answer(image, address) for image in images], total=total, page=number, limit=wanted.limit
        )
    )


def _answer(page: ImagePage | NumberedImagePage) -> ASGIResponse:
    """Encoded here: the framework's own way from a body to bytes costs a tenth of this answer."""
    return _Json(encode_json(page))


handlers = [list_images]
