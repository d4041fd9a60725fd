"""A person corrects side and view; what the file says is kept apart, and every change is in the audit."""

from __future__ import annotations

import pytest

from builders import dicom_bytes, png_bytes
from product import Product


@pytest.fixture(scope="module")
def image_id(product: Product) -> int:
    """A right CC of the plain user."""
    return product.wait_for(product.upload_one(dicom_bytes(seed=6101, laterality="R", view="CC"))["id"])["id"]


def patch(product: Product, image_id: int, who: str, **wanted: object):
    return product.client(who).patch(f"/api/images/{image_id}", json=wanted)


async def audits(product: Product, image_id: int, act: str) -> list[dict]:
    rows = await product.fetch(
        "SELECT detail::text AS detail FROM audit_log WHERE act = $1 AND resource_id = $2 ORDER BY id", act, image_id
    )
    return [row["detail"] for row in rows]


async def test_a_correction_counts_and_what_the_file_says_comes_back_with_null(product, image_id):
    before = product.image(image_id)
    assert (before["laterality"], before["lateralitySource"], before["corrections"]) == ("R", "ImageLaterality", [])

    corrected = patch(product, image_id, "technologist", laterality="L").json()
    assert (corrected["laterality"], corrected["lateralitySource"]) == ("L", "person")
    (correction,) = corrected["corrections"]
    assert correction["field"] == "laterality"
    assert (correction["value"], correction["fileValue"], correction["fileSource"]) == ("L", "R", "ImageLaterality")
    assert correction["correctedByName"] == "Technologist Example"
    assert product.client("technologist").get("/api/images?useCursor=true&laterality=L").json()["images"]

    restored = patch(product, image_id, "technologist", laterality=None).json()
    assert (restored["laterality"], restored["lateralitySource"], restored["corrections"]) == (
        "R",
        "ImageLaterality",
        [],
    )
    recorded = await audits(product, image_id, "image_corrected")
    assert len(recorded) == 2
    assert '"before": "R"' in recorded[0] and '"after": "L"' in recorded[0]


async def test_correcting_twice_keeps_what_the_file_said_first(product, image_id):
    patch(product, image_id, "technologist", viewPosition="ML")
    answer = patch(product, image_id, "admin", viewPosition="LM").json()
    (correction,) = answer["corrections"]
    assert (answer["viewPosition"], correction["value"], correction["fileValue"]) == ("LM", "LM", "CC")
    assert correction["correctedByName"] == "Admin Example"
    patch(product, image_id, "admin", viewPosition=None)


async def test_setting_what_is_set_already_changes_and_records_nothing(product, image_id):
    before = await audits(product, image_id, "image_corrected")
    answer = patch(product, image_id, "technologist", laterality="R", tags=[])
    assert answer.status_code == 200
    assert answer.json()["corrections"] == []
    assert await audits(product, image_id, "image_corrected") == before
    assert await audits(product, image_id, "image_tagged") == []


async def test_reading_the_file_again_never_overrules_a_person(product, image_id):
    patch(product, image_id, "technologist", laterality="L")
    job_id = f"dicom-{image_id}"
    await product.fetch("UPDATE job_queue SET status = 'failed', finished_at = now() WHERE id = $1", job_id)
    assert product.client("admin").post(f"/api/jobs/{job_id}/retry").status_code == 202
    product.wait_until(
        lambda: product.client("admin").get(f"/api/jobs/{job_id}").json()["state"] == "completed", "it is read again"
    )
    image = product.image(image_id)
    assert (image["laterality"], image["lateralitySource"], image["corrections"][0]["fileValue"]) == (
        "L",
        "person",
        "R",
    )
    patch(product, image_id, "technologist", laterality=None)


def test_the_owner_may_correct_a_radiologist_and_strangers_may_not(product, image_id):
    assert patch(product, image_id, "user", laterality="R").status_code == 200
    assert patch(product, image_id, "radiologist", laterality="L").status_code == 403
    assert patch(product, image_id, "other", laterality="L").status_code == 404


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"laterality": "X"}, "invalid_laterality"),
        ({"laterality": ""}, "invalid_laterality"),
        ({"viewPosition": "CCC"}, "invalid_view_position"),
        ({"tags": ["a"] * 1 + [str(n) for n in range(20)]}, "too_many_tags"),
        ({"tags": [""]}, "invalid_tag"),
        ({"tags": ["x" * 51]}, "invalid_tag"),
        ({"tags": ["line\nbreak"]}, "invalid_tag"),
        ({"laterality": 5}, "invalid"),
    ],
)
async def test_a_value_that_is_none_is_refused_and_nothing_changes(product, image_id, body, code):
    before = product.image(image_id)
    answer = patch(product, image_id, "technologist", **body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert product.image(image_id) == before


def test_one_wrong_value_leaves_the_right_one_undone_too(product, image_id):
    assert patch(product, image_id, "technologist", laterality="L", tags=["x" * 51]).status_code == 422
    assert product.image(image_id)["laterality"] == "R"


def test_a_plain_picture_gets_its_side_and_view_from_a_person(product):
    picture = product.wait_for(product.upload_one(png_bytes(seed=6102), "scan.png")["id"])
    answer = patch(product, picture["id"], "user", laterality="L", viewPosition="MLO", tags=["film", " film ", "1998"])
    assert (answer.json()["laterality"], answer.json()["viewPosition"]) == ("L", "MLO")
    assert answer.json()["tags"] == ["film", "1998"]
    restored = patch(product, picture["id"], "user", laterality=None, viewPosition=None, tags=[]).json()
    assert (restored["laterality"], restored["viewPosition"], restored["tags"]) == (None, None, [])
