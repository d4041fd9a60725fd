"""Everything that analytics has derived, derived anew from raw rows while the service runs; and the days of
`system_stats` that are missing or have become wrong.

A step is a transaction under the lock of fold_activity(), so that whatever is killed between two of them, each number
is the old one or the new one, and beginning again is always right. Months whose raw rows are archived are left as they
are."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

import asyncpg

from mammogram_viewer.activity.models import SYSTEM
from mammogram_viewer.activity.service import record_audit
from mammogram_viewer.analytics import rebuild_queries as queries
from mammogram_viewer.analytics.fold import fold_all
from mammogram_viewer.foundation.errors import Conflict, Locked

log = logging.getLogger(__name__)
_ATTEMPTS = 10
_PAUSE_SECONDS = 1.0
_ARCHIVED = "MV001"


@dataclass(frozen=True, kw_only=True)
class Step:
    """How far it is: `done` of `total` steps; `label` says what was done last."""

    done: int
    total: int
    label: str


@dataclass(frozen=True, kw_only=True)
class Rebuilt:
    """What was derived anew. `archived_months`: left as they are."""

    days: int
    system_stats: int
    archived_months: int


async def rebuild(db: asyncpg.Pool, tell: Callable[[Step], None]) -> Rebuilt:
    """Recount all activities day by day, then the stock of images and views, then the days of `system_stats`.

    Locked `rebuild_under_way`; Conflict `activity_busy` when uploads hold their tables for too long. Pool of two
    connections at least."""
    async with db.acquire() as guard, guard.transaction():
        if not await queries.lock_rebuild(guard):
            raise Locked("A rebuild is under way already. Wait for it to end.", code="rebuild_under_way")
        days = await queries.list_days(db)
        stats = await queries.list_stat_days(db)
        total, done = len(days) + 1 + len(stats), 0
        for day in days:
            await queries.recount_day(db, day)
            done += 1
            tell(Step(done=done, total=total, label=f"activities of {day}"))
        await _rebuild_stock_and_views(db)
        done += 1
        tell(Step(done=done, total=total, label="images and views"))
        for day in stats:
            await _update(db, day)
            done += 1
            tell(Step(done=done, total=total, label=f"statistics of {day}"))
        archived = await queries.count_archived_months(db)
        detail = {"days": len(days), "systemStats": len(stats), "archivedMonths": archived}
        await record_audit(guard, SYSTEM, "analytics_rebuilt", "analytics", None, detail)
    log.info("analytics_rebuilt", extra=detail)
    return Rebuilt(days=len(days), system_stats=len(stats), archived_months=archived)


async def _rebuild_stock_and_views(db: asyncpg.Pool) -> None:
    for _ in range(_ATTEMPTS):
        try:
            await queries.rebuild_stock_and_views(db)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return
    raise Conflict("Images are being added all the time. Run it again at a quieter hour.", code="activity_busy")


async def heal_days(db: asyncpg.Pool, from_at: datetime | None = None, to_at: datetime | None = None) -> int:
    """Compute the days of `system_stats` that are over and missing, were computed before they ended, or tell other
    counts than the roll-ups (facts that came late); of all time, or of a span. Answers how many. Days whose raw rows
    are archived stay as they are."""
    await fold_all(db, max_runs=100)
    days = await queries.list_days_to_heal(db, from_at, to_at)
    for day in days:
        await _update(db, day)
    return len(days)


async def _update(db: asyncpg.Pool, day: date) -> None:
    try:
        await queries.update_day(db, day)
    except asyncpg.PostgresError as problem:
        if getattr(problem, "sqlstate", None) != _ARCHIVED:  # archived since we asked
            raise
