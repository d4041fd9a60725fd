"""Keyset pages against a model of the table in plain Python; the same walks on PostgreSQL are in tests/features."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammogram_viewer.foundation import keyset
from mammogram_viewer.foundation.errors import Invalid, Malformed
from mammogram_viewer.foundation.keyset import (
    MAX_BIGINT,
    Condition,
    Cursor,
    Direction,
    Page,
    PageRequest,
    Walk,
    behind_query,
    cursor_text,
    instant_text,
    page_from,
    page_query,
    parse_cursor,
    parse_page_request,
    resolve,
)

START = datetime(2024, 1, 15, 10, 30, tzinfo=UTC)
Place = tuple[datetime, int]


# --- the model: what the two queries answer on a set of rows ---------------------------------------------------


def ask(rows: set[Place], request: PageRequest) -> Page[Place]:
    cursor = request.cursor
    at = None if cursor is None else (cursor.created_at, int(cursor.id))
    if request.direction == "next":
        beyond = sorted((r for r in rows if at is None or r < at), reverse=True)
        behind = at is not None and any(r >= at for r in rows)
    else:
        beyond = sorted(r for r in rows if at is None or r > at)
        behind = at is not None and any(r <= at for r in rows)
    return page_from(beyond[: request.limit + 1], request, any_behind=behind, place=lambda row: row)


# Few instants, so that many rows share one; a microsecond apart, so that whole seconds would not do.
places = st.tuples(
    st.sampled_from([0, 1, 2, 999_999, 1_000_000, 60_000_000]).map(lambda us: START + timedelta(microseconds=us)),
    st.integers(1, 40),
)
changes = st.lists(st.tuples(st.booleans(), places), max_size=3)


@given(rows=st.sets(places, max_size=30), steps=st.lists(changes, max_size=40), limit=st.integers(1, 7))
@pytest.mark.parametrize("direction", ["next", "prev"])
def test_walk_repeats_nothing_and_loses_nothing_while_rows_come_and_go(
    direction: str, rows: set[Place], steps: list[list[tuple[bool, Place]]], limit: int
) -> None:
    at_first, deleted, seen = set(rows), set[Place](), list[Place]()
    ever_deleted: set[Place] = set()
    request = parse_page_request(None, direction, limit)
    for step in [*steps, *([[]] * 60)]:
        page = ask(rows, request)
        assert page.rows == sorted(page.rows, reverse=True)
        seen += page.rows
        onward = page.next_cursor if direction == "next" else page.prev_cursor
        assert page.has_more == (onward is not None)
        if onward is None:
            break
        request = parse_page_request(onward, direction, limit)
        for is_insert, place in step:
            if is_insert and place not in ever_deleted:  # ids are never given twice
                rows.add(place)
            elif not is_insert:
                rows.discard(place)
                deleted.add(place)
                ever_deleted.add(place)
    else:
        pytest.fail("the walk did not end")
    assert len(seen) == len(set(seen))
    assert at_first - deleted <= set(seen)


@given(
    rows=st.sets(places, min_size=1, max_size=30), limit=st.integers(1, 7), turns=st.lists(st.booleans(), max_size=30)
)
def test_wandering_to_and_fro_always_shows_neighbours(rows: set[Place], limit: int, turns: list[bool]) -> None:
    ordered = sorted(rows, reverse=True)
    page = ask(rows, parse_page_request(None, None, limit))
    for forward in turns:
        assert (page.prev_cursor is None) == (page.rows[0] == ordered[0])
        assert (page.next_cursor is None) == (page.rows[-1] == ordered[-1])
        cursor = page.next_cursor if forward else page.prev_cursor
        if cursor is None:
            continue
        first, last = ordered.index(page.rows[0]), ordered.index(page.rows[-1])
        page = ask(rows, parse_page_request(cursor, "next" if forward else "prev", limit))
        expected = ordered[last + 1 : last + 1 + limit] if forward else ordered[max(0, first - limit) : first]
        assert page.rows == expected


@given(rows=st.sets(places, min_size=2, max_size=20), limit=st.integers(1, 20))
def test_deleting_the_cursors_row_does_not_hide_the_way_back(rows: set[Place], limit: int) -> None:
    first = ask(rows, parse_page_request(None, None, limit))
    if first.next_cursor is None:
        return
    rows -= {first.rows[-1]}
    second = ask(rows, parse_page_request(first.next_cursor, "next", limit))
    newer = [row for row in rows if row > second.rows[0]]
    assert (second.prev_cursor is not None) == bool(newer)


def test_empty_page_after_deletions_turns_round_and_shows_the_last_row_again() -> None:
    rows = {(START, 1), (START, 2), (START + timedelta(seconds=1), 3)}
    first = ask(rows, parse_page_request(None, "next", 2))
    rows -= {(START, 1)}
    empty = ask(rows, parse_page_request(first.next_cursor, "next", 2))
    assert (empty.rows, empty.next_cursor, empty.has_more) == ([], None, False)
    back = ask(rows, parse_page_request(empty.prev_cursor, "prev", 2))
    assert back.rows == [(START + timedelta(seconds=1), 3), (START, 2)]

    rows = {(START, 1), (START, 2), (START + timedelta(seconds=1), 3)}
    last = ask(rows, parse_page_request(None, "prev", 2))
    rows -= {(START + timedelta(seconds=1), 3)}
    empty = ask(rows, parse_page_request(last.prev_cursor, "prev", 2))
    assert (empty.rows, empty.prev_cursor, empty.has_more) == ([], None, False)
    forth = ask(rows, parse_page_request(empty.next_cursor, "next", 2))
    assert forth.rows == [(START, 2), (START, 1)]


def test_empty_table_gives_one_empty_page_without_cursors() -> None:
    page = ask(set(), parse_page_request(None))
    assert (page.rows, page.next_cursor, page.prev_cursor, page.has_more) == ([], None, None, False)


# --- cursors as text ------------------------------------------------------------------------------------------


@given(at=st.datetimes(timezones=st.just(UTC)), row_id=st.integers(1, MAX_BIGINT))
def test_cursor_survives_the_journey_through_text(at: datetime, row_id: int) -> None:
    assert parse_cursor(cursor_text(at, row_id)) == Cursor(created_at=at, id=row_id)


def test_instants_carry_six_digits_even_when_zero() -> None:
    assert instant_text(START) == "2024-01-15T10:30:00.000000Z"
    assert cursor_text(START, 123) == "2024-01-15T10:30:00.000000Z_123"


def test_whole_second_cursor_is_recognised() -> None:
    cursor = parse_cursor("2024-01-15T10:30:00Z_123")
    assert cursor == Cursor(created_at=START, id=123, whole_second=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "123",
        "abc_def",
        "2024-01-15T10:30:00.123456Z",
        "2024-01-15T10:30:00.123456Z_",
        "2024-01-15T10:30:00.123456Z_-1",
        "2024-01-15T10:30:00.123456Z_+1",
        "2024-01-15T10:30:00.123456Z_1.0",
        "2024-01-15T10:30:00.123456Z_0x1",
        "2024-01-15T10:30:00.123456Z_007",
        "2024-01-15T10:30:00.123456Z_dicom-1",
        "2024-01-15T10:30:00.123456Z_9223372036854775808",
        "2024-01-15T10:30:00.123456Z_99999999999999999999999",
        "2024-01-15T10:30:00.123456Z_1 ",
        " 2024-01-15T10:30:00.123456Z_1",
        "2024-01-15T10:30:00.123456Z_1\n",
        "2024-01-15T10:30:00.123456Z_1_2",
        "2024-01-15T10:30:00.123456Z_١",
        "２０２４-01-15T10:30:00.123456Z_1",
        "2024-01-15T10:30:00.123Z_1",
        "2024-01-15T10:30:00.1234567Z_1",
        "2024-01-15T10:30:00.123456+00:00_1",
        "2024-01-15 10:30:00.123456Z_1",
        "2024-02-30T10:30:00.123456Z_1",
        "2024-01-15T25:30:00.123456Z_1",
        "2024-01-15T10:30:60.123456Z_1",
        "0000-01-15T10:30:00.123456Z_1",
        "10000-01-15T10:30:00.123456Z_1",
        "2024-01-15T10:30:00.123456Z_1'; DROP TABLE images;--",
        "\x00",
    ],
)
def test_malformed_cursor_is_refused(text: str) -> None:
    with pytest.raises(Malformed) as refusal:
        parse_cursor(text)
    assert refusal.value.code == "invalid_cursor"


@given(st.text(max_size=60))
def test_no_text_makes_the_parser_fail_otherwise(text: str) -> None:
    with suppress(Malformed):
        parse_cursor(text)


def test_text_ids_are_read_where_the_list_has_them() -> None:
    assert parse_cursor("2024-01-15T10:30:00.000000Z_dicom-123", id_kind="text").id == "dicom-123"
    assert parse_cursor("2024-01-15T10:30:00.000000Z_0", id_kind="text").id == "0"


@pytest.mark.parametrize("limit", [0, -1, 101, 10**30])
def test_limit_out_of_bounds_is_refused(limit: int) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_page_request(None, None, limit)
    assert refusal.value.code == "invalid_limit"


def test_unknown_direction_is_refused() -> None:
    with pytest.raises(Invalid):
        parse_page_request(None, "sideways")


# --- whole seconds --------------------------------------------------------------------------------------------


def test_whole_second_cursor_takes_the_place_of_its_row() -> None:
    found = START + timedelta(microseconds=123_456)
    assert resolve(parse_cursor("2024-01-15T10:30:00Z_7"), found) == Cursor(created_at=found, id=7)


@pytest.mark.parametrize("found", [None, START + timedelta(seconds=1)])
def test_whole_second_cursor_of_a_row_that_is_gone_takes_the_end_of_its_second(found: datetime | None) -> None:
    rows = {(START + timedelta(microseconds=us), us + 1) for us in (0, 5, 999_999, 1_000_000)}
    cursor = resolve(parse_cursor("2024-01-15T10:30:00Z_3"), found)
    page = ask(rows, PageRequest(cursor=cursor, direction="next", limit=10))
    assert [row[1] for row in page.rows] == [1_000_000, 6, 1]
    page = ask(rows, PageRequest(cursor=cursor, direction="prev", limit=10))
    assert [row[1] for row in page.rows] == [1_000_001]


def test_the_last_instant_that_exists_is_no_trouble() -> None:
    cursor = resolve(parse_cursor("9999-12-31T23:59:59Z_3"), None)
    assert cursor.created_at.year == 9999
    assert page_from(
        [], PageRequest(cursor=cursor, direction="prev"), any_behind=True, place=lambda row: row
    ).next_cursor


# --- SQL ------------------------------------------------------------------------------------------------------


def test_query_numbers_its_placeholders_across_conditions_and_cursor() -> None:
    request = parse_page_request("2024-01-15T10:30:00.000000Z_5", "prev", 10)
    conditions = [Condition("a = {} OR b = {}", 1, 2), Condition("c IS NULL")]
    query = page_query("SELECT * FROM t", conditions, request, created_at="t.created_at", id_column="t.id")
    assert query.sql == (
        "SELECT * FROM t WHERE (a = $1 OR b = $2) AND (c IS NULL)"
        " AND (t.created_at, t.id) > ($3::timestamptz, $4::bigint)"
        " ORDER BY t.created_at ASC, t.id ASC LIMIT 11"
    )
    assert query.values == [1, 2, START, 5]
    behind = behind_query("SELECT 1 FROM t", [], request, created_at="created_at", id_column="id")
    assert behind.sql == (
        "SELECT EXISTS (SELECT FROM (SELECT 1 FROM t WHERE (created_at, id) <= ($1::timestamptz, $2::bigint)"
        " ORDER BY created_at DESC, id DESC LIMIT 1) behind)"
    )


@pytest.mark.parametrize("columns", [(), (("t.kind", "a"),), (("t.owner", 5), ("t.kind", "a"))])
@pytest.mark.parametrize("row_id", [None, 70_000, "word"])
@pytest.mark.parametrize("direction", ["next", "prev"])
def test_a_remembered_query_is_the_one_that_would_be_written_anew(
    columns: tuple[tuple[str, Any], ...], row_id: int | str | None, direction: Direction
) -> None:
    cursor = None if row_id is None else Cursor(created_at=datetime(2024, 1, 1, tzinfo=UTC), id=row_id)
    request = PageRequest(cursor=cursor, direction=direction, limit=7)
    base, around = "SELECT * FROM t", "SELECT f.*, {any_behind} AS any_behind FROM ({found}) f"
    walk = Walk(columns=columns)
    written = page_query(base, (), request, created_at="t.at", id_column="t.id", around=around, walk=walk)
    for _ in range(2):
        assert keyset._plain_page_query(base, request, ("t.at", "t.id"), around, walk) == written
