from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammogram_viewer.foundation.errors import Invalid
from mammogram_viewer.foundation.local_days import STANDARD_DAYS, DayRange, parse_days

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize("days", STANDARD_DAYS)
def test_so_many_days_end_with_today(days: int) -> None:
    first, last = parse_days(days, None, None, today=TODAY, max_days=1100)
    assert last == TODAY
    assert DayRange(first, last, "UTC").days == days


def test_without_a_wish_there_are_thirty_days() -> None:
    assert parse_days(None, None, None, today=TODAY, max_days=1100)[0] == date(2026, 10, 25)


@pytest.mark.parametrize(
    ("days", "first", "last", "code"),
    [
        (31, None, None, "invalid_days"),
        (0, None, None, "invalid_days"),
        (-7, None, None, "invalid_days"),
        (30, "2026-01-01", "2026-01-02", "invalid_range"),
        (None, "2026-01-02", None, "invalid_range"),
        (None, None, "2026-01-02", "invalid_range"),
        (None, "2026-01-02", "2026-01-01", "invalid_range"),
        (None, "2026-02-30", "2026-03-01", "invalid_range"),
        (None, "20260101", "20260102", "invalid_range"),
        (None, "2026-W01-1", "2026-01-09", "invalid_range"),
        (None, "", "", "invalid_range"),
        (None, "2026-11-24", "2026-11-25", "invalid_range"),
        (None, "1900-01-01", "2000-01-01", "invalid_range"),
        (None, "1990-01-01", "2090-01-01", "range_too_long"),
    ],
)
def test_what_is_no_range_is_refused(days: int | None, first: str | None, last: str | None, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_days(days, first, last, today=TODAY, max_days=1100)
    assert refused.value.code == code


@given(st.dates(date(1990, 1, 1), TODAY), st.integers(0, 1099))
def test_dates_come_back_as_they_were_given(first: date, more: int) -> None:
    last = first + timedelta(days=more)
    assert parse_days(None, str(first), str(last), today=TODAY, max_days=1100) == (first, last)
