"""PostgreSQL is gone for a while: nothing is acknowledged meanwhile, the parts live on, and what waited is done."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from builders import png_bytes
from conftest import Servers
from mammogram_viewer.adapters.children import stop, wait_until_ready
from mammogram_viewer.adapters.database.embedded import EmbeddedPostgres
from mammogram_viewer.adapters.database.migrate import apply_migrations
from product import Product, add_people, running

AWAY_SECONDS = 8.0


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[tuple[EmbeddedPostgres, Callable[[], subprocess.Popen[bytes]]]]:
    """A PostgreSQL of the test's own and what starts it: it does not run yet."""
    folder = tmp_path / "own postgres"
    folder.mkdir()
    server = EmbeddedPostgres(folder, options={"fsync": "off", "shared_buffers": "32MB"})
    started: list[subprocess.Popen[bytes]] = []
    with (folder / "log").open("wb") as output:

        def start() -> subprocess.Popen[bytes]:
            server.prepare()
            started.append(server.start(output))
            wait_until_ready(server, started[-1])
            return started[-1]

        yield server, start
        for process in started:
            if process.poll() is None:
                stop(process, server.stop_signal, grace_seconds=10)
    with suppress(OSError):
        shutil.rmtree(server.socket_dir)


def health(product: Product) -> httpx.Response:
    return httpx.get(f"{product.base_url}/health", timeout=10)


@pytest.mark.slow
async def test_postgresql_gone_for_a_while_costs_time_and_nothing_else(
    postgres: tuple[EmbeddedPostgres, Callable[[], subprocess.Popen[bytes]]], servers: Servers, tmp_path: Path
) -> None:
    server, start = postgres
    process = start()
    await server.ensure_database()
    await apply_migrations(server.dsn)
    await add_people(server.dsn)
    redis_url = f"{servers.redis_url}?db=11"
    with running(Product(tmp_path, server.dsn, redis_url), "api", "worker") as product:
        admin, user = product.client("admin"), product.client("user")
        assert product.wait_for(product.upload_one(png_bytes(seed=49_001), "a.png")["id"])["status"] == "ready"
        admin.post("/api/admin/queue/thumbnail/pause")
        taken = product.upload_one(png_bytes(seed=49_002), "b.png")
        admin.post("/api/admin/queue/thumbnail/resume")
        process.send_signal(signal.SIGQUIT)  # at once, as a crash
        process.wait(20)

        worker = psutil.Process(product.processes["worker"].pid)
        cpu_seconds, lines = sum(worker.cpu_times()[:2]), product.log("worker").count("\n")
        away_until = time.monotonic() + AWAY_SECONDS
        refused = product.upload(("c.png", png_bytes(seed=49_003)))
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable"), refused.text
        assert "retry-after" in refused.headers
        shown = health(product)
        assert (shown.status_code, shown.json()["status"], shown.json()["database"]["status"]) == (503, "down", "down")
        assert shown.json()["queues"] == {"status": "down", "oldestWaitingSeconds": None, "workersAlive": None}
        assert httpx.get(f"{product.base_url}/health/ready").status_code == 503
        assert httpx.get(f"{product.base_url}/health/live").status_code == 200
        metrics = httpx.get(f"{product.base_url}/metrics", timeout=10)
        assert metrics.status_code == 200
        assert 'mammogram_viewer_up{part="database"} 0.0' in metrics.text
        assert "mammogram_viewer_queue_jobs" not in metrics.text, "old numbers would be taken for new ones"
        with pytest.raises(subprocess.TimeoutExpired):
            product.processes["worker"].wait(max(0.1, away_until - time.monotonic()))
        assert sum(worker.cpu_times()[:2]) - cpu_seconds < AWAY_SECONDS / 2
        assert product.log("worker").count("\n") - lines < 15 * AWAY_SECONDS, product.log("worker")[-4000:]
        assert product.processes["api"].poll() is None

        start()
        product.wait_until(lambda: health(product).json()["status"] == "ok", "health is well again")
        assert product.wait_for(taken["id"])["status"] == "ready"
        assert user.get("/api/images").status_code == 200
        assert len(product.stored_files("originals")) == 2, "what was refused left nothing"
        assert product.wait_for(product.upload_one(png_bytes(seed=49_003), "c.png")["id"])["status"] == "ready"
