"""`make drill-memory`: tests/faults/test_memory.py with ten thousand conversions (or as many as the first word says),
and its measurements printed. About half an hour on two cores."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

if __name__ == "__main__":
    os.environ["MAMMOGRAM_VIEWER_TEST_CONVERSIONS"] = sys.argv[1] if len(sys.argv) > 1 else "10000"
    raise SystemExit(pytest.main(["-q", "-s", str(Path(__file__).parents[1] / "faults" / "test_memory.py")]))
