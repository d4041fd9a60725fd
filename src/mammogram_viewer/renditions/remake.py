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


class BackFill:
    """Walks the images in the order of their ids; one whose job has ended without success is not asked again."""

    def __init__(self, db: asyncpg.Pool, queue: QueueService) -> None:
        self._db = db
        self._queue = queue
        self._after_id = 0

    async def add_batch(self) -> int:
        """Add the next jobs; answers how many. Safe to repeat, and from several workers."""
        if await self._queue.count_unfinished(REMAKE_RENDITIONS):
            return 0
        found = await archive.list_outdated(self._db, RECIPE_VERSION, after_id=self._after_id, limit=_BATCH)
        # At the end it begins again: an image may have become outdated behind us (restored from a backup, say).
        self._after_id = found[-1][0] if found else 0
        added = await self._queue.add_jobs(
            [
                self._queue.job_for_remake(image_id=image_id, user_id=user_id, recipe_version=RECIPE_VERSION)
                for image_id, user_id in found
            ]
        )
        if added:
            log.info("remakes_added", extra={"images": added, "recipe_version": RECIPE_VERSION})
        return added
