"""Watches the processes of a running product: which live on, and what the disposable children take."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_SECONDS_BETWEEN = 0.02
_TICKS = os.sysconf("SC_CLK_TCK")
_KIB = 1024


@dataclass
class Most:
    """The most that any child was seen to take."""

    children: int = 0
    address_space_bytes: int = 0
    resident_bytes: int = 0
    seconds: float = 0.0


class Watch:
    """A thread that looks at the grandchildren of some processes: what their fork servers have forked."""

    def __init__(self, pids: list[int]) -> None:
        self.most = Most()
        self._seen: set[int] = set()
        self._servers = {pid: [] for pid in pids}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(_SECONDS_BETWEEN):
            for pid in self._servers:
                for server in _children(pid):
                    for child in _children(server):
                        with suppress(OSError, ValueError, IndexError):
                            self._look_at(child)

    def _look_at(self, pid: int) -> None:
        status = dict(
            line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line
        )
        if "VmPeak" not in status:
            return  # it has ended already
        started = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]) / _TICKS
        up = float(Path("/proc/uptime").read_text().split()[0])
        self._seen.add(pid)
        self.most.children = len(self._seen)
        self.most.address_space_bytes = max(self.most.address_space_bytes, _bytes(status["VmPeak"]))
        self.most.resident_bytes = max(self.most.resident_bytes, _bytes(status["VmHWM"]))
        self.most.seconds = max(self.most.seconds, up - started)


def _bytes(kibibytes: str) -> int:
    return int(kibibytes.split()[0]) * _KIB


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, task.read_text().split())
    return found
