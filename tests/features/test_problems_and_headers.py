"""Every answer carries the security headers; everything that is refused says so in one shape, and never as a 500."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from builders import dicom_bytes
from conftest import Servers
from mammogram_viewer.web.page import PAGE_DIR
from product import Product, running

CSP = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; "
    "img-src 'self' blob: data:; style-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; manifest-src 'self'"
)
BEYOND_BIGINT = 2**63
HUGE = 10**30


@pytest.fixture(scope="module")
def image(product: Product) -> dict[str, Any]:
    return product.wait_for(product.upload_one(dicom_bytes(seed=1))["id"])


def assert_secure(answer: httpx.Response) -> None:
    headers = answer.headers
    where = f"{answer.request.method} {answer.request.url} {answer.status_code}"
    assert headers.get("content-security-policy") == CSP, where
    assert headers["x-content-type-options"] == "nosniff", where
    assert headers["referrer-policy"] == "no-referrer", where
    assert headers["cross-origin-opener-policy"] == "same-origin", where
    assert headers["cross-origin-resource-policy"] == "same-origin", where
    assert re.fullmatch(r"[0-9a-f]{16}", headers["x-request-id"]), where
    assert "server" not in headers, where
    assert "x-powered-by" not in headers, where
    assert headers["cache-control"], where


def assert_problem(answer: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.headers
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert re.fullmatch(r"[a-z0-9_]+", problem["code"])
    if code is not None:
        assert problem["code"] == code, problem
    for leak in ("Traceback", "asyncpg", "litestar", "/src/", ".py", "SELECT"):
        assert leak not in answer.text, answer.text
    assert_secure(answer)
    return problem


# --- headers on every kind of answer ----------------------------------------------------------------------------


def test_every_kind_of_answer_carries_the_headers(product: Product, image: dict[str, Any]) -> None:
    client = product.client()
    png = client.get(image["links"]["png"])
    kinds = {
        "json": client.get("/api/images"),
        "picture": png,
        "unchanged": client.get(image["links"]["png"], headers={"if-none-match": png.headers["etag"]}),
        "part": client.get(image["links"]["png"], headers={"range": "bytes=0-3"}),
        "beyond": client.get(image["links"]["png"], headers={"range": "bytes=999999999-"}),
        "original": client.get(image["links"]["file"]),
        "tags": client.get(image["links"]["tags"]),
        "absent": client.get("/api/images/999999"),
        "stranger": httpx.get(f"{product.base_url}/api/images"),
        "bad token": httpx.get(f"{product.base_url}/api/images", headers={"authorization": "Bearer mv_x"}),
        "invalid": client.get("/api/images", params={"limit": "0"}),
        "malformed": client.get("/api/images", params={"cursor": "x"}),
        "wrong method": client.put("/api/images"),
        "no json": client.post("/api/auth/password", content=b"{", headers={"content-type": "application/json"}),
        "page": client.get("/"),
        "page's own address": client.get("/images/1"),
        "health": client.get("/health"),
        "openapi": client.get("/api/openapi.json"),
        "docs": client.get("/api/docs"),
        "options": client.options("/api/images"),
        "head": client.head("/api/images"),
        "favicon": client.get("/favicon.svg"),
        "foreign site": client.post("/api/auth/logout", headers={"origin": "https://evil.example"}),
        "unknown post": client.post("/nothing/here"),
    }
    for name, answer in kinds.items():
        assert_secure(answer)
        assert answer.status_code < 500, name
    statuses = {name: answer.status_code for name, answer in kinds.items()}
    assert statuses["unchanged"] == 304
    assert statuses["wrong method"] == 405
    assert statuses["foreign site"] == 403


def test_built_assets_are_kept_for_ever_and_the_page_never(product: Product) -> None:
    assets = sorted((PAGE_DIR / "assets").glob("*.js")) if (PAGE_DIR / "assets").is_dir() else []
    assert httpx.get(f"{product.base_url}/").headers["cache-control"] == "no-cache"
    for asset in assets[:1]:
        answer = httpx.get(f"{product.base_url}/assets/{asset.name}")
        assert_secure(answer)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "javascript" in answer.headers["content-type"]
    assert_problem(httpx.get(f"{product.base_url}/assets/none.js"), 404)


def test_what_holds_patient_data_in_json_is_never_stored(product: Product, image: dict[str, Any]) -> None:
    for path in (
        "/api/images",
        "/api/images?useCursor=true",
        image["links"]["self"],
        image["links"]["tags"],
        f"/api/images/{image['id']}/tags",
        f"/api/jobs/{image['jobId']}",
        "/api/auth/me",
    ):
        answer = product.client().get(path)
        assert answer.status_code == 200, path
        assert answer.headers["cache-control"] == "private, no-store", path


@pytest.fixture
def broken(own_database: str, servers: Servers, tmp_path: Path) -> Iterator[Product]:
    with running(Product(tmp_path, own_database, f"{servers.redis_url}?db=5"), "api") as made:
        yield made


async def test_a_fault_of_ours_is_a_500_without_a_word_about_its_inside(broken: Product) -> None:
    client = broken.client()
    await broken.fetch("ALTER TABLE series RENAME TO elsewhere")
    await broken.fetch("ALTER TABLE renditions RENAME TO elsewhere_too")
    problem = assert_problem(client.get("/api/images", params={"q": "CANARY"}), 500, "internal_error")
    assert "elsewhere" not in str(problem)
    assert "renditions" not in str(problem)
    log = broken.log("api")
    assert "unexpected_error" in log
    assert "UndefinedTableError 42P01" in log, "the log must tell what went wrong"
    assert "CANARY" not in log


# --- what is refused --------------------------------------------------------------------------------------------

MALFORMED_CURSORS = [
    "x",
    "",
    " ",
    "_1",
    "2024-01-15T10:30:00.123456Z",
    "2024-01-15T10:30:00.123456Z_",
    "2024-01-15T10:30:00.123456Z_abc",
    "2024-01-15T10:30:00.123456Z_-1",
    "2024-01-15T10:30:00.123456Z_01",
    "2024-01-15T10:30:00.12Z_1",
    "2024-01-15 10:30:00.123456Z_1",
    "2024-01-15T10:30:00.123456+00:00_1",
    "2024-02-30T10:30:00.123456Z_1",
    "2024-01-15T25:30:00.123456Z_1",
    "0000-01-15T10:30:00.123456Z_1",
    f"2024-01-15T10:30:00.123456Z_{BEYOND_BIGINT}",
    "2024-01-15T10:30:00.123456Z_1'; DROP TABLE images;--",
    "2024-01-15T10:30:00.123456Z_1\x00",
    "２０２４-01-15T10:30:00.123456Z_1",
    "2024-01-15T10:30:00.123456Z_1\n",
    "9" * 10_000,
]


@pytest.mark.parametrize("cursor", MALFORMED_CURSORS, ids=range(len(MALFORMED_CURSORS)))
def test_a_malformed_cursor_is_a_400_with_its_code(product: Product, cursor: str) -> None:
    answer = product.client().get("/api/images", params={"useCursor": "true", "cursor": cursor})
    assert_problem(answer, 400, "invalid_cursor")


@pytest.mark.parametrize("cursor", ["0001-01-01T00:00:00.000000Z_1", "9999-12-31T23:59:59.999999Z_9223372036854775807"])
@pytest.mark.parametrize("direction", ["next", "prev"])
def test_the_ends_of_time_are_cursors_like_others(product: Product, cursor: str, direction: str) -> None:
    params = {"useCursor": "true", "cursor": cursor, "direction": direction}
    for changed in (params, {**params, "cursor": cursor.replace(".000000", "").replace(".999999", "")}):
        answer = product.client().get("/api/images", params=changed)
        assert answer.status_code == 200, answer.text


BAD_PARAMETERS = [
    {"limit": "0"},
    {"limit": "-1"},
    {"limit": "101"},
    {"limit": "abc"},
    {"limit": "1.5"},
    {"limit": str(HUGE)},
    {"page": "0"},
    {"page": "-1"},
    {"page": "1000000000"},
    {"page": "x"},
    {"page": str(HUGE)},
    {"direction": "sideways"},
    {"useCursor": "maybe"},
    {"fileType": "gif"},
    {"status": "done"},
    {"laterality": "X"},
    {"from": "yesterday"},
    {"to": "2024-13-01T00:00:00Z"},
    {"from": "2024-01-01T00:00:00Z'"},
    {"userId": "me"},
    {"userId": str(BEYOND_BIGINT)},
    {"userId": str(-BEYOND_BIGINT - 1)},
    {"studyId": str(HUGE)},
    {"studyId": "one"},
    {"q": "nul\0nul"},
    {"q": "x" * 201},
    {"view": "C\0C"},
    {"modality": "M\0G"},
]


@pytest.mark.parametrize("params", BAD_PARAMETERS, ids=str)
@pytest.mark.parametrize("mode", [{}, {"useCursor": "true"}], ids=["pages", "cursor"])
def test_bad_parameters_of_the_list_are_422(product: Product, params: dict[str, str], mode: dict[str, str]) -> None:
    if "page" in params and mode and params["page"] not in ("x",):
        return  # the page number belongs to the other mode
    assert_problem(product.client("admin").get("/api/images", params={**mode, **params}), 422)


@pytest.mark.parametrize(
    "moment", ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00.5+14:00", "2024-01-01T00:00:00", "2024-01-01",
               "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
)  # fmt: skip
def test_moments_with_and_without_a_zone_are_understood_or_refused_but_never_a_500(
    product: Product, moment: str
) -> None:
    for name in ("from", "to"):
        answer = product.client().get("/api/images", params={name: moment})
        assert answer.status_code in (200, 422), answer.text
        if moment.startswith("2024"):
            assert answer.status_code == 200, answer.text


def test_a_moment_without_a_zone_is_utc(product: Product, image: dict[str, Any]) -> None:
    created_at = image["createdAt"].removesuffix("Z")
    client = product.client()
    ids = [i["id"] for i in client.get("/api/images", params={"from": created_at}).json()["images"]]
    assert image["id"] in ids
    ids = [i["id"] for i in client.get("/api/images", params={"to": created_at}).json()["images"]]
    assert image["id"] not in ids


@pytest.mark.parametrize("text", ["%", "_", "%%", "\\", "\\%", "a_b", "' OR 1=1 --", "{}", "{0}", "$1"])
def test_wildcards_in_a_search_are_ordinary_characters(product: Product, image: dict[str, Any], text: str) -> None:
    for mode in ({}, {"useCursor": "true"}):
        answer = product.client().get("/api/images", params={**mode, "q": text})
        assert answer.status_code == 200, answer.text
        assert answer.json()["images"] == []


def test_a_search_finds_by_part_of_the_name(product: Product, image: dict[str, Any]) -> None:
    named = product.upload_one(dicom_bytes(seed=2), "100%_sure.dcm")
    for text in ("100%", "%_su", "SURE"):
        found = product.client().get("/api/images", params={"q": text}).json()["images"]
        assert [i["id"] for i in found] == [named["id"]], text


@pytest.mark.parametrize("number", [BEYOND_BIGINT, HUGE, -1, 0, -BEYOND_BIGINT - 1])
def test_ids_that_cannot_exist_are_404_or_422_on_every_path(product: Product, number: int) -> None:
    client = product.client("admin")
    for path in ("", "/png", "/thumbnail", "/file", "/tags"):
        answer = client.get(f"/api/images/{number}{path}")
        assert answer.status_code in (404, 422), answer.text
        assert_problem(answer, answer.status_code)
    for answer in (
        client.delete(f"/api/images/{number}"),
        client.patch(f"/api/admin/users/{number}", json={}),
        client.delete(f"/api/auth/tokens/{number}"),
        client.get(f"/api/jobs/dicom-{number}"),
        client.post(f"/api/jobs/dicom-{number}/retry"),
    ):
        assert answer.status_code in (400, 404, 422), f"{answer.request.url}: {answer.text}"
        assert_problem(answer, answer.status_code)


@pytest.mark.parametrize("digits", ["9" * 5000, "1e5", "abc", "1.0", "%00", "１２"])
def test_ids_that_are_no_numbers_are_refused(product: Product, digits: str) -> None:
    answer = product.client().get(f"/api/images/{digits}")
    assert answer.status_code in (404, 422), answer.text
    assert_problem(answer, answer.status_code)


@pytest.mark.parametrize("job_id", ["nul%00nul", "x" * 3000, "..%2f..%2fetc", "dicom-%F0%9F%98%80", "%ff"])
def test_job_ids_of_any_shape_are_not_found(product: Product, job_id: str) -> None:
    for answer in (product.client().get(f"/api/jobs/{job_id}"), product.client().post(f"/api/jobs/{job_id}/retry")):
        assert answer.status_code in (404, 405, 422), answer.text
        assert_problem(answer, answer.status_code)
    listed = product.client().get(f"/api/jobs?id={job_id}")
    assert listed.status_code in (200, 422), listed.text


@pytest.mark.parametrize("path", ["/api/nothing", "/api/", "/api/images/1/nothing", "/api/v2/images", "/api/images/"])
def test_unknown_addresses_under_api_are_404_problems(product: Product, path: str) -> None:
    answer = product.client().get(path)
    if path == "/api/images/" and answer.status_code == 200:
        return  # the same address, written with a slash
    assert_problem(answer, 404, "not_found")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_unknown_addresses_are_404_whatever_the_method(product: Product, method: str) -> None:
    assert_problem(product.client().request(method, "/api/nothing"), 404, "not_found")


@pytest.mark.parametrize(("method", "path"), [("PUT", "/api/images"), ("POST", "/health"), ("DELETE", "/api/jobs/x")])
def test_a_wrong_method_is_a_405_problem(product: Product, method: str, path: str) -> None:
    answer = product.client().request(method, path)
    assert_problem(answer, 405, "method_not_allowed")


def test_head_asks_like_get_without_a_body(product: Product, image: dict[str, Any]) -> None:
    for path in ("/health", "/"):
        answer = product.client().head(path)
        assert answer.status_code in (200, 405), path
        assert answer.content == b""


@pytest.mark.parametrize(
    ("content", "content_type", "statuses"),
    [
        (b"{", "application/json", (400,)),
        (b"", "application/json", (400, 422)),
        (b"null", "application/json", (400, 422)),
        (b"[]", "application/json", (400, 422)),
        (b'{"email": 5, "password": []}', "application/json", (422,)),
        (b'{"email": "a@b.c"}', "application/json", (422,)),
        (b'{"email": "\xff"}', "application/json", (400,)),
        (b'{"email": "\\ud800@b.c", "password": "x"}', "application/json", (400, 401, 422)),
        (b'{"email": "a\\u0000@b.c", "password": "x"}', "application/json", (401, 422)),
        (b"[" * 100_000, "application/json", (400,)),
        (b'{"email": "a@b.c", "password": "x"}', "text/plain", (415,)),
        (b"email=a&password=b", "application/x-www-form-urlencoded", (415,)),
        (b'{"email": "a@b.c", "password": "' + b"x" * 2_000_000 + b'"}', "application/json", (413,)),
    ],
    ids=range(13),
)
def test_bodies_that_are_no_json_of_that_shape_are_refused(
    product: Product, content: bytes, content_type: str, statuses: tuple[int, ...]
) -> None:
    answer = httpx.post(f"{product.base_url}/api/auth/login", content=content, headers={"content-type": content_type})
    assert answer.status_code in statuses, answer.text
    assert_problem(answer, answer.status_code)
    assert "x" * 50 not in answer.text


def test_a_huge_json_body_without_a_length_is_stopped(product: Product) -> None:
    def body() -> Iterator[bytes]:
        yield b'{"email": "a@b.c", "password": "'
        for _ in range(200):
            yield b"x" * 65_536
        yield b'"}'

    answer = httpx.post(
        f"{product.base_url}/api/auth/login", content=body(), headers={"content-type": "application/json"}
    )
    assert_problem(answer, 413, "too_large")


ADDRESSES = [
    *("/" + "a" * 300, "/" + "b/" * 3000, "/%00", "/..%2f..%2fetc/passwd", "/assets/%00", "/assets/..%2f..%2fapp.py"),
    *("/%ff%fe", "/assets/" + "c" * 400, "//etc/passwd"),
]


@pytest.mark.parametrize("path", ADDRESSES, ids=range(len(ADDRESSES)))
def test_addresses_of_any_shape_get_the_page_or_a_404(product: Product, path: str) -> None:
    answer = httpx.get(f"{product.base_url}{path}")
    assert answer.status_code in (200, 404), answer.text
    assert_secure(answer)
    assert "root:" not in answer.text
    assert "def " not in answer.text


def test_nothing_of_all_this_was_unexpected(product: Product) -> None:
    assert "unexpected_error" not in product.log("api")
    assert "Exception in ASGI" not in product.log("api")
    assert "dependency_away" not in product.log("api")
