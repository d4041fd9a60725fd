"""The product's way: a real nursery with default settings forks a child for each file, as a worker does."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import forkserver
from pathlib import Path

import psutil

from benchmarks.pixels.child import Cost, measured_render
from mammogram_viewer.adapters.nursery import ChildDied, Nursery
from mammogram_viewer.dicom.limits import RenderLimits
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.imaging.order import BaseKind, RenderOrder
from mammogram_viewer.renditions.task import PRELOAD

JOB: tuple[BaseKind, ...] = ("png8", "png16", "thumbnail512")
_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
# A child is waited for by the fork server a moment after we see it end.
_REAPED_SECONDS = 0.05


@dataclass(frozen=True)
class Run:
    """One file through a child. `cpu_ms` is all of it but the child's end: child, fork and our own part."""

    wall_ms: float
    cpu_ms: float
    cost: Cost


class Ours:
    """A worker's rendering without queue and storage."""

    def __init__(self, folder: Path) -> None:
        self._nursery = Nursery(Settings(), [*PRELOAD, measured_render.__module__])
        self._folder = folder
        pid: int | None = forkserver._forkserver._forkserver_pid  # it has no public name
        assert pid is not None
        self._server = psutil.Process(pid)

    async def run(self, source: Path, order: RenderOrder) -> Run:
        """In a folder that is gone afterwards."""
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            return await self.run_in(Path(folder), source, order)

    async def run_in(self, folder: Path, source: Path, order: RenderOrder) -> Run:
        """The pictures stay in `folder`, which is empty before."""
        own, server = time.process_time(), self._server_cpu_ms()
        started = time.perf_counter()
        cost = await self._nursery.run(
            measured_render,
            str(source),
            str(folder),
            RenderLimits(),
            order,
            folder=folder,
            readable=[source],
            answer_type=Cost,
        )
        wall_ms = (time.perf_counter() - started) * 1000
        if isinstance(cost, ChildDied):
            raise SystemExit(f"A child died of {source.name}: {cost.code}")
        if cost.refused:
            raise SystemExit(f"{source.name} was refused: {cost.refused}")
        around_ms = (time.process_time() - own) * 1000 + self._server_cpu_ms() - server
        return Run(wall_ms, cost.life_cpu_ms + around_ms, cost)

    @contextlib.contextmanager
    def unreported(self, runs: list[Run]) -> Iterator[list[float]]:
        """Afterwards the list holds the milliseconds of CPU that a child spent unseen on average: answering and ending.

        The kernel counts children that ended in ticks, so only the sum over many runs says something."""
        before, found = self._ended_children_ms(), []
        yield found
        time.sleep(_REAPED_SECONDS)
        spent = self._ended_children_ms() - before
        reported = sum(run.cost.life_cpu_ms for run in runs)
        found.append(max(spent - reported, 0) / max(len(runs), 1))

    @property
    def server_rss_mb(self) -> float:
        return self._server.memory_info().rss / 1e6

    def close(self) -> None:
        self._nursery.close()

    def _server_cpu_ms(self) -> float:
        """Of the fork server itself, by the scheduler's own nanoseconds."""
        nanoseconds = Path(f"/proc/{self._server.pid}/schedstat").read_text().split()[0]
        return int(nanoseconds) / 1e6

    def _ended_children_ms(self) -> float:
        fields = Path(f"/proc/{self._server.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[13]) + int(fields[14])) * _TICK_MS  # cutime and cstime, proc(5)
