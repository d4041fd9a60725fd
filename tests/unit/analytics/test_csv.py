"""CSV of panels: what csv.reader reads back is what was meant, and no cell begins as a formula does."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammogram_viewer.analytics import csv_tables, schemas
from mammogram_viewer.analytics.csv_tables import BOM, csv_bytes
from mammogram_viewer.foundation.csv_text import FORMULA_SIGNS
from mammogram_viewer.foundation.errors import Invalid

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
# What people write, and above all what begins badly; a lone half of a surrogate pair is no text.
names = st.one_of(
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30),
    st.builds(lambda sign, rest: sign + rest, st.sampled_from(FORMULA_SIGNS), st.text("=1+A\t\r\n\",;' ü", max_size=9)),
)


def cells(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def read_back(text: str) -> str:
    """What a reader sees of a text: an apostrophe before what would be a formula."""
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text


@given(st.lists(st.tuples(names, names, st.integers(-(10**12), 10**12) | st.none()), max_size=8))
def test_no_cell_begins_as_a_formula_and_all_are_read_back(rows: list[tuple[str, str, int | None]]) -> None:
    content = csv_bytes(("one", "other", "count"), rows)
    assert content.startswith(BOM.encode())
    found = cells(content)
    assert found[0] == ["one", "other", "count"]
    assert found[1:] == [[read_back(a), read_back(b), "" if n is None else str(n)] for a, b, n in rows]
    for row in found[1:]:
        assert not any(cell.startswith(FORMULA_SIGNS) for cell in row[:2])


def image(**changes: Any) -> schemas.MostViewedImage:
    links: Any = None  # no column shows them
    return schemas.MostViewedImage(
        image_id=7,
        views=3,
        viewers=None,
        last_viewed_at=AT,
        original_name=changes.get("name", "a.dcm"),
        file_type="dicom",
        laterality="L",
        view_position="MLO",
        created_at=AT,
        links=links,
    )


@given(names)
def test_a_file_name_is_harmless_in_the_table_of_most_viewed_images(name: str) -> None:
    (row,) = cells(csv_tables.most_viewed_table([image(name=name)]).content)[1:]
    assert row[4] == read_back(name)
    assert row[:4] == ["7", "3", "", "2026-11-23T12:00:00.000000Z"]


def test_what_is_unknown_is_an_empty_cell_and_never_nought() -> None:
    statistics = schemas.ImageStatistics(
        file_types=[
            schemas.FileTypeStatistics(
                file_type="png", images=0, total_bytes=0, average_bytes=None, min_bytes=None, max_bytes=None
            )
        ],
        total=schemas.ImageStatisticsTotal(images=0, total_bytes=0, average_bytes=None, min_bytes=None, max_bytes=None),
        computed_at=AT,
    )
    assert cells(csv_tables.statistics_table(statistics).content)[1] == ["png", "0", "0", "", "", ""]


def test_weeks_that_have_not_begun_are_empty_and_rows_are_of_one_length() -> None:
    week = schemas.CohortWeek
    cohorts = schemas.Cohorts(
        weeks=[
            week(week="2026-W46", starts_on=date(2026, 11, 9), users=3, active=[3, 2, 0]),
            week(week="2026-W47", starts_on=date(2026, 11, 16), users=1, active=[1, None]),
        ],
        tz="UTC",
    )
    found = cells(csv_tables.cohorts_table(cohorts).content)
    assert found[1] == ["2026-W46", "2026-11-09", "3", "3", "2", "0"]
    assert found[2] == ["2026-W47", "2026-11-16", "1", "1", "", ""]


def test_a_panel_that_there_is_not_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        csv_tables.dashboard_table(None, "nonsense")  # type: ignore[arg-type]  # it is refused before
    assert refused.value.code == "invalid_panel"
