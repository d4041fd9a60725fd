"""What was acknowledged is never lost: Redis emptied, processes killed, the power cut at any step of an upload."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest
import redis

from builders import dicom_bytes, png_bytes
from conftest import Servers
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.adapters.storage.local import LocalStorage
from mammogram_viewer.archive.removals import empty_removals, remove_orphans
from mammogram_viewer.archive.verify import find_orphans, verify_originals, verify_renditions
from mammogram_viewer.foundation.crash_points import CRASH_POINTS
from product import FAST, PASSWORD, Product, add_people, free_port, running


async def assert_invariants(database_url: str, storage_dir: Path, acknowledged: dict[int, bytes]) -> None:
    """Every acknowledged original is there once, byte-identical, ready, rendered once, no orphan."""
    db = await open_pool(database_url, size=2, application_name="invariants")
    try:
        storage = LocalStorage(storage_dir)
        rows = {row["id"]: row for row in await db.fetch("SELECT id, status, storage_key FROM images")}
        for image_id, body in acknowledged.items():
            assert rows[image_id]["status"] == "ready", f"image {image_id} is {rows[image_id]['status']}"
            assert storage.local_copy(rows[image_id]["storage_key"]).read_bytes() == body
        assert not [f async for f in verify_originals(db, storage) if f is not None]
        assert not [f async for f in verify_renditions(db, storage)]
        twice = await db.fetch(
            "SELECT image_id FROM renditions GROUP BY image_id, kind, recipe_version HAVING count(*) > 1"
        )
        assert not twice
        stories = await db.fetch(
            """SELECT image_id, count(*) FROM job_queue
               WHERE image_id IS NOT NULL GROUP BY image_id HAVING count(*) > 1"""
        )
        assert not stories
        # What a crash left without a row is removed by the walk that normally comes once an hour.
        await empty_removals(db, storage)
        await remove_orphans(db, storage, older_than_seconds=-1)
        assert not [f async for f in find_orphans(db, storage, older_than_seconds=-1)]
        assert not [f async for f in verify_originals(db, storage) if f is not None]
    finally:
        await db.close()


async def test_flushall_in_the_middle_of_50_uploads_loses_none(product: Product) -> None:
    client = redis.Redis.from_url(product.redis_url)
    acknowledged: dict[int, bytes] = {}
    for number in range(50):
        body = dicom_bytes(seed=number)
        acknowledged[product.upload_one(body)["id"]] = body
        if number in (10, 25, 49):
            client.flushall()
    client.close()
    for image_id in acknowledged:
        assert product.wait_for(image_id)["status"] == "ready"
    await assert_invariants(product.database_url, product.data_dir / "storage", acknowledged)


async def test_uploads_are_taken_while_redis_is_away_and_rendered_when_it_is_back(
    own_database: str, tmp_path: Path
) -> None:
    from mammogram_viewer.adapters.children import stop, wait_until_ready
    from mammogram_viewer.adapters.redis.embedded import EmbeddedRedis

    valkey = EmbeddedRedis(tmp_path / "own redis")
    (tmp_path / "own redis").mkdir()
    valkey.prepare()
    with (tmp_path / "redis.log").open("wb") as output:
        process = valkey.start(output)
        wait_until_ready(valkey, process)
        folder = tmp_path / "data"
        folder.mkdir()
        with running(Product(folder, own_database, valkey.url), "api", "worker") as product:
            process.kill()
            process.wait()
            body = dicom_bytes(seed=900)
            started = time.monotonic()
            taken = product.upload_one(body)
            answered_seconds = time.monotonic() - started
            assert answered_seconds < 5, "the uploader never waits for Redis"
            health = httpx.get(f"{product.base_url}/health")
            assert (health.status_code, health.json()["status"]) == (200, "degraded")
            process = valkey.start(output)
            wait_until_ready(valkey, process)
            assert product.wait_for(taken["id"])["status"] == "ready"
            assert httpx.get(f"{product.base_url}/health").json()["status"] == "ok"
        stop(process, signal.SIGTERM, grace_seconds=5)


UPLOAD_POINTS = [p for p in CRASH_POINTS if p not in ("after_render", "after_publish")]


@pytest.mark.parametrize("point", CRASH_POINTS)
async def test_a_power_cut_at_any_step_of_an_upload_leaves_nothing_half_made(
    point: str, own_database: str, servers: Servers, tmp_path: Path
) -> None:
    product = Product(tmp_path, own_database, servers.redis_url)
    part = "api" if point in UPLOAD_POINTS else "worker"
    body = dicom_bytes(seed=CRASH_POINTS.index(point) + 500)
    acknowledged: dict[int, bytes] = {}
    with running(product):
        product.start("api", **({"MAMMOGRAM_VIEWER_TEST_CRASH_AT": point} if part == "api" else {}))
        product.start("worker", **({"MAMMOGRAM_VIEWER_TEST_CRASH_AT": point} if part == "worker" else {}))
        try:
            answer = product.upload(("a.dcm", body))
            assert answer.status_code == 202
            acknowledged[answer.json()["images"][0]["id"]] = body
            assert point not in ("after_spool", "after_rename", "after_commit")
        except httpx.TransportError:
            assert point != "after_enqueue", "the answer was sent before this step"
        assert product.processes.pop(part).wait(60) == 137
        product.start(part)
        if not acknowledged:
            # Whatever the cut left, the same upload sent again is taken.
            acknowledged[product.upload_one(body)["id"]] = body
        for image_id in acknowledged:
            assert product.wait_for(image_id)["status"] == "ready"
    await assert_invariants(own_database, tmp_path / "storage", acknowledged)


@pytest.fixture
def serving(tmp_path: Path):
    """`mammogram-viewer serve` with embedded servers of its own, as `make run` starts it."""
    data_dir = tmp_path / "served data"
    data_dir.mkdir()
    port = free_port()
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("MAMMOGRAM_VIEWER_")},
        "DATA_DIR": str(data_dir),
        "PORT": str(port),
        **FAST,
    }
    with (tmp_path / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mammogram_viewer", "serve"], env=environment, stdout=log, stderr=log
        )
    try:
        yield process, data_dir, port
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def child(serve: subprocess.Popen[bytes], word: str) -> psutil.Process | None:
    """The supervised child whose command line ends in, or names, the word."""
    for process in psutil.Process(serve.pid).children():
        try:
            words, name = process.cmdline(), process.name()
        except psutil.Error:
            continue
        if name.startswith(word) or (words and words[-1] == word):
            return process
    return None


async def test_kill_9_of_every_part_during_50_uploads_loses_no_acknowledged_file(
    serving: tuple[subprocess.Popen[bytes], Path, int],
) -> None:
    serve, data_dir, port = serving
    base_url = f"http://127.0.0.1:{port}"
    wait_for = Product.wait_until
    wait_for(lambda: _status(f"{base_url}/health/ready") == 200, "serve is ready", 60)
    from mammogram_viewer.adapters.database.locate import database_dsn
    from mammogram_viewer.foundation.settings import Settings

    dsn = database_dsn(Settings(data_dir=data_dir))
    await add_people(dsn)
    victims = {8: "api", 16: "worker", 24: "postgres", 32: "valkey", 40: "api", 44: "worker"}
    acknowledged: dict[int, bytes] = {}
    with httpx.Client(base_url=base_url, timeout=30) as client:
        wait_for(lambda: _sign_in(client), "signing in", 30)
        for number in range(50):
            body = dicom_bytes(seed=2000 + number) if number % 5 else png_bytes(seed=number, side=300)
            if number in victims:
                _kill(serve, victims[number], wait_for)
            acknowledged[_upload_until_acknowledged(client, number, body, wait_for, data_dir)] = body
        assert len(acknowledged) == 50
        for image_id in acknowledged:
            wait_for(lambda i=image_id: _is_ready(client, i), f"image {image_id} is ready", 90)
    await assert_invariants(dsn, data_dir / "storage", acknowledged)


def _kill(serve: subprocess.Popen[bytes], word: str, wait_for: Callable[..., object]) -> None:
    victim = wait_for(lambda: child(serve, word), f"{word} runs", 30)
    assert isinstance(victim, psutil.Process)
    victim.kill()


def _status(url: str) -> int:
    try:
        return httpx.get(url, timeout=2).status_code
    except httpx.TransportError:
        return 0


def _sign_in(client: httpx.Client) -> bool:
    answer = client.post("/api/auth/login", json={"email": "user@example.org", "password": PASSWORD})
    return answer.status_code == 200


def _upload_until_acknowledged(
    client: httpx.Client, number: int, body: bytes, wait_for: Callable[..., object], data_dir: Path
) -> int:
    """As a client does whose connection broke: send again until there is a 202. Nothing else may be answered but
    503, while PostgreSQL is being started again."""

    def attempt() -> int | None:
        try:
            answer = client.post("/api/images", files=[("files", (f"{number}.dcm", body))])
        except httpx.TransportError:
            return None
        if answer.status_code == 202:
            return answer.json()["images"][0]["id"]
        assert answer.status_code == 503, answer.text + "".join(
            p.read_text()[-6000:] for p in data_dir.glob("logs/api.log")
        )
        return None

    image_id = wait_for(attempt, f"upload {number} is acknowledged", 60)
    assert isinstance(image_id, int)
    return image_id


def _is_ready(client: httpx.Client, image_id: int) -> bool:
    try:
        image = client.get(f"/api/images/{image_id}").json()
    except httpx.TransportError:
        return False
    assert image.get("status") not in ("failed", "rejected"), image
    return image.get("status") == "ready"


async def test_verify_finds_a_planted_missing_changed_and_orphan_file(product: Product) -> None:
    images = [product.wait_for(product.upload_one(png_bytes(seed=7000 + n), "a.png")["id"]) for n in range(2)]
    rows = await product.fetch(
        "SELECT storage_key FROM images WHERE id = ANY($1::bigint[]) ORDER BY id", [i["id"] for i in images]
    )
    storage = LocalStorage(product.data_dir / "storage")
    storage.local_copy(rows[0]["storage_key"]).unlink()
    changed = storage.local_copy(rows[1]["storage_key"])
    changed.write_bytes(changed.read_bytes()[:-1] + b"\0")
    orphan = storage.local_copy("originals/00/planted")
    orphan.parent.mkdir(parents=True, exist_ok=True)
    orphan.write_bytes(b"x")
    db: asyncpg.Pool = await open_pool(product.database_url, size=1, application_name="tests")
    try:
        found = {f.fault: f.image_id async for f in verify_originals(db, storage) if f is not None}
        orphans = [f.storage_key async for f in find_orphans(db, storage, older_than_seconds=-1)]
    finally:
        await db.close()
    assert found == {"missing": images[0]["id"], "changed": images[1]["id"]}
    assert orphans == ["originals/00/planted"]
