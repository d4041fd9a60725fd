"""The bytes of unfinished resumable uploads: one file each, in a folder whose id says which machine has them.

**Invariant:** a file's length is the truth about how much has come, and no length is told before it is on disk.
**Invariant:** who writes, finishes or removes a file holds its lock, which the kernel takes back from a killed process.

    <id>          what has come so far
    <id>.piece    the body of a request with a checksum, until it has proved right
    <id>.whole    a second name of the whole file, which storage may take away"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import hashlib
import os
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from mammogram_viewer.foundation.errors import Gone, Locked, StorageFull
from mammogram_viewer.intake.spool import FLUSH_BYTES, demand_space, to_the_end, translated

_ID_FILE = ".folder"
_PIECE = ".piece"
_WHOLE = ".whole"
_SPACE_CHECK_BYTES = 16 * FLUSH_BYTES
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
P = ParamSpec("P")
T = TypeVar("T")
_writers = ThreadPoolExecutor(max_workers=8, thread_name_prefix="resumable")


class UploadFolder:
    """Makes, opens and removes the files. Blocking, but for what says otherwise; each call is short."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._id: uuid.UUID | None = None

    @property
    def id(self) -> uuid.UUID:
        """The folder's own id, made with the folder at its first use; machines that share it agree."""
        if self._id is None:
            self._id = self._join()
        return self._id

    def _join(self) -> uuid.UUID:
        path = self.path / _ID_FILE
        try:
            if not path.exists():
                self._found(path)
            return uuid.UUID(path.read_text(encoding="ascii").strip())
        except OSError as problem:
            raise translated(problem) from problem

    def _found(self, path: Path) -> None:
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        own = self.path / f"{_ID_FILE}-{uuid.uuid4().hex}"
        with own.open("x", encoding="ascii") as file:
            file.write(f"{uuid.uuid4()}\n")
            file.flush()
            os.fsync(file.fileno())  # or a failing of the power leaves the name of an empty file
        try:
            with contextlib.suppress(FileExistsError):
                # Whole or absent: another process never reads half an id.
                path.hardlink_to(own)
        except OSError as problem:
            if problem.errno not in _NO_LINKS:
                raise
            own.replace(path)
        finally:
            own.unlink(missing_ok=True)

    def create(self, upload_id: str) -> None:
        """An empty file, durable by name."""
        try:
            os.close(os.open(self.path / upload_id, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            _fsync_folder(self.path)
        except OSError as problem:
            raise translated(problem) from problem

    def length(self, upload_id: str) -> int | None:
        """What has come so far, bytes; None when there is no file. Says nothing about what is durable."""
        try:
            return (self.path / upload_id).stat().st_size
        except FileNotFoundError:
            return None

    def is_busy(self, upload_id: str) -> bool:
        """Whether somebody writes or finishes it right now."""
        try:
            with self.locked(upload_id):
                return False
        except Locked:
            return True
        except Gone:
            return False

    @contextmanager
    def locked(self, upload_id: str) -> Iterator[int]:
        """The file, open for reading and writing, and nobody else's meanwhile. Locked, or Gone when it is not there."""
        try:
            descriptor = os.open(self.path / upload_id, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            raise _lost() from None
        except OSError as problem:
            raise translated(problem) from problem
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Locked(
                    "Another request is sending this upload. Ask again in a moment.", retry_after_seconds=1
                ) from None
            if os.fstat(descriptor).st_nlink == 0:
                raise _lost()
            yield descriptor
        finally:
            os.close(descriptor)

    def open_piece(self, upload_id: str) -> int:
        """An empty file beside it, for a body that has to prove right first."""
        path = self.path / (upload_id + _PIECE)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)

    def drop_piece(self, upload_id: str) -> None:
        (self.path / (upload_id + _PIECE)).unlink(missing_ok=True)

    def second_name(self, upload_id: str) -> Path:
        """A second name of the whole file: storage takes that one away, and should we die before the row says so, the
        file is still here. Where the disk knows no links, its only name."""
        path, second = self.path / upload_id, self.path / (upload_id + _WHOLE)
        second.unlink(missing_ok=True)
        try:
            second.hardlink_to(path)
        except OSError as problem:
            if problem.errno in _NO_LINKS:
                return path
            raise translated(problem) from problem
        return second

    def remove(self, upload_id: str) -> None:
        """All that belongs to it; what is not there is no error."""
        for ending in (_WHOLE, _PIECE, ""):
            (self.path / (upload_id + ending)).unlink(missing_ok=True)

    def idle_ids(self, *, older_than_seconds: float) -> list[str]:
        """The uploads of whose files none was touched for that long."""
        if not self.path.is_dir():
            return []
        before = time.time() - older_than_seconds
        young: dict[str, bool] = {}
        for path in self.path.iterdir():
            if path.name.startswith("."):
                continue
            with contextlib.suppress(FileNotFoundError):
                upload_id = path.name.partition(".")[0]
                young[upload_id] = young.get(upload_id, False) or path.stat().st_mtime >= before
        return [upload_id for upload_id, is_young in young.items() if not is_young]


class Writer:
    """Writes a body at its place while it comes in: the event loop gathers, a thread writes a mebibyte at a time."""

    def __init__(self, descriptor: int, start: int, folder: Path, *, min_free_bytes: int, algorithm: str = "") -> None:
        self.byte_count = 0
        self._descriptor = descriptor
        self._at = start
        self._folder = folder
        self._min_free_bytes = min_free_bytes
        self._digest = hashlib.new(algorithm) if algorithm else None
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0
        self._writing: asyncio.Future[None] | None = None
        self._has_failed = False

    def gather(self, chunk: bytes) -> None:
        """Take a chunk; call `drain` after it."""
        self._gathered.append(chunk)
        self._gathered_bytes += len(chunk)
        self.byte_count += len(chunk)

    async def drain(self) -> None:
        """At most two mebibytes wait in memory."""
        if self._gathered_bytes >= FLUSH_BYTES:
            await self._hand_over()

    async def settle(self) -> None:
        """All that was gathered is written, not yet durable."""
        await self._hand_over()
        await self._written()

    async def settle_durably(self) -> None:
        await self.settle()
        await run(fsync, self._descriptor)

    @property
    def digest(self) -> bytes:
        assert self._digest is not None
        return self._digest.digest()

    async def _hand_over(self) -> None:
        await self._written()
        pieces, self._gathered, self._gathered_bytes = self._gathered, [], 0
        if pieces:
            self._writing = asyncio.get_running_loop().run_in_executor(_writers, self._write, b"".join(pieces))

    async def _written(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            await to_the_end(writing)

    def _write(self, whole: bytes) -> None:
        if self._has_failed:
            return  # what follows a gap would be taken for what is missing
        try:
            if self._at % _SPACE_CHECK_BYTES < len(whole):
                demand_space(self._folder, self._min_free_bytes)
            self._at = _write_at(self._descriptor, whole, self._at)
        except OSError as problem:
            self._has_failed = True
            raise translated(problem) from problem
        except StorageFull:
            self._has_failed = True
            raise
        if self._digest is not None:
            self._digest.update(whole)


async def run(work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """In a thread of ours: the event loop never waits for a disk."""
    return await to_the_end(asyncio.get_running_loop().run_in_executor(_writers, partial(work, *arguments, **named)))


def read_head(descriptor: int, byte_count: int) -> bytes:
    """The first bytes, as many as are there."""
    return os.pread(descriptor, byte_count, 0)


def fsync(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as problem:
        raise translated(problem) from problem


def append(piece: int, descriptor: int, start: int, byte_count: int) -> None:
    """The proved body behind what was there. Interrupted, the file is longer by a part of it, which is right too."""
    try:
        done = 0
        while done < byte_count:
            chunk = os.pread(piece, min(FLUSH_BYTES, byte_count - done), done)
            assert chunk
            _write_at(descriptor, chunk, start + done)
            done += len(chunk)
        os.fsync(descriptor)
    except OSError as problem:
        raise translated(problem) from problem


def sha256_of(path: Path) -> bytes:
    """Of a whole file; a gigabyte takes about a second."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _write_at(descriptor: int, whole: bytes, at: int) -> int:
    view = memoryview(whole)
    while view:
        written = os.pwrite(descriptor, view, at)
        view, at = view[written:], at + written
    return at


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lost() -> Gone:
    return Gone(
        "What was sent of this upload is no longer there. Send the file from its beginning.", code="upload_lost"
    )
