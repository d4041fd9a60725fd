"""What a worker does with a claimed job that renders: child, storage, one transaction.

`convert_dicom` and `render_picture` decide about their image. `remake_renditions` makes the same with a newer recipe
while the older renditions are shown, `render_on_demand` one more that somebody asked for: whatever becomes of these
two, an image that is shown stays shown.

May run twice at any time. Renditions get random names, become durable, and are published with the job's end in
one transaction; whoever comes second finds the job ended and puts its own files down for removal."""

from __future__ import annotations

import asyncio
import errno
import logging
import shutil
import tempfile
from pathlib import Path

import asyncpg
import msgspec

from mammogram_viewer.adapters.nursery import ChildDied, Nursery
from mammogram_viewer.adapters.storage.keys import new_rendition_key
from mammogram_viewer.adapters.storage.port import FILE_CHANGED, FILE_MISSING, STORAGE_UNAVAILABLE, Storage
from mammogram_viewer.archive import service as archive
from mammogram_viewer.archive.models import Image, NewRendition
from mammogram_viewer.foundation.crash_points import crash_point
from mammogram_viewer.foundation.errors import NotFound, StorageFull, Unavailable
from mammogram_viewer.foundation.reasons import REASONS
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.imaging.order import RECIPE_VERSION, RenderOrder
from mammogram_viewer.imaging.render import Rejected, Rendered, RenderLimits
from mammogram_viewer.jobs import outbox
from mammogram_viewer.jobs.models import REMAKE_RENDITIONS, RENDER_ON_DEMAND, Claim
from mammogram_viewer.renditions.judge import is_as_told
from mammogram_viewer.renditions.task import RenderAnswer, render_task

log = logging.getLogger(__name__)
_FULL = {errno.ENOSPC, errno.EDQUOT}
STORAGE_FULL = "storage_full"
NEWER_RECIPE_REJECTS = "newer_recipe_rejects"
STORAGE_FULL_REASON = (
    "Storage was full, so the picture could not be made. The original is safe; when there is space again, it can be "
    "tried once more."
)
_STORAGE_REASONS = {
    STORAGE_UNAVAILABLE: "Storage could not be reached, so the picture could not be made. It can be tried once more.",
    FILE_MISSING: "The original is not in storage. Sending the file again brings it back; so does an administrator, "
    "from quarantine or a backup.",
    FILE_CHANGED: "What lies in storage is not the file that was received, so no picture is made of it. An "
    "administrator can bring it back from a backup.",
}


