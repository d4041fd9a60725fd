"""A person corrects the side or view of an image, or labels it: `PATCH /api/images/{id}`; or of many images at once."""

from __future__ import annotations

import re
from dataclasses import dataclass

import asyncpg
import msgspec

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.activity.many import record_audits
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.service import record_audit
from mammogram_viewer.archive import corrections
from mammogram_viewer.archive import service as archive
from mammogram_viewer.archive.models import CorrectedField
from mammogram_viewer.archive.standing import list_standing
from mammogram_viewer.archive.withdrawals import batches, hold_images
from mammogram_viewer.dicom.header import LATERALITIES, VIEW_POSITIONS
from mammogram_viewer.foundation.errors import Invalid, MammogramViewerError, NotFound
from mammogram_viewer.viewing.bulk_schemas import BulkCorrection
from mammogram_viewer.viewing.schemas import CorrectionRequest

MAX_TAGS = 20
_TAG = re.compile(r"[^\x00-\x1f\x7f]{1,50}")


async def correct_image(
    db: asyncpg.Pool, image_id: int, wanted: CorrectionRequest, principal: Principal, actor: Actor
) -> None:
    """Everything that the request names, or nothing. Setting what is set already changes and records nothing."""
    values = _checked(wanted)
    tags = None if wanted.tags is msgspec.UNSET else _checked_tags(wanted.tags)
    async with db.acquire() as connection, connection.transaction():
        image = await archive.get_visible_image(connection, image_id, owner_id=principal.owner_filter)
        for field, value in values.items():
            change = await corrections.correct(connection, image.id, field, value, user_id=principal.user_id)
            if change is not None:
                await record_audit(connection, actor, "image_corrected", "image", image.id, _detail(change))
        if tags is not None and await corrections.set_tags(connection, image.id, tags):
            await record_audit(connection, actor, "image_tagged", "image", image.id, {"count": len(tags)})


@dataclass(frozen=True, kw_only=True)
class Corrections:
    """What became of images that were to be corrected."""

    corrected: list[int]
    refused: dict[int, MammogramViewerError]


async def correct_images(
    db: asyncpg.Pool, image_ids: list[int], wanted: BulkCorrection, principal: Principal, actor: Actor
) -> Corrections:
    """The same for each of the images that the caller may see, in one transaction; the others are refused."""
    values = _checked(wanted)
    if not values:
        raise Invalid("Name laterality or viewPosition, or both.", code="nothing_to_correct")
    corrected: list[int] = []
    async with db.acquire() as connection, connection.transaction():
        await hold_images(connection, image_ids)
        for batch in batches(image_ids):
            standing = await list_standing(connection, batch)
            owner_id = principal.owner_filter
            seen = [i for i in batch if i in standing and (owner_id is None or standing[i].user_id == owner_id)]
            for field, value in values.items():
                there, changes = await corrections.correct_many(
                    connection, seen, field, value, user_id=principal.user_id
                )
                details = [(image_id, _detail(change)) for image_id, change in changes]
                await record_audits(connection, actor, "image_corrected", "image", details)
                seen = [image_id for image_id in seen if image_id in there]
            corrected += seen
    missing = set(image_ids) - set(corrected)
    return Corrections(corrected=corrected, refused=dict.fromkeys(missing, NotFound(archive.ABSENT)))


def _detail(change: corrections.Change) -> dict[str, str | None]:
    return {"field": change.field, "before": change.before, "after": change.after}


def _checked(wanted: CorrectionRequest | BulkCorrection) -> dict[CorrectedField, str | None]:
    values: dict[CorrectedField, str | None] = {}
    if wanted.laterality is not msgspec.UNSET:
        if wanted.laterality is not None and wanted.laterality not in LATERALITIES:
            raise Invalid(f"laterality must be one of {', '.join(LATERALITIES)}, or null.", code="invalid_laterality")
        values["laterality"] = wanted.laterality
    if wanted.view_position is not msgspec.UNSET:
        if wanted.view_position is not None and wanted.view_position not in VIEW_POSITIONS:
            known = ", ".join(VIEW_POSITIONS)
            raise Invalid(f"viewPosition must be one of {known}, or null.", code="invalid_view_position")
        values["view_position"] = wanted.view_position
    return values


def _checked_tags(tags: list[str]) -> list[str]:
    """Trimmed, each once, in the order given."""
    cleaned = list(dict.fromkeys(tag.strip() for tag in tags))
    if len(cleaned) > MAX_TAGS:
        raise Invalid(f"An image can have {MAX_TAGS} tags at most.", code="too_many_tags")
    if not all(_TAG.fullmatch(tag) for tag in cleaned):
        raise Invalid("A tag has 1 to 50 printable characters.", code="invalid_tag")
    return cleaned
