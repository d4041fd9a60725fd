"""Measurements as files: what is drawn on the images that the caller may see. Each export is audited."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import msgspec

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.service import record_audit
from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.annotations import queries
from mammogram_viewer.annotations.csv_export import write_csv
from mammogram_viewer.annotations.service import list_image_ids
from mammogram_viewer.annotations.sr_models import ReportSource, can_be_referenced
from mammogram_viewer.archive import service as archive
from mammogram_viewer.foundation.errors import Conflict, NotFound
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


async def export_image_report(
    db: asyncpg.Pool, storage: Storage, settings: Settings, image_id: int, principal: Principal, actor: Actor
) -> bytes:
    """Of one image as a DICOM Structured Report. NotFound as for CSV; Conflict `nothing_to_export`."""
    await archive.get_visible_image(db, image_id, owner_id=principal.owner_filter)
    return await _report(db, storage, settings, [image_id], actor, "image", image_id)


async def export_exam_report(
    db: asyncpg.Pool, storage: Storage, settings: Settings, study_id: int, principal: Principal, actor: Actor
) -> bytes:
    """Of an exam as a DICOM Structured Report. NotFound as for CSV; Conflict `nothing_to_export`."""
    image_ids = await list_image_ids(db, settings, study_id, principal)
    return await _report(db, storage, settings, image_ids, actor, "study", study_id)


async def _report(
    db: asyncpg.Pool, storage: Storage, settings: Settings, image_ids: list[int], actor: Actor, what: str, its_id: int
) -> bytes:
    async with db.acquire() as connection, connection.transaction(isolation="repeatable_read"):
        images = [one for one in await queries.list_measured_images(connection, image_ids) if can_be_referenced(one)]
        if not images:
            detail = "A report refers to DICOM images, and there are none here yet. Save the measurements as CSV."
            raise Conflict(detail, code="nothing_to_export")
        known = [image.id for image in images]
        annotations = await queries.list_annotations(connection, known)
        key_images = await queries.list_key_images(connection, known)
        used = {one.image_id for one in [*annotations, *key_images]}
        if not used:
            detail = "Nothing is drawn or marked on these images yet. Measure something, then save the report."
            raise Conflict(detail, code="nothing_to_export")
        told = {"format": "dicom-sr", "annotations": len(annotations), "keyImages": len(key_images)}
        await record_audit(connection, actor, "measurements_exported", what, its_id, told)
    images = [image for image in images if image.id in used]
    header = await _header(db, storage, settings, images[0].id)
    source = ReportSource(images=images, annotations=annotations, key_images=key_images, header=header)
    return await asyncio.to_thread(_write_report, source)


def _write_report(source: ReportSource) -> bytes:
    """Imports late: highdicom takes longer to load than everything else of the server."""
    from mammogram_viewer.annotations.sr_document import write_report

    return write_report(source)


async def _header(db: asyncpg.Pool, storage: Storage, settings: Settings, image_id: int) -> dict[str, Any]:
    """The image's own header as DICOM JSON; empty where there is none that can be read."""
    found = await queries.find_header(db, image_id)
    if found is None or found[1] > settings.dicom_json_bytes:
        return {}
    try:
        return msgspec.json.decode(await storage.read(found[0]), type=dict[str, Any])
    except (NotFound, msgspec.MsgspecError):  # made again meanwhile, or a hostile file's
        return {}
