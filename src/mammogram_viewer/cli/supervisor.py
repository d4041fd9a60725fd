"""Keeps a handful of children alive: starts them, restarts what dies, stops them in order.

It is a plain loop in the main thread (the death signal follows the spawning thread) with tiny imports, so
that little can go wrong in the one process that must outlast all others.

**Invariants:** whatever way this process ends, no child is left (children.py). A part that keeps dying ends
the program with a clear line instead of spinning."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Protocol

from mammogram_viewer.adapters import children
from mammogram_viewer.cli.log_files import LogFile
from mammogram_viewer.foundation.errors import StartupProblem

_DEATHS_WINDOW_SECONDS = 60.0
_MAX_DEATHS = 10
_FIRST_DELAY_SECONDS = 0.1
_LONGEST_DELAY_SECONDS = 5.0


class Part(Protocol):
    """Something to keep alive. The embedded servers (adapters) and the program's own parts both fit."""

    name: str
    stop_signal: signal.Signals

    def prepare(self) -> None: ...

    def start(self, output: IO[bytes] | int) -> subprocess.Popen[bytes]: ...

    def is_ready(self, process: subprocess.Popen[bytes]) -> bool: ...


class StopRequested(Exception):  # a request rather than an error
    """Ctrl-C or SIGTERM came while starting."""


@dataclass
class _Child:
    part: Part
    log: LogFile
    grace_seconds: float
    process: subprocess.Popen[bytes]
    pump: threading.Thread
    was_ready: bool = False
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=_MAX_DEATHS))
    restart_at: float | None = None


