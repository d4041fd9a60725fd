"""Walks storage against the database: every original present and byte-identical, every
rendition present, no file that no row speaks of, nothing in quarantine. Repairs nothing."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

import asyncpg

from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.archive import queries
from mammogram_viewer.archive.installation import STORAGE_KEY, compare_installation
from mammogram_viewer.archive.removals import QUARANTINE, batches, list_orphans
from mammogram_viewer.foundation.errors import NotFound

Fault = Literal[
    "missing", "changed", "missing_rendition", "orphan", "quarantined", "other_installation",
    "missing_activities", "changed_activities",
]  # fmt: skip
_BATCH = 500
_AT_ONCE = 4  # a bucket answers late, but many at once


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be. `image_id` is None for a file without a row."""

    fault: Fault
    image_id: int | None
    storage_key: str


async def verify_originals(db: asyncpg.Pool, storage: Storage) -> AsyncIterator[Finding | None]:
    """One answer for each original: a finding, or None when its bytes are what was received."""
    last_id = 0
    while rows := await queries.list_originals_after(db, last_id, _BATCH):
        last_id = rows[-1]["id"]
        for at in range(0, len(rows), _AT_ONCE):
            for found in await asyncio.gather(*(_check(storage, row) for row in rows[at : at + _AT_ONCE])):
                yield found


async def verify_some(db: asyncpg.Pool, storage: Storage, *, after_id: int, limit: int) -> tuple[int, list[Finding]]:
    """The next originals in the order of their ids: the last id that was looked at (0 at the end, to begin again), and
    what is not as it should be."""
    rows = await queries.list_originals_after(db, after_id, limit)
    findings: list[Finding] = []
    for at in range(0, len(rows), _AT_ONCE):
        found = await asyncio.gather(*(_check(storage, row) for row in rows[at : at + _AT_ONCE]))
        findings += [finding for finding in found if finding is not None]
    return (rows[-1]["id"] if len(rows) == limit else 0), findings


async def _check(storage: Storage, row: asyncpg.Record) -> Finding | None:
    key = row["storage_key"]
    digest = hashlib.sha256()
    try:
        same = await storage.byte_count(key) == row["byte_count"]
        if same:
            async for chunk in storage.open_range(key, 0, row["byte_count"]):
                await asyncio.to_thread(digest.update, chunk)
    except NotFound:
        return Finding("missing", row["id"], key)
    return None if same and digest.digest() == row["sha256"] else Finding("changed", row["id"], key)


async def verify_renditions(db: asyncpg.Pool, storage: Storage) -> AsyncIterator[Finding]:
    """Renditions whose files are gone or have another size."""
    last_id = 0
    while rows := await queries.list_renditions_after(db, last_id, _BATCH):
        for row in rows:
            last_id = row["id"]
            try:
                whole = await storage.byte_count(row["storage_key"]) == row["byte_count"]
            except NotFound:
                whole = False
            if not whole:
                yield Finding("missing_rendition", row["image_id"], row["storage_key"])


async def find_orphans(db: asyncpg.Pool, storage: Storage, *, older_than_seconds: float) -> AsyncIterator[Finding]:
    """Files that no row speaks of, old enough not to be on their way in."""
    for prefix in ("originals", "renditions"):
        async for keys in list_orphans(db, storage, prefix, older_than_seconds=older_than_seconds):
            for key in keys:
                yield Finding("orphan", None, key)


async def find_quarantined(storage: Storage) -> AsyncIterator[Finding]:
    """Originals that no row spoke of, kept for a while."""
    async for keys in batches(storage.list_keys(QUARANTINE, older_than_seconds=-1)):
        for key in sorted(keys):
            yield Finding("quarantined", None, key)


async def find_foreign_storage(db: asyncpg.Pool, storage: Storage) -> AsyncIterator[Finding]:
    """One finding when storage carries the id of another database, or holds files but no id."""
    belonging = await compare_installation(db, storage)
    if belonging == "other" or (belonging == "unknown" and await _holds_originals(storage)):
        yield Finding("other_installation", None, STORAGE_KEY)


async def _holds_originals(storage: Storage) -> bool:
    keys = storage.list_keys("originals", older_than_seconds=-1)
    return await asyncio.to_thread(next, keys, None) is not None
