"""Every limit of an upload: a clear answer with a code, at once where it can be, and nothing left behind."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from builders import dicom_bytes, png_bytes
from conftest import Servers
from mammogram_viewer.adapters.database.migrate import apply_migrations
from product import Product, add_people, running

MAX_UPLOAD_BYTES = 200_000
MAX_FILES = 5
MAX_REQUEST_BYTES = 600_000


@pytest.fixture(scope="module")
async def own_module_database(new_database: Callable[[], Awaitable[str]]) -> str:
    url = await new_database()
    await apply_migrations(url)
    await add_people(url)
    return url


@pytest.fixture(scope="module")
def small(own_module_database: str, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """An API with small limits; no worker, so whatever lies in the spool was left there by an upload."""
    settings = {
        "MAMMOGRAM_VIEWER_MAX_UPLOAD_BYTES": str(MAX_UPLOAD_BYTES),
        "MAMMOGRAM_VIEWER_MAX_FILES_PER_REQUEST": str(MAX_FILES),
        "MAMMOGRAM_VIEWER_MAX_REQUEST_BYTES": str(MAX_REQUEST_BYTES),
        "MAMMOGRAM_VIEWER_DATABASE_POOL_SIZE": "2",
    }
    folder = tmp_path_factory.mktemp("limits")
    with running(Product(folder, own_module_database, f"{servers.redis_url}?db=5", settings=settings), "api") as made:
        yield made


def total(product: Product) -> int:
    return product.client().get("/api/images").json()["total"]


def assert_nothing_kept(product: Product, images_before: int) -> None:
    assert total(product) == images_before
    product.wait_until(lambda: product.spool_files() == [], "the spool is empty", 5)
    assert len(product.stored_files()) == images_before


def dicom_of(byte_count: int) -> bytes:
    """What is taken for DICOM by its head, of any size; the rest is noise."""
    return bytes(128) + b"DICM" + os.urandom(byte_count - 132)


def raw_request(product: Product, content: bytes, *, length: int | str) -> bytes:
    """Head and body as given, without httpx's corrections."""
    cookie = "; ".join(f"{k}={v}" for k, v in product.client().cookies.items())
    head = (
        f"POST /api/images HTTP/1.1\r\nHost: 127.0.0.1:{product.port}\r\nCookie: {cookie}\r\n"
        f"Content-Type: application/dicom\r\nContent-Length: {length}\r\n\r\n"
    )
    return head.encode() + content


def exchange(product: Product, sent: bytes, *, half_close: bool = False, seconds: float = 5) -> bytes:
    """What comes back for these bytes until the server closes or says nothing for a while."""
    with socket.create_connection(("127.0.0.1", product.port), timeout=seconds) as connection:
        connection.sendall(sent)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while b"\r\n\r\n" not in answer or b"}" not in answer:
            piece = connection.recv(65536)
            if not piece:
                break
            answer += piece
        return answer


async def chunked(body: bytes):
    for start in range(0, len(body), 16_384):
        yield body[start : start + 16_384]


async def test_a_file_exactly_at_the_limit_is_taken_and_one_byte_more_is_not(small: Product) -> None:
    before = total(small)
    headers = {"content-type": "application/dicom"}
    at_limit = small.client().post("/api/images", content=dicom_of(MAX_UPLOAD_BYTES), headers=headers)
    assert at_limit.status_code == 202
    over = small.client().post("/api/images", content=dicom_of(MAX_UPLOAD_BYTES + 1), headers=headers)
    assert (over.status_code, over.json()["code"]) == (413, "too_large")
    assert "MAMMOGRAM_VIEWER_MAX_UPLOAD_BYTES" in over.json()["detail"]
    assert "0 MiB" not in over.json()["detail"]
    assert_nothing_kept(small, before + 1)


def test_a_raw_file_that_announces_too_much_is_refused_before_its_body_is_read(small: Product) -> None:
    before = total(small)
    # Not one byte of the announced body is sent; a server that waited for it would let us time out.
    answer = exchange(small, raw_request(small, b"", length=MAX_UPLOAD_BYTES + 1))
    assert answer.startswith(b"HTTP/1.1 413")
    assert b'"too_large"' in answer
    assert_nothing_kept(small, before)


