"""Named places at which the fault drills end the process as a power cut would (`os._exit`).

Without MAMMOGRAM_VIEWER_TEST_CRASH_AT this costs one comparison. The variable is read once, at import, by a process
that a test has started for this purpose; it is no setting."""

from __future__ import annotations

import os

CRASH_POINTS = ("after_spool", "after_rename", "after_commit", "after_enqueue", "after_render", "after_publish")
_CHOSEN = os.environ.get("MAMMOGRAM_VIEWER_TEST_CRASH_AT", "")


def crash_point(name: str) -> None:
    """End the process here, at once and without any clean-up, when the drill has chosen this point."""
    if name == _CHOSEN:
        os._exit(137)
