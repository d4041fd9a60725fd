"""Ranges of local days as people ask for them: the last N days, or from one date to another, both included.

Pure: which instants a day has in a time zone is PostgreSQL's to say (`adapters/database/local_days.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from mammogram_viewer.foundation.errors import Invalid

STANDARD_DAYS = (7, 14, 30, 60, 90)
DEFAULT_DAYS = 30
# Before it there was no DICOM, and zones were minutes apart.
_EARLIEST = date(1980, 1, 1)


@dataclass(frozen=True)
class DayRange:
    """Local days of a time zone, `first` and `last` included."""

    first: date
    last: date
    tz: str

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def parse_days(
    days: int | None,
    first: str | None,
    last: str | None,
    *,
    today: date,
    max_days: int,
    standard: Sequence[int] = STANDARD_DAYS,
) -> tuple[date, date]:
    """The first and last day wanted: `days` that end with today, or dates. Without either the last 30 days.

    Invalid: `invalid_days`, `invalid_range` (one date missing, unreadable, reversed, or all of it still to come),
    `range_too_long`."""
    if first is None and last is None:
        count = DEFAULT_DAYS if days is None else days
        if count not in standard:
            raise Invalid(f"days must be one of {', '.join(map(str, standard))}.", code="invalid_days")
        return today - timedelta(days=count - 1), today
    if days is not None:
        raise Invalid("Give either days, or from and to, not both.", code="invalid_range")
    if first is None or last is None:
        raise Invalid("Give both from and to, as 2026-11-23.", code="invalid_range")
    begin, end = _parse_date("from", first), _parse_date("to", last)
    if end < begin:
        raise Invalid("from lies after to. Swap them.", code="invalid_range")
    if begin > today:
        raise Invalid("The whole range is still to come.", code="invalid_range")
    if (end - begin).days + 1 > max_days:
        raise Invalid(
            f"The range is longer than {max_days} days (MAMMOGRAM_VIEWER_ANALYTICS_MAX_DAYS). Ask for a part of it.",
            code="range_too_long",
        )
    return begin, end


def _parse_date(name: str, text: str) -> date:
    try:
        # Not date.fromisoformat, which takes week dates and dates without hyphens too.
        day = datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise Invalid(f"{name} must be a date such as 2026-11-23.", code="invalid_range") from None
    if not _EARLIEST <= day < date(9000, 1, 1):
        raise Invalid(f"{name} must lie between {_EARLIEST} and the year 9000.", code="invalid_range")
    return day
