"""The memory, descriptors and threads of a worker stay as they are, however many files it has converted.

A dose in `make test`; the drill is the same with MAMMOGRAM_VIEWER_TEST_CONVERSIONS=10000 and `pytest -s`, which prints
what was measured. Files of several encodings, pictures, and broken ones go through the real upload and worker."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import psutil

from builders import dicom_bytes, png_bytes
from mammogram_viewer.dicom.syntaxes import (
    EXPLICIT_LITTLE_ENDIAN,
    JPEG_2000_LOSSLESS,
    JPEG_LOSSLESS_FIRST_ORDER,
    JPEG_LS_LOSSLESS,
    RLE_LOSSLESS,
)
from product import Product, running

CONVERSIONS = max(100, int(os.environ.get("MAMMOGRAM_VIEWER_TEST_CONVERSIONS", "150")))
ROWS, COLUMNS = 512, 400  # 400 KiB of pixels
BATCH = 10
SHORT_DOSE = 1000
# A quarter of an image, where the noise of a short dose allows no more; 10 MB in ten thousand otherwise.
MOST_BYTES_EACH = 100_000 if CONVERSIONS < SHORT_DOSE else 1_000
_UID = "2.25.1000000000"
_SYNTAXES = (
    EXPLICIT_LITTLE_ENDIAN,
    JPEG_LS_LOSSLESS,
    JPEG_2000_LOSSLESS,
    JPEG_LOSSLESS_FIRST_ORDER,
    RLE_LOSSLESS,
)


@dataclass
class Watched:
    """One process, sampled after each batch: (conversions so far, resident bytes)."""

    name: str
    pid: int
    resident: list[tuple[int, int]] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)

    def sample(self, conversions: int) -> None:
        self.resident.append((conversions, psutil.Process(self.pid).memory_info().rss))
        status = dict(line.split(":", 1) for line in Path(f"/proc/{self.pid}/status").read_text().splitlines())
        self.threads.append(int(status["Threads"]))
        try:
            self.descriptors.append(len(os.listdir(f"/proc/{self.pid}/fd")))
        except PermissionError:
            # The worker is closed to its own account (confinement/layers.py); the size of its table is not.
            self.descriptors.append(int(status["FDSize"]))

    @property
    def settled(self) -> list[tuple[int, int]]:
        """Without the first third of a dose, the first tenth of a drill: until everything has been loaded once."""
        return self.resident[len(self.resident) // (3 if CONVERSIONS < SHORT_DOSE else 10) :]

    @property
    def bytes_each(self) -> float:
        """The slope of the straight line through the settled samples, bytes for one conversion."""
        return statistics.linear_regression(*zip(*self.settled, strict=True)).slope

    def told(self) -> str:
        early, late = self.settled[: len(self.settled) // 3], self.settled[-len(self.settled) // 3 :]
        return (
            f"{self.name}: {_mean_mb(early):.2f} MB early, {_mean_mb(late):.2f} MB late, "
            f"{self.bytes_each:.0f} bytes a conversion; descriptors {_range(self.descriptors)}, "
            f"threads {_range(self.threads)}; MB over time "
            + " ".join(f"{size / 1e6:.1f}" for _, size in self.resident[:: max(1, len(self.resident) // 20)])
        )


def _mean_mb(samples: list[tuple[int, int]]) -> float:
    return statistics.mean(resident for _, resident in samples) / 1e6


def _range(counts: list[int]) -> str:
    settled = counts[len(counts) // 3 :]
    return f"{min(settled)} to {max(settled)}"


def fork_server_of(pid: int) -> int:
    [found] = [
        child.pid
        for child in psutil.Process(pid).children(recursive=True)
        if "multiprocessing.forkserver" in " ".join(child.cmdline()) and child.ppid() == pid
    ]
    return found


def templates() -> list[tuple[str, bytes]]:
    """One file of each kind; `another` makes any number of different ones of it."""
    made = [
        ("image.dcm", dicom_bytes(seed=1, sop_instance_uid=_UID, rows=ROWS, columns=COLUMNS, transfer_syntax_uid=uid))
        for uid in _SYNTAXES
    ]
    return [*made, ("picture.png", png_bytes(seed=1, side=400)), ("truncated.dcm", made[0][1][:-5000])]


def another(template: tuple[str, bytes], number: int) -> tuple[str, bytes]:
    name, body = template
    if name.endswith(".png"):
        return name, body + str(number).encode()  # after the end chunk, where nobody reads
    return name, body.replace(_UID.encode(), f"2.25.1{number:09}".encode())


async def convert(product: Product, db: asyncpg.Connection, kinds: list[tuple[str, bytes]], first: int) -> None:
    """Upload a batch and wait until the worker has ended each of its jobs; then make room on the disk."""
    files = [another(kinds[number % len(kinds)], number) for number in range(first, first + BATCH)]
    answer = product.upload(*files)
    assert answer.status_code == 202, answer.text
    deadline = time.monotonic() + 120
    while True:
        rows = await db.fetch(
            "SELECT status, count(*) AS jobs FROM job_queue WHERE image_id IS NOT NULL GROUP BY status"
        )
        states = {row["status"]: row["jobs"] for row in rows}
        if states.get("completed", 0) + states.get("rejected", 0) == first + BATCH:
            break
        assert time.monotonic() < deadline, (states, product.log("worker")[-2000:])
        assert not states.get("failed"), product.log("worker")[-3000:]
        await asyncio.sleep(0.1)
    for file in product.stored_files():
        file.unlink()


async def test_a_worker_is_as_large_after_many_conversions_as_after_few(
    own_database: str, redis_url: str, tmp_path: Path
) -> None:
    product = Product(tmp_path, own_database, redis_url)
    kinds = templates()
    db = await asyncpg.connect(own_database)
    with running(product, "api", "worker"):
        await convert(product, db, kinds, 0)
        worker = product.processes["worker"].pid
        watched = [Watched("worker", worker), Watched("fork server", fork_server_of(worker))]
        for first in range(BATCH, CONVERSIONS, BATCH):
            await convert(product, db, kinds, first)
            for process in watched:
                process.sample(first + BATCH)
        assert fork_server_of(worker) == watched[1].pid, "the fork server has died on the way"
    await db.close()
    for process in watched:
        print(f"{CONVERSIONS} conversions, {process.told()}")  # noqa: T201 - the drill's result
    for process in watched:
        assert process.bytes_each < MOST_BYTES_EACH, process.told()
        settled = process.descriptors[len(process.descriptors) // 3 :]
        assert max(settled) - min(settled) <= 10, process.told()
        assert max(process.threads) - min(process.threads[1:]) <= 8, process.told()
    assert not product.spool_files()
