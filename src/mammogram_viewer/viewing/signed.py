"""`/renditions/…`: what a CDN or nginx fetches from us by a signed link, without a session.

Only renditions that pages show are served, by links that `archive/rendition_links.py` has signed; a deleted image has
none, whatever link is held to it. No view is recorded: nobody knows who looks. The page tells us itself
(`POST /api/images/{id}/views`)."""

from __future__ import annotations

from litestar import get
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from mammogram_viewer.accounts import dependencies, policy
from mammogram_viewer.archive import service as archive
from mammogram_viewer.archive.rendition_links import SHOWN_KINDS, SignedLink
from mammogram_viewer.foundation.errors import NotFound
from mammogram_viewer.foundation.keyset import MAX_BIGINT
from mammogram_viewer.viewing.serve import serve_file


@get(
    "/renditions/{image_id:int}/{kind:str}/{version:int}/{expires:int}/{signature:str}",
    opt={"policy": policy.SIGNED_LINK},
    tags=["images"],
    summary="A picture or thumbnail by a signed link",
)
async def get_signed_rendition(
    image_id: FromPath[int],
    kind: FromPath[str],
    version: FromPath[int],
    expires: FromPath[int],
    signature: FromPath[str],
    request: dependencies.AnyRequest,
) -> ASGIResponse:
    """For caches before us (`PUBLIC_RENDITION_BASE_URL`); the links are those in the image's JSON. 403
    `invalid_signature` or `link_expired`; 404 once the image is deleted."""
    if kind not in SHOWN_KINDS or not 0 < image_id <= MAX_BIGINT:
        raise NotFound("There is nothing at this address.")
    link = SignedLink(image_id=image_id, kind=kind, version=version, expires=expires, signature=signature)
    state = request.app.state  # as for thumbnails (viewing/routes.py)
    remaining_seconds = await state.rendition_links.check(link)
    file = await archive.find_rendition(state.db, image_id, kind, owner_id=None)
    shared_seconds = min(remaining_seconds, state.settings.rendition_shared_seconds)
    kept = f"public, max-age={remaining_seconds}, s-maxage={shared_seconds}, immutable"
    # Another recipe's picture is right to show, and wrong to keep under this link.
    caching = kept if file.etag.endswith(f"-{version}") else "no-cache"
    # The page is of another origin than its pictures here; anyone who holds the link may embed what it shows.
    return await serve_file(
        request, state.storage, file, cache_control=caching, more={"cross-origin-resource-policy": "cross-origin"}
    )


handlers = [get_signed_rendition]
