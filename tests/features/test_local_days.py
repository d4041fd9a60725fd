"""Local days against PostgreSQL's own `AT TIME ZONE`, a minute at a time."""

from __future__ import annotations

from datetime import date, timedelta

import asyncpg
import pytest

from mammogram_viewer.adapters.database.local_days import check_time_zone, day_bounds, today_in
from mammogram_viewer.foundation.errors import Invalid

# Half and quarter hours, clocks that change by half an hour or at midnight, and a day that never was.
PLACES = [
    ("UTC", date(2026, 3, 1)),
    ("Europe/Berlin", date(2026, 3, 28)),
    ("Europe/Berlin", date(2026, 10, 24)),
    ("Asia/Kathmandu", date(2026, 1, 1)),
    ("Asia/Kolkata", date(2026, 1, 1)),
    ("America/St_Johns", date(2026, 10, 31)),
    ("Australia/Lord_Howe", date(2026, 4, 4)),
    ("America/Havana", date(2026, 10, 31)),
    ("America/Havana", date(2026, 3, 7)),
    ("America/Sao_Paulo", date(2018, 11, 3)),
    ("America/Sao_Paulo", date(2018, 2, 17)),
    ("Asia/Beirut", date(2025, 3, 29)),
    ("Africa/Cairo", date(2026, 4, 23)),
    ("Atlantic/Azores", date(2026, 10, 24)),
    ("Pacific/Apia", date(2011, 12, 28)),
]


@pytest.mark.parametrize(("tz", "first"), PLACES)
async def test_every_minute_lies_in_the_day_whose_date_it_bears(db: asyncpg.Pool, tz: str, first: date) -> None:
    last = first + timedelta(days=3)
    bounds = await day_bounds(db, tz, first, last)
    assert bounds == sorted(bounds)
    wrong = await db.fetchval(
        """SELECT count(*) FROM generate_series($1::timestamptz, $2::timestamptz - interval '1 minute', '1 minute') at
           WHERE (at AT TIME ZONE $3)::date <> $4::date + width_bucket(at, $5::timestamptz[]) - 1""",
        bounds[0],
        bounds[-1],
        tz,
        first,
        bounds,
    )
    assert wrong == 0
    edges = await db.fetchrow(
        """SELECT ($1::timestamptz - interval '1 minute') AT TIME ZONE $3 AS before,
                  $2::timestamptz AT TIME ZONE $3 AS after""",
        bounds[0],
        bounds[-1],
        tz,
    )
    assert edges is not None
    assert edges["before"].date() < first
    assert edges["after"].date() > last


@pytest.mark.parametrize("tz", ["", "Berlin", "europe/berlin", "UTC'; --", "posix/UTC", "+05:00", "Mars/Base\x00"])
async def test_what_is_no_time_zone_is_refused(db: asyncpg.Pool, tz: str) -> None:
    with pytest.raises(Invalid) as refused:
        await check_time_zone(db, tz)
    assert refused.value.code == "invalid_time_zone"


async def test_today_is_the_zones_own(db: asyncpg.Pool) -> None:
    east, west = await today_in(db, "Pacific/Kiritimati"), await today_in(db, "Pacific/Niue")
    assert east > west
