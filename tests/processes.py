"""What tests need to watch processes: who belongs to a DATA_DIR, and waiting for something with a bound."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import psutil

Answer = TypeVar("Answer")


def wait_until(question: Callable[[], Answer], *, seconds: float = 15, what: str = "it") -> Answer:
    """Ask again and again until the answer is true; AssertionError when the time is over."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.02)
    return answer


def processes_of(data_dir: Path) -> list[psutil.Process]:
    """Every living process that works in DATA_DIR or was started with it in its environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if process.cwd().startswith(str(data_dir)) or process.environ().get("DATA_DIR") == str(data_dir):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def family_of(pid: int) -> list[psutil.Process]:
    """All descendants of a process, as they are now."""
    return psutil.Process(pid).children(recursive=True)


def are_gone(processes: list[psutil.Process]) -> bool:
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in _living(processes))


def _living(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [process for process in processes if psutil.pid_exists(process.pid)]


def command(data_dir: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `mammogram-viewer WORDS` to its end on a DATA_DIR of the test's own."""
    return subprocess.run(
        [sys.executable, "-m", "mammogram_viewer", *words],
        env={**os.environ, "DATA_DIR": str(data_dir), **environ},
        cwd=data_dir.parent,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
