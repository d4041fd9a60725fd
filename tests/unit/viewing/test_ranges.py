"""Byte ranges as RFC 9110, 14.2 has them, for every file size and every header."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammogram_viewer.foundation.errors import RangeNotSatisfiable
from mammogram_viewer.viewing.ranges import etag_matches, parse_range


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("", None),
        ("bytes=0-0", (0, 1)),
        ("bytes=0-", (0, 100)),
        ("bytes=99-", (99, 100)),
        ("bytes=10-19", (10, 20)),
        ("bytes=10-1000", (10, 100)),
        ("bytes=-1", (99, 100)),
        ("bytes=-100", (0, 100)),
        ("bytes=-5000", (0, 100)),
        ("bytes = 1 - 2", (1, 3)),
        ("bytes=2-1", None),
        ("bytes=-", None),
        ("bytes=0-1,3-4", None),
        ("items=0-1", None),
        ("bytes=0x1-2", None),
        ("bytes=+1-2", None),
        ("bytes=١-٢", None),
        ("bytes=" + "9" * 19 + "-", None),
    ],
)
def test_one_range_is_honoured_and_everything_else_means_the_whole(
    header: str | None, expected: tuple[int, int] | None
) -> None:
    assert parse_range(header, 100) == expected


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=999999999999999999-"])
def test_a_range_beyond_the_file_is_not_satisfiable(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable):
        parse_range(header, 100)


@given(
    header=st.one_of(
        st.text(max_size=50),
        st.builds("bytes={}-{}".format, st.integers(0, 300) | st.just(""), st.integers(0, 300) | st.just("")),
    ),
    byte_count=st.integers(0, 200),
)
def test_whatever_is_asked_the_answer_lies_inside_the_file(header: str, byte_count: int) -> None:
    try:
        found = parse_range(header, byte_count)
    except RangeNotSatisfiable:
        return
    if found is not None:
        start, stop = found
        assert 0 <= start < stop <= byte_count


@pytest.mark.parametrize(
    ("header", "matches"),
    [
        (None, False),
        ("", False),
        ('"abc"', True),
        ('W/"abc"', True),
        ("*", True),
        (" * ", True),
        ('"x", W/"abc" ,"y"', True),
        ('"x","y"', False),
        ("abc", False),
        ('"ABC"', False),
    ],
)
def test_etags_are_compared_weakly(header: str | None, matches: bool) -> None:
    assert etag_matches(header, '"abc"') is matches