async def test_a_raw_file_without_a_length_is_stopped_at_the_limit(small: Product) -> None:
    before = total(small)
    cookies = dict(small.client().cookies)
    body = chunked(dicom_of(MAX_UPLOAD_BYTES * 2))
    async with httpx.AsyncClient(base_url=small.base_url, cookies=cookies, timeout=20) as client:
        answer = await client.post("/api/images", content=body, headers={"content-type": "application/dicom"})
    assert "content-length" not in answer.request.headers
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert_nothing_kept(small, before)


def test_a_form_refuses_the_file_that_is_too_large_and_takes_the_others(small: Product) -> None:
    before = total(small)
    alone = small.upload(("big.dcm", dicom_of(MAX_UPLOAD_BYTES + 1)))
    assert (alone.status_code, alone.json()["code"]) == (413, "too_large")
    assert alone.json()["rejected"][0]["name"] == "big.dcm"
    mixed = small.upload(("big.dcm", dicom_of(MAX_UPLOAD_BYTES + 1)), ("good.png", png_bytes(seed=1)))
    assert mixed.status_code == 202
    assert [r["code"] for r in mixed.json()["rejected"]] == ["too_large"]
    assert [i["name"] for i in mixed.json()["images"]] == ["good.png"]
    assert_nothing_kept(small, before + 1)


def test_too_many_files_in_one_form_are_refused_together(small: Product) -> None:
    before = total(small)
    files = [(f"{n}.png", png_bytes(seed=100 + n, side=16)) for n in range(MAX_FILES + 1)]
    answer = small.upload(*files)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_files")
    assert_nothing_kept(small, before)
    assert small.upload(*files[:MAX_FILES]).status_code == 202


def test_a_request_over_the_limit_of_all_is_refused_and_nothing_is_kept(small: Product) -> None:
    before = total(small)
    answer = small.upload(*[(f"{n}.dcm", dicom_of(MAX_UPLOAD_BYTES - 1000)) for n in range(4)])
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert_nothing_kept(small, before)


def test_a_content_length_longer_than_the_body_leaves_nothing(small: Product) -> None:
    before = total(small)
    body = dicom_bytes(seed=40)[:20_000]
    exchange(small, raw_request(small, body, length=len(body) + 5000), half_close=True)
    assert_nothing_kept(small, before)


def test_bytes_beyond_the_content_length_never_become_part_of_a_file(small: Product) -> None:
    before = total(small)
    # The rest is read as a next request, which it is not: 400, and the first one may go down with its connection.
    answer = exchange(small, raw_request(small, dicom_of(20_000), length=10_000))
    assert answer[9:12] in (b"202", b"400"), answer
    small.wait_until(lambda: small.spool_files() == [], "the spool is empty", 5)
    after = total(small)
    assert after in (before, before + 1)
    if after > before:
        newest = small.client().get("/api/images", params={"limit": 1}).json()["images"][0]
        assert newest["byteCount"] == 10_000
    assert_nothing_kept(small, after)


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "0x10", "9" * 40])
def test_a_content_length_that_is_no_number_is_refused(small: Product, length: str) -> None:
    before = total(small)
    answer = exchange(small, raw_request(small, b"x" * 100, length=length))
    assert answer[9:12] in (b"400", b"413"), answer
    assert_nothing_kept(small, before)
    assert httpx.get(f"{small.base_url}/health/live").status_code == 200


