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
    """The most that any child of one part was seen to take."""

    children: int = 0
    address_space_bytes: int = 0
    resident_bytes: int = 0
    seconds: float = 0.0


class Watch:
    """A thread that looks at the grandchildren of some processes: what their fork servers have forked."""

    def __init__(self, pids: dict[str, int]) -> None:
        self.most = {part: Most() for part in pids}
        self._seen: set[int] = set()
        self._pids = pids
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
            for part, pid in self._pids.items():
                for server in _children(pid):
                    for child in _children(server):
                        with suppress(OSError, ValueError, IndexError):
                            self._look_at(child, self.most[part])

    def _look_at(self, pid: int, most: Most) -> None:
        status = dict(
            line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line
        )
        if "VmPeak" not in status:
            return  # it has ended already
        started = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]) / _TICKS
        up = float(Path("/proc/uptime").read_text().split()[0])
        if pid not in self._seen:
            self._seen.add(pid)
            most.children += 1
        most.address_space_bytes = max(most.address_space_bytes, _bytes(status["VmPeak"]))
        most.resident_bytes = max(most.resident_bytes, _bytes(status["VmHWM"]))
        most.seconds = max(most.seconds, up - started)


def _bytes(kibibytes: str) -> int:
    return int(kibibytes.split()[0]) * _KIB


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, task.read_text().split())
    return found
