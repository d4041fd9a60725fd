"""The large database is kept between runs, in a folder under /var/tmp that no installation knows.

It is made anew when a migration that it was made with has changed, when its size is another one, and when it has grown
old: dashboards end today. For the days since, activities and views are added as a service would add them."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks.analytics import seed
from benchmarks.stage import ADMINISTRATOR, Stage, add_person, servers
from mammogram_viewer.adapters.database.migrate import list_migrations

_OLDEST = timedelta(days=14)
# Raised when what the seed makes changes.
_EDITION = 2
_NOTE = "seeded.json"


@contextlib.asynccontextmanager
async def kept_servers(
    folder: Path, size: seed.Size, tell: Callable[[str], None]
) -> AsyncIterator[tuple[Stage, dict[str, Any]]]:
    """Servers on the kept folder, seeded; and what is known of the seeding: `seconds`, `newest_at`, `kept`."""
    with _alone(folder):
        async with _kept_servers(folder, size, tell) as staged:
            yield staged


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One run at a time."""
    with folder.with_suffix(".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit("Another run of this benchmark uses the kept data.") from None
        yield


@contextlib.asynccontextmanager
async def _kept_servers(
    folder: Path, size: seed.Size, tell: Callable[[str], None]
) -> AsyncIterator[tuple[Stage, dict[str, Any]]]:
    note = _read(folder)
    if note is None or not _serves(note, size):
        shutil.rmtree(folder, ignore_errors=True)
        note = None
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with servers(folder) as stage:
        await add_person(stage.database_url, ADMINISTRATOR, "admin")
        fresh = note is None
        if note is None:
            note = await _seed(stage, size, tell)
        else:
            note = await _catch_up(stage, note, tell)
        note["migrations"] = _migrations()  # those that came since have been applied
        (folder / _NOTE).write_text(json.dumps(note))
        yield stage, {**note, "kept": not fresh}


def kept_folder() -> Path:
    """Beside the work folders of the other benchmarks, one for each person of the machine."""
    return Path("/var/tmp", f"mammogram-viewer-benchmark-kept-{os.getuid()}")


def _read(folder: Path) -> dict[str, Any] | None:
    try:
        return json.loads((folder / _NOTE).read_text())
    except (FileNotFoundError, ValueError):
        return None


def _serves(note: dict[str, Any], size: seed.Size) -> bool:
    """Migrations may have come since; those that it was made with must be the same."""
    known = _migrations()
    return (
        note["edition"] == _EDITION
        and note["size"] == asdict(size)
        and datetime.now(UTC) - datetime.fromisoformat(note["newest_at"]) < _OLDEST
        and all(known.get(name) == digest for name, digest in note["migrations"].items())
    )


def _migrations() -> dict[str, str]:
    return {one.name: one.checksum for one in list_migrations()}


async def _seed(stage: Stage, size: seed.Size, tell: Callable[[str], None]) -> dict[str, Any]:
    newest_at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    started = time.perf_counter()
    await seed.fill(stage.database_url, size, newest_at, tell)
    seconds = round(time.perf_counter() - started, 1)
    return {"edition": _EDITION, "size": asdict(size), "newest_at": newest_at.isoformat(), "seconds": seconds}


async def _catch_up(stage: Stage, note: dict[str, Any], tell: Callable[[str], None]) -> dict[str, Any]:
    newest_at = datetime.fromisoformat(note["newest_at"])
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    if now <= newest_at:
        return note
    tell(f"what happened since {newest_at:%Y-%m-%d %H:%M}")
    connection = await asyncpg.connect(stage.database_url, command_timeout=300)
    try:
        await seed.catch_up(connection, newest_at, now)
    finally:
        await connection.close()
    return {**note, "newest_at": now.isoformat()}
