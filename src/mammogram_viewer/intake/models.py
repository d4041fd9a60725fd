"""A file on its way in, once it is whole: from a spool file, or from an archive that was unpacked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mammogram_viewer.archive.models import FileType
from mammogram_viewer.foundation.errors import MammogramViewerError


@dataclass(frozen=True, eq=False)
class ReceivedFile:
    """Bytes at `path`, hashed and judged by their beginning, not yet durable."""

    name: str
    path: Path
    byte_count: int
    sha256: bytes
    file_type: FileType


@dataclass(frozen=True)
class RefusedFile:
    """A file that is not taken, with the error that says why."""

    name: str
    error: MammogramViewerError
