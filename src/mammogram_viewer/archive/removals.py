"""Empties `storage_removals` and finds orphans: the reconciler's part of the archive."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator

import asyncpg

from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.archive import queries

log = logging.getLogger(__name__)
_BATCH = 500


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
    """Delete files that no row speaks of: left by a crash between the rename and the commit. Only files older
    than any upload or render can last, so that what is being made is never touched."""
    removed = 0
    for prefix in ("originals", "renditions"):
        for batch in batched(storage.list_keys(prefix, older_than_seconds=older_than_seconds), _BATCH):
            orphans = sorted(set(batch) - await queries.list_known_keys(db, batch))
            await storage.delete(orphans)
            removed += len(orphans)
    if removed:
        log.warning("orphans_removed", extra={"files": removed})
    return removed


def batched(keys: Iterator[str], size: int) -> Iterator[list[str]]:
    """The keys in lists of at most `size`."""
    while batch := list(itertools.islice(keys, size)):
        yield batch
