"""The naive pipeline in a process of its own, to see its memory.

`python -m benchmarks.pixels.naive_process FILE FOLDER`
prints its peak in MB."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from benchmarks.pixels.peers import naive

if __name__ == "__main__":
    naive(Path(sys.argv[1]), Path(sys.argv[2]))
    print(round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6, 1))
