"""Spans cut into days, hours, quarters and rests: nothing is lost and nothing counts twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mammogram_viewer.analytics.pieces import DAY, END, HOUR, QUARTER, Cut, cut, floor

START = datetime(2026, 3, 1, tzinfo=UTC)
instants = st.one_of(
    st.integers(0, 40 * 96).map(lambda n: START + n * QUARTER),
    st.integers(0, 40 * 24).map(lambda n: START + n * HOUR),
    st.integers(0, 40 * 86_400_000_000).map(lambda n: START + timedelta(microseconds=n)),
)


def all_pieces(made: Cut) -> list[tuple[datetime, datetime]]:
    grains = (made.days, made.hours, made.quarters, made.raw)
    return sorted(piece for grain in grains for piece in zip(grain.begins, grain.ends, strict=True))


@given(begin=instants, end=instants, by_days=st.booleans())
def test_pieces_join_to_the_span_without_gap_or_overlap(begin: datetime, end: datetime, by_days: bool) -> None:
    span = [(3, begin, end)]
    made = cut([], by_days=span) if by_days else cut(span)
    pieces = all_pieces(made)
    if begin >= end:
        assert not pieces
        return
    assert pieces[0][0] == begin
    assert pieces[-1][1] == end
    assert all(one[1] == other[0] for one, other in pairwise(pieces))


@given(begin=instants, end=instants)
def test_each_piece_lies_on_its_grain_and_raw_rows_are_few(begin: datetime, end: datetime) -> None:
    made = cut([], by_days=[(1, begin, end)])
    for grain, step in ((made.days, DAY), (made.hours, HOUR), (made.quarters, QUARTER)):
        assert all(floor(at, step) == at for at in (*grain.begins, *grain.ends))
    # a span that holds no whole quarter may touch two of them
    assert all(to - at < 2 * QUARTER for at, to in zip(made.raw.begins, made.raw.ends, strict=True))
    assert len(made.raw.slots) <= 2
    assert len(made.days.slots) <= 1
    assert len(made.hours.slots) <= 2
    assert len(made.quarters.slots) <= 4


def test_local_day_of_kathmandu_is_hours_with_quarters_at_its_ends() -> None:
    midnight = datetime(2026, 11, 22, 18, 15, tzinfo=UTC)
    made = cut([(7, midnight, midnight + DAY)])
    assert made.hours.columns == ([7], [midnight + 3 * QUARTER], [midnight + DAY - QUARTER])
    assert made.quarters.begins == [midnight, midnight + DAY - QUARTER]
    assert not made.raw.slots


def test_what_comes_after_everything_is_one_piece() -> None:
    made = cut([(1, START, END)])
    assert made.hours.columns == ([1], [START], [END])
