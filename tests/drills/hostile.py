"""`make drill-hostile`; `--help` tells how to run a part of it, and how to get a single file."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))  # as pytest does
    from hostile.drill import main

    raise SystemExit(main(sys.argv[1:]))
