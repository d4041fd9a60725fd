"""A file on this machine's disk that is written piece by piece while its digest is taken, both off the event loop."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from mammogram_viewer.foundation.errors import StorageFull

_FULL = {errno.ENOSPC, errno.EDQUOT}


class SpooledCopy:
    """An async context; `sha256` holds after it. Who made the name removes the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1
        self._digest = hashlib.sha256()

    async def __aenter__(self) -> Self:
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    async def write(self, piece: bytes) -> None:
        """StorageFull when the disk is."""
        writing = asyncio.ensure_future(asyncio.to_thread(self._write, piece))
        try:
            await asyncio.shield(writing)
        finally:
            # Also when we are cancelled: the descriptor must not be closed, and its number reused, under the thread.
            await asyncio.wait([writing])

    def _write(self, piece: bytes) -> None:
        view = memoryview(piece)
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError as problem:
            if problem.errno in _FULL:
                raise StorageFull("The disk of DATA_DIR is full; free some space there.") from problem
            raise
        self._digest.update(piece)

    @property
    def sha256(self) -> bytes:
        return self._digest.digest()
