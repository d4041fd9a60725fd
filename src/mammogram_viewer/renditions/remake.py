"""Renditions are made again, behind everything else that waits; nothing is hidden meanwhile.

Back-fill: images that an older recipe shows, a batch at a time. No batch follows before the last one is done, so that
neither the outbox nor Redis fills up with a million jobs. And images that a person names, whatever their recipe."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import asyncpg

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.activity.many import record_audits
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.archive import service as archive
from mammogram_viewer.archive.standing import Standing, list_standing
from mammogram_viewer.archive.withdrawals import batches
from mammogram_viewer.foundation.errors import Conflict, MammogramViewerError, NotFound
from mammogram_viewer.imaging.order import RECIPE_VERSION
from mammogram_viewer.jobs import outbox
from mammogram_viewer.jobs.models import REMAKE_RENDITIONS, Job, NewJob
from mammogram_viewer.jobs.outbox import Connection
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


@dataclass(frozen=True, kw_only=True)
class Remakes:
    """What became of images that were to be re-made, and the jobs that the caller wakes."""

    queued: list[int]
    refused: dict[int, MammogramViewerError]
    added: list[NewJob]
    restarted: list[Job]


async def order_remakes(
    db: asyncpg.Pool, queue: QueueService, image_ids: list[int], principal: Principal, actor: Actor
) -> Remakes:
    """A person wants these made again, also by the recipe that has made them; one that waits for it already is queued
    once. All in one transaction; `wake_remakes` after it."""
    done = Remakes(queued=[], refused={}, added=[], restarted=[])
    async with db.acquire() as connection, connection.transaction():
        for batch in batches(image_ids):
            standing = await list_standing(connection, batch)
            for image_id in batch:
                if (refusal := _refusal(standing.get(image_id), principal)) is not None:
                    done.refused[image_id] = refusal
            allowed = [standing[image_id] for image_id in batch if image_id not in done.refused]
            await _order_batch(connection, queue, allowed, done)
            facts = [(image.id, {"recipeVersion": RECIPE_VERSION}) for image in allowed]
            await record_audits(connection, actor, "remake_ordered", "image", facts)
    return done


async def _order_batch(connection: Connection, queue: QueueService, images: list[Standing], done: Remakes) -> None:
    jobs = [
        queue.job_for_remake(image_id=image.id, user_id=image.user_id, recipe_version=RECIPE_VERSION)
        for image in images
    ]
    added = await outbox.add_jobs(connection, jobs)
    known = sorted({job.id for job in jobs} - {job.id for job in added})
    done.queued.extend(image.id for image in images)
    done.added.extend(added)
    done.restarted.extend(await outbox.restart_many(connection, known))


def _refusal(image: Standing | None, principal: Principal) -> MammogramViewerError | None:
    if image is None or (principal.owner_filter is not None and image.user_id != principal.owner_filter):
        return NotFound(archive.ABSENT)
    if image.status in ("pending", "processing"):
        return Conflict("The picture of this image is being made for the first time.", code="not_ready")
    if image.status != "ready":
        return Conflict("This image has no picture yet; retry its job instead.", code="not_shown")
    return None


async def wake_remakes(queue: QueueService, done: Remakes) -> None:
    """After the commit: tell the workers."""
    await queue.wake(done.added)
    await queue.wake_all_again(done.restarted)
