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
        make_private_dir(folder.parent)
    make_private_dir(folder)
    return folder


def make_private_dir(folder: Path) -> None:
    """A folder that only we enter; a symbolic link or another owner is refused."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise StartupProblem(f"{folder} belongs to somebody else or is a link. Remove it, or choose another DATA_DIR.")
    folder.chmod(0o700)


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
