"""Cursors, filters and limits of the image list that are wrong, odd or from elsewhere: a clear 4xx or a clean page."""

from __future__ import annotations

from typing import Any

import pytest

from builders import dicom_bytes
from product import Product

LIST = "/api/images?useCursor=true"
PLACE = "2024-01-15T10:30:00.123456Z"


@pytest.fixture(scope="module")
def image(product: Product) -> dict[str, Any]:
    return product.upload_one(dicom_bytes(seed=41), "100%_sure.dcm")


@pytest.mark.parametrize(
    "cursor",
    ["", "abc", PLACE, f"{PLACE}_-1", f"{PLACE}_{2**63}", f"{PLACE}_{'9' * 400}", f"{PLACE}_1.5", f"{PLACE}_dicom-12",
     "2024-02-30T10:30:00.123456Z_1", f"{PLACE}_１"],
)  # fmt: skip
def test_a_cursor_that_cannot_be_read_is_refused(product: Product, cursor: str) -> None:
    answer = product.client().get(LIST, params={"useCursor": True, "cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


def test_a_cursor_of_another_list_is_only_a_place(product: Product, image: dict[str, Any]) -> None:
    client = product.client("admin")
    for cursor in ("9999-12-31T23:59:59.999999Z_1", f"9999-12-31T23:59:59.999999Z_{2**63 - 1}"):
        answer = client.get(LIST, params={"useCursor": True, "cursor": cursor})
        assert image["id"] in [i["id"] for i in answer.json()["images"]]
        older = client.get(LIST, params={"useCursor": True, "cursor": cursor, "direction": "prev"})
        assert (older.status_code, older.json()["images"]) == (200, [])


def test_a_cursor_in_whole_seconds_tells_nothing_of_anothers_image(product: Product, image: dict[str, Any]) -> None:
    at = product.image(image["id"])["createdAt"]
    params = {"useCursor": True, "cursor": f"{at[:19]}Z_{image['id']}"}
    page = product.client("other").get(LIST, params=params).json()
    assert page["images"] == []
    assert at[20:26] not in str(page)


@pytest.mark.parametrize("limit", ["0", "-1", "1000000000", "abc", "1.5", "9" * 40])
def test_a_limit_out_of_bounds_is_refused(product: Product, limit: str) -> None:
    answer = product.client().get(LIST, params={"useCursor": True, "limit": limit})
    assert answer.status_code in (400, 422)
    assert answer.json()["code"]


@pytest.mark.parametrize(
    "params",
    [{"from": "2024-02-01", "to": "2024-01-01"}, {"studyId": "0"}, {"studyId": str(2**63)}, {"userId": "-1"},
     {"view": "C\0C"}, {"modality": "x" * 65}, {"q": "x" * 201}, {"q": "a\0b"}, {"laterality": "X"}, {"from": "soon"}],
    ids=str,
)  # fmt: skip
def test_a_filter_that_makes_no_sense_is_refused(product: Product, params: dict[str, str]) -> None:
    answer = product.client("admin").get(LIST, params={"useCursor": True} | params)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_filter"), answer.text


@pytest.mark.parametrize(
    "params",
    [{"studyId": "4711", "userId": "1"}, {"from": "2024-01-01", "to": "2024-01-01"}, {"q": "'; DROP TABLE images"},
     {"q": "\u200fcarol\u202e"}, {"q": "%"}, {"q": "_"}, {"q": "\\"}, {"q": '"'}, {"view": "%"}],
    ids=str,
)  # fmt: skip
def test_what_matches_nothing_is_an_empty_page(product: Product, params: dict[str, str]) -> None:
    answer = product.client("admin").get(LIST, params={"useCursor": True} | params)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert (page["images"], page["nextCursor"], page["prevCursor"], page["hasMore"]) == ([], None, None, False)


def test_the_place_of_a_deleted_image_goes_on_after_it(product: Product) -> None:
    client = product.client()
    ids = [product.upload_one(dicom_bytes(seed=seed), f"gone{seed}.dcm")["id"] for seed in (51, 52, 53)]
    first = client.get(LIST, params={"useCursor": True, "limit": 2, "q": "gone5"}).json()
    assert [i["id"] for i in first["images"]] == ids[:0:-1]
    assert client.delete(f"/api/images/{ids[1]}").status_code in (200, 204)
    after = client.get(LIST, params={"useCursor": True, "limit": 2, "q": "gone5", "cursor": first["nextCursor"]}).json()
    assert [i["id"] for i in after["images"]] == ids[:1]
    assert after["prevCursor"] is not None
