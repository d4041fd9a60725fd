"""The product on its embedded servers, as `serve` runs it, with PostgreSQL's fsync on: the API as a process of its own.

No worker runs: rendering would take turns with the answers on the same cores, at other times for each side. Jobs wait
in the outbox, where they are written in the upload's own transaction."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import asyncpg
import httpx
from argon2 import PasswordHasher

from mammogram_viewer.adapters.children import Server, spawn, stop, wait_until_ready
from mammogram_viewer.adapters.database.embedded import EmbeddedPostgres
from mammogram_viewer.adapters.database.migrate import apply_migrations
from mammogram_viewer.adapters.redis.embedded import EmbeddedRedis

PASSWORD = "only for this benchmark"
# Uploads, and sees every image.
TECHNOLOGIST = "technologist@example.org"
# May also filter by person, and list people.
ADMINISTRATOR = "admin@example.org"
_START_SECONDS = 30
COOKIE = "mammogram_viewer_session"


@dataclass(frozen=True)
class Stage:
    """Running servers with a migrated database and one technologist."""

    folder: Path
    postgres: EmbeddedPostgres
    redis_url: str
    output: IO[bytes]

    @property
    def database_url(self) -> str:
        return self.postgres.dsn


@dataclass(frozen=True)
class Peer:
    """A program that listens on a port of loopback."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def work_folder() -> Iterator[Path]:
    """A folder on a real disk: /tmp may be memory, where fsync costs nothing."""
    disk = "/var/tmp" if os.access("/var/tmp", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="mammogram-viewer-benchmark-", dir=disk))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.asynccontextmanager
async def servers(folder: Path) -> AsyncIterator[Stage]:
    """PostgreSQL and Valkey as in production, gone at the end."""
    postgres, valkey = EmbeddedPostgres(folder), EmbeddedRedis(folder)
    processes: list[tuple[Server, subprocess.Popen[bytes]]] = []
    with (folder / "output.log").open("wb") as output:
        try:
            for server in (postgres, valkey):
                server.prepare()
                processes.append((server, server.start(output)))
            for server, process in processes:
                wait_until_ready(server, process)
            await postgres.ensure_database()
            await apply_migrations(postgres.dsn)
            await add_person(postgres.dsn, TECHNOLOGIST, "technologist")
            yield Stage(folder, postgres, valkey.url, output)
        finally:
            for server, process in processes:
                stop(process, server.stop_signal, grace_seconds=10)
            shutil.rmtree(postgres.socket_dir, ignore_errors=True)


async def add_person(database_url: str, email: str, role: str) -> None:
    """Active, and known by PASSWORD; one who is there already stays as they are."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(
            "INSERT INTO users (email, name, role, status, password_hash) VALUES ($1, $2, $3, 'active', $4) "
            "ON CONFLICT DO NOTHING",
            email,
            f"Terry {role.title()}",
            role,
            PasswordHasher(memory_cost=47104, time_cost=1, parallelism=1).hash(PASSWORD),
        )
    finally:
        await connection.close()


@contextlib.contextmanager
def api(stage: Stage, *, database_url: str = "", folder: Path | None = None) -> Iterator[Peer]:
    """`mammogram-viewer api` with default settings; on another database it needs a folder of its own."""
    port = free_port()
    data_dir = folder or stage.folder
    environ = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(data_dir),
        "DATA_DIR": str(data_dir),
        "DATABASE_URL": database_url or stage.database_url,
        "REDIS_URL": stage.redis_url,
        "PORT": str(port),
    }
    with peer([sys.executable, "-m", "mammogram_viewer", "api"], port, environ, data_dir, stage.output) as running:
        yield running


@contextlib.contextmanager
def peer(
    command: list[str | Path], port: int, environ: dict[str, str], folder: Path, output: IO[bytes]
) -> Iterator[Peer]:
    """Start a program and wait until it accepts connections; stop it whatever happens."""

    process = spawn(command, death_signal=signal.SIGTERM, environ=environ, cwd=folder, output=output)
    try:
        _wait_until_it_listens(process, port, command)
        yield Peer(port, process)
    finally:
        stop(process, signal.SIGTERM, grace_seconds=10)


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, command: list[str | Path]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"{Path(command[0]).name} ended with {process.returncode} instead of listening.")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise SystemExit(f"{Path(command[0]).name} did not listen within {_START_SECONDS} s.")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass(frozen=True)
class Credentials:
    """One person, as a browser (`cookie`) and as a script (`authorization`)."""

    cookie: str
    authorization: str


def sign_in(running: Peer, email: str = TECHNOLOGIST) -> Credentials:
    """A person through the real routes."""
    with httpx.Client(base_url=running.base_url, timeout=30) as client:
        answer = client.post("/api/auth/login", json={"email": email, "password": PASSWORD})
        answer.raise_for_status()
        made = client.post("/api/auth/tokens", json={"name": "benchmark", "scopes": ["read", "write"]})
        made.raise_for_status()
        return Credentials(f"{COOKIE}={client.cookies[COOKIE]}", f"Bearer {made.json()['token']}")
