"""The table `system_stats`: a row a UTC day, that outsiders may read; here as the API shows and recomputes it."""

from __future__ import annotations

from datetime import date, timedelta

import asyncpg
from asyncpg import Pool, Record

from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.service import record_audit
from mammogram_viewer.analytics import queries_work
from mammogram_viewer.analytics.schemas import ImagesByType, SystemStats, SystemStatsDay
from mammogram_viewer.foundation.errors import Conflict, Invalid
from mammogram_viewer.foundation.local_days import DEFAULT_DAYS

# SQLSTATEs of the function update_system_stats.
_ARCHIVED, _NOT_BEGUN = "MV001", "MV002"
_EARLIEST, _LATEST = date(1980, 1, 1), date(8999, 12, 31)


async def list_system_stats(db: Pool, first: str | None, last: str | None, max_days: int) -> SystemStats:
    """The rows from one day to another, both included; days that were never computed are missing. Without dates the
    last 30 days, with one of them 30 days from or up to it."""
    span = timedelta(days=DEFAULT_DAYS - 1)
    end = _day("endDate", last) if last is not None else None
    begin = _day("startDate", first) if first is not None else None
    if end is None:
        end = await queries_work.today_utc(db) if begin is None else begin + span
    begin = end - span if begin is None else begin
    if begin > end:
        raise Invalid("startDate lies after endDate. Swap them.", code="invalid_range")
    if (end - begin).days + 1 > max_days:
        raise Invalid(f"The range is longer than {max_days} days. Ask for a part of it.", code="range_too_long")
    return SystemStats(days=[_row(row) for row in await queries_work.fetch_system_stats(db, begin, end)])


async def update_system_stats(db: Pool, day: str | None, actor: Actor) -> SystemStatsDay:
    """Compute one day anew (today when none is named); repeating it changes nothing but `computed_at`. Audited in the
    same transaction. Conflict `day_archived` when its raw facts are in an archive, Invalid `day_not_begun`,
    `invalid_date`."""
    wanted = await queries_work.today_utc(db) if day is None else _day("date", day, code="invalid_date")
    try:
        async with db.acquire() as connection, connection.transaction():
            await queries_work.update_system_stats(connection, wanted)
            detail = {"date": wanted.isoformat()}
            await record_audit(connection, actor, "system_stats_updated", "analytics", None, detail)
    except asyncpg.PostgresError as problem:
        state = getattr(problem, "sqlstate", None)
        if state == _ARCHIVED:
            raise Conflict(
                f"The activities of {wanted} are archived. Restore the archive to compute the day again.",
                code="day_archived",
            ) from None
        if state == _NOT_BEGUN:
            raise Invalid(f"{wanted} has not begun (UTC).", code="day_not_begun") from None
        raise
    return _row((await queries_work.fetch_system_stats(db, wanted, wanted))[0])


def _day(name: str, text: str, code: str = "invalid_range") -> date:
    try:
        if len(text) != len("2026-11-23"):
            raise ValueError(text)
        day = date.fromisoformat(text)
    except ValueError:
        raise Invalid(f"{name} must be a date such as 2026-11-23.", code=code) from None
    if not _EARLIEST <= day <= _LATEST:
        raise Invalid(f"{name} must lie between {_EARLIEST} and {_LATEST}.", code=code)
    return day


def _row(row: Record) -> SystemStatsDay:
    return SystemStatsDay(
        date=row["stat_date"],
        users_total=row["users_total"],
        users_active=row["users_active"],
        users_new=row["users_new"],
        images_total=row["images_total"],
        images_new=row["images_new"],
        images_by_type=ImagesByType(
            dicom=row["images_dicom"], png=row["images_png"], jpeg=row["images_jpeg"], tiff=row["images_tiff"]
        ),
        storage_bytes=row["storage_bytes"],
        logins=row["logins"],
        uploads=row["uploads"],
        views=row["views"],
        downloads=row["downloads"],
        deletes=row["deletes"],
        others=row["others"],
        computed_at=row["computed_at"],
    )
