"""Two images with one SOP Instance UID, as somebody may know of it who sees only their own."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from mammogram_viewer.archive.models import Image


async def hide_foreign_conflicts(db: Any, images: list[Image]) -> list[Image]:
    """For a caller who sees only their own images: that somebody else holds the same SOP Instance UID is not told. One
    question for a whole page, and none when no image conflicts."""
    pairs = [(image.user_id, image.conflicts_with) for image in images if image.conflicts_with is not None]
    if not pairs:
        return images
    rows = await db.fetch(
        "SELECT id, user_id FROM images WHERE id = ANY($1::bigint[])", [other_id for _, other_id in pairs]
    )
    owners = {row["id"]: row["user_id"] for row in rows}
    return [
        image
        if image.conflicts_with is None or owners.get(image.conflicts_with) == image.user_id
        else structs.replace(image, conflicts_with=None)
        for image in images
    ]
