"""Resumable uploads when our own side breaks: killed at each step, restarted, silent lines, limits, the sweep."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import pytest

import tus
from builders import dicom_bytes, png_bytes
from conftest import Servers
from mammogram_viewer.adapters.database.migrate import apply_migrations
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.intake.resumable import sweep_resumable
from product import Product, add_people, running

MOST_UPLOADS = 3
MOST_BYTES = 40_000_000


@pytest.fixture(scope="module")
async def module_database(new_database: Callable[[], Awaitable[str]]) -> str:
    url = await new_database()
    await apply_migrations(url)
    await add_people(url)
    return url


@pytest.fixture(scope="module")
def house(module_database: str, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """An API with small limits, without a worker; its tests stop and start it."""
    settings = {
        "MAMMOGRAM_VIEWER_RESUMABLE_UPLOADS_PER_USER": str(MOST_UPLOADS),
        "MAMMOGRAM_VIEWER_RESUMABLE_BYTES_PER_USER": str(MOST_BYTES),
        "MAMMOGRAM_VIEWER_RESUMABLE_IDLE_SECONDS": "1",
    }
    folder = tmp_path_factory.mktemp("resumable")
    with running(Product(folder, module_database, f"{servers.redis_url}?db=6", settings=settings), "api") as made:
        yield made


def upload_id_of(path: str) -> str:
    return path.rsplit("/", 1)[1]


def bytes_of(product: Product, path: str) -> Path:
    return product.data_dir / "resumable" / upload_id_of(path)


def discard_all(product: Product) -> None:
    client = product.client()
    for upload in client.get(tus.PATH).json()["uploads"]:
        assert client.delete(f"{tus.PATH}/{upload['id']}", headers=tus.VERSION).status_code == 204


def test_a_killed_server_tells_after_its_restart_what_truly_came(house: Product) -> None:
    client, body = house.client(), dicom_bytes(seed=1) + os.urandom(3_000_000)
    path = tus.create(client, len(body), filename="killed.dcm")
    with tus.begin_sending(house, path, 0, len(body), body[:2_500_000]):
        house.wait_until(lambda: bytes_of(house, path).stat().st_size >= 2 * 1024 * 1024, "a part is on disk")
        house.kill("api")
    house.start("api")
    come = tus.offset(client, path)
    assert 2 * 1024 * 1024 <= come <= 2_500_000
    assert bytes_of(house, path).read_bytes() == body[:come]
    assert tus.send(client, path, come, body[come:]).status_code == 204
    (image,) = tus.outcome(client, path)["images"]
    assert client.get(f"/api/images/{image['id']}/file").content == body
    assert not bytes_of(house, path).exists()


@pytest.mark.parametrize("step", ["after_spool", "after_rename", "after_commit", "after_enqueue"])
async def test_a_death_between_the_last_byte_and_the_answer_makes_the_image_once(house: Product, step: str) -> None:
    client, body = house.client(), dicom_bytes(seed=10) + step.encode()
    digest = hashlib.sha256(body).hexdigest()
    path = tus.create(client, len(body), filename="dying.dcm", sha256=digest)
    house.kill("api")
    house.start("api", MAMMOGRAM_VIEWER_TEST_CRASH_AT=step)
    with contextlib.suppress(httpx.TransportError):  # the answer is lost with the server
        tus.send(client, path, 0, body)
    house.processes.pop("api").wait(20)
    house.start("api")
    # Who asks for the offset hears that all has come only once it is an image.
    assert tus.offset(client, path) == len(body)
    (image,) = tus.outcome(client, path)["images"]
    assert image["sha256"] == digest
    assert image["duplicate"] == (step == "after_commit")
    rows = await house.fetch("SELECT id FROM images WHERE sha256 = $1", bytes.fromhex(digest))
    assert [row["id"] for row in rows] == [image["id"]]
    jobs = await house.fetch("SELECT id FROM job_queue WHERE image_id = $1", image["id"])
    assert len(jobs) == 1
    assert client.get(f"/api/images/{image['id']}/file").content == body
    assert not list((house.data_dir / "resumable").glob("[!.]*"))


def test_a_silent_line_is_cut_and_gives_the_upload_back(house: Product) -> None:
    client, body = house.client(), png_bytes(seed=2, side=1200)
    path = tus.create(client, len(body))
    with tus.begin_sending(house, path, 0, len(body), body[:100_000]) as connection:
        answer = connection.recv(4096)  # nothing more is sent, and the line stays open
        assert b"400 Bad Request" in answer
        assert tus.offset(client, path) == 100_000
    discard_all(house)


def test_nobody_keeps_more_unfinished_uploads_than_allowed(house: Product) -> None:
    client = house.client()
    discard_all(house)
    paths = [tus.create(client, 1000) for _ in range(MOST_UPLOADS)]
    headers = {**tus.VERSION, "upload-length": "1000"}
    refused = client.post(tus.PATH, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_unfinished_uploads")
    assert house.client("other").post(tus.PATH, headers=headers).status_code == 201
    assert client.delete(paths[0], headers=tus.VERSION).status_code == 204
    too_long = client.post(tus.PATH, headers={**tus.VERSION, "upload-length": str(MOST_BYTES)})
    assert too_long.json()["code"] == "too_many_unfinished_uploads"
    assert len(list((house.data_dir / "resumable").glob("[!.]*"))) == MOST_UPLOADS
    discard_all(house)


def test_a_full_disk_refuses_before_the_first_byte(house: Product) -> None:
    house.kill("api")
    house.start("api", MAMMOGRAM_VIEWER_MIN_FREE_BYTES=str(10**15))
    answer = house.client().post(tus.PATH, headers={**tus.VERSION, "upload-length": "1000"})
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
    house.kill("api")
    house.start("api")
    assert house.client().get(tus.PATH).json()["uploads"] == []


async def test_the_sweep_takes_what_has_expired_and_leaves_what_lives(house: Product, module_database: str) -> None:
    client, body = house.client(), png_bytes(seed=3)
    expired, living = tus.create(client, len(body)), tus.create(client, len(body))
    for path in (expired, living):
        assert tus.send(client, path, 0, body[:100]).status_code == 204
    finished = tus.create(client, len(body))
    assert tus.send(client, finished, 0, body).status_code == 204
    stray = house.data_dir / "resumable" / "nobody-knows-this-upload.piece"
    stray.write_bytes(b"left behind")
    await house.fetch(
        "UPDATE resumable_uploads SET expires_at = now() WHERE id = ANY($1) RETURNING id",
        [upload_id_of(expired), upload_id_of(finished)],
    )
    answer = tus.send(client, expired, 100, body[100:])
    assert (answer.status_code, answer.json()["code"]) == (410, "upload_expired")
    image_id = tus.outcome(client, finished)["images"][0]["id"]
    for file in (house.data_dir / "resumable").glob("[!.]*"):
        os.utime(file, (0, 0))
    db = await open_pool(module_database, size=2, application_name="tests")
    try:
        assert await sweep_resumable(db, Settings(data_dir=house.data_dir)) == 2
    finally:
        await db.close()
    assert client.head(expired, headers=tus.VERSION).status_code == 404
    assert client.get(finished).status_code == 404
    assert client.get(f"/api/images/{image_id}").status_code == 200
    assert not stray.exists()
    assert not bytes_of(house, expired).exists()
    assert tus.offset(client, living) == 100
    assert tus.send(client, living, 100, body[100:]).status_code == 204
