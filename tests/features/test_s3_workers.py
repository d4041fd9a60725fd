"""One archive in a bucket: an API and two workers, each with a DATA_DIR of its own, that share nothing but PostgreSQL,
Redis and S3."""

from __future__ import annotations

import asyncio
import contextlib
import io
import signal
import subprocess
import sys
import uuid
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import obstore
import psutil
import pytest
import redis

from builders import dicom_bytes, png_bytes
from conftest import Servers
from mammogram_viewer.adapters.database.migrate import apply_migrations
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.archive.installation import compare_installation, join_installation
from mammogram_viewer.archive.removals import QUARANTINE, remove_orphans
from mammogram_viewer.archive.verify import find_orphans, verify_originals, verify_renditions
from product import Product, add_people, running
from s3_server import ACCESS_KEY, SECRET, Bucket, Relay, refusing, s3_server  # noqa: F401 - the last is a fixture

ONE_AT_A_TIME = {
    "MAMMOGRAM_VIEWER_DICOM_CONVERSION_CONCURRENCY": "1",
    "MAMMOGRAM_VIEWER_THUMBNAIL_CONCURRENCY": "1",
    "MAMMOGRAM_VIEWER_S3_RETRIES": "2",
    "MAMMOGRAM_VIEWER_S3_RETRY_SECONDS": "3",
}


@dataclass
class Spread:
    """The parts, each a product of its own with one process."""

    bucket: Bucket
    api: Product
    workers: list[Product]

    def upload(self, *bodies: bytes) -> list[dict[str, Any]]:
        answer = self.api.upload(*((f"{n}.dcm", body) for n, body in enumerate(bodies)))
        assert answer.status_code == 202, answer.text
        return answer.json()["images"]

    def local_files(self) -> list[Path]:
        """What lies on the parts' disks below spool and storage."""
        folders = [part.data_dir / name for part in (self.api, *self.workers) for name in ("spool", "storage")]
        return [file for folder in folders for file in folder.rglob("*")]

    async def keys_in_rows(self) -> list[str]:
        rows = await self.api.fetch("SELECT storage_key FROM images UNION ALL SELECT storage_key FROM renditions")
        return sorted(row["storage_key"] for row in rows)

    @contextlib.asynccontextmanager
    async def database(self) -> AsyncIterator[asyncpg.Pool]:
        db = await open_pool(self.api.database_url, size=2, application_name="tests")
        try:
            yield db
        finally:
            await db.close()

    def stored(self) -> list[str]:
        """All objects but the one that says whose storage this is."""
        return [key for key in self.bucket.objects() if key != "installation"]


@pytest.fixture(scope="module")
async def spread_database(new_database: Callable[[], Awaitable[str]], servers: Servers) -> str:
    url = await new_database()
    await apply_migrations(url)
    await add_people(url)
    client = redis.Redis.from_url(servers.redis_url)
    client.flushall()
    client.close()
    return url


@pytest.fixture(scope="module")
def spread(
    spread_database: str,
    servers: Servers,
    s3_server: str,  # noqa: F811 - the fixture
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Spread]:
    name = f"mammograms-{uuid.uuid4().hex[:12]}"
    assert httpx.put(f"{s3_server}/{name}", timeout=30).status_code == 200
    bucket = Bucket(s3_server, name)

    def part(folder: str) -> Product:
        settings = {**ONE_AT_A_TIME, **bucket.environment}
        return Product(tmp_path_factory.mktemp(folder), spread_database, servers.redis_url, settings=settings)

    api, workers = part("api"), [part("first worker"), part("second worker")]
    with contextlib.ExitStack() as stack:
        stack.enter_context(running(api, "api"))
        for worker in workers:
            stack.enter_context(running(worker, "worker"))
        yield Spread(bucket, api, workers)


async def test_uploads_become_ready_by_workers_that_share_no_disk(spread: Spread) -> None:
    bodies = [dicom_bytes(seed=100 + n) for n in range(10)]
    images = [spread.api.wait_for(image["id"]) for image in spread.upload(*bodies)]
    assert {image["status"] for image in images} == {"ready"}
    done_by = await spread.api.fetch("SELECT worker, count(*) FROM job_attempts GROUP BY worker")
    assert len(done_by) == 2, "both workers had their share"
    assert spread.stored() == await spread.keys_in_rows()
    spread.api.wait_until(lambda: spread.local_files() == [], "nothing stays on any disk", 5)
    for image, body in zip(images, bodies, strict=True):
        assert spread.api.client().get(image["links"]["file"]).content == body


