"""Analytics over HTTP: what was done shows up at once, in the shapes that the page, the report and scripts rely on."""

from __future__ import annotations

from typing import Any

import pytest

from builders import png_bytes
from product import Product


def ask(product: Product, path: str, who: str = "admin", **query: Any) -> dict[str, Any]:
    answer = product.client(who).get(f"/api/analytics{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def busy(product: Product) -> Product:
    """One picture was uploaded and looked at, others came and one went."""
    images = [product.upload_one(png_bytes(seed=n), f"picture-{n}.png")["id"] for n in range(3)]
    for image_id in images:
        product.wait_for(image_id)
    assert product.client().get(f"/api/images/{images[0]}/png").status_code == 200
    assert product.client().delete(f"/api/images/{images[2]}").status_code in (200, 202, 204)
    # Views alone wait up to a second before they are written.
    product.wait_until(lambda: ask(product, "/images/most-viewed")["images"], "the view is written")
    return product


def test_dashboard_shows_what_has_just_happened(busy: Product) -> None:
    seen = ask(busy, "/dashboard", tz="Asia/Kathmandu")
    assert seen["summary"]["newUploads"]["value"] == 3
    assert seen["summary"]["images"]["value"] == 2
    assert seen["summary"]["views"]["value"] == 1
    assert seen["summary"]["activeUsers"]["value"] == 2
    assert seen["summary"]["users"]["value"] == 5
    assert seen["range"]["days"] == len(seen["charts"]["uploads"]) == len(seen["charts"]["storage"]) == 30
    assert seen["charts"]["uploads"][-1]["uploads"] == 3
    assert seen["charts"]["storage"][-1]["images"] == 2
    (viewed,) = seen["tables"]["mostViewed"]
    assert (viewed["views"], viewed["viewers"], viewed["originalName"]) == (1, 1, "picture-0.png")
    assert seen["tables"]["recent"][0]["type"] in ("login", "delete", "view", "upload")


@pytest.mark.parametrize(
    "path",
    ["/images/statistics", "/uploads/trends", "/images/most-viewed", "/activity/recent", "/uploads/breakdown",
     "/processing", "/cohorts", "/system/stats", "/user/4"],
)  # fmt: skip
def test_every_panel_answers(busy: Product, path: str) -> None:
    assert ask(busy, path)
