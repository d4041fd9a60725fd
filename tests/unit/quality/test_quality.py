"""What needs no server: pseudonyms, what may be asked for, curves."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammogram_viewer.foundation.errors import Invalid, Malformed
from mammogram_viewer.quality.curves import DEFAULT_CURVES
from mammogram_viewer.quality.exams import Behind, check_limit, parse_before
from mammogram_viewer.quality.operators import Operators, key_of

SECRET = b"s" * 32


@given(st.text(), st.text())
def test_a_pseudonym_is_one_persons_and_tells_nothing_without_the_secret(one: str, other: str) -> None:
    assert key_of(SECRET, one) == key_of(SECRET, one)
    assert (key_of(SECRET, one) == key_of(SECRET, other)) is (one == other)
    assert key_of(b"t" * 32, one) != key_of(SECRET, one)


def test_two_whose_pseudonyms_begin_alike_are_shown_with_all_of_it() -> None:
    operators = Operators({"a": "3F2A00000000", "b": "3F2A11111111", "c": "0000AAAAAAAA"}, {})
    assert operators.label("a") == "Operator 3F2A00000000"
    assert operators.label("c") == "Operator 0000"
    assert operators.label(None) is None


def test_those_whom_no_header_names_are_asked_for_by_nothing() -> None:
    operators = Operators({"doe jane": "3F2A00000000"}, {"3F2A00000000": ["Doe^Jane", "DOE^JANE"], "": ["^^"]})
    assert operators.names_of("") == ["", "^^"]
    assert operators.names_of("3F2A00000000") == ["Doe^Jane", "DOE^JANE"]
    with pytest.raises(Invalid):
        operators.names_of("doe jane")


@pytest.mark.parametrize("cursor", ["", "x", "1.5", "١", "1" * 19, "--1"])
def test_a_cursor_that_is_none_is_refused(cursor: str) -> None:
    with pytest.raises(Malformed):
        parse_before(cursor)


@given(st.integers(-(10**18) + 1, 10**18 - 1))
def test_every_place_is_a_cursor(place: int) -> None:
    assert parse_before(str(place)) == place


def test_pages_have_a_limit() -> None:
    assert check_limit(None) == 20
    for limit in (0, 101, -1):
        with pytest.raises(Invalid):
            check_limit(limit)


@pytest.mark.parametrize(
    "asked",
    [
        {"lacks": "sha256"},
        {"month": "2026-1"},
        {"missing": "R XX"},
        {"outcome": "ready"},
        {"repeated": "a", "lacks": "laterality"},
    ],
)
def test_what_cannot_be_asked_for_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal:
        Behind(between={}, **asked).check()
    assert refusal.value.code == "invalid_selection"


def test_the_rule_of_views_is_that_of_the_exam_list() -> None:
    twice = {"shown R CC": 2, "processing R CC": 2, "shown L CC": 1}
    assert Behind(between={}, missing="any").fits(twice)
    assert Behind(between={}, missing="L MLO", repeated="R CC").fits(twice)
    assert not Behind(between={}, repeated="L CC").fits(twice)
    assert not Behind(between={}, missing="any").fits({})


def test_the_curves_of_the_program_name_their_source() -> None:
    for curve in DEFAULT_CURVES:
        assert "European guidelines" in curve.source
        assert "PMMA" in curve.source
        doses = [point.dose_mgy for point in curve.points]
        assert doses == sorted(doses)
        assert len(curve.source) <= 200
