"""Moves what has happened from the inbox into the roll-ups: beside everything else once a second, and before a reader
who wants the numbers to the event.

The work is one SQL function (migration 0022), under an advisory lock and in one transaction: however many processes
call it, and wherever one is killed, a line counts once."""

from __future__ import annotations

import asyncio
import logging

import asyncpg

from mammogram_viewer.adapters.database.away import AWAY
from mammogram_viewer.foundation.settings import Settings

log = logging.getLogger(__name__)
_LINES_AT_ONCE = 100_000  # about two seconds
# A run takes all lines it sees up to that many, and at most a thousand hours to count anew.
_MORE_FROM = 1000
_FOLD_TIMEOUT_SECONDS = 120.0
_LONGEST_PAUSE_SECONDS = 60.0
_PARTITIONS_SECONDS = 24 * 3600.0
_FOLD = "SELECT fold_activity($1)"
_ENSURE_PARTITIONS = "SELECT ensure_activity_partitions(now()::date, (now() + interval '2 months')::date)"


async def fold(db: asyncpg.Pool) -> int:
    """One run; answers how many lines and hours. Safe to call at any time, costs nothing when there is nothing."""
    return await db.fetchval(_FOLD, _LINES_AT_ONCE, timeout=_FOLD_TIMEOUT_SECONDS)


async def fold_all(db: asyncpg.Pool, *, max_runs: int = 5) -> bool:
    """Fold until everything that was committed before the call is in the roll-ups. False when that would have taken
    more runs: right after a bulk load, say; the numbers then lag and nothing is lost."""
    for _ in range(max_runs):
        if await fold(db) < _MORE_FROM:
            return True
    return False


async def ensure_partitions(db: asyncpg.Pool) -> int:
    """Make the partitions of this month and the two to come; answers how many were missing. Others wait for it, so it
    gives up its turn after five seconds (asyncpg.LockNotAvailableError) rather than hold them up."""
    async with db.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '5s'")
        return await connection.fetchval(_ENSURE_PARTITIONS)


class Folder:
    """Folds until it is cancelled. One in each process; they take turns."""

    def __init__(self, db: asyncpg.Pool, settings: Settings) -> None:
        self._db = db
        self._interval_seconds = settings.fold_interval_seconds
        self._trouble = 0

    async def run_forever(self) -> None:
        """Whatever PostgreSQL says is logged and waited out: what was not folded is folded the next time."""
        partitions_at = 0.0
        loop = asyncio.get_running_loop()
        while True:
            try:
                if loop.time() >= partitions_at:
                    await ensure_partitions(self._db)
                    partitions_at = loop.time() + _PARTITIONS_SECONDS
                more = await fold(self._db) >= _MORE_FROM
                self._trouble = 0
            except (*AWAY, asyncpg.PostgresError) as problem:
                more = False
                self._note(problem)
            await asyncio.sleep(0 if more else self._pause_seconds())

    def _note(self, problem: Exception) -> None:
        self._trouble += 1
        if self._trouble == 1:  # once, however long it lasts
            log.warning("folding_waits", extra={"problem": type(problem).__name__})

    def _pause_seconds(self) -> float:
        """Twice as long after each failure, up to a minute."""
        return min(
            self._interval_seconds * 2 ** min(self._trouble, 10), max(_LONGEST_PAUSE_SECONDS, self._interval_seconds)
        )
