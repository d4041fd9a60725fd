"""The images that were opened most, of those that are still there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from asyncpg import Pool

from mammogram_viewer.analytics import queries_boards, queries_images
from mammogram_viewer.analytics.boards import BEGINNING, Boards, Ranking
from mammogram_viewer.analytics.pieces import END
from mammogram_viewer.analytics.schemas import MostViewedImage
from mammogram_viewer.archive.models import Image
from mammogram_viewer.archive.rendition_links import RenditionLinks
from mammogram_viewer.archive.schemas import links_of

_SPARE = 5  # places asked for beyond the limit, because some images may be gone

Place = tuple[int, int]  # image id, views


class MostViewedImages:
    """One a process."""

    def __init__(self, db: Pool, links: RenditionLinks) -> None:
        self._db = db
        self._links = links
        self.boards = Boards(db)

    async def in_span(self, from_at: datetime, to_at: datetime, limit: int) -> list[MostViewedImage]:
        """Of a span of time, exact to the view; the newer of two images alike comes first."""
        ranking = await self.boards.rank(from_at, to_at)
        places, images = await self._still_there(ranking.places, limit)
        if len(places) < limit and not ranking.complete:  # so many are gone that the board does not reach
            rows = await queries_images.fetch_most_viewed(self._db, from_at, to_at, limit)
            places, images = await self._still_there([(row["image_id"], row["views"]) for row in rows], limit)
        return await self._shown(ranking, places, images, from_at, to_at)

    async def of_user(self, user_id: int, from_at: datetime, to_at: datetime, limit: int) -> list[MostViewedImage]:
        """What one person opened most; they are its only viewer here."""
        rows = await queries_images.fetch_most_viewed(self._db, from_at, to_at, limit, user_id)
        places, images = await self._still_there([(row["image_id"], row["views"]) for row in rows], limit)
        ids = [image_id for image_id, _ in places]
        last = await queries_boards.fetch_last_viewed_by(self._db, user_id, ids, from_at, to_at)
        return await self._wire(places, images, dict.fromkeys(ids, 1), last)

    async def ever(self, limit: int) -> tuple[list[MostViewedImage], datetime]:
        """Of all time, and when that was so; the caller has folded."""
        computed_at = datetime.now(UTC)
        rows = await queries_images.fetch_most_viewed_ever(self._db, limit)
        places, images = await self._still_there([(row["image_id"], row["views"]) for row in rows], limit)
        board = await self.boards.find((BEGINNING, END))
        return await self._shown(Ranking([], True, board), places, images, BEGINNING, END), computed_at

    async def _still_there(self, ranked: Sequence[Place], limit: int) -> tuple[list[Place], dict[int, Image]]:
        """The first places whose images are still there."""
        found: list[Place] = []
        images: dict[int, Image] = {}
        for begin in range(0, len(ranked), limit + _SPARE):
            part = ranked[begin : begin + limit + _SPARE]
            images |= {
                image.id: image for image in await queries_images.fetch_images(self._db, [id_ for id_, _ in part])
            }
            found += [place for place in part if place[0] in images]
            if len(found) >= limit:
                break
        return found[:limit], images

    async def _shown(
        self, ranking: Ranking, places: list[Place], images: dict[int, Image], from_at: datetime, to_at: datetime
    ) -> list[MostViewedImage]:
        if not places:
            return []
        viewers = await self.boards.count_viewers(ranking, places, (from_at, to_at))
        ids = [image_id for image_id, _ in places]
        last = await queries_boards.fetch_last_viewed(self._db, ids, from_at, to_at)
        return await self._wire(places, images, viewers, last)

    async def _wire(
        self, places: list[Place], images: dict[int, Image], viewers: dict[int, int], last: dict[int, datetime]
    ) -> list[MostViewedImage]:
        address = await self._links.addresses()
        return [
            MostViewedImage(
                image_id=image_id,
                views=views,
                viewers=viewers.get(image_id),
                last_viewed_at=last.get(image_id),
                original_name=images[image_id].original_name,
                file_type=images[image_id].file_type,
                laterality=images[image_id].laterality,
                view_position=images[image_id].view_position,
                created_at=images[image_id].created_at,
                links=links_of(images[image_id], address),
            )
            for image_id, views in places
        ]
