"""Who sees imaging quality, who changes its curves, what is refused, and that CSV does no harm."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from product import Product
from quality_rows import Mammogram, ask, insert_mammograms, refused, table


async def test_a_formula_in_a_header_is_harmless_in_csv_and_the_export_is_audited(product: Product) -> None:
    at = datetime(2023, 6, 1, 12, tzinfo=UTC)
    connection = await asyncpg.connect(product.database_url)
    user_id = await connection.fetchval("SELECT id FROM users WHERE email = 'user@example.org'")
    await insert_mammograms(
        connection,
        [Mammogram(study="formula", arrived_at=at, station='=HYPERLINK("http://x")', target="@SUM(1)", filter="-1")],
        user_id,
    )
    await connection.close()
    days = {"from": "2023-06-01", "to": "2023-06-01"}
    (exposure,) = table(product, "/dose", "exposures", **days)
    assert exposure["unit"] == '\'=HYPERLINK("http://x")'
    assert (exposure["target"], exposure["filter"]) == ("'@SUM(1)", "'-1")
    rows = await product.fetch("SELECT detail FROM audit_log WHERE act = 'quality_exported' ORDER BY id DESC LIMIT 1")
    assert '"dose/exposures"' in str(rows[0]["detail"]).replace("'", '"')


# --- reference curves -----------------------------------------------------------------------------------------


async def test_an_administrator_changes_the_curves_and_two_at_once_are_told_apart(product: Product) -> None:
    before = ask(product, "/curves")
    assert before["isDefault"] is True
    assert all("PMMA" in curve["source"] for curve in before["curves"])
    achievable = {point["thicknessMm"]: point["doseMgy"] for point in before["curves"][1]["points"]}
    assert achievable == {21: 0.6, 32: 1.0, 45: 1.6, 53: 2.0, 60: 2.4, 75: 3.6, 90: 5.1}
    points = [{"thicknessMm": 60, "doseMgy": 2.1}, {"thicknessMm": 30, "doseMgy": 1.1}]
    ours = {"name": "Ours\u0000 ", "source": "Physicist's report", "points": points}
    change = {"curves": [ours], "version": before["version"]}
    changed = product.client("admin").put("/api/quality/curves", json=change)
    assert changed.status_code == 200, changed.text
    assert changed.json()["changedBy"] == "Admin Example"
    (curve,) = ask(product, "/dose", who="radiologist")["curves"]
    assert curve["name"] == "Ours"
    assert [point["thicknessMm"] for point in curve["points"]] == [30, 60]
    refused(product.client("admin").put("/api/quality/curves", json=change), 409, "curves_changed")
    reset = product.client("admin").put("/api/quality/curves", json={"curves": None, "version": 1})
    assert reset.json()["curves"] == before["curves"]
    audited = await product.fetch("SELECT act FROM audit_log WHERE act = 'reference_curves_changed'")
    assert len(audited) == 2


@pytest.mark.parametrize(
    "curves",
    [
        [{"name": "", "source": "x", "points": [{"thicknessMm": 1, "doseMgy": 1}, {"thicknessMm": 2, "doseMgy": 1}]}],
        [{"name": "a", "source": "", "points": [{"thicknessMm": 1, "doseMgy": 1}, {"thicknessMm": 2, "doseMgy": 1}]}],
        [{"name": "a", "source": "x", "points": [{"thicknessMm": 1, "doseMgy": 1}]}],
        [{"name": "a", "source": "x", "points": [{"thicknessMm": 1, "doseMgy": -1}, {"thicknessMm": 2, "doseMgy": 1}]}],
        [{"name": "a", "source": "x", "points": [{"thicknessMm": 1, "doseMgy": 1}, {"thicknessMm": 1, "doseMgy": 2}]}],
        [{"name": "a" * 300, "source": "x", "points": []}],
        [
            {
                "name": str(n),
                "source": "x",
                "points": [{"thicknessMm": 1, "doseMgy": 1}, {"thicknessMm": 2, "doseMgy": 1}],
            }
            for n in range(9)
        ],
    ],
)
def test_a_curve_that_is_none_is_refused(product: Product, curves: Any) -> None:
    version = ask(product, "/curves")["version"]
    answer = product.client("admin").put("/api/quality/curves", json={"curves": curves, "version": version})
    refused(answer, 422, "invalid_curve")


# --- who, and bad input ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "/dose", "/exams", "/curves", "/headers"])
def test_administrators_and_radiologists_see_quality_and_nobody_else(product: Product, path: str) -> None:
    for who, status in (("admin", 200), ("radiologist", 200), ("technologist", 403), ("user", 403)):
        assert product.client(who).get(f"/api/quality{path}").status_code == status, who
    refused(
        product.client("radiologist").put("/api/quality/curves", json={"curves": None, "version": 0}), 403, "forbidden"
    )


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ({"days": 31}, 422, "invalid_days"),
        ({"from": "2026-04-02", "to": "2026-04-01"}, 422, "invalid_range"),
        ({"from": "2026-04-31", "to": "2026-05-01"}, 422, "invalid_range"),
        ({"from": "2026-04-01"}, 422, "invalid_range"),
        ({"from": "1990-01-01", "to": "2026-01-01"}, 422, "range_too_long"),
        ({"tz": "Mars/Olympus"}, 422, "invalid_time_zone"),
        ({"by": "password_hash"}, 422, "invalid_unit_kind"),
        ({"operator": "Doe^Jane"}, 422, "unknown_operator"),
        ({"unit": "a\0b"}, 422, "invalid_unit"),
        ({"format": "xml"}, 422, "invalid_format"),
        ({"format": "csv", "panel": "users"}, 422, "invalid_panel"),
    ],
)
def test_bad_input_is_a_problem_with_a_code(product: Product, parameters: Any, status: int, code: str) -> None:
    refused(product.client("admin").get("/api/quality/dose", params=parameters), status, code)


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ({"cursor": "1; DROP"}, 400, "invalid_cursor"),
        ({"cursor": "9" * 30}, 400, "invalid_cursor"),
        ({"limit": 0}, 422, "invalid_limit"),
        ({"limit": 101}, 422, "invalid_limit"),
        ({"month": "2026-13"}, 422, "invalid_selection"),
        ({"lacks": "password_hash"}, 422, "invalid_selection"),
        ({"outcome": "ready"}, 422, "invalid_selection"),
        ({"missing": "R XY"}, 422, "invalid_selection"),
        ({"missing": "R CC", "doseFrom": 1}, 422, "invalid_selection"),
        ({"doseFrom": "nan"}, 422, "invalid_selection"),
        ({"target": "\0"}, 422, "invalid_selection"),
        ({"repeated": "R CC\0"}, 422, "invalid_selection"),
    ],
)
def test_a_bad_drill_down_is_a_problem_with_a_code(product: Product, parameters: Any, status: int, code: str) -> None:
    refused(product.client("admin").get("/api/quality/exams", params=parameters), status, code)
