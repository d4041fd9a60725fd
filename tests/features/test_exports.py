"""ZIPs of originals: whole and byte-identical, or visibly broken off; never what one may not see, never a leak."""

from __future__ import annotations

import csv
import hashlib
import io
import socket
import zipfile
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from builders import dicom_bytes, png_bytes
from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.foundation.errors import TooLarge
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.gallery.exports import make_ticket
from product import PASSWORD, Product, running

MANY = 10_000


def ticket(product: Product, who: str = "user", **wish: list[int]) -> dict[str, Any]:
    answer = product.client(who).post("/api/exports", json=wish)
    assert answer.status_code == 201, answer.text
    return answer.json()


def unzipped(answer: httpx.Response) -> tuple[dict[str, bytes], list[dict[str, str]]]:
    assert answer.status_code == 200, answer.text
    assert len(answer.content) == int(answer.headers["content-length"])
    with zipfile.ZipFile(io.BytesIO(answer.content)) as read:
        assert read.testzip() is None
        files = {info.filename: read.read(info) for info in read.infolist()}
    assert list(files)[-1] == "manifest.csv", "written last"
    return files, list(csv.DictReader(io.StringIO(files.pop("manifest.csv").decode())))


@pytest.fixture
async def ten_thousand(product: Product) -> list[int]:
    """Images of 4 KiB each, in storage as links to one file."""
    folder = product.data_dir / "storage" / "originals" / "many"
    folder.mkdir(parents=True, exist_ok=True)
    first = folder / "0"
    if not first.exists():
        first.write_bytes(b"\0" * 4096)
    known = await product.fetch("SELECT id FROM images WHERE storage_key LIKE 'originals/many/%' ORDER BY id")
    if known:
        return [row["id"] for row in known]
    rows = await product.fetch(
        """INSERT INTO images (user_id, file_type, original_name, byte_count, sha256, storage_key, status)
           SELECT u.id, 'dicom', 'same name.dcm', 4096, sha256(('many ' || n)::bytea), 'originals/many/' || n, 'ready'
           FROM users u, generate_series(1, $1) n WHERE u.email = 'user@example.org' RETURNING id""",
        MANY,
    )
    for number in range(1, MANY + 1):
        (folder / str(number)).symlink_to(first)
    return [row["id"] for row in rows]


async def test_a_zip_holds_the_originals_byte_for_byte_with_a_folder_an_exam_and_a_manifest(product: Product) -> None:
    bodies = {
        "R CC.dcm": dicom_bytes(seed=7401, view="CC", laterality="R"),
        "../R CC.dcm": dicom_bytes(seed=7401, view="MLO", laterality="R"),
        "=cmd.png": png_bytes(seed=7402),
    }
    ids = [product.wait_for(product.upload_one(body, name)["id"])["id"] for name, body in bodies.items()]
    made = ticket(product, imageIds=[*ids, ids[0]])
    assert made["imageCount"] == 3
    assert made["byteCount"] == sum(map(len, bodies.values()))
    assert made["url"] == f"/api/exports/{made['id']}"
    answer = product.client().get(made["url"])
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["cache-control"] == "private, no-store"
    files, manifest = unzipped(answer)
    assert sorted(files.values()) == sorted(bodies.values())
    exam_id = product.image(ids[0])["study"]["id"]
    assert set(files) == {f"exam {exam_id}/R CC.dcm", f"exam {exam_id}/R CC ({ids[1]}).dcm", "no exam/=cmd.png"}
    assert {row["imageId"]: row["sha256"] for row in manifest} == {
        str(image_id): hashlib.sha256(body).hexdigest() for image_id, body in zip(ids, bodies.values(), strict=True)
    }
    assert {row["file"] for row in manifest} == set(files), "a folder stands before what looks like a formula"
    assert (manifest[0]["laterality"], manifest[0]["viewPosition"], manifest[0]["state"]) == ("R", "CC", "included")
    # By exam it is the same, without the picture that belongs to none.
    by_exam, _ = unzipped(product.client().get(ticket(product, studyIds=[exam_id])["url"]))
    assert set(by_exam) == {name for name in files if name.startswith("exam")}


async def test_an_export_counts_once_as_a_download_of_each_image_and_every_reading_is_audited(product: Product) -> None:
    ids = [product.upload_one(png_bytes(seed=7410 + n), f"{n}.png")["id"] for n in range(2)]
    made = ticket(product, imageIds=ids)
    for _ in range(2):
        assert product.client().get(made["url"]).status_code == 200
    rows = await product.fetch(
        "SELECT resource_id FROM user_activity WHERE activity_type = 'download' AND resource_id = ANY($1::bigint[])",
        ids,
    )
    assert sorted(row["resource_id"] for row in rows) == ids
    rows = await product.fetch(
        "SELECT act, count(*) AS n FROM audit_log WHERE detail ->> 'export' = $1 GROUP BY act", made["id"]
    )
    assert {row["act"]: row["n"] for row in rows} == {"original_read": 2, "export_read": 2}


