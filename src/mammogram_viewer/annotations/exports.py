"""Measurements as files: what is drawn on the images that the caller may see. Each export is audited."""

from __future__ import annotations

import asyncpg

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.service import record_audit
from mammogram_viewer.annotations import queries
from mammogram_viewer.annotations.csv_export import write_csv
from mammogram_viewer.annotations.service import list_image_ids
from mammogram_viewer.archive import service as archive
from mammogram_viewer.foundation.settings import Settings


async def export_image_csv(db: asyncpg.Pool, image_id: int, principal: Principal, actor: Actor) -> bytes:
    """Of one image; NotFound where the caller may not see it."""
    await archive.get_visible_image(db, image_id, owner_id=principal.owner_filter)
    return await _csv(db, [image_id], actor, "image", image_id)


async def export_exam_csv(
    db: asyncpg.Pool, settings: Settings, study_id: int, principal: Principal, actor: Actor
) -> bytes:
    """Of an exam; NotFound where the caller has no image in it."""
    image_ids = await list_image_ids(db, settings, study_id, principal)
    return await _csv(db, image_ids, actor, "study", study_id)


async def _csv(db: asyncpg.Pool, image_ids: list[int], actor: Actor, what: str, its_id: int) -> bytes:
    """One snapshot: no annotation of an image that is gone meanwhile."""
    async with db.acquire() as connection, connection.transaction(isolation="repeatable_read"):
        images = {image.id: image for image in await queries.list_measured_images(connection, image_ids)}
        annotations = await queries.list_annotations(connection, list(images))
        key_images = await queries.list_key_images(connection, list(images))
        detail = {"format": "csv", "annotations": len(annotations), "keyImages": len(key_images)}
        await record_audit(connection, actor, "measurements_exported", what, its_id, detail)
    return write_csv(images, annotations, key_images)
