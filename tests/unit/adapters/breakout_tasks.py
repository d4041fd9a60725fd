"""What a decoder that a hostile file has taken over might try in order to reach more than its file; run in children
of the nursery. Each answers with what the kernel said: the name of an errno, or "done"."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

_libc = ctypes.CDLL(None, use_errno=True)


def _told(attempt: Callable[[], Any]) -> str:
    try:
        attempt()
    except OSError as refused:
        return errno.errorcode.get(refused.errno or 0, str(refused))
    return "done"


def read(path: str) -> str:
    return _told(lambda: Path(path).read_bytes())


def overwrite(path: str) -> str:
    return _told(lambda: Path(path).open("r+b").close())


def act_on_file(path: str) -> dict[str, str]:
    """Everything but reading it."""
    return {
        "unlink": _told(lambda: os.unlink(path)),
        "truncate": _told(lambda: os.truncate(path, 0)),
        "chmod": _told(lambda: os.chmod(path, 0)),
        "chown": _told(lambda: os.chown(path, 1, 1)),
        "utime": _told(lambda: os.utime(path, (0, 0))),
        "setxattr": _told(lambda: os.setxattr(path, "user.mark", b"x")),
        "rename": _told(lambda: os.rename(path, f"{path}.moved")),
        "replace": _told(lambda: Path(f"{path}.new").write_bytes(b"")),
    }


def make_in_own_folder(target: str, folder: str) -> dict[str, str]:
    own = Path(folder)
    return {
        "file": _told(lambda: (own / "file").write_bytes(b"x")),
        "folder": _told(lambda: (own / "folder").mkdir()),
        "rename": _told(lambda: (own / "file").rename(own / "other")),
        "symlink": _told(lambda: (own / "symlink").symlink_to(target)),
        "link": _told(lambda: (own / "link").hardlink_to(target)),
        "pipe": _told(lambda: os.mkfifo(own / "pipe")),
        "device": _told(lambda: os.mknod(own / "device", 0o600 | 0o020000, os.makedev(1, 8))),
    }


def open_sockets(unix_path: str) -> dict[str, str]:
    def connect() -> None:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(unix_path)

    return {
        "connect": _told(connect),
        "internet": _told(lambda: socket.create_connection(("127.0.0.1", 9), timeout=1)),
        "datagram": _told(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)),
        "netlink": _told(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)),
        "pair": _told(socket.socketpair),
    }


def reach_processes(pid: int) -> dict[str, str]:
    return {
        "signal": _told(lambda: os.kill(pid, signal.SIGTERM)),
        "probe": _told(lambda: os.kill(pid, 0)),
        "parent": _told(lambda: os.kill(os.getppid(), signal.SIGKILL)),
        "group": _told(lambda: os.kill(0, signal.SIGTERM)),
        "everyone": _told(lambda: os.kill(-1, signal.SIGTERM)),
        "signal by file": _told(lambda: fcntl.fcntl(os.open(os.devnull, os.O_RDONLY), fcntl.F_SETOWN, pid)),
        "environ": _told(lambda: Path(f"/proc/{pid}/environ").read_bytes()),
        "maps": _told(lambda: Path(f"/proc/{pid}/maps").read_bytes()),
        "memory": _told(lambda: Path(f"/proc/{pid}/mem").open("r+b").close()),
        "descriptors": _told(lambda: os.listdir(f"/proc/{pid}/fd")),
        "environ of the fork server": _told(lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes()),
        "limits": _told(lambda: resource.prlimit(pid, resource.RLIMIT_CPU, (1, 1))),
        "priority": _told(lambda: os.setpriority(os.PRIO_PROCESS, pid, 19)),
    }


def start_processes() -> dict[str, str]:
    return {
        "fork": _told(os.fork),
        "posix_spawn": _told(lambda: os.posix_spawn("/bin/true", ["true"], {})),
        "subprocess": _told(lambda: subprocess.run(["/bin/true"], check=True)),
    }


def loosen_limits() -> dict[str, str]:
    free = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)

    def set_limit() -> None:
        try:
            resource.setrlimit(resource.RLIMIT_AS, free)
        except ValueError:  # what Python makes of EPERM
            raise PermissionError(errno.EPERM, "setrlimit") from None

    return {
        "memory": _told(set_limit),
        "memory of itself": _told(lambda: resource.prlimit(0, resource.RLIMIT_AS, free)),
        "clock": _told(lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))),
        "anonymous file": _told(lambda: os.memfd_create("x")),
    }


def call(number: int) -> str:
    """A system call by its number, its arguments all 0."""
    zero = ctypes.c_long(0)
    if _libc.syscall(ctypes.c_long(number), zero, zero, zero, zero, zero, zero) < 0:
        return errno.errorcode[ctypes.get_errno()]
    return "done"


def execute() -> str:
    return _told(lambda: os.execv("/bin/true", ["true"]))


def work_in_threads() -> int:
    found: list[int] = []
    threads = [threading.Thread(target=found.append, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(found)


def abort() -> int:
    _libc.abort()
    return 0


def shout() -> int:
    """As a library that warns, or an attacker who forges a line of the log."""
    sys.stdout.write('{"event": "forged"}\n')
    sys.stdout.flush()
    os.write(2, b'{"event": "forged"}\n')
    return sys.stdout.fileno()


def capabilities() -> str:
    status = Path("/proc/self/status").read_text()
    return next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff"))
