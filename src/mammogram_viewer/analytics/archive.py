"""Months of raw activities into compressed files of storage, and back. Roll-ups are not touched by either.

    copy the partition -> spool -> storage -> read back and compare -> under a lock: the row of the archive instead of
    the partition, in one transaction

**Invariant:** the raw rows of a month are in its partition, or all of them in a file that a row of activity_archives
speaks of. A crash before the end leaves the partition, and at most a file that no row speaks of, which
`archive_check.sweep_archive_files` removes.

Facts that come for an archived month are kept and counted on top; when the month is archived again they become a file
of their own, and `restore` brings all of them back."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import asyncpg

from mammogram_viewer.activity.models import SYSTEM
from mammogram_viewer.activity.service import record_audit
from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.analytics import archive_queries
from mammogram_viewer.analytics.archive_file import ArchiveWriter, Written, read_back, read_text
from mammogram_viewer.analytics.archive_queries import AnyConnection
from mammogram_viewer.analytics.fold import fold_all
from mammogram_viewer.analytics.queries_work import today_utc
from mammogram_viewer.analytics.rebuild import heal_days
from mammogram_viewer.archive.installation import join_installation
from mammogram_viewer.foundation.errors import Conflict, Invalid, Locked, NotFound, Unavailable
from mammogram_viewer.foundation.settings import Settings

log = logging.getLogger(__name__)
PREFIX = "activity"
_COPIES = 3  # when facts keep coming meanwhile
_LOCK_ATTEMPTS = 5
_LOCK_PAUSE_SECONDS = 2.0
_MOST_DAYS = 500_000  # a date before it is still one
_DAY_SECONDS = 24 * 3600.0


@dataclass(frozen=True, kw_only=True)
class MonthOfActivity:
    """A month (its first day) as `list_months` tells it. Archived numbers are None where nothing is archived."""

    month: date
    live_rows: int
    live_bytes: int  # of its partition, with indexes
    archived_rows: int | None
    archived_bytes: int | None
    restored_at: datetime | None

    @property
    def state(self) -> str:
        """`archived`, `restored` or `live`."""
        if self.archived_rows is not None:
            return "archived"
        return "live" if self.restored_at is None else "restored"


@dataclass(frozen=True, kw_only=True)
class Moved:
    """A month that was archived or restored."""

    month: date
    rows: int
    byte_count: int


def parse_month(text: str) -> date:
    """The first day of `2026-03`; Invalid `invalid_month`."""
    try:
        if len(text) != len("2026-03"):
            raise ValueError(text)
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise Invalid("A month is written as 2026-03.", code="invalid_month") from None


class ActivityArchives:
    """Archives and restores; one at a time in the whole installation (Locked `archive_under_way`). The pool has two
    connections at least."""

    def __init__(self, db: asyncpg.Pool, storage: Storage, settings: Settings) -> None:
        self._db = db
        self._storage = storage
        self._settings = settings

    async def list_months(self) -> list[MonthOfActivity]:
        """All months that have raw rows or archives, oldest first."""
        return [
            MonthOfActivity(
                month=row["month"],
                live_rows=row["live_rows"],
                live_bytes=row["live_bytes"],
                archived_rows=row["archived_rows"],
                archived_bytes=row["archived_bytes"],
                restored_at=row["restored_at"],
            )
            for row in await archive_queries.list_months(self._db)
        ]

    async def months_before(self, month: date) -> list[date]:
        """Months with raw rows before this one. Invalid `month_not_over` when that would take in the present one."""
        if month > (await today_utc(self._db)).replace(day=1):
            raise Invalid("Only months that are over can be archived.", code="month_not_over")
        return await archive_queries.list_months_with_rows(self._db, month)

    async def due_months(self) -> list[date]:
        """What `activity_archive_days` lets go: months that ended so long ago, but for those that somebody has restored
        within as many days."""
        days = min(self._settings.activity_archive_days, _MOST_DAYS)
        if days <= 0:
            return []
        first_kept = (await today_utc(self._db)) - timedelta(days=days)
        months = await archive_queries.list_months_with_rows(self._db, first_kept.replace(day=1))
        return sorted(set(months) - await archive_queries.list_restored_since(self._db, days * _DAY_SECONDS))

    async def archive(self, month: date) -> Moved | None:
        """Put all raw rows of a month into a file; None when there are none. Safe to repeat, also after a crash.

        Conflict `month_changing` (facts come faster than they are copied), `activity_busy` (a long reader holds the
        table), `partition_detached`, `other_installation`; Unavailable and StorageFull of storage."""
        await self._demand_own_storage()
        for _ in range(_COPIES):
            async with self._alone() as connection:
                await self._give_partition(month)
                # Days are computed from raw rows: the last time to do so. What was changed is counted.
                await heal_days(self._db, *archive_queries.month_span(month))
                await fold_all(self._db, max_runs=100)
                key = f"{PREFIX}/{month:%Y-%m}/{uuid.uuid4().hex}.csv.gz"
                mark, written = await self._write(month, key)
                if written is None:
                    return None
                if await self._swap(connection, month, key, mark, written):
                    return Moved(month=month, rows=mark[0], byte_count=written.byte_count)
            await self._storage.delete([key])
        raise Conflict(f"Activities of {month:%Y-%m} keep being changed. Try again later.", code="month_changing")

    async def restore(self, month: date) -> Moved:
        """Bring the raw rows of a month back, all or none. The files stay until the month is archived again.

        NotFound `month_not_archived` or `file_missing`, Unavailable `file_changed`, Locked `archive_under_way`."""
        async with self._alone() as connection:
            found = await archive_queries.find_archives(connection, month)
            if not found:
                live = await archive_queries.was_restored(connection, month)
                raise NotFound(
                    f"{month:%Y-%m} {'has been restored already' if live else 'is not archived'}. "
                    "`mammogram-viewer stats list` shows what is.",
                    code="month_not_archived",
                )
            await self._give_partition(month)
            for row in found:
                await self._read(connection, month, row)
            await archive_queries.mark_restored(connection, [row["id"] for row in found])
            moved = Moved(
                month=month,
                rows=sum(row["row_count"] for row in found),
                byte_count=sum(row["byte_count"] for row in found),
            )
            await self._audit(connection, "activity_restored", moved)
        log.info("activity_restored", extra={"month": f"{month:%Y-%m}", "rows": moved.rows})
        return moved

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[AnyConnection]:
        """A transaction that keeps others away. What it writes fails if its connection, and with it the lock, is
        lost."""
        async with self._db.acquire() as connection, connection.transaction():
            if not await archive_queries.lock_archives(connection):
                raise Locked(
                    "Another process is archiving or restoring activities. Wait for it to end.",
                    code="archive_under_way",
                )
            yield connection

    async def _give_partition(self, month: date) -> None:
        try:
            attached = await archive_queries.ensure_partition(self._db, month)
        except asyncpg.LockNotAvailableError:
            raise _busy() from None
        if not attached:
            raise Conflict(
                f"{archive_queries.partition_of(month)} is a table beside user_activity. Attach it first.",
                code="partition_detached",
            )

    async def _demand_own_storage(self) -> None:
        if not await join_installation(self._db, self._storage, self._settings.spool_dir):
            raise Conflict(
                "Storage is not known to belong to this database; nothing was archived. `mammogram-viewer verify` "
                "tells more.",
                code="other_installation",
            )

    async def _write(self, month: date, key: str) -> tuple[tuple[int, int | None], Written | None]:
        """A file in storage that has been read back; with what it was copied from."""
        path = self._settings.spool_dir / f"{PREFIX}-{uuid.uuid4().hex}"
        writer = ArchiveWriter(path)
        try:
            mark = await archive_queries.copy_out(self._db, month, writer.write)
            if not mark[0]:
                return mark, None
            written = await writer.finish()
            await self._storage.adopt([(path, key)])
        finally:
            writer.close()
            path.unlink(missing_ok=True)
        await read_back(self._storage, key, written)
        return mark, written

    async def _swap(
        self, connection: AnyConnection, month: date, key: str, mark: tuple[int, int | None], written: Written
    ) -> bool:
        """The archive instead of the partition, unless rows have changed since they were copied."""
        for attempt in range(_LOCK_ATTEMPTS):
            try:
                async with connection.transaction():
                    await archive_queries.hold_still(connection, month)
                    if await archive_queries.fingerprint(connection, month) != mark:
                        return False
                    if await archive_queries.has_recounts(connection, month):
                        return False
                    await archive_queries.replace_partition(
                        connection,
                        month,
                        key=key,
                        rows=mark[0],
                        byte_count=written.byte_count,
                        sha256=written.sha256,
                    )
                    moved = Moved(month=month, rows=mark[0], byte_count=written.byte_count)
                    await self._audit(connection, "activity_archived", moved)
            except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
                # Others wait behind us while we wait: so only for moments.
                if attempt + 1 < _LOCK_ATTEMPTS:
                    await asyncio.sleep(_LOCK_PAUSE_SECONDS)
            else:
                log.info("activity_archived", extra={"month": f"{month:%Y-%m}", "rows": mark[0]})
                return True
        await self._storage.delete([key])
        raise _busy()

    async def _read(self, connection: AnyConnection, month: date, row: asyncpg.Record) -> None:
        text = read_text(self._storage, row["storage_key"], byte_count=row["byte_count"], sha256=row["sha256"])
        if await archive_queries.copy_in(connection, month, text) != row["row_count"]:
            raise Unavailable(
                f"The archive of {month:%Y-%m} holds another number of rows than was written; nothing was restored.",
                code="file_changed",
            )

    async def _audit(self, connection: AnyConnection, act: str, moved: Moved) -> None:
        detail = {"month": f"{moved.month:%Y-%m}", "rows": moved.rows, "bytes": moved.byte_count}
        await record_audit(connection, SYSTEM, act, "activity", None, detail)


def _busy() -> Conflict:
    return Conflict(
        "Activities are being read all the time (a CSV export, perhaps). Try again later.", code="activity_busy"
    )
