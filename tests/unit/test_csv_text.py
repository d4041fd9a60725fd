from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammogram_viewer.foundation.csv_text import FORMULA_SIGNS, csv_row


def read_back(*rows: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO("".join(rows), newline="")))


@pytest.mark.parametrize("sign", FORMULA_SIGNS)
def test_a_text_that_begins_as_a_formula_does_is_made_harmless(sign: str) -> None:
    assert read_back(csv_row([f"{sign}cmd|'/c calc'!A1"])) == [[f"'{sign}cmd|'/c calc'!A1"]]


def test_a_negative_number_stays_one() -> None:
    assert csv_row([-1, -0.5, "-0.5"]) == "-1,-0.5,'-0.5\r\n"


def test_what_is_unknown_is_empty_and_never_nought() -> None:
    assert csv_row([None, 0, "", float("nan")]) == ",0,,\r\n"


def test_instants_are_utc_and_local_times_are_left_alone() -> None:
    at = datetime(2026, 11, 23, 1, 30, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    row = csv_row([at, datetime(2026, 11, 23, 1, 30), date(2026, 11, 23), True])
    assert row == "2026-11-22T19:45:00.000000Z,2026-11-23T01:30:00,2026-11-23,true\r\n"
    assert at.astimezone(UTC).hour == 19


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=2)))
def test_every_text_is_read_back_as_it_was_or_with_an_apostrophe(rows: list[list[str]]) -> None:
    read = read_back(*(csv_row(row) for row in rows))
    assert len(read) == len(rows)
    for row, cells in zip(rows, read, strict=True):
        assert cells == [f"'{text}" if text.startswith(FORMULA_SIGNS) else text for text in row]