def test_uploads_answer_507_when_less_space_is_free_than_is_demanded(
    own_module_database: str, servers: Servers, tmp_path: Path
) -> None:
    settings = {"MAMMOGRAM_VIEWER_MIN_FREE_BYTES": str(2**60)}
    product = Product(tmp_path, own_module_database, f"{servers.redis_url}?db=5", settings=settings)
    with running(product, "api"):
        for answer in (
            product.upload(("a.dcm", dicom_bytes(seed=1))),
            product.client().post("/api/images", content=b"x", headers={"content-type": "application/dicom"}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
        assert product.spool_files() == []


# --- memory -----------------------------------------------------------------------------------------------------


def rss_bytes(product: Product) -> int:
    return psutil.Process(product.processes["api"].pid).memory_info().rss


@pytest.fixture
def roomy(own_database: str, servers: Servers, tmp_path: Path) -> Iterator[Product]:
    """An API with the usual limits and a storage of its own."""
    with running(Product(tmp_path, own_database, f"{servers.redis_url}?db=5"), "api") as made:
        yield made


def test_twenty_large_uploads_at_once_do_not_grow_the_memory_with_their_size(roomy: Product) -> None:
    roomy.upload_one(dicom_of(2_000_000))
    cookies = dict(roomy.client().cookies)
    before = rss_bytes(roomy)
    peak = before

    def send(number: int) -> int:
        body = dicom_of(8_000_000)
        with httpx.Client(base_url=roomy.base_url, cookies=cookies, timeout=60) as client:
            if number % 2:
                return client.post(
                    "/api/images", content=body, headers={"content-type": "application/dicom"}
                ).status_code
            return client.post("/api/images", files=[("files", ("a.dcm", body))]).status_code

    with ThreadPoolExecutor(max_workers=20) as pool:
        sent = [pool.submit(send, number) for number in range(20)]
        while not all(s.done() for s in sent):
            peak = max(peak, rss_bytes(roomy))
    assert [s.result() for s in sent] == [202] * 20
    grown_mb = (peak - before) / 1e6
    assert grown_mb < 60, f"{grown_mb:.0f} MB for 160 MB of uploads"


def test_a_flood_of_foreign_form_fields_is_not_kept_in_memory(roomy: Product) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="' + b"n" * 3800 + b'"\r\n\r\n\r\n'
    body = part * 20_000 + b"--b--\r\n"  # 78 MB
    before = rss_bytes(roomy)
    answer = roomy.client().post(
        "/api/images", content=body, headers={"content-type": "multipart/form-data; boundary=b"}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "missing_files")
    assert rss_bytes(roomy) - before < 30e6


# --- many at once -----------------------------------------------------------------------------------------------


async def test_200_uploads_at_once_wait_for_two_database_connections_and_none_is_refused(small: Product) -> None:
    before = total(small)
    cookies = dict(small.client().cookies)
    limits = httpx.Limits(max_connections=200)
    async with httpx.AsyncClient(base_url=small.base_url, cookies=cookies, timeout=60, limits=limits) as client:

        async def send(number: int) -> httpx.Response:
            files = [("files", (f"{number}.png", png_bytes(seed=9000 + number, side=16)))]
            return await client.post("/api/images", files=files)

        answers = await asyncio.gather(*(send(number) for number in range(200)))
    assert {a.status_code for a in answers} <= {202, 503}
    taken = [a.json()["images"][0]["id"] for a in answers if a.status_code == 202]
    assert len(set(taken)) == len(taken) == 200
    assert_nothing_kept(small, before + 200)
    assert "unexpected_error" not in small.log("api")


async def test_whatever_of_200_uploads_at_once_is_acknowledged_ends_ready(product: Product) -> None:
    cookies = dict(product.client().cookies)
    limits = httpx.Limits(max_connections=200)
    async with httpx.AsyncClient(base_url=product.base_url, cookies=cookies, timeout=60, limits=limits) as client:

        async def send(number: int) -> httpx.Response:
            body = (
                png_bytes(seed=30_000 + number, side=16)
                if number % 4
                else dicom_bytes(seed=number, rows=64, columns=48)
            )
            return await client.post("/api/images", files=[("files", (f"{number}", body))])

        answers = await asyncio.gather(*(send(number) for number in range(200)))
    assert {a.status_code for a in answers} <= {202, 503}
    assert all("retry-after" in a.headers for a in answers if a.status_code == 503)
    taken = [a.json()["images"][0]["id"] for a in answers if a.status_code == 202]
    assert len(taken) > 100

    async def unfinished() -> int:
        rows = await product.fetch("SELECT count(*) FROM images WHERE status IN ('pending', 'processing')")
        return rows[0][0]

    async with asyncio.timeout(60):
        while await unfinished():
            await asyncio.sleep(0.2)
    rows = await product.fetch("SELECT status, count(*) FROM images WHERE id = ANY($1::bigint[]) GROUP BY 1", taken)
    assert {row["status"]: row["count"] for row in rows} == {"ready": len(taken)}
    assert await product.fetch("SELECT 1 FROM job_queue WHERE status <> 'completed'") == []


def test_many_files_in_one_piece_of_a_form_do_not_use_up_the_descriptors(roomy: Product) -> None:
    """Several hundred tiny files fit into one piece of a body; the usual limit is 1024 open files."""
    psutil.Process(roomy.processes["api"].pid).rlimit(psutil.RLIMIT_NOFILE, (128, 128))
    answer = roomy.upload(*[(f"{n}.png", png_bytes(seed=20_000 + n, side=2)) for n in range(400)])
    assert answer.status_code == 202, answer.text
    assert roomy.spool_files() == []