async def test_renditions_are_served_from_the_bucket_with_etag_and_range(spread: Spread) -> None:
    image = spread.api.wait_for(spread.upload(dicom_bytes(seed=200, rows=1800, columns=1200))[0]["id"])
    client, link = spread.api.client(), image["links"]["png"]
    whole = client.get(link)
    assert whole.status_code == 200
    assert whole.content.startswith(b"\x89PNG")
    assert len(whole.content) == int(whole.headers["content-length"]) > 256 * 1024, "streamed, not read at once"
    part = client.get(link, headers={"range": "bytes=1000-70999"})
    assert (part.status_code, part.content) == (206, whole.content[1000:71000])
    assert client.get(link, headers={"if-none-match": whole.headers["etag"]}).status_code == 304
    assert client.get(link, headers={"range": f"bytes={len(whole.content)}-"}).status_code == 416
    assert client.get(image["links"]["thumbnail256"]).headers["content-type"] == "image/webp"


async def test_a_deleted_image_takes_its_objects_with_it(spread: Spread) -> None:
    before = spread.stored()
    image = spread.api.wait_for(spread.upload(dicom_bytes(seed=300))[0]["id"])
    assert len(spread.stored()) > len(before)
    assert spread.api.client().delete(f"/api/images/{image['id']}").status_code in (200, 204)
    await spread.api.end_undo()
    spread.api.wait_until(lambda: spread.stored() == before, "its objects are gone")


def test_an_export_is_streamed_from_the_bucket_byte_for_byte(spread: Spread) -> None:
    bodies = [
        dicom_bytes(seed=320, transfer_syntax_uid="1.2.840.10008.1.2.1", rows=900, columns=700),
        dicom_bytes(seed=321),
    ]
    ids = [spread.api.wait_for(image["id"])["id"] for image in spread.upload(*bodies)]
    made = spread.api.client().post("/api/exports", json={"imageIds": ids}).json()
    answer = spread.api.client().get(made["url"])
    assert len(answer.content) == int(answer.headers["content-length"])
    with zipfile.ZipFile(io.BytesIO(answer.content)) as read:
        kept = [read.read(info) for info in read.infolist() if info.filename != "manifest.csv"]
    assert sorted(kept) == sorted(bodies)


async def test_killing_a_worker_midway_loses_nothing(spread: Spread) -> None:
    bodies = [dicom_bytes(seed=400 + n) for n in range(12)]
    taken = spread.upload(*bodies)
    victim = spread.workers[0]
    pid = victim.processes["worker"].pid

    async def works() -> bool:
        sql = "SELECT 1 FROM job_attempts WHERE finished_at IS NULL AND worker LIKE '%:' || $1::text"
        return bool(await victim.fetch(sql, str(pid)))

    async with asyncio.timeout(30):
        while not await works():
            await asyncio.sleep(0.01)
    victim.kill("worker", signal.SIGKILL)
    images = [spread.api.wait_for(image["id"]) for image in taken]
    victim.start("worker")
    assert {image["status"] for image in images} == {"ready"}
    for image, body in zip(images, bodies, strict=True):
        assert spread.api.client().get(image["links"]["file"]).content == body
    twice = "SELECT 1 FROM renditions GROUP BY image_id, kind, recipe_version HAVING count(*) > 1"
    assert await spread.api.fetch(twice) == []
    assert set(await spread.keys_in_rows()) <= set(spread.stored())


