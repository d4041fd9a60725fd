"""One image to look at: its renditions and its original, each behind the same permission check."""

from __future__ import annotations

import asyncpg

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.service import record_activity, record_audit
from mammogram_viewer.activity.views import ViewTracker
from mammogram_viewer.archive import service as archive
from mammogram_viewer.archive.models import Image, StoredFile
from mammogram_viewer.archive.standing import list_visible
from mammogram_viewer.foundation.errors import Invalid, NotFound


async def record_view(db: asyncpg.Pool, view_tracker: ViewTracker, image_id: int, actor: Actor) -> None:
    """A person has opened the picture of an image that they may see. The audit log knows it when this returns, in one
    round trip; how often images are viewed is counted a moment later."""
    async with db.acquire() as connection:
        await record_audit(connection, actor, "image_viewed", "image", image_id)
    view_tracker.note_opening(actor, image_id)


async def note_reading(
    db: asyncpg.Pool,
    view_tracker: ViewTracker,
    image_ids: list[int],
    seconds: int,
    principal: Principal,
    *,
    limit: int,
) -> None:
    """Several images were looked at side by side for so many seconds. Those that the caller may not see, or that have
    been deleted under their eyes, are left out; NotFound when none is left, Invalid `too_many`."""
    named = list(dict.fromkeys(image_ids))
    if len(named) > limit:
        raise Invalid(f"{limit} images side by side are the most (MAMMOGRAM_VIEWER_READING_IMAGES).", code="too_many")
    seen = await list_visible(db, named, owner_id=principal.owner_filter)
    if not seen:
        raise NotFound(archive.ABSENT)
    view_tracker.note_reading(principal.user_id, seen, seconds)


async def open_original(
    db: asyncpg.Pool, image_id: int, principal: Principal, actor: Actor, *, counts: bool
) -> tuple[Image, StoredFile]:
    """The bytes as received. Access to them is an audit matter; `counts` makes it a download as well."""
    image, file = await archive.find_original(db, image_id, owner_id=principal.owner_filter)
    async with db.acquire() as connection, connection.transaction():
        if counts:
            await record_activity(connection, actor, "download", "image", image_id)
        await record_audit(connection, actor, "original_read", "image", image_id)
    return image, file