async def test_nobody_else_reads_an_export_and_nobody_exports_what_they_may_not_see(product: Product) -> None:
    mine, theirs = (
        product.upload_one(png_bytes(seed=7420 + n), "a.png", who)["id"] for n, who in ((0, "user"), (1, "other"))
    )
    made = ticket(product, imageIds=[mine, theirs, 10**12])
    assert made["imageCount"] == 1
    files, _ = unzipped(product.client().get(made["url"]))
    assert list(files.values()) == [png_bytes(seed=7420)]
    for who in ("other", "admin", "radiologist"):
        assert product.client(who).get(made["url"]).status_code == 404
    assert httpx.get(product.base_url + made["url"]).status_code == 401
    assert ticket(product, "radiologist", imageIds=[mine, theirs])["imageCount"] == 2
    nothing = product.client().post("/api/exports", json={"imageIds": [theirs]})
    assert (nothing.status_code, nothing.json()["code"]) == (404, "not_found")
    # Taken away in between: the ticket does not help.
    made = ticket(product, "radiologist", imageIds=[mine])
    await product.fetch("UPDATE users SET role = 'user' WHERE email = 'radiologist@example.org'")
    try:
        assert product.client("radiologist").get(made["url"]).status_code == 404
    finally:
        await product.fetch("UPDATE users SET role = 'radiologist' WHERE email = 'radiologist@example.org'")
    made = ticket(product, imageIds=[mine])
    await product.fetch("UPDATE exports SET expires_at = now() WHERE id = $1::text::uuid", made["id"])
    assert product.client().get(made["url"]).status_code == 404


def test_wishes_for_nothing_for_both_or_for_too_much_are_refused(product: Product) -> None:
    client = product.client()
    for body, code in (
        ({}, "nothing_named"),
        ({"imageIds": [1], "studyIds": [1]}, "nothing_named"),
        ({"imageIds": []}, "nothing_named"),
        ({"imageIds": list(range(1, 10_002))}, "too_many"),
    ):
        answer = client.post("/api/exports", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, code), body
    assert client.post("/api/exports", json={"imageIds": "all"}).status_code in (400, 422)
    for path in ("x", "0", "00000000-0000-0000-0000-000000000000"):
        assert client.get(f"/api/exports/{path}").status_code == 404


def test_an_image_deleted_since_is_left_out_and_the_manifest_says_so(product: Product) -> None:
    ids = [product.upload_one(png_bytes(seed=7430 + n), f"{n}.png")["id"] for n in range(2)]
    made = ticket(product, imageIds=ids)
    assert product.client().delete(f"/api/images/{ids[0]}").status_code == 204
    files, manifest = unzipped(product.client().get(made["url"]))
    assert list(files.values()) == [png_bytes(seed=7431)]
    assert [(row["imageId"], row["state"]) for row in manifest] == [
        (str(ids[1]), "included"),
        (str(ids[0]), "left out: deleted"),
    ]
    assert product.client().delete(f"/api/images/{ids[1]}").status_code == 204
    assert product.client().get(made["url"]).status_code == 404


@pytest.mark.parametrize("harm", ["gone", "cut"])
async def test_a_zip_with_an_original_that_cannot_be_read_never_looks_whole(product: Product, harm: str) -> None:
    seed = {"gone": 7440, "cut": 7450}[harm]
    ids = [product.upload_one(png_bytes(seed=seed + n), f"{n}.png")["id"] for n in range(2)]
    (row,) = await product.fetch("SELECT storage_key FROM images WHERE id = $1", ids[1])
    path: Path = product.data_dir / "storage" / row["storage_key"]
    product.wait_for(ids[1])
    path.chmod(0o600)
    whole = path.read_bytes()
    path.write_bytes(whole[:-10]) if harm == "cut" else path.unlink()
    made = ticket(product, imageIds=ids)
    with pytest.raises(httpx.RemoteProtocolError):
        product.client().get(made["url"])
    path.write_bytes(whole)
    assert product.client().get(made["url"]).status_code == 200, "once it is mended"


async def test_an_export_of_ten_thousand_images_is_whole_and_takes_little_memory(
    product: Product, ten_thousand: list[int]
) -> None:
    made = ticket(product, imageIds=ten_thousand)
    api = psutil.Process(product.processes["api"].pid)
    before = peak = api.memory_info().rss
    received = io.BytesIO()
    with product.client().stream("GET", made["url"]) as answer:
        length = int(answer.headers["content-length"])
        for number, piece in enumerate(answer.iter_bytes()):
            received.write(piece)
            if number % 20 == 0:
                peak = max(peak, api.memory_info().rss)
    assert received.tell() == length
    assert peak - before < 64 * 1024 * 1024
    with zipfile.ZipFile(received) as read:
        assert len(read.infolist()) == MANY + 1
        assert read.testzip() is None


