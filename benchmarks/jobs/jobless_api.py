"""`mammogram-viewer api` whose uploads make no job: storage, image row and records alone. The peer of the real one."""

from __future__ import annotations

import sys
from typing import Any

from mammogram_viewer.cli.main import main
from mammogram_viewer.intake.receive import outbox
from mammogram_viewer.jobs.service import QueueService


async def _no_rows(connection: Any, jobs: list[Any]) -> list[Any]:  # noqa: ARG001 - the signature is theirs
    return []


async def _no_wake_up(self: QueueService, jobs: list[Any]) -> None:  # noqa: ARG001 - the signature is theirs
    return None


outbox.add_jobs = _no_rows
QueueService.wake = _no_wake_up

if __name__ == "__main__":
    sys.argv = ["mammogram-viewer", "api"]
    main()