class Supervisor:
    """Use as a context manager around `start`, `wait_ready` and `run`; leaving it stops every part."""

    def __init__(
        self,
        logs_dir: Path,
        *,
        explain: Callable[[str], str | None] = lambda _: None,
        announce: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._logs_dir = logs_dir
        self._explain = explain
        self._announce = announce
        self._children: dict[str, _Child] = {}
        self._signals_seen = 0
        self._own_log = LogFile(logs_dir, "serve")

    def __enter__(self) -> Supervisor:
        # Signals are noticed at once by whoever waits in _sleep: Python writes a byte for each.
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._former_wakeup = signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        self._former_handlers = {
            signal.SIGINT: signal.signal(signal.SIGINT, self._on_stop_signal),
            signal.SIGTERM: signal.signal(signal.SIGTERM, self._on_stop_signal),
            signal.SIGHUP: signal.signal(signal.SIGHUP, self._on_stop_signal),
            signal.SIGCHLD: signal.signal(signal.SIGCHLD, lambda *_: None),
        }
        return self

    def __exit__(self, *_: object) -> None:
        self._stop_all()
        signal.set_wakeup_fd(self._former_wakeup)
        for number, handler in self._former_handlers.items():
            signal.signal(number, handler)
        os.close(self._wake_read)
        os.close(self._wake_write)
        self._own_log.close()

    @property
    def stop_requested(self) -> bool:
        return self._signals_seen > 0

    def start(self, part: Part, *, grace_seconds: float = 10) -> None:
        """Start one part, without waiting for it. Parts are stopped in the reverse order of their start."""
        self.check_stop()
        part.prepare()
        log = LogFile(self._logs_dir, part.name)
        process, pump = self._spawn(part, log)
        self._children[part.name] = _Child(part, log, grace_seconds, process, pump)

    def wait_ready(self, names: Iterable[str], *, timeout_seconds: float = 60) -> None:
        """Wait until these parts answer, restarting what dies meanwhile; StopRequested on Ctrl-C."""
        deadline = time.monotonic() + timeout_seconds
        waiting = set(names)
        while waiting:
            self.check_stop()
            self._tend()
            for name in [name for name in waiting if self._is_ready(self._children[name])]:
                waiting.discard(name)
            if waiting and time.monotonic() > deadline:
                name = sorted(waiting)[0]
                raise StartupProblem(
                    f"{name} did not get ready within {timeout_seconds:.0f} s. {self._where_to_look(name)}"
                )
            if waiting:
                self._sleep(0.01)

    def run(self, on_tick: Callable[[Supervisor], None] | None = None) -> None:
        """Tend the children until a signal asks to stop; `on_tick` is called about once a second."""
        while not self.stop_requested:
            self._tend()
            if on_tick is not None:
                on_tick(self)
            self._sleep(self._until_next_restart())

    def restart(self, name: str) -> None:
        """End a part on purpose; it is started again at once and the death is not counted."""
        child = self._children[name]
        children.stop(child.process, child.part.stop_signal, grace_seconds=child.grace_seconds)
        child.restart_at = 0.0

    def check_stop(self) -> None:
        """Raise StopRequested when a signal has come."""
        if self.stop_requested:
            raise StopRequested

    def _on_stop_signal(self, number: int, _frame: FrameType | None) -> None:
        self._signals_seen += 1
        if self._signals_seen > 1 and number == signal.SIGINT:  # impatient: end everything hard
            for child in self._children.values():
                if child.process.poll() is None:
                    child.process.kill()
            os._exit(130)

    def _sleep(self, seconds: float) -> None:
        """Wait, but no longer than until the next signal (a dead child's SIGCHLD included)."""
        select.select([self._wake_read], [], [], seconds)
        try:
            while os.read(self._wake_read, 512):
                pass
        except BlockingIOError:
            return

    def _spawn(self, part: Part, log: LogFile) -> tuple[subprocess.Popen[bytes], threading.Thread]:
        process = part.start(subprocess.PIPE)
        assert process.stdout is not None
        return process, log.follow(process.stdout)

    def _is_ready(self, child: _Child) -> bool:
        child.was_ready = child.was_ready or (child.restart_at is None and child.part.is_ready(child.process))
        return child.was_ready

    def _tend(self) -> None:
        """Notice deaths and restart what is due."""
        now = time.monotonic()
        for child in self._children.values():
            if child.restart_at is None and child.process.poll() is not None:
                self._note_death(child, now)
            if child.restart_at is not None and now >= child.restart_at:
                child.part.prepare()
                child.process, child.pump = self._spawn(child.part, child.log)
                child.restart_at = None

    def _note_death(self, child: _Child, now: float) -> None:
        child.pump.join(1)
        name, code = child.part.name, child.process.returncode
        self._own_log.write_event("part_died", "error", died=name, exit_code=code)
        last_words = "\n".join(child.log.last_lines)
        if not child.was_ready and (known := self._explain(last_words)):
            raise StartupProblem(known)
        child.deaths.append(now)
        if len(child.deaths) == _MAX_DEATHS and now - child.deaths[0] < _DEATHS_WINDOW_SECONDS:
            raise StartupProblem(
                self._explain(last_words)
                or f"{name} died {_MAX_DEATHS} times within a minute (exit code {code}). {self._where_to_look(name)}"
            )
        recent = sum(1 for death in child.deaths if now - death < _DEATHS_WINDOW_SECONDS)
        # The first restart is immediate; PostgreSQL now and then needs a second one right after a kill.
        delay = 0.0 if recent == 1 else min(_FIRST_DELAY_SECONDS * 2 ** (recent - 2), _LONGEST_DELAY_SECONDS)
        child.restart_at = now + delay
        self._announce(f"{name} ended unexpectedly (exit code {code}); starting it again.")

    def _where_to_look(self, name: str) -> str:
        child = self._children[name]
        last = child.log.last_lines[-1][:300] if child.log.last_lines else "it said nothing"
        return f"Its last line: {last} (all of it: {child.log.path})"

    def _until_next_restart(self) -> float:
        due = [child.restart_at for child in self._children.values() if child.restart_at is not None]
        return min([1.0, *(max(0.0, at - time.monotonic()) for at in due)])

    def _stop_all(self) -> None:
        """Last started, first stopped: nobody loses a server that it still needs to end well."""
        for child in reversed(self._children.values()):
            if child.process.poll() is None:
                child.process.send_signal(child.part.stop_signal)
                deadline = time.monotonic() + child.grace_seconds
                while child.process.poll() is None and time.monotonic() < deadline:
                    self._sleep(0.2)
                if child.process.poll() is None:
                    self._announce(f"{child.part.name} did not end within {child.grace_seconds:.0f} s; killing it.")
                    child.process.kill()
            child.process.wait()
            child.pump.join(1)
            self._own_log.write_event("part_stopped", stopped=child.part.name, exit_code=child.process.returncode)
            child.log.close()
