"""Node programs beside the running product. They need the packages of `package-lock.json`: `make test-interop` installs
them and runs these tests; without them, the tests say so and are skipped."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from product import Product, free_port
from product_fixtures import people_database, product

__all__ = ["people_database", "product"]
HERE = Path(__file__).parent
QUEUES = ("dicom-conversion", "thumbnail", "maintenance")
NodeClient = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def node() -> str:
    """The interpreter, once it and the packages are there."""
    found = shutil.which("node")
    if found is None or not (HERE / "node_modules" / "bullmq").exists():
        pytest.skip(
            "NODE OR ITS PACKAGES ARE MISSING: Node clients and Bull Board are NOT TESTED. Mend: make test-interop"
        )
    return found


@pytest.fixture
def node_client(node: str, product: Product) -> NodeClient:
    """Adds a job as Node's BullMQ client does, and answers what that client sees of its end."""

    def add(queue: str, name: str, payload: Any, **options: Any) -> dict[str, Any]:
        words = [product.redis_url, queue, name, json.dumps(payload), json.dumps(options)]
        done = subprocess.run([node, "client.js", *words], cwd=HERE, capture_output=True, text=True, timeout=90)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return add


class Board:
    """The requests that Bull Board's own page makes."""

    def __init__(self, port: int) -> None:
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}/board", timeout=20)

    def queue(self, name: str) -> dict[str, Any]:
        answer = self.http.get("/api/queues", params={"activeQueue": name, "page": 1, "jobsPerPage": 100})
        assert answer.status_code == 200, answer.text
        return next(queue for queue in answer.json()["queues"] if queue["name"] == name)

    def names(self) -> list[str]:
        return [queue["name"] for queue in self.http.get("/api/queues").json()["queues"]]

    def job(self, queue: str, job_id: str) -> dict[str, Any]:
        answer = self.http.get(f"/api/queues/{queue}/{job_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def put(self, path: str) -> None:
        answer = self.http.put(f"/api/queues/{path}")
        assert answer.status_code in (200, 204), answer.text


@pytest.fixture(scope="module")
def board(node: str, product: Product) -> Iterator[Board]:
    """Bull Board as a process of its own."""
    port = free_port()
    with (product.data_dir / "board.log").open("wb") as log:
        process = subprocess.Popen(
            [node, "board.js", str(port), product.redis_url, *QUEUES], cwd=HERE, stdout=log, stderr=log
        )
        try:
            made = Board(port)

            def answers() -> bool:
                assert process.poll() is None, (product.data_dir / "board.log").read_text()
                try:
                    return made.http.get("/").status_code == 200
                except httpx.TransportError:
                    return False

            product.wait_until(answers, "Bull Board answers")
            yield made
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)
