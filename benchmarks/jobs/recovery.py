"""How soon jobs go on after kill -9 of their worker and after FLUSHALL. The drill of faults measures it, in a house of
its own with production's locks and pauses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.machine import ROOT

_LONGEST_SECONDS = 1800


def measure(folder: Path) -> dict[str, Any]:
    """Seconds, and whether each kind of recovery was within its target every time."""
    output = folder / "recovery.json"
    command = [sys.executable, "-m", "tests.drills.faults", "--recovery", "--output", str(output)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=_LONGEST_SECONDS)
    if not output.exists():
        raise SystemExit(f"the drill ended with {done.returncode}: {(done.stdout + done.stderr)[-2000:]}")
    told = json.loads(output.read_text())
    return {
        "seconds": told["recovery"],
        "target": told["targets"],
        "troubles": told["troubles"],
        "met": not done.returncode,
    }
