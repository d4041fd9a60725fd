"""One image to look at: its renditions and its original, each behind the same permission check."""

from __future__ import annotations

import asyncpg

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.service import record_activity, record_audit
from mammogram_viewer.archive import service as archive
from mammogram_viewer.archive.models import Image, StoredFile


def owner_filter(principal: Principal) -> int | None:
    """Whose images the caller may see: None for those who see every image."""
    return None if principal.sees_every_image else principal.user_id


async def open_picture(
    db: asyncpg.Pool, image_id: int, principal: Principal, actor: Actor, *, counts: bool
) -> StoredFile:
    """The rendered picture. `counts`: a person opens it (not a continuation or a check of the cache)."""
    file = await archive.find_rendition(db, image_id, "png8", owner_id=owner_filter(principal))
    if counts:
        async with db.acquire() as connection, connection.transaction():
            await record_activity(connection, actor, "view", "image", image_id)
            await record_audit(connection, actor, "image_viewed", "image", image_id)
    return file


async def open_original(
    db: asyncpg.Pool, image_id: int, principal: Principal, actor: Actor, *, counts: bool
) -> tuple[Image, StoredFile]:
    """The bytes as received. Access to them is an audit matter; `counts` makes it a download as well."""
    image, file = await archive.find_original(db, image_id, owner_id=owner_filter(principal))
    async with db.acquire() as connection, connection.transaction():
        if counts:
            await record_activity(connection, actor, "download", "image", image_id)
        await record_audit(connection, actor, "original_read", "image", image_id)
    return image, file
