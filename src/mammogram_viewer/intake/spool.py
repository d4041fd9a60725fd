"""One file on its way in: written and hashed while it is received, in constant memory.

The event loop only gathers chunks; a worker thread writes and hashes a mebibyte at a time while the next one is
coming in, and starts the disk early, so that the fsync at the end has little left to wait for."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import hashlib
import os
import shutil
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from mammogram_viewer.foundation.errors import MammogramViewerError, StorageFull, TooLarge, Unavailable
from mammogram_viewer.foundation.settings import MIB, Settings
from mammogram_viewer.intake.models import ReceivedFile
from mammogram_viewer.intake.sniff import HEAD_BYTES, SniffedType, sniff

FLUSH_BYTES = MIB
_SPACE_CHECK_BYTES = 16 * MIB
_SYNC_FILE_RANGE_WRITE = 2
_libc = ctypes.CDLL(None, use_errno=True)
_start_writing = getattr(_libc, "sync_file_range", None)
T = TypeVar("T")
_writers = ThreadPoolExecutor(max_workers=8, thread_name_prefix="spool")


class SpoolFile:
    """A file under DATA_DIR/spool that belongs to one request, and is gone with it unless it is published."""

    def __init__(self, settings: Settings, name: str) -> None:
        self.name = name
        self.byte_count = 0
        self.file_type: SniffedType | None = None
        self.refusal: MammogramViewerError | None = None
        self._max_bytes = settings.max_upload_bytes
        self._min_free_bytes = settings.min_free_bytes
        self.path: Path = settings.spool_dir / uuid.uuid4().hex
        self._head = bytearray()
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0
        self._written = 0
        self._digest = hashlib.sha256()
        self._writing: asyncio.Future[None] | None = None
        # Opened by the first write: one piece of a form may begin hundreds of files.
        self._descriptor = -1

    def gather(self, chunk: bytes) -> None:
        """Take a chunk; call `drain` after it. What is certainly refused sets `refusal` and takes no more."""
        self.byte_count += len(chunk)
        try:
            self._judge(chunk)
        except MammogramViewerError as refusal:
            self.refusal = refusal
            self._gathered, self._gathered_bytes = [], 0
            return
        self._gathered.append(chunk)
        self._gathered_bytes += len(chunk)

    def _judge(self, chunk: bytes) -> None:
        if self.byte_count > self._max_bytes:
            raise file_too_large(self._max_bytes)
        if self.file_type is None:
            self._head += chunk[: HEAD_BYTES - len(self._head)]
            if len(self._head) >= HEAD_BYTES:
                self.file_type = sniff(bytes(self._head), self.byte_count)

    async def drain(self) -> None:
        """Hand what was gathered to the writer, waiting for the piece before it: at most two pieces in memory."""
        if self._gathered_bytes >= FLUSH_BYTES:
            await self._hand_over()

    def keep_young(self) -> None:
        """Tell the sweep that the request is still running; its files may wait hours for the last one."""
        with contextlib.suppress(FileNotFoundError):
            os.utime(self.path)

    async def finish(self) -> None:
        """Everything is written (not yet durable) and hashed. Raises the refusal of what is not taken."""
        if self.refusal is not None:
            raise self.refusal
        if self.file_type is None:
            self.file_type = sniff(bytes(self._head), self.byte_count)
        await self._hand_over()
        await self._settle()
        self._close()

    @property
    def sha256(self) -> bytes:
        return self._digest.digest()

    def received(self) -> ReceivedFile:
        """The file for registration, after `finish`."""
        assert self.file_type is not None
        assert self.file_type != "zip"
        return ReceivedFile(self.name, self.path, self.byte_count, self.sha256, self.file_type)

    async def discard(self) -> None:
        """Close and remove; safe at any time, also after publishing."""
        with contextlib.suppress(OSError, StorageFull, Unavailable):
            await self._settle()
        self._close()
        self.path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    async def _hand_over(self) -> None:
        await self._settle()
        pieces, self._gathered, self._gathered_bytes = self._gathered, [], 0
        if pieces:
            self._writing = asyncio.get_running_loop().run_in_executor(_writers, self._write, pieces)

    async def _settle(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            await to_the_end(writing)

    def _write(self, pieces: list[bytes]) -> None:
        try:
            if self._descriptor < 0:
                self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            start = self._written
            if start % _SPACE_CHECK_BYTES < FLUSH_BYTES:
                demand_space(self.path.parent, self._min_free_bytes)
            # One piece for the kernel and one for the digest: between two calls the thread must win the interpreter
            # back from the event loop, which costs more than copying a mebibyte.
            whole = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            pieces.clear()
            view = memoryview(whole)
            while view:
                view = view[os.write(self._descriptor, view) :]
            self._written += len(whole)
            if _start_writing is not None:
                _start_writing(
                    self._descriptor,
                    ctypes.c_int64(start),
                    ctypes.c_int64(self._written - start),
                    _SYNC_FILE_RANGE_WRITE,
                )
            self._digest.update(whole)
        except OSError as problem:
            raise translated(problem) from problem


async def to_the_end(work: asyncio.Future[T]) -> T:
    """Wait for a thread even when we are cancelled: it still uses a descriptor that is closed after this."""
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise


def file_too_large(max_bytes: int) -> TooLarge:
    return TooLarge(
        f"The file is larger than {size_text(max_bytes)}; nothing was kept. "
        "An administrator can raise MAMMOGRAM_VIEWER_MAX_UPLOAD_BYTES."
    )


def size_text(byte_count: int) -> str:
    """A limit in words: whole mebibytes where it has some."""
    return f"{byte_count // MIB} MiB" if byte_count >= MIB else f"{byte_count} bytes"


def demand_space(folder: Path, min_free_bytes: int) -> None:
    """Refuse before the last space is used: the embedded database lives on the same disk."""
    state = os.statvfs(folder)
    if state.f_bavail * state.f_frsize < min_free_bytes:
        raise StorageFull(
            f"Less than {size_text(min_free_bytes)} of storage is free; nothing was kept. "
            "An administrator can free space or lower MAMMOGRAM_VIEWER_MIN_FREE_BYTES."
        )


def storage_full() -> StorageFull:
    return StorageFull("Storage is full; nothing was kept. An administrator can free space or move DATA_DIR.")


def translated(problem: OSError) -> Exception:
    """A full or unwritable spool in words; anything else as it is."""
    if problem.errno in {errno.ENOSPC, errno.EDQUOT}:
        return storage_full()
    if problem.errno in {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT}:
        return Unavailable("The spool cannot be written to; nothing was kept. `mammogram-viewer doctor` says why.")
    return problem


def sweep_spool(settings: Settings) -> int:
    """Remove what a killed process left behind; files of running uploads are younger than the limit."""
    before = time.time() - settings.spool_max_age_seconds
    swept = 0
    for path in settings.spool_dir.glob("*"):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < before:
                if path.is_dir():  # of a rendering whose worker was killed
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()
                swept += 1
    return swept
