"""Back-fill: images that an older recipe shows get their renditions anew, a batch at a time, behind everything else.

Nothing is hidden meanwhile, and no batch follows before the last one is done, so that neither the outbox nor Redis
fills up with a million jobs."""

from __future__ import annotations

import logging

import asyncpg

from mammogram_viewer.archive import service as archive
from mammogram_viewer.imaging.order import RECIPE_VERSION
from mammogram_viewer.jobs.models import REMAKE_RENDITIONS
from mammogram_viewer.jobs.service import QueueService

log = logging.getLogger(__name__)
_BATCH = 500
_BEGIN = (0, 0)


class BackFill:
    """Walks the images in the order of recipe and id; one whose job has ended without success is not asked again."""

    def __init__(self, db: asyncpg.Pool, queue: QueueService) -> None:
        self._db = db
        self._queue = queue
        self._after = _BEGIN

    async def add_batch(self) -> int:
        """Add the next jobs; answers how many. Safe to repeat, and from several workers."""
        if await self._queue.count_unfinished(REMAKE_RENDITIONS):
            return 0
        found = await archive.list_outdated(self._db, RECIPE_VERSION, after=self._after, limit=_BATCH)
        # At the end it begins again: an image may have become outdated behind us (restored from a backup, say).
        self._after = (found[-1].recipe_version, found[-1].id) if found else _BEGIN
        added = await self._queue.add_jobs(
            [
                self._queue.job_for_remake(image_id=image.id, user_id=image.user_id, recipe_version=RECIPE_VERSION)
                for image in found
            ]
        )
        if added:
            log.info("remakes_added", extra={"images": added, "recipe_version": RECIPE_VERSION})
        return added
