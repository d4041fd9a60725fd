"""How many images stand, for acts that name them by id: whose they are, and whether they are shown."""

from __future__ import annotations

from dataclasses import dataclass

from mammogram_viewer.archive import standing_queries as queries
from mammogram_viewer.archive.models import ImageStatus
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
