"""Lets images go, and brings them back as long as there is time: rows, unfinished jobs, activity and audit in one
transaction. The files stay until the purge (`archive/withdrawals.py::purge_withdrawn`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.activity.many import record_activities, record_audits
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.archive import withdrawals
from mammogram_viewer.archive.service import ABSENT
from mammogram_viewer.archive.standing import Standing, list_originals, list_standing
from mammogram_viewer.archive.withdrawals import WithdrawnImage
from mammogram_viewer.foundation.errors import Conflict, Forbidden, Gone, MammogramViewerError, NotFound
from mammogram_viewer.jobs import outbox
from mammogram_viewer.jobs.models import Job
from mammogram_viewer.jobs.outbox import Connection
from mammogram_viewer.jobs.service import QueueService


@dataclass(frozen=True, kw_only=True)
class Withdrawal:
    """What became of images that were to be deleted."""

    deleted: list[int]
    refused: dict[int, MammogramViewerError]
    undo_until: datetime


@dataclass(frozen=True, kw_only=True)
class Undone:
    """What became of images that were to come back, and the jobs that go on: the caller wakes them."""

    restored: list[int]
    refused: dict[int, MammogramViewerError]
    jobs: list[Job]


async def withdraw(
    db: asyncpg.Pool, image_id: int, principal: Principal, actor: Actor, *, undo_seconds: float
) -> datetime:
    """Delete one image that the caller owns (administrators: any); until when it can be brought back."""
    done = await withdraw_many(db, [image_id], principal, actor, undo_seconds=undo_seconds)
    if done.refused:
        raise done.refused[image_id]
    return done.undo_until


async def withdraw_many(
    db: asyncpg.Pool, image_ids: list[int], principal: Principal, actor: Actor, *, undo_seconds: float
) -> Withdrawal:
    """Delete those that the caller may delete; the others are refused one by one. All in one transaction."""
    deleted: list[int] = []
    refused: dict[int, MammogramViewerError] = {}
    async with db.acquire() as connection, connection.transaction():
        for batch in withdrawals.batches(image_ids):
            standing = await list_standing(connection, batch)
            for image_id in batch:
                if (refusal := _refusal(standing.get(image_id), principal)) is not None:
                    refused[image_id] = refusal
        allowed = [image_id for image_id in image_ids if image_id not in refused]
        # Jobs before images, as workers lock them, and all of them before the first change: a change locks the exam.
        cancelled: dict[int, list[tuple[int, str]]] = {}
        for number, batch in enumerate(withdrawals.batches(allowed)):
            cancelled[number] = await outbox.cancel_for_images(connection, batch)
        await withdrawals.hold_images(connection, allowed)
        for number, batch in enumerate(withdrawals.batches(allowed)):
            gone = await withdrawals.withdraw_images(
                connection,
                batch,
                deleted_by=actor.user_id,
                undo_seconds=undo_seconds,
                cancelled_jobs=cancelled[number],
            )
            await _record_deletions(connection, gone, actor)
            deleted += [image.id for image in gone]
        # Another request was faster with these.
        refused |= {image_id: NotFound(ABSENT) for image_id in set(image_ids) - refused.keys() - set(deleted)}
        undo_until = await withdrawals.undo_until(connection, undo_seconds)
    return Withdrawal(deleted=deleted, refused=refused, undo_until=undo_until)


def _refusal(image: Standing | None, principal: Principal) -> MammogramViewerError | None:
    if image is None or (principal.owner_filter is not None and image.user_id != principal.owner_filter):
        return NotFound(ABSENT)
    if not principal.is_admin and image.user_id != principal.user_id:
        return Forbidden("Only the person who uploaded this image, or an administrator, may delete it.")
    return None


async def _record_deletions(connection: Connection, gone: list[WithdrawnImage], actor: Actor) -> None:
    facts = [(image, {"fileType": image.file_type, "byteCount": image.byte_count}) for image in gone]
    await record_activities(connection, actor, "delete", "image", [(image.id, fact) for image, fact in facts])
    await record_audits(
        connection,
        actor,
        "image_deleted",
        "image",
        [(image.id, {**fact, "sha256": image.sha256.hex()}) for image, fact in facts],
    )


async def restore_many(db: asyncpg.Pool, image_ids: list[int], principal: Principal, actor: Actor) -> Undone:
    """Bring back those that were deleted and could have been deleted by the caller; the others are refused one by one.
    All in one transaction; the caller wakes the jobs after it (`wake_restored`)."""
    restored: list[int] = []
    jobs: list[Job] = []
    refused: dict[int, MammogramViewerError] = {}
    owner_id = None if principal.is_admin else principal.user_id
    async with db.acquire() as connection, connection.transaction():
        for batch in withdrawals.batches(image_ids):
            back = await withdrawals.restore_images(connection, batch, owner_id=owner_id)
            jobs += await outbox.revive(connection, back.cancelled_jobs)
            originals = await list_originals(connection, back.restored, owner_id=None)
            facts = [(one.id, {"fileType": one.file_type, "byteCount": one.byte_count}) for one in originals]
            await record_activities(connection, actor, "image_restored", "image", facts)
            await record_audits(connection, actor, "image_restored", "image", facts)
            restored += back.restored
            refused |= dict.fromkeys(back.over, _OVER)
            refused |= dict.fromkeys(back.uploaded_again, _UPLOADED_AGAIN)
            missing = set(batch) - set(back.restored) - refused.keys()
            standing = await list_standing(connection, sorted(missing))
            refused |= {i: _ABSENT if _refusal(standing.get(i), principal) else _NOT_DELETED for i in missing}
    return Undone(restored=restored, refused=refused, jobs=jobs)


async def wake_restored(queue: QueueService, undone: Undone) -> None:
    """After the commit: Redis may have thrown the entries away, or keep them as done."""
    await queue.wake_all_again(undone.jobs)


_ABSENT = NotFound("Nothing is kept of this image: it does not exist, was not yours, or the time to undo is over.")
_OVER = Gone("The time to undo this deletion is over.", code="undo_over")
_UPLOADED_AGAIN = Conflict(
    "The same file was uploaded again after the deletion; that image takes its place.", code="uploaded_again"
)
_NOT_DELETED = Conflict("This image is not deleted.", code="not_deleted")