class AttemptFailed(Exception):
    """An attempt failed in a way that may pass; `attempts_allowed` counts this kind."""

    def __init__(self, code: str, reason: str, *, attempts_allowed: int, exit_code: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason
        self.attempts_allowed = attempts_allowed
        self.exit_code = exit_code


class Renderer:
    """Renders originals. One instance a worker."""

    def __init__(self, db: asyncpg.Pool, storage: Storage, nursery: Nursery, settings: Settings) -> None:
        self._db = db
        self._storage = storage
        self._nursery = nursery
        self._settings = settings
        self._limits = RenderLimits(
            megapixels=settings.max_megapixels,
            frames=settings.max_frames,
            elements=settings.max_elements,
            nesting=settings.max_nesting,
            inflated_bytes=settings.max_inflated_bytes,
            tiles=settings.max_tiles,
            packets=settings.max_packets,
            seconds=settings.child_wall_seconds,
            multiframe_seconds=settings.child_multiframe_wall_seconds,
        )

    async def run(self, claim: Claim) -> None:
        """One attempt. Ends the job's row, or raises AttemptFailed (or the unexpected) for another attempt."""
        assert claim.job.image_id is not None
        image = await archive.find_image(self._db, claim.job.image_id)
        if image is None:
            await self._cancel(claim)
            # Deleted, unless the deletion has been undone at this moment: then the job has been kept, and goes on.
            image = await archive.find_image(self._db, claim.job.image_id)
        if image is None:
            return
        try:
            await self._attempt(claim, image)
        except StorageFull:
            raise self._storage_full() from None
        except (NotFound, Unavailable) as problem:
            if problem.code not in _STORAGE_REASONS:
                raise
            reason, attempts = _STORAGE_REASONS[problem.code], self._settings.job_attempts
            raise AttemptFailed(problem.code, reason, attempts_allowed=attempts) from None
        except OSError as problem:
            if problem.errno not in _FULL:
                raise
            raise self._storage_full() from None

    async def _attempt(self, claim: Claim, image: Image) -> None:
        order = _order(claim)
        folder = Path(tempfile.mkdtemp(prefix="render-", dir=self._settings.spool_dir))
        try:
            outcome = await self._render(image, order, folder)
            crash_point("after_render")
            if isinstance(outcome, Rejected):
                await self._reject(claim, image, outcome)
            else:
                await self._publish(claim, image, order, outcome, folder)
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _render(self, image: Image, order: RenderOrder, folder: Path) -> Rendered | Rejected:
        # A copy from S3 lies beside the child's folder, not in it: the child reads it and never writes.
        async with self._storage.on_disk(
            image.storage_key, self._settings.spool_dir, byte_count=image.byte_count, sha256=image.sha256
        ) as original:
            outcome = await self._nursery.run(
                render_task,
                str(original),
                str(folder),
                image.file_type,
                self._limits,
                order,
                folder=folder,
                readable=[original],
                answer_type=RenderAnswer,
                # The child ends itself earlier, unless its file has several frames (`render_task`).
                wall_seconds=max(self._settings.child_multiframe_wall_seconds, self._settings.child_wall_seconds),
            )
        if isinstance(outcome, ChildDied) and outcome.code == STORAGE_FULL:
            raise self._storage_full()
        if isinstance(outcome, ChildDied):
            raise self._decoder_failed(outcome.code, outcome.exit_code)
        answer = outcome.rejected or outcome.rendered
        assert answer is not None
        return answer

    def _storage_full(self) -> AttemptFailed:
        return AttemptFailed(STORAGE_FULL, STORAGE_FULL_REASON, attempts_allowed=self._settings.job_attempts)

    def _decoder_failed(self, code: str, exit_code: int | None = None) -> AttemptFailed:
        return AttemptFailed(code, REASONS[code], attempts_allowed=self._settings.decoder_attempts, exit_code=exit_code)

    async def _publish(self, claim: Claim, image: Image, order: RenderOrder, outcome: Rendered, folder: Path) -> None:
        if not is_as_told(outcome, order, folder):
            raise self._decoder_failed("decoder_crash")
        renditions = [
            NewRendition(
                kind=file.kind,
                recipe_version=RECIPE_VERSION,
                storage_key=new_rendition_key(),
                content_type=file.content_type,
                byte_count=file.byte_count,
                width=file.width,
                height=file.height,
                frame_offsets=None if file.frame_offsets is None else list(file.frame_offsets),
            )
            for file in outcome.files
        ]
        paths = [folder / file.file_name for file in outcome.files]
        keys = [rendition.storage_key for rendition in renditions]
        await self._storage.adopt(list(zip(paths, keys, strict=True)))
        crash_point("after_publish")
        async with self._db.acquire() as connection, connection.transaction():
            if not await outbox.hold(connection, claim):
                await archive.request_removals(connection, keys)
                return
            if claim.job.type == RENDER_ON_DEMAND:
                await archive.add_renditions(connection, image.id, renditions)
            else:
                await archive.file_header(connection, image.id, outcome.header)
                await archive.show_renditions(connection, image.id, renditions)
            await outbox.complete(connection, claim, {"recipeVersion": RECIPE_VERSION})

    async def _reject(self, claim: Claim, image: Image, outcome: Rejected) -> None:
        """Expected: this file cannot become a picture. What its header told is filed all the same."""
        async with self._db.acquire() as connection, connection.transaction():
            if not await outbox.hold(connection, claim):
                return
            if claim.job.decides_image:
                if outcome.header is not None:
                    await archive.file_header(connection, image.id, outcome.header)
                await archive.mark_ended(connection, image.id, "rejected", outcome.code, outcome.detail)
            elif claim.job.type == REMAKE_RENDITIONS:
                # What is shown stays, but not without a word: a newer version would not have shown it.
                await archive.warn(connection, image.id, NEWER_RECIPE_REJECTS)
            await outbox.reject(connection, claim, outcome.code, outcome.detail)

    async def _cancel(self, claim: Claim) -> None:
        async with self._db.acquire() as connection, connection.transaction():
            assert claim.job.image_id is not None
            await outbox.cancel_if_absent(connection, claim.job.image_id)


def _order(claim: Claim) -> RenderOrder:
    """What the job's row asks for; of all but on-demand jobs that is what every upload gets."""
    if claim.job.type != RENDER_ON_DEMAND:
        return RenderOrder()
    return msgspec.convert(claim.job.input, RenderOrder)
