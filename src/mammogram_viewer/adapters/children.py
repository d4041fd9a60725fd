"""Child processes that never outlive us: embedded servers, the parts of `serve`, anything else long-lived.

**Invariant:** when this process dies, even by kill -9, the kernel sends each child its death signal
(prctl(2), PR_SET_PDEATHSIG). The signal follows the *thread* that spawned, so `spawn` wants the main one."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol

from mammogram_viewer.foundation.errors import StartupProblem

_PR_SET_PDEATHSIG = 1
# Loaded before any fork: between fork and exec only calls that take no lock are safe.
_libc = ctypes.CDLL(None, use_errno=True)


class Server(Protocol):
    """A server that we embed. `prepare` and `start` are called from the main thread."""

    name: str
    stop_signal: signal.Signals

    def prepare(self) -> None:
        """Make its folders; refuse with a StartupProblem what can never start. Safe to repeat."""
        ...

    def start(self, output: IO[bytes] | int) -> subprocess.Popen[bytes]:
        """Start it in the foreground as our child, with stdout and stderr going to `output`."""
        ...

    def is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether *this* process answers, not a predecessor's leftovers."""
        ...


def spawn(
    command: Sequence[str | Path],
    *,
    death_signal: signal.Signals,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    output: IO[bytes] | int | None = None,
    account: str | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child that gets `death_signal` when we die; stdin is empty and no descriptor is inherited.

    It gets a session of its own, so that Ctrl-C in the terminal reaches only us and we choose the order."""
    assert threading.current_thread() is threading.main_thread(), "the death signal follows the spawning thread"
    return subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        env=dict(environ) if environ is not None else None,
        cwd=cwd,
        close_fds=True,
        start_new_session=True,
        user=account,
        group=account and _group_of(account),
        extra_groups=[] if account else None,
        preexec_fn=_die_with(os.getpid(), death_signal),
    )


def _die_with(parent_pid: int, death_signal: signal.Signals) -> Callable[[], None]:
    """What the child does before exec, after any change of account (which would clear the death signal)."""
    number = int(death_signal)
    prctl, getppid, leave = _libc.prctl, os.getppid, os._exit

    def arrange() -> None:
        prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
        if getppid() != parent_pid:  # the parent died between fork and prctl
            leave(1)

    return arrange


def _group_of(account: str) -> int:
    import pwd

    return pwd.getpwnam(account).pw_gid


def stop(process: subprocess.Popen[bytes], stop_signal: signal.Signals, *, grace_seconds: float) -> None:
    """Ask a child to end, wait, and kill it when the grace is over."""
    if process.poll() is None:
        process.send_signal(stop_signal)
    try:
        process.wait(grace_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until_ready(server: Server, process: subprocess.Popen[bytes], *, timeout_seconds: float = 60) -> None:
    """Block until `server` answers; a StartupProblem when it ends or stays silent instead."""
    deadline = time.monotonic() + timeout_seconds
    while not server.is_ready(process):
        if process.poll() is not None:
            raise StartupProblem(
                f"The embedded {server.name} ended at once (exit code {process.returncode}); its log says why."
            )
        if time.monotonic() > deadline:
            raise StartupProblem(
                f"The embedded {server.name} did not get ready within {timeout_seconds:.0f} s; see its log."
            )
        time.sleep(0.01)


def wait_for_predecessor(folder: Path, commands: Collection[str], *, timeout_seconds: float = 30) -> None:
    """Wait while processes of a killed predecessor still shut down in `folder`; else a StartupProblem.

    Judged by name and working folder, as a pid alone proves nothing: in a container the same small numbers
    come back after every restart."""
    deadline = time.monotonic() + timeout_seconds
    while pids := _working_in(folder, commands):
        if time.monotonic() > deadline:
            raise StartupProblem(
                f"Another server (pid {pids[0]}) still runs on {folder}. "
                f"Stop it with `kill -INT {pids[0]}` and start again."
            )
        time.sleep(0.05)


def _working_in(folder: Path, commands: Collection[str]) -> list[int]:
    """The pids of processes with one of these names whose working folder is `folder`, oldest first."""
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            if (process / "comm").read_text().strip() in commands and (process / "cwd").samefile(folder):
                found.append(int(process.name))
        except OSError:  # it has ended meanwhile, or it is somebody else's
            continue
    return sorted(found)


def is_alive(pid: int) -> bool:
    """Whether any process has this number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def first_line_number(path: Path) -> int | None:
    """The number in the first line of a pid file, or None."""
    try:
        return int(path.read_text(encoding="utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        return None
