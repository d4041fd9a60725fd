"""A disk that fills up under load, on a small file system of its own: 507 for what does not fit, kills while it is
full, and once there is space again everything ends as if nothing had happened."""

from __future__ import annotations

import os
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg

from conftest import database_named
from drills.house import House
from drills.invariants import Archive, Findings, examine
from drills.senders import Bodies, Ledger, Sender, Watch, sign_in
from drills.storm import Outcome, finish
from mammogram_viewer.adapters.database.migrate import apply_migrations
from product import FAST, Product, add_people, running

_DISK_BYTES = 96_000_000
_PIECE_BYTES = 2_000_000
_LEAVE_BYTES = 200_000
_UPLOADS = 120
_DATABASE = "full_disk"
_WAIT_SECONDS = 120


def drill_full_disk(house: House, folder: Path, seed: int, outcome: Outcome, say: Callable[[str], None]) -> None:
    """Adds to the outcome. The house lends its servers."""
    with _small_disk(folder / "disk") as disk:
        if disk is None:
            say("NO SMALL DISK CAN BE MOUNTED HERE (root and tmpfs are needed): THE FULL DISK WAS NOT DRILLED")
            outcome.counts["full disk drilled"] = 0
            return
        house.wait_servers()
        url = database_named(house.postgres.dsn, _DATABASE)
        finish(_make_database(house.postgres.dsn, url))
        ledger = Ledger(deque(range(_UPLOADS)))
        settings = {"DATA_DIR": str(disk), "MAMMOGRAM_VIEWER_MIN_FREE_BYTES": "0"}
        # The logs lie elsewhere, because a full disk takes them too; Redis keeps its own queues apart.
        logs = folder / "full disk logs"
        logs.mkdir()
        redis_url = f"{house.valkey.url}?db=9"
        with running(Product(logs, url, redis_url, settings={**FAST, **settings}), "api", "worker") as product:
            watch = Watch(url, ledger)
            watch.start()
            bodies = Bodies(seed, large=False)
            senders = [
                Sender(
                    sign_in(product.base_url, "user"),
                    bodies,
                    ledger,
                    seed + n,
                    lambda: watch.unfinished,
                    frozenset({202, 503, 507}),
                )
                for n in range(3)
            ]
            for sender in senders:
                sender.start()
            _fill_and_free(product, disk, ledger, outcome)
            _wait(lambda: ledger.is_full, "all uploads are taken once there is space", outcome)
            _retry_failed(product, url, outcome)
            _wait(lambda: finish(_open_or_failed(url)) == 0, "every image has its end", outcome)
            ledger.stop.set()
            for sender in senders:
                sender.join(70)
        findings: Findings = finish(
            examine(Archive(data_dir=disk, database_url=url), ledger.acknowledged, ledger.unanswered)
        )
        outcome.troubles += [f"full disk: {trouble}" for trouble in (*ledger.troubles, *findings.violations)]
        outcome.counts["full disk drilled"] = 1
        outcome.counts["full disk: acknowledged"] = len(ledger.acknowledged)
        outcome.counts["full disk: answers 507"] = ledger.answers["507"]


def _fill_and_free(product: Product, disk: Path, ledger: Ledger, outcome: Outcome) -> None:
    """Take the last space while files come in and are rendered; kill both parts; give it back."""
    _wait(lambda: len(ledger.acknowledged) >= _UPLOADS // 4, "the first uploads are taken", outcome)
    filler = disk / "filler"
    _fill(filler)
    _wait(lambda: ledger.answers["507"] >= 5, "uploads are answered 507", outcome)
    for part in ("worker", "api"):
        product.kill(part)
        product.start(part)
    before = ledger.answers["507"]
    _wait(lambda: ledger.answers["507"] >= before + 5, "uploads are answered 507 after a restart", outcome)
    filler.unlink()


def _fill(filler: Path) -> None:
    """Take all the space but a little, in pieces: others take their share at the same time."""
    size = 0
    with filler.open("wb") as file:
        while (piece := min(_PIECE_BYTES, _free(filler) - _LEAVE_BYTES)) > 0:
            with suppress(OSError):
                os.posix_fallocate(file.fileno(), size, piece)
                size += piece


def _free(path: Path) -> int:
    state = os.statvfs(path)
    return state.f_bavail * state.f_frsize


def _retry_failed(product: Product, url: str, outcome: Outcome) -> None:
    """As a person would once there is space: what failed for want of it."""
    _wait(lambda: finish(_open(url)) == 0, "every image has an end", outcome)
    for queue in ("dicom-conversion", "thumbnail"):
        answer = product.client("admin").post(f"/api/admin/queue/{queue}/retry-failed")
        if answer.status_code >= 400:
            outcome.troubles.append(f"full disk: retry-failed was answered {answer.status_code}: {answer.text[:200]}")


async def _make_database(existing: str, url: str) -> None:
    connection = await asyncpg.connect(existing)
    try:
        await connection.execute(f"CREATE DATABASE {_DATABASE}")
    finally:
        await connection.close()
    await apply_migrations(url)
    await add_people(url)


async def _open(url: str) -> int:
    return await _count(url, "status IN ('pending', 'processing')")


async def _open_or_failed(url: str) -> int:
    return await _count(url, "status IN ('pending', 'processing', 'failed')")


async def _count(url: str, condition: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(f"SELECT count(*) FROM images WHERE {condition}")
    finally:
        await connection.close()


def _wait(condition: Callable[[], bool], what: str, outcome: Outcome) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            outcome.troubles.append(f"full disk: waited {_WAIT_SECONDS} s in vain until {what}")
            return
        time.sleep(0.1)


@contextmanager
def _small_disk(disk: Path) -> Iterator[Path | None]:
    """A tmpfs of its own; None where nobody may mount one."""
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        yield None
        return
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
