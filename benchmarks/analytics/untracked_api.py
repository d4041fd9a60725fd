"""`mammogram-viewer api` that notes no view, so that what noting costs a picture can be seen; with `--unaudited` it
does not write who opened it either. The peers of the real one."""

from __future__ import annotations

import sys
from typing import Any

from mammogram_viewer.activity.views import ViewTracker
from mammogram_viewer.cli.main import main
from mammogram_viewer.viewing import service


def _no_note(self: ViewTracker, actor: Any, image_id: int) -> None:  # noqa: ARG001 - the signature is theirs
    return None


async def _no_audit(*_: Any, **__: Any) -> None:
    return None


ViewTracker.note_opening = _no_note
if "--unaudited" in sys.argv:
    service.record_audit = _no_audit

if __name__ == "__main__":
    sys.argv = ["mammogram-viewer", "api"]
    main()
