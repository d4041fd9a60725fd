"""Empties `storage_removals`, and tidies away files that no row speaks of: the reconciler's part of the archive.

**Invariant:** an original that no row speaks of is never deleted here but moved to `quarantine/`: should the database
be the one that is wrong (restored from an older backup, say), it can be put back. Renditions can be made again."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import asyncpg

from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.archive import queries
from mammogram_viewer.foundation.errors import NotFound

log = logging.getLogger(__name__)
QUARANTINE = "quarantine"
_BATCH = 500
_DAY_SECONDS = 24 * 3600


async def empty_removals(db: asyncpg.Pool, storage: Storage) -> int:
    """Delete the files put down for removal, then forget them. Files first: a crash between repeats the
    deletion, which is harmless."""
    removed = 0
    while keys := await queries.list_removals(db, _BATCH):
        await storage.delete(keys)
        await queries.forget_removals(db, keys)
        removed += len(keys)
    return removed


async def remove_orphans(db: asyncpg.Pool, storage: Storage, *, older_than_seconds: float) -> int:
    """Take away files that no row speaks of: left by a crash between the rename and the commit. Only files older
    than any upload or render can last, so that what is being made is never touched. The caller has made sure that
    storage and database belong together."""
    originals = renditions = 0
    async for orphans in list_orphans(db, storage, "originals", older_than_seconds=older_than_seconds):
        await quarantine(storage, orphans)
        originals += len(orphans)
    async for orphans in list_orphans(db, storage, "renditions", older_than_seconds=older_than_seconds):
        await storage.delete(orphans)
        renditions += len(orphans)
    if originals or renditions:
        log.warning("orphans_removed", extra={"originals_in_quarantine": originals, "renditions_deleted": renditions})
    return originals + renditions


async def quarantine(storage: Storage, keys: list[str]) -> None:
    """Put files aside under their keys and the day; they go after `quarantine_days`."""
    today = datetime.now(UTC).date().isoformat()
    for key in keys:
        with contextlib.suppress(NotFound):  # gone meanwhile
            await storage.move(key, f"{QUARANTINE}/{today}/{key}")


async def purge_quarantine(storage: Storage, *, days: float) -> int:
    """Delete what has been in quarantine for that long: a file is as old as its move."""
    purged = 0
    async for keys in batches(storage.list_keys(QUARANTINE, older_than_seconds=days * _DAY_SECONDS)):
        await storage.delete(keys)
        purged += len(keys)
    if purged:
        log.warning("quarantine_purged", extra={"files": purged})
    return purged


async def list_orphans(
    db: asyncpg.Pool, storage: Storage, prefix: str, *, older_than_seconds: float
) -> AsyncIterator[list[str]]:
    """Keys that no row speaks of, in lists."""
    async for batch in batches(storage.list_keys(prefix, older_than_seconds=older_than_seconds)):
        if orphans := sorted(set(batch) - await queries.list_known_keys(db, batch)):
            yield orphans


async def batches(keys: Iterator[str]) -> AsyncIterator[list[str]]:
    """The keys in lists. Listing blocks, so it is done in a thread: BullMQ's locks must be renewed meanwhile."""
    while batch := await asyncio.to_thread(lambda: list(itertools.islice(keys, _BATCH))):
        yield batch
