"""Opens the archives among the spooled files, each in a disposable child."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import stat
import uuid
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Protocol

from mammogram_viewer.adapters.nursery import ChildDied, Nursery
from mammogram_viewer.foundation.errors import MammogramViewerError, TooLarge, Unsupported
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.intake.models import ReceivedFile, RefusedFile
from mammogram_viewer.intake.sniff import SniffedType
from mammogram_viewer.intake.spool import storage_full
from mammogram_viewer.intake.unpack import Unpacked, UnpackedFile, UnpackLimits, unpack_zip

PRELOAD = ["mammogram_viewer.intake.unpack"]
_TOO_LARGE = {"too_many_files", "archive_too_large", "too_large"}


class Spooled(Protocol):
    """A whole file on its way in, however it came."""

    @property
    def name(self) -> str: ...

    @property
    def path(self) -> Path: ...

    @property
    def file_type(self) -> SniffedType | None: ...

    def received(self) -> ReceivedFile: ...


class ArchiveOpener:
    """Turns spooled files into received ones; a ZIP becomes the files inside it."""

    def __init__(self, nursery: Nursery, settings: Settings) -> None:
        self._nursery = nursery
        self._settings = settings

    @contextlib.asynccontextmanager
    async def opened(self, spooled: Sequence[Spooled], refused: list[RefusedFile]) -> AsyncIterator[list[ReceivedFile]]:
        """The files in order. What was unpacked and not published is removed at the end of the block."""
        folders: list[Path] = []
        try:
            files: list[ReceivedFile] = []
            for spool in spooled:
                if spool.file_type == "zip":
                    files += await self._unpack(spool, refused, folders)
                else:
                    files.append(spool.received())
            yield files
        finally:
            for folder in folders:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _unpack(self, spool: Spooled, refused: list[RefusedFile], folders: list[Path]) -> list[ReceivedFile]:
        folder = self._settings.spool_dir / f"unpack-{uuid.uuid4().hex}"
        folder.mkdir(mode=0o700)
        folders.append(folder)
        limits = UnpackLimits(
            files=self._settings.max_files_per_request,
            file_bytes=self._settings.max_upload_bytes,
            total_bytes=self._settings.max_request_bytes,
            min_free_bytes=self._settings.min_free_bytes,
        )
        answer = await self._nursery.run(
            unpack_zip,
            str(spool.path),
            str(folder),
            limits,
            folder=folder,
            readable=[spool.path],
            answer_type=Unpacked,
            wall_seconds=self._settings.unpack_wall_seconds,
        )
        if answer.code == "storage_full":
            raise storage_full()
        if isinstance(answer, ChildDied):
            answer = Unpacked(
                code="archive_broken",
                detail="The archive could not be unpacked within the limits; nothing of it was kept. "
                "Send the files themselves.",
            )
        if answer.code:
            refused.append(RefusedFile(spool.name, _error(answer.code, answer.detail)))
        refused += [RefusedFile(file.name, _error(file.code, file.detail)) for file in answer.files if file.code]
        return [_received(folder, file) for file in answer.files if not file.code]


def _received(folder: Path, file: UnpackedFile) -> ReceivedFile:
    # The child may lie about its names: one that is not of our making must not leave the folder.
    assert file.file_type is not None
    assert file.file_name.isdigit()
    # Nor may it be a link to somebody else's file.
    assert stat.S_ISREG((folder / file.file_name).lstat().st_mode)
    return ReceivedFile(
        name=file.name,
        path=folder / file.file_name,
        byte_count=file.byte_count,
        sha256=bytes.fromhex(file.sha256),
        file_type=file.file_type,
    )


def _error(code: str, detail: str) -> MammogramViewerError:
    return TooLarge(detail, code=code) if code in _TOO_LARGE else Unsupported(detail, code=code)