async def test_verify_finds_a_missing_a_changed_and_an_orphan_object(spread: Spread) -> None:
    bodies = [png_bytes(seed=500 + n) for n in range(2)]
    missing, changed = [spread.api.wait_for(spread.upload(body)[0]["id"]) for body in bodies]
    rows = await spread.api.fetch(
        "SELECT storage_key FROM images WHERE id = ANY($1::bigint[]) ORDER BY id", [missing["id"], changed["id"]]
    )
    store = spread.bucket.store
    obstore.delete(store, rows[0]["storage_key"])
    obstore.put(store, rows[1]["storage_key"], bodies[1][:-1] + b"\0")
    obstore.put(store, "originals/00/planted", b"x")
    async with spread.database() as db:
        storage = spread.bucket.storage()
        found = {f.fault: f.image_id async for f in verify_originals(db, storage) if f is not None}
        orphans = [f.storage_key async for f in find_orphans(db, storage, older_than_seconds=-2)]
        renditions = [f async for f in verify_renditions(db, storage)]
    assert found == {"missing": missing["id"], "changed": changed["id"]}
    assert "originals/00/planted" in orphans
    assert renditions == []
    told = _command(spread.workers[1], "verify")
    assert told.returncode == 1, told.stderr
    for fault, image, row in (("missing", missing, rows[0]), ("changed", changed, rows[1])):
        assert f"{fault}: image {image['id']}, {row['storage_key']}" in told.stdout
    # Sending a file again mends what was lost.
    assert spread.upload(bodies[0])[0]["duplicate"]
    assert spread.api.client().get(missing["links"]["file"]).content == bodies[0]
    obstore.put(store, rows[1]["storage_key"], bodies[1])
    obstore.delete(store, "originals/00/planted")


async def test_an_orphan_in_the_bucket_ends_in_quarantine(spread: Spread, tmp_path: Path) -> None:
    storage, known = spread.bucket.storage(), await spread.keys_in_rows()
    obstore.put(spread.bucket.store, "originals/00/orphan", b"perhaps a mammogram")
    async with spread.database() as db:
        assert await join_installation(db, storage, tmp_path)
        assert await compare_installation(db, storage) == "same"
        assert await remove_orphans(db, storage, older_than_seconds=-2) >= 1
    kept = [key for key in spread.stored() if key.startswith(QUARANTINE) and key.endswith("originals/00/orphan")]
    assert len(kept) == 1
    assert await storage.read(kept[0]) == b"perhaps a mammogram"
    assert [key for key in spread.stored() if not key.startswith(QUARANTINE)] == known
    obstore.delete(spread.bucket.store, kept[0])


@pytest.mark.parametrize(("point", "objects", "rows"), [("after_spool", 0, 0), ("after_rename", 1, 0)])
async def test_an_api_that_dies_on_the_way_has_shown_nothing(
    spread: Spread, tmp_path: Path, point: str, objects: int, rows: int
) -> None:
    before, known = spread.stored(), len(await spread.keys_in_rows())
    settings = {**spread.api.settings, "MAMMOGRAM_VIEWER_TEST_CRASH_AT": point}
    dying = Product(tmp_path, spread.api.database_url, spread.api.redis_url, settings=settings)
    with running(dying, "api"), pytest.raises(httpx.TransportError):
        dying.upload(("a.png", png_bytes(seed=600)))
    new = sorted(set(spread.stored()) - set(before))
    assert len(new) == objects
    assert len(await spread.keys_in_rows()) - known == rows
    await spread.bucket.storage().delete(new)


async def test_an_upload_is_answered_only_when_the_bucket_has_it(spread: Spread, tmp_path: Path) -> None:
    known = len(await spread.keys_in_rows())
    with refusing(503, "SlowDown") as endpoint:
        settings = {**spread.api.settings, "AWS_ENDPOINT_URL": endpoint}
        away = Product(tmp_path, spread.api.database_url, spread.api.redis_url, settings=settings)
        with running(away, "api"):
            answer = away.upload(("a.png", png_bytes(seed=700)))
            assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable"), answer.text
            assert "retry-after" in answer.headers
            health = httpx.get(f"{away.base_url}/health", timeout=20)
            assert (health.status_code, health.json()["storage"]["status"]) == (503, "down")
            away.wait_until(lambda: away.spool_files() == [], "the spool is empty", 5)
    assert len(await spread.keys_in_rows()) == known


async def test_a_worker_waits_out_an_absence_of_s3(spread: Spread, tmp_path: Path) -> None:
    """An attempt that finds no S3 is followed by others; here the first ones meet a relay that cuts everything."""
    for worker in spread.workers:
        worker.kill("worker", signal.SIGTERM)
    try:
        async with Relay(cut_after=0).to(spread.bucket.endpoint) as relay:
            settings = {**spread.api.settings, "AWS_ENDPOINT_URL": relay.endpoint}
            settings["MAMMOGRAM_VIEWER_JOB_BACKOFF_MS"] = "1000"
            lonely = Product(tmp_path, spread.api.database_url, spread.api.redis_url, settings=settings)
            image = spread.upload(dicom_bytes(seed=800))[0]
            with running(lonely, "worker"):
                async with asyncio.timeout(60):
                    while not await lonely.fetch("SELECT 1 FROM job_attempts WHERE error_code = 'storage_unavailable'"):
                        await asyncio.sleep(0.1)
                relay.cut_after = None
                ended = await asyncio.to_thread(spread.api.wait_for, image["id"])
            assert ended["status"] == "ready", ended["reason"]
    finally:
        for worker in spread.workers:
            worker.start("worker")


