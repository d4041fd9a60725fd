"""Lets an image go: rows, unfinished jobs, activity and the files' removal in one transaction."""

from __future__ import annotations

import asyncpg

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.service import record_activity, record_audit
from mammogram_viewer.archive.service import get_visible_image, withdraw_image
from mammogram_viewer.foundation.errors import Forbidden
from mammogram_viewer.jobs import outbox


async def withdraw(db: asyncpg.Pool, image_id: int, principal: Principal, actor: Actor) -> None:
    """Delete an image that the caller owns (administrators: any). Its files go within one reconciler walk."""
    async with db.acquire() as connection, connection.transaction():
        image = await get_visible_image(connection, image_id, owner_id=principal.owner_filter)
        if not principal.is_admin and image.user_id != principal.user_id:
            raise Forbidden("Only the person who uploaded this image, or an administrator, may delete it.")
        await outbox.cancel_for_image(connection, image_id)
        await withdraw_image(connection, image_id)
        metadata = {"fileType": image.file_type, "byteCount": image.byte_count}
        await record_activity(connection, actor, "delete", "image", image_id, metadata)
        await record_audit(
            connection, actor, "image_deleted", "image", image_id, {**metadata, "sha256": image.sha256.hex()}
        )
