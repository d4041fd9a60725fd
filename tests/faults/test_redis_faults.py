"""Redis is full, refuses our password, is something else, or comes and goes: uploads are taken all the same, the worker
neither dies nor spins, and once Redis is well again everything ends by itself."""

from __future__ import annotations

import signal
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
import redis

from builders import png_bytes
from mammogram_viewer.adapters.children import stop, wait_until_ready
from mammogram_viewer.adapters.redis.embedded import EmbeddedRedis, find_server
from product import Product, free_port, running

SEED = iter(range(45_000, 46_000))
WATCHED_SECONDS = 4.0
STARTING_LINES = 12  # each queue and each part of the reconciler may tell once that it waits


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[tuple[EmbeddedRedis, Callable[[], subprocess.Popen[bytes]]]]:
    """A running Redis of the test's own, and what starts it again."""
    folder = tmp_path / "own redis"
    folder.mkdir()
    server = EmbeddedRedis(folder)
    started: list[subprocess.Popen[bytes]] = []
    with (folder / "log").open("wb") as output:

        def start() -> subprocess.Popen[bytes]:
            server.prepare()
            started.append(server.start(output))
            wait_until_ready(server, started[-1])
            return started[-1]

        start()
        yield server, start
        for process in started:
            if process.poll() is None:
                stop(process, signal.SIGTERM, grace_seconds=5)


@contextmanager
def not_redis(port: int) -> Iterator[None]:
    """A web server where Redis should be."""

    class Refuse(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.rfile.readline()
            self.wfile.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True  # or what comes after it could not listen there at once

    with Server(("127.0.0.1", port), Refuse) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def upload(product: Product) -> dict:
    """Taken, and soon: the uploader never waits for Redis."""
    started = time.monotonic()
    taken = product.upload_one(png_bytes(seed=next(SEED)), "a.png")
    assert time.monotonic() - started < 5
    return taken


def health(product: Product) -> dict:
    answer = httpx.get(f"{product.base_url}/health")
    assert answer.status_code == 200, answer.text
    return answer.json()


def assert_calm(product: Product, *, lines_per_second: float) -> None:
    """For some seconds the worker lives, uses little of a core and writes few lines."""
    process = product.processes["worker"]
    watched = psutil.Process(process.pid)
    before, lines = sum(watched.cpu_times()[:2]), product.log("worker").count("\n")
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(WATCHED_SECONDS)
    written = product.log("worker").count("\n") - lines
    assert sum(watched.cpu_times()[:2]) - before < 0.5 * WATCHED_SECONDS
    assert written <= STARTING_LINES + lines_per_second * WATCHED_SECONDS, product.log("worker")[-3000:]


# In these tests the reconciler walks twice a second, twenty times as often as by default, and tells of each walk.
WALKS = 2 * 1.5


def test_uploads_into_a_full_redis_are_taken_and_converted_once_there_is_room(
    own_database: str, valkey, tmp_path: Path
) -> None:
    with (
        running(Product(tmp_path, own_database, valkey[0].url), "api", "worker") as product,
        redis.Redis.from_url(valkey[0].url) as client,
    ):
        before = [upload(product) for _ in range(2)]
        assert product.wait_for(before[0]["id"])["status"] == "ready"
        product.wait_for(before[1]["id"])
        product.client("admin").post("/api/admin/queue/thumbnail/pause")
        held = upload(product)  # waits in Redis: workers will want to take it, and may not
        client.config_set("maxmemory", "1mb")
        product.client("admin").post("/api/admin/queue/thumbnail/resume")
        taken = [upload(product) for _ in range(3)]
        shown = product.wait_until(lambda: (found := health(product))["status"] == "degraded" and found, "it is told")
        assert (shown["redis"]["status"], shown["redis"]["problem"]) == ("down", "full")
        assert shown["redis"]["maxmemoryPolicy"] == "noeviction"
        assert_calm(product, lines_per_second=WALKS + 2)
        assert {product.image(image["id"])["status"] for image in taken} == {"pending"}
        client.config_set("maxmemory", "0")
        for image in (held, *taken):
            assert product.wait_for(image["id"])["status"] == "ready"
        product.wait_until(lambda: health(product)["status"] == "ok", "health is well again")


def test_a_wrong_password_is_waited_out(own_database: str, valkey, tmp_path: Path) -> None:
    server, _ = valkey
    with redis.Redis.from_url(server.url) as client:
        client.config_set("requirepass", "the right one")
        ours = server.url.replace("unix://", "unix://:canary-password@")
        with running(Product(tmp_path, own_database, ours), "api", "worker") as product:
            taken = upload(product)
            shown = health(product)
            assert (shown["status"], shown["redis"]["problem"]) == ("degraded", "refuses")
            assert_calm(product, lines_per_second=WALKS)
            assert "worker_waits_for_redis" in product.log("worker")
            client.config_set("requirepass", "canary-password")
            assert product.wait_for(taken["id"])["status"] == "ready"
            assert health(product)["status"] == "ok"
            for part in ("api", "worker"):
                assert "canary-password" not in product.log(part)


def test_a_web_server_in_the_place_of_redis_is_waited_out(own_database: str, tmp_path: Path) -> None:
    port = free_port()
    product = Product(tmp_path, own_database, f"redis://127.0.0.1:{port}/0")
    with running(product):
        with not_redis(port):
            product.start("api")
            product.start("worker")
            taken = upload(product)
            shown = health(product)
            assert (shown["status"], shown["redis"]["problem"]) == ("degraded", "no_redis")
            assert_calm(product, lines_per_second=WALKS)
            stats = product.client("admin").get("/api/admin/queue/stats")
            assert (stats.status_code, stats.json()["redis"]) == (200, "down")
            metrics = httpx.get(f"{product.base_url}/metrics")
            assert 'mammogram_viewer_up{part="redis"} 0.0' in metrics.text
        words = [str(find_server()), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        process = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL)
        try:
            assert product.wait_for(taken["id"])["status"] == "ready"
        finally:
            stop(process, signal.SIGTERM, grace_seconds=5)


def test_redis_that_is_started_again_and_again_delays_but_loses_nothing(
    own_database: str, valkey, tmp_path: Path
) -> None:
    server, start = valkey
    with running(Product(tmp_path, own_database, server.url), "api", "worker") as product:
        process = None
        taken = []
        for number in range(3):
            taken.append(upload(product))
            for running_now in psutil.Process().children():
                if running_now.name().startswith("valkey") and str(server.store_dir) == running_now.cwd():
                    running_now.send_signal(signal.SIGKILL if number % 2 else signal.SIGTERM)
                    running_now.wait(10)
            taken.append(upload(product))
            process = start()
        assert process is not None and process.poll() is None
        for image in taken:
            assert product.wait_for(image["id"])["status"] == "ready"
        assert product.processes["worker"].poll() is None
