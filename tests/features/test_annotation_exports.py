"""Measurements as files: the numbers that the page shows, for those who may see the images."""

from __future__ import annotations

import csv
import io
import uuid
from typing import Any

import pytest

from product import Product
from viewer_client import mammogram


@pytest.fixture(scope="module")
def image(product: Product) -> dict[str, Any]:
    """A mammogram with a length, a text that would be a formula, and a key image."""
    found = mammogram(product, seed=951)
    user = product.client()
    for body in (
        {"kind": "length", "frame": 1, "points": [[0.5, 0.5], [30.5, 40.5]]},
        {"kind": "text", "frame": 1, "points": [[1, 1]], "text": "=1+1"},
    ):
        answer = user.put(f"/api/images/{found['id']}/annotations/{uuid.uuid4()}", json=body)
        assert answer.status_code == 201, answer.text
    assert user.put(f"/api/images/{found['id']}/key/1").status_code == 204
    return found


async def test_csv_has_a_row_for_each_number_and_no_formula(product: Product, image: dict[str, Any]) -> None:
    bodies = []
    for path in (f"/api/images/{image['id']}/measurements.csv", f"/api/studies/{image['studyId']}/measurements.csv"):
        answer = product.client("radiologist").get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
        assert answer.headers["content-disposition"].startswith("attachment")
        assert product.client("other").get(path).status_code == 404
        bodies.append(answer.content)
    assert bodies[0] == bodies[1]
    length, words, key = csv.DictReader(io.StringIO(bodies[0].decode("utf-8-sig")))
    assert (length["measurement"], length["unit"]) == ("length", "mm")
    assert float(length["value"]) == pytest.approx(50 * 0.07 / 1.03125)
    assert length["basis"] == image["acquisition"]["spacing"]["basis"]
    assert length["sopInstanceUid"] == image["dicom"]["sopInstanceUid"]
    assert (words["text"], words["measurement"], key["kind"]) == ("'=1+1", "", "keyImage")
    done = await product.fetch("SELECT resource_type FROM audit_log WHERE act = 'measurements_exported' ORDER BY id")
    assert [act["resource_type"] for act in done] == ["image", "study"]