@pytest.mark.parametrize("code", ["file_changed", "file_missing"])
async def test_no_picture_is_made_of_an_original_that_is_not_what_was_received(spread: Spread, code: str) -> None:
    body = dicom_bytes(seed=900)
    image = spread.api.wait_for(spread.upload(body)[0]["id"])
    key = (await spread.api.fetch("SELECT storage_key FROM images WHERE id = $1", image["id"]))[0]["storage_key"]
    if code == "file_changed":
        obstore.put(spread.bucket.store, key, body[:-1] + bytes([body[-1] ^ 1]))
    else:
        obstore.delete(spread.bucket.store, key)
    client = spread.api.client()
    ordered = client.get(f"/api/images/{image['id']}/png?bits=16").json()["jobId"]
    job = spread.api.wait_until(lambda: _ended(client.get(f"/api/jobs/{ordered}").json()), "the job has ended")
    assert job["state"] == "failed"
    attempts = await spread.api.fetch("SELECT error_code FROM job_attempts WHERE job_id = $1", ordered)
    assert {row["error_code"] for row in attempts} == {code}
    assert "administrator" in str(job["error"])
    assert client.get(f"/api/images/{image['id']}").json()["status"] == "ready", "what is shown stays shown"
    assert client.delete(f"/api/images/{image['id']}").status_code in (200, 204)


def _ended(job: dict[str, Any]) -> dict[str, Any] | None:
    return job if job["state"] in ("completed", "failed", "rejected") else None


def test_health_and_doctor_say_that_space_is_not_limited(spread: Spread) -> None:
    storage = httpx.get(f"{spread.api.base_url}/health", timeout=20).json()["storage"]
    assert storage == {"status": "ok", "usedBytes": None, "freeBytes": None, "limited": False}
    told = _command(spread.api, "doctor").stdout
    assert f"✓ {spread.bucket.url} can be written at {spread.bucket.endpoint}" in told
    assert "✓ its space is not limited by us" in told
    assert SECRET not in told


def test_credentials_may_stand_in_a_dotenv(spread: Spread, tmp_path: Path) -> None:
    lines = [f"{name}={value}" for name, value in spread.bucket.environment.items()]
    (tmp_path / ".env").write_text("\n".join(lines), encoding="utf-8")
    environment = {k: v for k, v in spread.api.environment().items() if k not in spread.bucket.environment}
    told = _run(["doctor"], environment, tmp_path).stdout
    assert f"✓ {spread.bucket.url} can be written at {spread.bucket.endpoint}" in told


def test_a_wrong_secret_is_named_by_doctor_and_not_told(spread: Spread) -> None:
    with refusing(403, "SignatureDoesNotMatch") as endpoint:
        told = _command(spread.api, "doctor", AWS_ENDPOINT_URL=endpoint)
    assert told.returncode == 1
    assert "✗ S3 refuses the credentials (SignatureDoesNotMatch): check AWS_ACCESS_KEY_ID" in told.stdout
    assert SECRET not in told.stdout + told.stderr
    assert ACCESS_KEY not in told.stdout + told.stderr


def test_neither_logs_nor_decoders_know_the_credentials(spread: Spread) -> None:
    logs = spread.api.log("api") + "".join(worker.log("worker") for worker in spread.workers)
    assert "decoders_confined" in logs
    assert SECRET not in logs
    assert ACCESS_KEY not in logs
    for worker in spread.workers:
        servers = psutil.Process(worker.processes["worker"].pid).children(recursive=True)
        assert servers, "the fork server runs"
        for process in servers:
            with contextlib.suppress(psutil.NoSuchProcess):
                assert not any(name.startswith("AWS_") for name in process.environ())


def _command(part: Product, *words: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return _run(list(words), {**part.environment(), **extra}, part.data_dir)


def _run(words: list[str], environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mammogram_viewer", *words],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
