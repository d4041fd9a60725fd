"""Ranges as people ask for them: what is refused, where local days begin and end, what a comparison compares, and what
nobody knows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from mammogram_viewer.analytics.ranges import Asked, Period, open_period
from mammogram_viewer.analytics.service import AnalyticsService
from mammogram_viewer.archive.rendition_links import RenditionLinks
from mammogram_viewer.foundation.errors import Invalid
from mammogram_viewer.foundation.settings import Settings
from product import add_people


@pytest.fixture
async def analytics(db: asyncpg.Pool, database_url: str, settings: Settings) -> AnalyticsService:
    await add_people(database_url)
    return AnalyticsService(db, settings, RenditionLinks(db, "", link_seconds=60))


async def add(db: asyncpg.Pool, activity_type: str, *instants: datetime, user_id: int = 1) -> None:
    await db.executemany(
        "INSERT INTO user_activity (user_id, activity_type, created_at) VALUES ($1, $2, $3)",
        [(user_id, activity_type, at) for at in instants],
    )


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (Asked(days=8), "invalid_days"),
        (Asked(days=0), "invalid_days"),
        (Asked(days=-30), "invalid_days"),
        (Asked(days=10**12), "invalid_days"),
        (Asked(first="2026-11-02", last="2026-11-01"), "invalid_range"),
        (Asked(first="2026-11-02"), "invalid_range"),
        (Asked(last="2026-11-02"), "invalid_range"),
        (Asked(first="2026-02-30", last="2026-03-01"), "invalid_range"),
        (Asked(first="0001-01-01", last="0001-01-02"), "invalid_range"),
        (Asked(first="8999-01-01", last="8999-01-02"), "invalid_range"),
        (Asked(first="today", last="tomorrow"), "invalid_range"),
        (Asked(first="2026-11-01T00:00", last="2026-11-02"), "invalid_range"),
        (Asked(days=7, first="2026-11-01", last="2026-11-02"), "invalid_range"),
        (Asked(first="1980-01-01", last="2026-11-02"), "range_too_long"),
        (Asked(first="2026-11-01", last="8026-11-01"), "range_too_long"),
        (Asked(tz="Mars/Olympus"), "invalid_time_zone"),
        (Asked(tz=""), "invalid_time_zone"),
        (Asked(tz="Europe/Berlin\x00"), "invalid_time_zone"),
        (Asked(tz="europe/berlin'; DROP TABLE users --"), "invalid_time_zone"),
        (Asked(compare="next"), "invalid_compare"),
    ],
)
async def test_bad_ranges_are_refused_with_their_code(analytics: AnalyticsService, asked: Asked, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        await analytics.get_dashboard_metrics(asked=asked)
    assert refused.value.code == code


async def test_days_in_which_clocks_change_have_23_and_25_hours(db: asyncpg.Pool, analytics: AnalyticsService) -> None:
    spring = [
        at("2026-03-28T22:59:59"),
        at("2026-03-28T23:00:00"),
        at("2026-03-29T21:59:59"),
        at("2026-03-29T22:00:00"),
    ]
    autumn = [
        at("2026-10-24T21:59:59"),
        at("2026-10-24T22:00:00"),
        at("2026-10-25T22:59:59"),
        at("2026-10-25T23:00:00"),
    ]
    for day, instants in (("2026-03-29", spring), ("2026-10-25", autumn)):
        await add(db, "view", *instants)
        told = await analytics.get_dashboard_metrics(asked=Asked(first=day, last=day, tz="Europe/Berlin"))
        assert told.charts.activity[0].views == 2, day
        assert told.range.from_at == instants[1]
        assert told.range.to_at == instants[3]
    hours = {date(2026, 3, 29): 23, date(2026, 10, 25): 25}
    for day, count in hours.items():
        told = await analytics.get_dashboard_metrics(asked=Asked(first=str(day), last=str(day), tz="Europe/Berlin"))
        assert told.range.to_at - told.range.from_at == timedelta(hours=count)


async def test_a_gap_of_half_an_hour_and_one_at_midnight(db: asyncpg.Pool, analytics: AnalyticsService) -> None:
    """Lord Howe's clocks change by thirty minutes; in Havana's spring there is no midnight."""
    for tz, day, length in (
        ("Australia/Lord_Howe", "2026-04-05", timedelta(hours=24, minutes=30)),
        ("Australia/Lord_Howe", "2026-10-04", timedelta(hours=23, minutes=30)),
        ("America/Havana", "2026-03-08", timedelta(hours=23)),
        ("America/Havana", "2026-11-01", timedelta(hours=25)),
    ):
        if date.fromisoformat(day) > datetime.now(UTC).date():
            continue
        told = await analytics.get_upload_trends(asked=Asked(first=day, last=day, tz=tz))
        assert told.range.to_at - told.range.from_at == length, (tz, day)
        first, last = told.range.from_at, told.range.to_at
        await add(db, "upload", first - timedelta(microseconds=1), first, last - timedelta(microseconds=1), last)
        told = await analytics.get_upload_trends(asked=Asked(first=day, last=day, tz=tz))
        assert told.points[0].uploads == 2, (tz, day)


async def test_a_day_that_never_was_has_nothing_in_it(db: asyncpg.Pool, analytics: AnalyticsService) -> None:
    """Samoa went from 29 to 31 December 2011."""
    await add(db, "upload", at("2011-12-30T09:59:59"), at("2011-12-30T10:00:00"))
    told = await analytics.get_upload_trends(asked=Asked(first="2011-12-29", last="2011-12-31", tz="Pacific/Apia"))
    assert [(point.day.day, point.uploads) for point in told.points] == [(29, 1), (30, 0), (31, 1)]
    assert told.range.to_at - told.range.from_at == timedelta(hours=48)
    assert not any(point.partial for point in told.points)


async def period_of(db: asyncpg.Pool, settings: Settings, asked: Asked) -> Period:
    return await open_period(db, settings, asked)


@pytest.mark.parametrize("tz", ["UTC", "Asia/Kathmandu", "America/New_York"])
async def test_a_partial_today_is_compared_with_as_much_of_the_days_before(
    db: asyncpg.Pool, analytics: AnalyticsService, tz: str
) -> None:
    zone = ZoneInfo(tz)
    told = await analytics.get_dashboard_metrics(asked=Asked(days=7, tz=tz))
    before = told.previous
    assert before is not None
    assert told.range.partial
    now, until = told.range.as_of.astimezone(zone), before.until_at.astimezone(zone)
    assert until.date() == now.date() - timedelta(days=7)
    assert abs((until.replace(tzinfo=None) + timedelta(days=7)) - now.replace(tzinfo=None)) < timedelta(
        hours=1, seconds=1
    )
    assert [day.partial for day in told.charts.uploads] == [False] * 6 + [True]
    # To the event, within the quarter in which the comparison ends.
    await add(db, "view", before.until_at - timedelta(seconds=1), before.from_at, told.range.from_at, user_id=2)
    await add(db, "view", before.until_at + (before.to_at - before.until_at) / 2, user_id=3)
    again = await analytics.get_dashboard_metrics(asked=Asked(days=7, tz=tz))
    assert again.summary.views.previous == 2
    assert again.summary.views.value == 1
    assert again.summary.active_users.previous == 1


async def test_a_range_that_has_ended_is_compared_with_whole_days(analytics: AnalyticsService) -> None:
    told = await analytics.get_dashboard_metrics(asked=Asked(first="2026-03-01", last="2026-03-10", tz="Europe/Berlin"))
    assert told.previous is not None
    assert (told.previous.from_, told.previous.to) == (date(2026, 2, 19), date(2026, 2, 28))
    assert told.previous.until_at == told.previous.to_at == told.range.from_at
    assert not told.range.partial
    nothing = await analytics.get_dashboard_metrics(asked=Asked(first="2026-03-01", last="2026-03-10", compare="none"))
    assert nothing.previous is None
    assert nothing.summary.users.previous is None


async def test_what_was_before_the_first_fact_is_unknown_and_not_zero(
    db: asyncpg.Pool, analytics: AnalyticsService
) -> None:
    fresh = await analytics.get_dashboard_metrics(7)
    assert fresh.known_from is None
    assert (fresh.summary.views.value, fresh.summary.views.previous) == (0, None)
    await add(db, "view", datetime.now(UTC) - timedelta(days=2))
    told = await analytics.get_dashboard_metrics(7)
    assert told.known_from is not None
    assert (told.summary.views.value, told.summary.views.previous) == (1, None)
    assert told.summary.active_users.previous is None
    assert told.summary.images.previous is None
    long_ago = await analytics.get_dashboard_metrics(asked=Asked(first="2020-01-01", last="2020-01-05"))
    assert long_ago.summary.views.value is None
    trends = await analytics.get_upload_trends(7)
    assert [point.previous_uploads for point in trends.points] == [None] * 7


async def archive(db: asyncpg.Pool, from_at: datetime, to_at: datetime) -> None:
    await db.execute(
        """INSERT INTO activity_archives (from_at, to_at, storage_key, row_count, byte_count, sha256)
           VALUES ($1, $2, 'k', 1, 1, '\\x00')""",
        from_at, to_at,
    )  # fmt: skip
    async with db.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute("DELETE FROM user_activity WHERE created_at >= $1 AND created_at < $2", from_at, to_at)


async def test_archived_months_stay_in_all_sums_and_are_unknown_of_one_person(
    db: asyncpg.Pool, analytics: AnalyticsService
) -> None:
    month, next_month = at("2026-02-01T00:00:00"), at("2026-03-01T00:00:00")
    await add(db, "view", at("2026-02-10T12:00:00"), at("2026-03-10T12:00:00"))
    asked = Asked(first="2026-03-01", last="2026-03-20", tz="UTC")
    before = await analytics.get_user_analytics(1, asked=asked)
    assert (before.summary.views.value, before.summary.views.previous) == (1, 1)
    await archive(db, month, next_month)
    one = await analytics.get_user_analytics(1, asked=asked)
    assert (one.summary.views.value, one.summary.views.previous) == (1, None)
    across = await analytics.get_user_analytics(1, asked=Asked(first="2026-02-27", last="2026-03-02", tz="UTC"))
    assert [day.views for day in across.activity] == [None, None, 0, 0]
    assert across.summary.views.value is None
    everybody = await analytics.get_dashboard_metrics(asked=asked)
    assert (everybody.summary.views.value, everybody.summary.views.previous) == (1, 1)
