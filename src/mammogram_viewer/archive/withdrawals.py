"""Deletion with undo: the rows of an image move into one row of `withdrawn_images`, and back while there is time.

Whatever reads `images` knows nothing of a deleted image: no list has to leave it out, and none can forget to. Its files
stay where they are until the purge puts them down for removal; study and series stay as long.

Invariants: an image is in `images` or in `withdrawn_images`, never in both or neither, until it is purged; who deletes
the row of `withdrawn_images` first, a restoration or the purge, has decided."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from mammogram_viewer.archive import withdrawal_queries as queries
from mammogram_viewer.archive.models import FileType
from mammogram_viewer.archive.queries import Connection

log = logging.getLogger(__name__)
_BATCH = 1000
_PURGED_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class WithdrawnImage:
    """What the records of a deletion tell of an image."""

    id: int
    file_type: FileType
    byte_count: int
    sha256: bytes


@dataclass(frozen=True, kw_only=True)
class Restoration:
    """What became of images that were to come back: some are there again, with the jobs that go on; of the others the
    time was over, or their owner has uploaded the same bytes again meanwhile."""

    restored: list[int]
    cancelled_jobs: list[str]
    over: set[int]
    uploaded_again: set[int]


def batches(image_ids: list[int]) -> Iterator[list[int]]:
    """In the order of ids, which is the order in which rows are locked, a thousand at a time."""
    ordered = sorted(set(image_ids))
    for start in range(0, len(ordered), _BATCH):
        yield ordered[start : start + _BATCH]


async def hold_images(connection: Connection, image_ids: list[int]) -> None:
    """Lock the images until the caller's transaction ends, in the order that everybody keeps. To be done for all before
    the first of many is changed: a change locks its exam, too, which others change while they hold an image."""
    for batch in batches(image_ids):
        await queries.lock_images(connection, batch)


async def undo_until(connection: Connection, undo_seconds: float) -> datetime:
    """Until when what this transaction takes away can be brought back."""
    return await queries.undo_until(connection, undo_seconds)


async def withdraw_images(
    connection: Connection,
    image_ids: list[int],
    *,
    deleted_by: int | None,
    undo_seconds: float,
    cancelled_jobs: list[tuple[int, str]],
) -> list[WithdrawnImage]:
    """Take the images away; answers those that were still there. `cancelled_jobs`, pairs of image and job, are those
    that the caller has cancelled in the same transaction."""
    locked = await queries.lock_images(connection, image_ids)
    rows = await queries.move_out(
        connection, locked, deleted_by=deleted_by, undo_seconds=undo_seconds, jobs=cancelled_jobs
    )
    return [WithdrawnImage(**dict(row)) for row in sorted(rows, key=lambda row: row["id"])]


async def restore_images(connection: Connection, image_ids: list[int], *, owner_id: int | None) -> Restoration:
    """Bring back what is there and was this person's (None: anybody's), exactly as it was."""
    rows = await queries.lock_withdrawn(connection, image_ids)
    own = [row for row in rows if owner_id is None or row["user_id"] == owner_id]
    wanted = [row["image_id"] for row in own if not row["is_over"]]
    restored = await queries.move_back_images(connection, wanted) if wanted else []
    cancelled_jobs: list[str] = []
    if restored:
        await queries.move_back_children(connection, restored)
        cancelled_jobs = await queries.forget(connection, restored)
        await queries.mark_conflicts(connection, restored)
    return Restoration(
        restored=sorted(restored),
        cancelled_jobs=sorted(cancelled_jobs),
        over={row["image_id"] for row in own if row["is_over"]},
        uploaded_again=set(wanted) - set(restored),
    )


async def purge_withdrawn(db: asyncpg.Pool) -> int:
    """Let go for good what nobody has brought back in time; answers how many. Safe to repeat, and from several
    processes: a batch is one transaction, and its files are put down for removal in it."""
    purged = 0
    while True:
        try:
            gone = await _purge_batch(db)
        except asyncpg.ForeignKeyViolationError:
            # A filing under the same study at this very moment; nothing has changed, the next walk comes by again.
            log.info("purge_waits")
            return purged
        purged += gone
        if gone < _PURGED_AT_ONCE:
            return purged


async def _purge_batch(db: asyncpg.Pool) -> int:
    async with db.acquire() as connection, connection.transaction():
        rows = await queries.purge(connection, _PURGED_AT_ONCE)
        study_ids = sorted({row["study_id"] for row in rows if row["study_id"] is not None})
        series_ids = sorted({row["series_id"] for row in rows if row["series_id"] is not None})
        if study_ids:
            await queries.delete_empty_parents(connection, study_ids, series_ids)
    return len(rows)
