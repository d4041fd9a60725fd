"""The product as its users meet it: API and worker as processes of their own over real servers.

`Product` is for tests of features and faults; they speak HTTP to it and look into its database."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from argon2 import PasswordHasher

PASSWORD = "a long enough passphrase"
_HASH = PasswordHasher(memory_cost=47104, time_cost=1, parallelism=1).hash(PASSWORD)
ROLES = ("admin", "radiologist", "technologist", "user")
# Faster than in production, so that tests of recovery take seconds.
FAST = {
    "MAMMOGRAM_VIEWER_RECONCILE_INTERVAL_SECONDS": "0.5",
    "MAMMOGRAM_VIEWER_RECONCILE_UNTOUCHED_SECONDS": "2",
    "MAMMOGRAM_VIEWER_JOB_LOCK_MS": "3000",
    "MAMMOGRAM_VIEWER_JOB_STALLED_INTERVAL_MS": "1000",
    "MAMMOGRAM_VIEWER_JOB_BACKOFF_MS": "200",
    # Tests count raw rows of long ago; those of archives ask for it.
    "MAMMOGRAM_VIEWER_ACTIVITY_ARCHIVE_DAYS": "0",
}


def free_port() -> int:
    """A port of loopback that nobody uses right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Product:
    """A running API and worker. Every role has a user `<role>@example.org`; `other@example.org` is a plain user."""

    data_dir: Path
    database_url: str
    redis_url: str
    port: int = field(default_factory=free_port)
    settings: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    clients: dict[str, httpx.Client] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        return {
            **{k: v for k, v in os.environ.items() if not k.startswith("MAMMOGRAM_VIEWER_")},
            "DATA_DIR": str(self.data_dir),
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "PORT": str(self.port),
            **FAST,
            **self.settings,
        }

    def start(self, part: str, **extra: str) -> None:
        log = (self.data_dir / f"{part}.log").open("ab")
        self.processes[part] = subprocess.Popen(
            [sys.executable, "-m", "mammogram_viewer", part],
            env={**self.environment(), **extra},
            stdout=log,
            stderr=log,
        )
        if part == "api":
            self.wait_until(self._answers, "the API answers", seconds=60)

    def _answers(self) -> bool:
        assert self.processes["api"].poll() is None, self.log("api")
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.base_url}/health/live", timeout=2).status_code == 200
        return False

    def kill(self, part: str, number: signal.Signals = signal.SIGKILL) -> None:
        process = self.processes.pop(part)
        process.send_signal(number)
        process.wait(30)

    def stop(self) -> None:
        for client in self.clients.values():
            client.close()
        for part in ("worker", "api"):
            if part in self.processes:
                self.kill(part, signal.SIGTERM)

    def log(self, part: str) -> str:
        path = self.data_dir / f"{part}.log"
        return path.read_text() if path.exists() else ""

    @staticmethod
    def wait_until(condition: Any, what: str, seconds: float = 30) -> Any:
        """Poll until the condition holds; a test that waits says for what."""
        deadline = time.monotonic() + seconds
        while not (answer := condition()):
            assert time.monotonic() < deadline, f"waited {seconds} s in vain until {what}"
            time.sleep(0.05)
        return answer

    def client(self, who: str = "user") -> httpx.Client:
        """Signed in by session cookie; one client a person."""
        if who not in self.clients:
            client = httpx.Client(base_url=self.base_url, timeout=60)
            answer = client.post("/api/auth/login", json={"email": f"{who}@example.org", "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            self.clients[who] = client
        return self.clients[who]

    def upload(self, *files: tuple[str, bytes], who: str = "user") -> httpx.Response:
        """One multipart request with the files."""
        return self.client(who).post("/api/images", files=[("files", (name, body)) for name, body in files])

    def upload_one(self, body: bytes, name: str = "image.dcm", who: str = "user") -> dict[str, Any]:
        answer = self.upload((name, body), who=who)
        assert answer.status_code == 202, answer.text
        return answer.json()["images"][0]

    def image(self, image_id: int, who: str = "admin") -> dict[str, Any]:
        answer = self.client(who).get(f"/api/images/{image_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def wait_for(self, image_id: int, seconds: float = 60) -> dict[str, Any]:
        """The image once its job has ended, whatever the end."""

        def ended() -> dict[str, Any] | None:
            image = self.image(image_id)
            return image if image["status"] in ("ready", "rejected", "failed") else None

        try:
            return self.wait_until(ended, f"image {image_id} has ended", seconds)
        except AssertionError as vain:
            raise AssertionError(f"{vain}; worker's log ends: {self.log('worker')[-3000:]}") from None

    async def fetch(self, sql: str, *values: object) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.database_url)
        try:
            return await connection.fetch(sql, *values)
        finally:
            await connection.close()

    async def end_undo(self) -> None:
        """As if the time in which deletions can be undone were over; the files go with the next walk."""
        # In the order in which restorations lock the rows.
        await self.fetch(
            """WITH held AS (SELECT image_id FROM withdrawn_images ORDER BY image_id FOR UPDATE)
               UPDATE withdrawn_images w SET undo_until = now() FROM held WHERE held.image_id = w.image_id"""
        )

    def stored_files(self, prefix: str = "") -> list[Path]:
        """Originals and renditions; the file that says whose storage this is does not count."""
        files = (self.data_dir / "storage" / prefix).rglob("*")
        return [p for p in files if p.is_file() and p.name != "installation"]

    def spool_files(self) -> list[Path]:
        return list((self.data_dir / "spool").glob("*"))


async def add_people(database_url: str) -> None:
    """One active user of each role, and another plain user."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.executemany(
            "INSERT INTO users (email, name, role, status, password_hash) VALUES ($1, $2, $3, 'active', $4)",
            [(f"{role}@example.org", f"{role.title()} Example", role, _HASH) for role in ROLES]
            + [("other@example.org", "Other Example", "user", _HASH)],
        )
    finally:
        await connection.close()


@contextlib.contextmanager
def running(product: Product, *parts: str) -> Iterator[Product]:
    """Start the parts, and stop them whatever happens; a failing test shows the logs' ends."""
    try:
        for part in parts:
            product.start(part)
        yield product
    finally:
        product.stop()
