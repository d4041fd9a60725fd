"""Starts the Express peer with the SQL that our own code runs, so that both ask the database the same questions."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.stage import COOKIE, Peer, Stage, free_port, peer
from mammogram_viewer.accounts import queries as accounts
from mammogram_viewer.accounts.sessions import stale_seconds
from mammogram_viewer.adapters.database import embedded
from mammogram_viewer.archive.queries import SELECT_IMAGE
from mammogram_viewer.foundation.keyset import Cursor, PageRequest, behind_query, page_query
from mammogram_viewer.foundation.settings import Settings

FOLDER = Path(__file__).parent / "peers" / "express"


@contextlib.contextmanager
def express(stage: Stage) -> Iterator[Peer]:
    """One process in production mode with a pool of ten, on the same PostgreSQL."""
    node = _installed()
    queries = stage.folder / "queries.json"
    queries.write_text(json.dumps(_queries()))
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


def _queries() -> dict[str, str | float]:
    """Statements and their constants, as gallery/service.py and accounts/sessions.py run them."""
    request = PageRequest(cursor=Cursor(created_at=datetime(2024, 1, 1, tzinfo=UTC), id=1))
    columns = {"created_at": "i.created_at", "id_column": "i.id"}
    settings = Settings()
    return {
        "page": page_query(SELECT_IMAGE, [], request, **columns).sql,
        "behind": behind_query(SELECT_IMAGE, [], request, **columns).sql,
        "find_session": accounts._FIND_SESSION,
        "find_token": accounts._FIND_BY_DIGEST,
        "touch_session": accounts._TOUCH_SESSION,
        "touch_token": accounts._TOUCH_BY_ID,
        "idle_seconds": settings.session_idle_seconds,
        "stale_seconds": stale_seconds(settings),
        "cookie_name": COOKIE,
    }


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
