"""Wire shapes of an upload's answer."""

from __future__ import annotations

from mammogram_viewer.archive.models import ImageStatus
from mammogram_viewer.foundation.wire import Wire


class TakenFile(Wire, frozen=True):
    """A file that is safe now: bytes, rows and job are durable."""

    id: int
    job_id: str
    status: ImageStatus
    sha256: str
    duplicate: bool
    name: str


class RejectedFile(Wire, frozen=True):
    """A file that was not taken, and why."""

    name: str
    code: str
    detail: str


class UploadAnswer(Wire, frozen=True):
    """202: what was taken and what was not."""

    images: list[TakenFile]
    rejected: list[RejectedFile]
