"""What browsers may keep, what a kept copy costs, and what answers say about themselves."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from builders import png_bytes
from mammogram_viewer.web.page import PAGE_DIR
from product import Product


@pytest.fixture(scope="module")
def image(product: Product) -> dict[str, Any]:
    return product.wait_for(product.upload_one(png_bytes(seed=911), "kept.png")["id"])


@pytest.mark.parametrize("link", ["thumbnail256", "thumbnail512", "png"])
def test_a_versioned_rendition_is_kept_for_ever_and_asked_for_again_costs_no_bytes(
    product: Product, image: dict[str, Any], link: str
) -> None:
    client, address = product.client("user"), image["links"][link]
    first = client.get(address)
    assert first.headers["cache-control"] == "private, max-age=31536000, immutable"
    again = client.get(address, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["cache-control"] == first.headers["cache-control"]
    assert client.get(address, headers={"if-none-match": '"another"'}).content == first.content
    other = product.client("other").get(address, headers={"if-none-match": first.headers["etag"]})
    assert other.status_code == 404, "a kept copy opens nothing for those who may not see the image"


def test_an_unversioned_rendition_is_asked_for_each_time(product: Product, image: dict[str, Any]) -> None:
    for address in (f"/api/images/{image['id']}/png", f"/api/images/{image['id']}/thumbnail?size=256&v=999"):
        assert product.client("user").get(address).headers["cache-control"] == "private, no-cache"


def test_a_range_beyond_the_end_tells_how_long_the_file_is(product: Product, image: dict[str, Any]) -> None:
    address = image["links"]["thumbnail512"]
    whole = product.client("user").get(address)
    answer = product.client("user").get(address, headers={"range": "bytes=99999999-"})
    assert (answer.status_code, answer.json()["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == f"bytes */{len(whole.content)}"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/images/1", {"GET", "PATCH", "DELETE", "OPTIONS"}),
        ("DELETE", "/api/images", {"GET", "POST", "OPTIONS"}),
        ("POST", "/health", {"GET", "OPTIONS"}),
    ],
)
def test_a_refused_method_names_those_that_are_taken(
    product: Product, method: str, path: str, allowed: set[str]
) -> None:
    answer = product.client("user").request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) == allowed


async def test_moments_of_whole_seconds_are_written_with_microseconds(product: Product, image: dict[str, Any]) -> None:
    await product.fetch("UPDATE images SET created_at = date_trunc('second', created_at) WHERE id = $1", image["id"])
    whole = image["createdAt"][:19] + ".000000Z"
    assert product.image(image["id"])["createdAt"] == whole
    listed = product.client("user").get("/api/images", params={"useCursor": "true"}).json()["images"]
    assert [one["createdAt"] for one in listed] == [whole]


@pytest.mark.parametrize("suffix", [".js", ".css", ".wasm"])
@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("BR ; q=0.8", "br"),
        ("identity", None),
        ("", None),
    ],
)
def test_a_file_of_the_page_comes_in_the_smallest_form_that_the_browser_takes(
    product: Product, suffix: str, accepted: str, coding: str | None
) -> None:
    file = max((PAGE_DIR / "assets").glob(f"*{suffix}"), key=lambda one: one.stat().st_size)
    wanted = {
        "br": lambda: Path(f"{file}.br").read_bytes(),
        "gzip": lambda: gzip.compress(file.read_bytes(), 9, mtime=0),
        None: file.read_bytes,
    }[coding]()
    client = product.client("user")
    with client.stream("GET", f"/assets/{file.name}", headers={"accept-encoding": accepted}) as answer:
        body = b"".join(answer.iter_raw())
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["vary"] == "accept-encoding"
    assert len(body) == len(wanted)
    if coding == "gzip":
        assert gzip.decompress(body) == file.read_bytes()
    else:
        assert body == wanted
