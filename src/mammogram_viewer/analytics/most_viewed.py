"""The images that were opened most, of those that are still there."""

from __future__ import annotations

from datetime import UTC, datetime

from asyncpg import Pool, Record

from mammogram_viewer.analytics import queries_images as queries
from mammogram_viewer.analytics.schemas import MostViewedImage
from mammogram_viewer.archive.rendition_links import RenditionLinks
from mammogram_viewer.archive.schemas import links_of

_EVER = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))


async def most_viewed_in(
    db: Pool, links: RenditionLinks, from_at: datetime, to_at: datetime, limit: int, user_id: int | None = None
) -> list[MostViewedImage]:
    """Of a span of time, of everybody's views or of one person's."""
    found = await queries.fetch_most_viewed(db, from_at, to_at, limit, user_id)
    return await _shown(db, links, found, from_at, to_at)


async def most_viewed_ever(db: Pool, links: RenditionLinks, limit: int) -> tuple[list[MostViewedImage], datetime]:
    """Of all time, and when that was so; the caller has folded."""
    computed_at = datetime.now(UTC)
    return await _shown(db, links, await queries.fetch_most_viewed_ever(db, limit), *_EVER), computed_at


async def _shown(
    db: Pool, links: RenditionLinks, found: list[Record], from_at: datetime, to_at: datetime
) -> list[MostViewedImage]:
    ids = [row["image_id"] for row in found]
    if not ids:
        return []
    images = {image.id: image for image in await queries.fetch_images(db, ids)}
    viewers = {row["image_id"]: row for row in await queries.fetch_viewers(db, ids, from_at, to_at)}
    address = await links.addresses()
    return [
        MostViewedImage(
            image_id=image.id,
            views=row["views"],
            viewers=viewers[image.id]["viewers"],
            last_viewed_at=viewers[image.id]["last_viewed_at"],
            original_name=image.original_name,
            file_type=image.file_type,
            laterality=image.laterality,
            view_position=image.view_position,
            created_at=image.created_at,
            links=links_of(image, address),
        )
        for row in found
        if (image := images.get(row["image_id"])) is not None
    ]
