"""A local folder as storage: write, fsync, rename, fsync the folder.

Spool and storage normally share a file system, so that publishing is one rename and no byte is copied."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import shutil
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

from mammogram_viewer.adapters.storage.port import (
    FILE_CHANGED,
    FILE_MISSING,
    STORAGE_UNAVAILABLE,
    Storage,
    StorageSpace,
    checked_key,
)
from mammogram_viewer.foundation.errors import NotFound, StorageFull, Unavailable

CHUNK_BYTES = 256 * 1024
_FULL = {errno.ENOSPC, errno.EDQUOT}


class LocalStorage(Storage):
    """Files below `root`, sharded by the first two characters of their random names."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="storage")
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    async def adopt(self, files: list[tuple[Path, str]]) -> None:
        loop = asyncio.get_running_loop()
        published = await asyncio.gather(
            *(loop.run_in_executor(self._pool, self._publish, source, self._path(key)) for source, key in files)
        )
        # One fsync a folder however many files went into it: the names are durable only now.
        folders = sorted({folder for touched in published for folder in touched})
        await asyncio.gather(*(loop.run_in_executor(self._pool, _fsync_folder, folder) for folder in folders))

    def _publish(self, source: Path, target: Path) -> list[Path]:
        """Durable bytes under the final name; answers the folders whose entries changed."""
        touched = [target.parent]
        try:
            if not target.parent.is_dir():
                touched += _make_folders(target.parent)
            _fsync_file(source)
            try:
                source.rename(target)
            except OSError as problem:
                if problem.errno != errno.EXDEV:
                    raise
                _copy_across_devices(source, target)
        except OSError as problem:
            raise _translated(problem) from problem
        return touched

    async def open_range(self, key: str, start: int, stop: int) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        descriptor = _open(self._path(key))
        try:
            while start < stop:
                want = min(CHUNK_BYTES, stop - start)
                chunk = await loop.run_in_executor(self._pool, os.pread, descriptor, want, start)
                if not chunk:
                    raise Unavailable(
                        "The stored file is shorter than it was. Run `mammogram-viewer verify`.", code=FILE_CHANGED
                    )
                start += len(chunk)
                yield chunk
        finally:
            os.close(descriptor)

    async def read(self, key: str) -> bytes:
        path = self._path(key)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, path.read_bytes)
        except FileNotFoundError:
            raise NotFound("The file is not in storage.", code=FILE_MISSING) from None

    async def byte_count(self, key: str) -> int:
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError:
            raise NotFound("The file is not in storage.", code=FILE_MISSING) from None

    async def delete(self, keys: list[str]) -> None:
        paths = [self._path(key) for key in keys]
        await asyncio.get_running_loop().run_in_executor(self._pool, _unlink, paths)

    async def move(self, old_key: str, new_key: str) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._pool, self._rename, self._path(old_key), self._path(new_key))

    def _rename(self, old: Path, new: Path) -> None:
        try:
            touched = {old.parent, new.parent}
            if not new.parent.is_dir():
                touched.update(_make_folders(new.parent))
            old.rename(new)
            for folder in touched:
                _fsync_folder(folder)
        except FileNotFoundError:
            raise NotFound("The file is not in storage.", code=FILE_MISSING) from None
        except OSError as problem:
            raise _translated(problem) from problem

    @asynccontextmanager
    async def on_disk(
        self,
        key: str,
        folder: Path,  # noqa: ARG002 - nothing is copied
        *,
        byte_count: int,  # noqa: ARG002 - as it lies there
        sha256: bytes | None = None,  # noqa: ARG002 - `verify` reads it; a copy's digest is compared, an own file's not
    ) -> AsyncIterator[Path]:
        path = self._path(key)
        if not path.is_file():
            raise NotFound("The file is not in storage.", code=FILE_MISSING)
        yield path

    def local_copy(self, key: str) -> Path:
        """Where the file lies, or would."""
        return self._path(key)

    def list_keys(self, prefix: str, *, older_than_seconds: float) -> Iterator[str]:
        before = time.time() - older_than_seconds
        for folder, _, names in os.walk(self._path(prefix) if prefix else self.root):
            for name in names:
                path = Path(folder, name)
                with contextlib.suppress(FileNotFoundError):
                    # ctime, not mtime: a rename into place is what makes a file appear here.
                    if path.stat().st_ctime < before:
                        yield str(path.relative_to(self.root))

    async def space(self) -> StorageSpace:
        usage = shutil.disk_usage(self.root)
        return StorageSpace(used_bytes=usage.used, free_bytes=usage.free)

    async def check_writable(self) -> None:
        probe = self.root / f".probe-{uuid.uuid4().hex}"

        def write() -> None:
            try:
                with probe.open("wb") as file:
                    file.write(b"probe")
                    file.flush()
                    os.fsync(file.fileno())
            except OSError as problem:
                raise _translated(problem) from problem
            finally:
                probe.unlink(missing_ok=True)

        await asyncio.get_running_loop().run_in_executor(self._pool, write)

    def _path(self, key: str) -> Path:
        return self.root / checked_key(key)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise NotFound("The file is not in storage.", code=FILE_MISSING) from None


def _unlink(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _make_folders(folder: Path) -> list[Path]:
    """Create a folder with its parents; answers the parents, whose new entries must be made durable too."""
    missing = [folder]
    while not missing[-1].parent.is_dir():
        missing.append(missing[-1].parent)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return [path.parent for path in missing]


def _fsync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy_across_devices(source: Path, target: Path) -> None:
    """Spool and storage lie on different file systems: copy under a temporary name, then rename. The name is this
    copy's own: another of the same key could else empty the file between its fsync and its rename."""
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        shutil.copyfile(source, temporary)
        _fsync_file(temporary)
        temporary.rename(target)
    finally:
        temporary.unlink(missing_ok=True)
    source.unlink()


def _translated(problem: OSError) -> Exception:
    if problem.errno in _FULL:
        return StorageFull("Storage is full; nothing was kept. An administrator can free space or move DATA_DIR.")
    if problem.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
        return Unavailable(
            "Storage cannot be written to; nothing was kept. `mammogram-viewer doctor` says why.",
            code=STORAGE_UNAVAILABLE,
        )
    return problem
