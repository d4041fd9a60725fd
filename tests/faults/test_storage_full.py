"""A disk that is really full: clear answers, nothing half-made, and everything goes on once there is space again."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg
import httpx
import pytest
import redis

import tus
from builders import dicom_bytes, png_bytes
from conftest import Servers
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.adapters.storage.local import LocalStorage
from mammogram_viewer.archive.verify import verify_originals, verify_renditions
from mammogram_viewer.imaging.order import UPLOAD_KINDS
from mammogram_viewer.web.problems import unexpected_problem
from product import Product, running

DISK_BYTES = 24_000_000
NO_MOUNT = "needs root and the right to mount a tmpfs: the full disk is NOT tested here"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of a few megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(disk)], capture_output=True
        ).returncode
    )
    if not mounted:
        pytest.skip(NO_MOUNT)
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.fixture
def full(small_disk: Path, own_database: str, servers: Servers, tmp_path: Path) -> Product:
    """Not yet started; the logs lie elsewhere, because a full disk takes them too."""
    url = f"{servers.redis_url}?db=9"
    client = redis.Redis.from_url(url)
    client.flushdb()
    client.close()
    settings = {
        "DATA_DIR": str(small_disk),
        "STORAGE_URL": f"file://{small_disk}/storage",
        "MAMMOGRAM_VIEWER_MIN_FREE_BYTES": "0",  # else an upload is refused before it meets the real end
    }
    return Product(tmp_path, own_database, url, settings=settings)


def fill(disk: Path, *, leave_bytes: int) -> Path:
    """Take all the space but a little."""
    filler = disk / "filler"
    state = os.statvfs(disk)
    with filler.open("wb") as file:
        file.truncate(0)
        os.posix_fallocate(file.fileno(), 0, max(1, state.f_bavail * state.f_frsize - leave_bytes))
    return filler


def names_below(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


def archive_of(body: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.dcm", body)
    return packed.getvalue()


async def assert_all_is_well(product: Product, disk: Path) -> None:
    db = await open_pool(product.database_url, size=1, application_name="tests")
    try:
        storage = LocalStorage(disk / "storage")
        assert not [f async for f in verify_originals(db, storage) if f is not None]
        assert not [f async for f in verify_renditions(db, storage)]
    finally:
        await db.close()


async def test_uploads_to_a_full_disk_are_507_and_what_was_there_is_still_served(
    full: Product, small_disk: Path
) -> None:
    with running(full, "api", "worker"):
        body = dicom_bytes(seed=1)
        earlier = full.wait_for(full.upload_one(body)["id"])
        assert earlier["status"] == "ready"
        stored_before = set(names_below(small_disk / "storage"))
        filler = fill(small_disk, leave_bytes=50_000)

        client = full.client()
        raw = {"content-type": "application/dicom"}
        large = dicom_bytes(seed=2, rows=1600, columns=1300)
        packed = archive_of(bytes(128) + b"DICM" + os.urandom(10_000) * 30)
        assert len(packed) < 20_000, "it fits where its contents do not"
        for answer in (
            client.post("/api/images", content=large, headers=raw),
            full.upload(("a.dcm", large)),
            full.upload(("a.dcm", dicom_bytes(seed=3)), ("b.dcm", dicom_bytes(seed=4))),
            full.upload(("small.png", png_bytes(seed=1, side=16)), ("large.dcm", large)),
            full.upload(("packed.zip", packed)),
        ):
            assert (answer.status_code, answer.json()["code"]) == (507, "storage_full"), answer.text
        assert client.get("/api/images").json()["total"] == 1
        full.wait_until(lambda: names_below(small_disk / "spool") == [], "the spool is empty", 5)

        # What does not fit is refused; what was there is served.
        assert client.get(earlier["links"]["file"]).content == body
        for name in ("png", "thumbnail256", "tags"):
            assert client.get(earlier["links"][name]).status_code == 200
        assert httpx.get(f"{full.base_url}/health/live").status_code == 200
        assert "unexpected_error" not in full.log("api")

        filler.unlink()
        again = full.wait_for(full.upload_one(large)["id"])
        assert again["status"] == "ready"
        kept = set(names_below(small_disk / "storage"))
        assert stored_before <= kept
        assert len(kept - {"installation"}) == 2 + 2 * len(UPLOAD_KINDS), "two originals with their renditions"
    await assert_all_is_well(full, small_disk)


def test_a_resumable_upload_goes_on_whole_after_the_disk_was_full_in_its_middle(
    full: Product, small_disk: Path
) -> None:
    with running(full, "api"):
        client, body = full.client(), dicom_bytes(seed=7) + os.urandom(6_000_000)
        path = tus.create(client, len(body), filename="full.dcm")
        kept = small_disk / "resumable" / path.rsplit("/", 1)[1]
        filler = fill(small_disk, leave_bytes=1_500_000)
        refused = tus.send(client, path, 0, body)
        assert (refused.status_code, refused.json()["code"]) == (507, "storage_full"), refused.text
        come = tus.offset(client, path)
        assert 0 < come < len(body)
        assert kept.read_bytes() == body[:come]
        filler.unlink()
        assert tus.send(client, path, come, body[come:]).status_code == 204
        (image,) = tus.outcome(client, path)["images"]
        assert client.get(f"/api/images/{image['id']}/file").content == body


async def test_a_disk_that_fills_while_an_image_is_rendered_ends_it_failed_and_a_retry_makes_it_ready(
    full: Product, small_disk: Path
) -> None:
    with running(full, "api"):
        image_id = full.upload_one(png_bytes(seed=5, side=1500), "noise.png")["id"]
        filler = fill(small_disk, leave_bytes=300_000)  # the rendition is noise too: it needs 2 MB
        full.start("worker")
        image = full.wait_for(image_id)
        assert (image["status"], image["reasonCode"]) == ("failed", "storage_full")
        assert image["job"]["attemptsMade"] == 3
        assert image["links"]["png"] is None
        assert full.client().get(f"/api/images/{image_id}/png").status_code == 410
        assert full.client().get(f"/api/images/{image_id}/file").status_code == 200
        assert [n for n in names_below(small_disk / "storage") if n.startswith("renditions")] == []
        full.wait_until(lambda: names_below(small_disk / "spool") == [], "the render folders are gone", 5)

        filler.unlink()
        assert full.client().post(f"/api/jobs/{image['jobId']}/retry").status_code == 202
        assert full.wait_for(image_id)["status"] == "ready"
        assert full.client().get(f"/api/images/{image_id}/png").status_code == 200
    await assert_all_is_well(full, small_disk)


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), asyncpg.DiskFullError("could not extend file")])
def test_a_full_disk_that_somebody_else_meets_is_507_too(error: Exception) -> None:
    """The embedded PostgreSQL lies on the same disk."""
    request: Any = SimpleNamespace(scope={"path": "/api/images"})
    answer = unexpected_problem(request, error)
    assert (answer.status_code, answer.content["code"]) == (507, "storage_full")
