"""Walks storage against the database: every original present and byte-identical, every
rendition present, no file that no row speaks of. Repairs nothing."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import asyncpg

from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.archive import queries
from mammogram_viewer.archive.removals import batched
from mammogram_viewer.foundation.errors import NotFound

Fault = Literal["missing", "changed", "missing_rendition", "orphan"]
_BATCH = 500


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be. `image_id` is None for an orphan."""

    fault: Fault
    image_id: int | None
    storage_key: str


async def verify_originals(db: asyncpg.Pool, storage: Storage) -> AsyncIterator[Finding | None]:
    """One answer for each original: a finding, or None when its bytes are what was received."""
    last_id = 0
    while rows := await queries.list_originals_after(db, last_id, _BATCH):
        for row in rows:
            last_id = row["id"]
            try:
                size = await storage.byte_count(row["storage_key"])
                digest = await asyncio.to_thread(_digest, storage.local_copy(row["storage_key"]))
            except (NotFound, FileNotFoundError):
                yield Finding("missing", last_id, row["storage_key"])
                continue
            same = size == row["byte_count"] and digest == row["sha256"]
            yield None if same else Finding("changed", last_id, row["storage_key"])


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
        for batch in batched(storage.list_keys(prefix, older_than_seconds=older_than_seconds), _BATCH):
            for key in sorted(set(batch) - await queries.list_known_keys(db, batch)):
                yield Finding("orphan", None, key)


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