@pytest.mark.parametrize("what", ["an image is deleted", "the session ends"])
async def test_a_download_under_way_breaks_off_when_its_reader_may_no_longer_read(
    product: Product, ten_thousand: list[int], what: str
) -> None:
    made = ticket(product, imageIds=ten_thousand)
    client = product.client()
    with httpx.Client(base_url=product.base_url, timeout=60) as reader:
        body = {"email": "user@example.org", "password": PASSWORD}
        assert reader.post("/api/auth/login", json=body).status_code == 200
        with reader.stream("GET", made["url"]) as answer:
            pieces = answer.iter_raw()
            next(pieces)
            if what == "an image is deleted":
                assert client.delete(f"/api/images/{ten_thousand[-1]}").status_code == 204
            else:
                await product.fetch("DELETE FROM sessions WHERE id = (SELECT max(id) FROM sessions)")
            with pytest.raises(httpx.RemoteProtocolError):
                for _ in pieces:
                    pass
    client.post("/api/images/restore", json={"imageIds": ten_thousand[-1:]})


async def test_limits_on_bytes_and_on_tickets_hold(product: Product) -> None:
    ids = [product.upload_one(png_bytes(seed=7470 + n), f"{n}.png")["id"] for n in range(2)]
    (me,) = await product.fetch("SELECT id FROM users WHERE email = 'user@example.org'")
    principal = Principal(user_id=me["id"], email="", name="", role="user")
    pool = await open_pool(product.database_url, size=2, application_name="tests")
    try:
        with pytest.raises(TooLarge) as refusal:
            await make_ticket(pool, Settings(export_bytes=20), ids, principal)
        assert refusal.value.code == "export_too_large"
        made = [await make_ticket(pool, Settings(export_tickets_per_user=2), ids, principal) for _ in range(4)]
    finally:
        await pool.close()
    kept = await product.fetch("SELECT id FROM exports WHERE user_id = $1", me["id"])
    assert {row["id"] for row in kept} == {ticket.id for ticket in made[-2:]}


async def test_readers_who_go_away_or_stop_reading_leave_nothing_open(
    product: Product, ten_thousand: list[int]
) -> None:
    made = ticket(product, imageIds=ten_thousand)
    api = psutil.Process(product.processes["api"].pid)
    assert product.client().get("/api/auth/me").status_code == 200
    cookie = "; ".join(f"{name}={value}" for name, value in product.client().cookies.items())

    def in_storage() -> list[str]:
        return [file.path for file in api.open_files() if "/storage/" in file.path]

    def read_a_little() -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", product.port))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        request = f"GET {made['url']} HTTP/1.1\r\nHost: 127.0.0.1:{product.port}\r\nCookie: {cookie}\r\n\r\n"
        connection.sendall(request.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        return connection

    readers = [read_a_little() for _ in range(3)]
    fourth = product.client().get(made["url"])
    assert (fourth.status_code, fourth.json()["code"]) == (429, "too_many_exports")
    assert httpx.get(f"{product.base_url}/health/live").status_code == 200, "others are served meanwhile"
    for reader in readers:
        reader.close()

    def room_again() -> bool:
        with product.client().stream("GET", made["url"]) as answer:
            return answer.status_code == 200

    product.wait_until(room_again, "the three have ended")
    product.wait_until(lambda: not in_storage(), "no file is open")

    def half_closed() -> bool:
        return any(c.status == "CLOSE_WAIT" for c in api.net_connections("tcp"))

    product.wait_until(lambda: not half_closed(), "no connection is left")


async def test_one_who_stops_reading_for_too_long_is_cut_off(
    people_database: str, servers: Any, tmp_path: Path
) -> None:
    """Held open by a reader who takes nothing, an answer would live for ever."""
    slow = Product(
        tmp_path, people_database, servers.redis_url, settings={"MAMMOGRAM_VIEWER_EXPORT_STALL_SECONDS": "0.5"}
    )
    with running(slow, "api"):
        taken = slow.upload_one(png_bytes(seed=7460, side=3000), "large.png")
        key = (await slow.fetch("SELECT storage_key FROM images WHERE id = $1", taken["id"]))[0]["storage_key"]
        path = slow.data_dir / "storage" / key
        path.chmod(0o600)
        with path.open("r+b") as file:
            file.truncate(64 * 1024 * 1024)
        await slow.fetch("UPDATE images SET byte_count = $2 WHERE id = $1", taken["id"], 64 * 1024 * 1024)
        made = ticket(slow, imageIds=[taken["id"]])
        with slow.client().stream("GET", made["url"]) as answer:
            assert answer.status_code == 200
            slow.wait_until(lambda: "export_broken_off" in slow.log("api"), "it is cut off")
            with pytest.raises(httpx.TransportError):
                answer.read()
