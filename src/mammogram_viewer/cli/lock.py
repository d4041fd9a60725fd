"""One `serve` per DATA_DIR. The kernel drops the lock with the process, however it ends."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from types import TracebackType

from mammogram_viewer.foundation.errors import StartupProblem

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


class DataDirLock:
    """Holds `DATA_DIR/serve.lock`. The file names the holder; a clean end empties it again."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "serve.lock"
        self._descriptor = -1
        # True when the last holder was killed: its children may still be shutting down.
        self.predecessor_was_killed = False

    def __enter__(self) -> DataDirLock:
        # Python's descriptors are not inherited: no child can keep the lock after us.
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._descriptor, 32).decode(errors="replace").strip() or "unknown"
            os.close(self._descriptor)
            raise StartupProblem(
                f"`mammogram-viewer serve` already runs on {self._path.parent} (pid {holder}). "
                f"Stop it with `kill {holder}`, or set another DATA_DIR."
            ) from None
        self.predecessor_was_killed = bool(os.read(self._descriptor, 32).strip())
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def prepare_data_dir(data_dir: Path) -> None:
    """Make DATA_DIR and prove that it takes a file; otherwise one line that names the mend."""
    probe = data_dir / f".write-probe-{os.getpid()}"
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with probe.open("wb") as file:
                file.write(b"\0" * 65536)
                file.flush()
                os.fsync(file.fileno())
        finally:
            probe.unlink(missing_ok=True)
    except OSError as trouble:
        raise StartupProblem(explain_os_error(trouble, data_dir)) from None


def explain_os_error(trouble: OSError, data_dir: Path) -> str:
    """One line for a person: what is wrong with DATA_DIR, and what to do."""
    if trouble.errno in _DISK_FULL:
        return f"The disk that holds {data_dir} is full. Free some space, or set DATA_DIR to a larger disk."
    if trouble.errno == errno.EROFS:
        return f"{data_dir} lies on a read-only file system. Set DATA_DIR to a folder that can be written."
    if trouble.errno in (errno.EACCES, errno.EPERM):
        return f"{data_dir} cannot be written by this user. Give it to this user (chown), or set DATA_DIR."
    if trouble.errno in (errno.ENOTDIR, errno.EEXIST):
        return f"{data_dir} is not a folder, or lies below a file. Set DATA_DIR to a folder."
    return f"{data_dir} cannot be used: {trouble.strerror}. Set DATA_DIR to a folder that can be written."
