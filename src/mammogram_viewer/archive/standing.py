"""How many images stand, for acts that name them by id: whose they are, whether they are shown, where they lie."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mammogram_viewer.archive import standing_queries as queries
from mammogram_viewer.archive.models import FileType, ImageStatus
from mammogram_viewer.archive.queries import Database


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What decides whether somebody may act on an image."""

    id: int
    user_id: int
    status: ImageStatus


async def list_standing(db: Database, image_ids: list[int]) -> dict[int, Standing]:
    """By id; those that are not there are left out."""
    rows = await queries.list_standing(db, image_ids)
    return {row["id"]: Standing(**dict(row)) for row in rows}


async def list_visible(db: Database, image_ids: list[int], *, owner_id: int | None) -> list[int]:
    """Those that are there and this person's (`owner_id` None: anybody's), in the order given."""
    standing = await list_standing(db, image_ids)
    return [one for one in image_ids if one in standing and owner_id in (None, standing[one].user_id)]


@dataclass(frozen=True, kw_only=True)
class Original:
    """One original as a ZIP of many needs it. `exam_id` None: it belongs to no study."""

    id: int
    exam_id: int | None
    study_instance_uid: str | None
    sop_instance_uid: str | None
    original_name: str
    file_type: FileType
    byte_count: int
    sha256: bytes
    storage_key: str
    laterality: str | None
    view_position: str | None
    modality: str | None
    created_at: datetime


async def list_originals(db: Database, image_ids: list[int], *, owner_id: int | None) -> list[Original]:
    """Those of the images that are there and this person's (`owner_id` None: anybody's), exam by exam."""
    return [Original(**dict(row)) for row in await queries.list_originals(db, image_ids, owner_id)]


async def list_image_ids_of_exams(db: Database, exam_ids: list[int], *, owner_id: int | None, limit: int) -> list[int]:
    """The images of these exams that this person may see, at most `limit`."""
    rows = await queries.list_image_ids_of_exams(db, exam_ids, owner_id, limit=limit)
    return [row["id"] for row in rows]
