"""The page's types are generated from the API as it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_checked_in_description_of_the_api_is_up_to_date() -> None:
    script = Path(__file__).parents[2] / "scripts" / "dump_openapi.py"
    checked = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stderr
