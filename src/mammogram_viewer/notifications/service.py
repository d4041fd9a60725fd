"""What people are told of their uploads: the list, its read mark, and where their jobs stand."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg

from mammogram_viewer.foundation.errors import Invalid
from mammogram_viewer.foundation.keyset import Page, PageRequest
from mammogram_viewer.notifications import queries
from mammogram_viewer.notifications.models import JobMoved, Notification

MAX_UNREAD = 1000
_NEWEST = 200
_ENDED = 500


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Where the jobs of one user stand; `at` is the database's time before it was read."""

    jobs: list[JobMoved]
    unread: int
    complete: bool
    at: datetime


async def list_notifications(db: asyncpg.Pool, request: PageRequest, user_id: int) -> Page[Notification]:
    """One page of the user's ended jobs, the last ended first."""
    return await queries.list_notifications(db, request, user_id)


async def count_unread(db: queries.Database, user_id: int) -> int:
    """Stops at MAX_UNREAD."""
    return await queries.count_unread(db, user_id, limit=MAX_UNREAD)


async def mark_read(db: asyncpg.Pool, user_id: int, up_to: datetime) -> int:
    """Everything that ended until then has been seen; answers what is still unread. Safe to repeat."""
    try:
        up_to = up_to.replace(tzinfo=UTC) if up_to.tzinfo is None else up_to.astimezone(UTC)
    except OverflowError:
        raise Invalid("upTo is no instant that a notification can have.", code="invalid_up_to") from None
    await queries.set_read(db, user_id, up_to)
    return await count_unread(db, user_id)


async def list_moved(db: queries.Database, job_ids: list[str]) -> list[JobMoved]:
    return await queries.list_moved(db, job_ids)


async def take_snapshot(db: asyncpg.Pool, user_id: int, since: datetime | None) -> Snapshot:
    """The newest jobs, and those that have ended since then."""
    at = await queries.database_time(db)
    ended, newest, unread = await asyncio.gather(
        _ended_since(db, user_id, since),
        queries.list_newest(db, user_id, limit=_NEWEST),
        count_unread(db, user_id),
    )
    jobs = {job.id: job for job in (*ended[:_ENDED], *newest)}
    return Snapshot(jobs=list(jobs.values()), unread=unread, complete=len(ended) <= _ENDED, at=at)


async def _ended_since(db: asyncpg.Pool, user_id: int, since: datetime | None) -> list[JobMoved]:
    if since is None:
        return []
    return await queries.list_ended_since(db, user_id, since, limit=_ENDED + 1)
