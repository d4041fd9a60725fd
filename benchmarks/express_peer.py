"""Starts the Express peer with the SQL that our own code runs, so that both ask the database the same questions."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks.stage import COOKIE, Peer, Stage, free_port, peer
from mammogram_viewer.accounts import queries as accounts
from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.accounts.sessions import stale_seconds
from mammogram_viewer.adapters.database import embedded
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.foundation.keyset import Cursor, PageRequest
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.gallery.filters import ImageFilters
from mammogram_viewer.gallery.service import page_after
from mammogram_viewer.web import headers

LIMIT = 20
FOLDER = Path(__file__).parent / "peers" / "express"


@contextlib.asynccontextmanager
async def express(stage: Stage) -> AsyncIterator[Peer]:
    """One process in production mode with a pool of ten, on the same PostgreSQL."""
    node = _installed()
    queries = stage.folder / "queries.json"
    queries.write_text(json.dumps(await _queries(stage)))
    port = free_port()
    environ = {
        "PATH": os.environ.get("PATH", os.defpath),
        "NODE_ENV": "production",
        "PORT": str(port),
        "QUERIES_FILE": str(queries),
        "PGHOST": str(stage.postgres.socket_dir),
        "PGPORT": str(embedded.PORT),
        "PGUSER": embedded.USER,
        "PGDATABASE": embedded.DATABASE,
    }
    with peer([node, FOLDER / "server.js"], port, environ, stage.folder, stage.output) as running:
        yield running


async def _queries(stage: Stage) -> dict[str, Any]:
    """The statements of one page as our own code sends them, noted while it runs, and those of a sign-in."""
    cursor = Cursor(created_at=datetime(2024, 1, 20, tzinfo=UTC), id=1)
    request = PageRequest(cursor=cursor, limit=LIMIT)
    pool = await open_pool(stage.database_url, size=1, application_name="benchmark")
    try:
        notes = _Notes(pool)
        reader = Principal(user_id=1, email="", name="", role="technologist")
        await page_after(notes, request, ImageFilters(), reader)  # type: ignore[arg-type] - as much of a pool as it uses
    finally:
        await pool.close()
    names = {cursor.created_at: "createdAt", cursor.id: "id", LIMIT + 1: "limitAndOne"}
    settings = Settings()
    return {
        "page": [{"text": sql, "values": [names[value] for value in values]} for sql, values in notes.statements],
        "limit": LIMIT,
        "headers": {**headers._FIXED, "cache-control": "private, no-store"},
        "find_session": accounts._FIND_SESSION,
        "find_token": accounts._FIND_BY_DIGEST,
        "touch_session": accounts._TOUCH_SESSION,
        "touch_token": accounts._TOUCH_BY_ID,
        "idle_seconds": settings.session_idle_seconds,
        "stale_seconds": stale_seconds(settings),
        "cookie_name": COOKIE,
    }


class _Notes:
    """A pool and connection that does as it is told and remembers what it was told."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self.statements: list[tuple[str, tuple[Any, ...]]] = []

    @contextlib.asynccontextmanager
    async def acquire(self) -> AsyncIterator[_Notes]:
        yield self

    async def fetch(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        self.statements.append((sql, values))
        return await self._pool.fetch(sql, *values)

    async def fetchval(self, sql: str, *values: Any) -> Any:
        self.statements.append((sql, values))
        return await self._pool.fetchval(sql, *values)


def _installed() -> str:
    """Node, with the peer's locked packages beside it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise SystemExit("The comparison with Express needs Node 20 and npm: apt-get install nodejs npm")
    made, locked = FOLDER / "node_modules" / ".package-lock.json", FOLDER / "package-lock.json"
    if not made.exists() or made.stat().st_mtime < locked.stat().st_mtime:
        subprocess.run([npm, "ci", "--omit=dev", "--loglevel=error"], cwd=FOLDER, check=True, timeout=300)
    return node


def versions() -> dict[str, str]:
    """What the lock file pins, and Node's own."""
    packages = json.loads((FOLDER / "package-lock.json").read_text())["packages"]
    pinned = {name: packages[f"node_modules/{name}"]["version"] for name in ("express", "pg")}
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, timeout=30).stdout.strip()
    return {"node": node, **pinned}
