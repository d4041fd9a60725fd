"""Where the embedded servers' Unix sockets lie: a pure function of DATA_DIR, so every subcommand finds them."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import stat
from pathlib import Path

from mammogram_viewer.foundation.errors import StartupProblem

# sun_path holds 108 bytes with its closing NUL (unix(7)); PostgreSQL's name is the longest that we put there.
_LONGEST_NAME = "/.s.PGSQL.5432"
_MAX_PATH_BYTES = 107
# PostgreSQL and asyncpg read a comma as the start of a second folder; quotes need quoting in three syntaxes.
_PLAIN = re.compile(r"[\w /.+=@~-]+")


def socket_dir(data_dir: Path) -> Path:
    """`DATA_DIR/run`, or a short private folder named by a hash when that path is unfit for sockets."""
    preferred = data_dir.absolute() / "run"
    text = f"{preferred}{_LONGEST_NAME}"
    if len(os.fsencode(text)) <= _MAX_PATH_BYTES and _PLAIN.fullmatch(text) and text.isascii():
        return preferred
    digest = hashlib.sha256(os.fsencode(os.path.realpath(data_dir))).hexdigest()[:16]
    return Path(f"/tmp/mammogram-viewer-{os.geteuid()}") / digest  # noqa: S108 - its owner is checked


def make_socket_dir(data_dir: Path) -> Path:
    """Create the socket folder, mode 0700; refuse one that somebody else has put in our place."""
    folder = socket_dir(data_dir)
    if folder.parent != data_dir.absolute():
        # Everybody may write to /tmp: what stands there under our name must be ours. Others may pass through
        # (an unprivileged account that runs PostgreSQL for root must), as each folder below is private.
        _make_dir(folder.parent, 0o711)
        if folder.parent.lstat().st_uid != os.geteuid():
            raise StartupProblem(f"{folder.parent} belongs to somebody else. Remove it, or choose a shorter DATA_DIR.")
    _make_dir(folder, 0o700)
    return folder


def _make_dir(folder: Path, mode: int) -> None:
    if not folder.is_symlink():
        folder.mkdir(mode=mode, exist_ok=True)
    if not stat.S_ISDIR(folder.lstat().st_mode):
        raise StartupProblem(f"{folder} is a link. Remove it, or choose another DATA_DIR.")
    folder.chmod(mode)


def answers(path: Path) -> bool:
    """Whether something accepts connections on the Unix socket at `path`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def ask(path: Path, question: bytes) -> bytes:
    """The first bytes that the server at `path` answers, empty when it does not."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(path))
            probe.sendall(question)
            return probe.recv(256)
        except OSError:
            return b""
