"""Files of archived activities against the rows that speak of them: for the hourly sweep and for `verify`."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import asyncpg

from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.analytics import archive_queries
from mammogram_viewer.analytics.archive import PREFIX
from mammogram_viewer.analytics.archive_file import read_text
from mammogram_viewer.archive.removals import batches, quarantine
from mammogram_viewer.archive.verify import Finding
from mammogram_viewer.foundation.errors import NotFound, Unavailable

log = logging.getLogger(__name__)


async def sweep_archive_files(db: asyncpg.Pool, storage: Storage, *, older_than_seconds: float) -> int:
    """Put files into quarantine that no row speaks of: of an archiving that was cut off (its rows are in the partition
    still), or of a month that was restored and archived again. Not deleted at once: a database that comes back from a
    backup may speak of them. Not while a month is being archived. The caller has made sure that storage and database
    belong together."""
    removed = 0
    async with db.acquire() as connection, connection.transaction():
        if not await archive_queries.lock_archives(connection):
            return 0
        async for keys in _orphans(db, storage, older_than_seconds=older_than_seconds):
            await quarantine(storage, keys)
            removed += len(keys)
    if removed:
        log.warning("activity_files_in_quarantine", extra={"files": removed})
    return removed


async def find_archive_faults(
    db: asyncpg.Pool, storage: Storage, *, orphans_older_than_seconds: float
) -> AsyncIterator[Finding]:
    """Archives whose files are gone or changed, and files that no row speaks of. Reads every file."""
    for row in await archive_queries.list_files(db):
        key = row["storage_key"]
        try:
            async for _ in read_text(storage, key, byte_count=row["byte_count"], sha256=row["sha256"]):
                pass
        except NotFound:
            yield Finding("missing_activities", None, key)
        except Unavailable as problem:
            if problem.code != "file_changed":
                raise
            yield Finding("changed_activities", None, key)
    async for keys in _orphans(db, storage, older_than_seconds=orphans_older_than_seconds):
        for key in keys:
            yield Finding("orphan", None, key)


async def _orphans(db: asyncpg.Pool, storage: Storage, *, older_than_seconds: float) -> AsyncIterator[list[str]]:
    async for batch in batches(storage.list_keys(PREFIX, older_than_seconds=older_than_seconds)):
        if orphans := sorted(set(batch) - await archive_queries.list_known_keys(db, batch)):
            yield orphans
