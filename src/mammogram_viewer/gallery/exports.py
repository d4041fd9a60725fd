"""Tickets for ZIPs of originals: who wants what, within which limits, and what may be in it when it is read.

Invariant: what one may see is asked when the ticket is made, when it is read, and again while it is being read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.activity.many import record_activities, record_audits
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.service import record_audit
from mammogram_viewer.archive.service import ABSENT
from mammogram_viewer.archive.standing import Original, list_image_ids_of_exams, list_originals
from mammogram_viewer.foundation.errors import Invalid, NotFound, TooLarge
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.gallery import export_queries as queries

_NO_TICKET = "There is no such export, or it has expired. Ask for it anew."


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """An export that can be downloaded until it expires."""

    id: UUID
    image_ids: list[int]
    byte_count: int
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What is in a ZIP, and which of the images that were asked for are gone."""

    originals: list[Original]
    left_out: list[int]


async def list_images_of_exams(
    db: asyncpg.Pool, settings: Settings, exam_ids: list[int], principal: Principal
) -> list[int]:
    """The images of these exams that the caller may see. Invalid when they are too many."""
    ids = await list_image_ids_of_exams(db, exam_ids, owner_id=principal.owner_filter, limit=settings.export_images + 1)
    if len(ids) > settings.export_images:
        raise Invalid(
            f"These exams have more than {settings.export_images} images (MAMMOGRAM_VIEWER_EXPORT_IMAGES); "
            "download them in parts.",
            code="too_many",
        )
    return ids


async def make_ticket(db: asyncpg.Pool, settings: Settings, image_ids: list[int], principal: Principal) -> Ticket:
    """A ticket for those of the images that the caller may see. NotFound when that is none, TooLarge when they are more
    bytes than a ZIP may have."""
    originals = await list_originals(db, image_ids, owner_id=principal.owner_filter)
    if not originals:
        raise NotFound(ABSENT)
    byte_count = sum(original.byte_count for original in originals)
    if byte_count > settings.export_bytes:
        raise TooLarge(
            f"These images have {byte_count} bytes; {settings.export_bytes} at once are the most "
            "(MAMMOGRAM_VIEWER_EXPORT_BYTES). Download them in parts.",
            code="export_too_large",
        )
    ids = [original.id for original in originals]
    async with db.acquire() as connection, connection.transaction():
        row = await queries.insert_export(connection, principal.user_id, ids, seconds=settings.export_ticket_seconds)
        await queries.delete_old_exports(connection, principal.user_id, keep=settings.export_tickets_per_user)
    return Ticket(id=row["id"], image_ids=ids, byte_count=byte_count, expires_at=row["expires_at"])


async def open_ticket(db: asyncpg.Pool, export_id: UUID, principal: Principal, actor: Actor) -> Contents:
    """What the ticket's owner gets now. Each reading is audited; the first one counts as a download of every image."""
    row = await queries.find_export(db, export_id, principal.user_id)
    if row is None:
        raise NotFound(_NO_TICKET)
    originals = await list_originals(db, row["image_ids"], owner_id=principal.owner_filter)
    if not originals:
        raise NotFound("All images of this export have been deleted.")
    here = {original.id for original in originals}
    contents = Contents(originals=originals, left_out=[i for i in row["image_ids"] if i not in here])
    name = str(export_id)
    async with db.acquire() as connection, connection.transaction():
        if await queries.note_downloaded(connection, export_id):
            facts = [(original.id, {"export": name}) for original in originals]
            await record_activities(connection, actor, "download", "image", facts)
            await record_audits(connection, actor, "original_read", "image", facts)
        detail = {
            "export": name,
            "images": len(originals),
            "byteCount": sum(original.byte_count for original in originals),
        }
        await record_audit(connection, actor, "export_read", "export", None, detail)
    return contents


async def all_still_here(db: asyncpg.Pool, originals: list[Original], principal: Principal) -> bool:
    """Whether the caller may still see every one of these."""
    found = await list_originals(db, [original.id for original in originals], owner_id=principal.owner_filter)
    return len(found) == len(originals)
