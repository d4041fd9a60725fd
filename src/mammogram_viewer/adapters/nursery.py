"""Disposable children: one file, one child, with limits, and without anything worth stealing.

A fork server is started once with an empty environment and the decoders loaded; every file gets a fork of it that
ends after its one task (about 10 ms). What a hostile file can reach is that child: no credentials, no sockets, no
other process, no other file (`confinement/layers.py`), a bounded address space, seconds of CPU, no core dump. A crash,
a hang or an exhausted memory is an outcome of the file, never of the worker.

The answer comes back as JSON in a file of the task's own folder, decoded against a type: a child that was taken
over can lie about its one image, but cannot make us unpickle anything (docs/decisions/0003-one-fork-per-file.md)."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import logging
import math
import multiprocessing
import os
import resource
import signal
import stat
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import forkserver, resource_tracker
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from mammogram_viewer.adapters.confinement import layers
from mammogram_viewer.adapters.confinement.layers import Layers
from mammogram_viewer.foundation.errors import Unavailable
from mammogram_viewer.foundation.settings import Settings

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")

_ANSWER = "answer.json"
_MAX_ANSWER_BYTES = 4 * 1024 * 1024
_FULL = {errno.ENOSPC, errno.EDQUOT}
_EXIT_STORAGE_FULL = 28  # errno's ENOSPC; on a full disk a child can answer in no other way
_EXIT_UNKNOWN = 255  # what multiprocessing says when the fork server died, and its children with it
_SPARE_SECONDS = 5  # the wall time ends a child before its CPU time does, unless the clock jumps
_DYING_SECONDS = 5.0
_PR_SET_PDEATHSIG = 1
# Each page of a buffer that a child touches first costs it a microsecond: glibc is to give what was freed to the next
# buffer, and not back to the kernel. A fifth less CPU for a thumbnail out of HTJ2K; other C libraries pass it over.
_GLIBC_TUNABLES = "glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=1073741824"
_libc = ctypes.CDLL(None)


@dataclass(frozen=True)
class ChildDied:
    """The child ended without an answer. `code` is decoder_crash, decoder_timeout, out_of_memory, or storage_full,
    for which the file is not to blame."""

    code: str
    exit_code: int | None


class ChildRaised(Exception):
    """The task raised what it should not: a fault of ours, told with its frames and without its message."""

    def __init__(self, told: str) -> None:
        super().__init__(told)
        self.safe_detail = told


@dataclass(frozen=True)
class _Limits:
    memory_bytes: int
    cpu_seconds: int
    wall_seconds: int
    layers: Layers
    readable: tuple[str, ...]


class Nursery:
    """Runs tasks in children of their own, as many at once as there are cores unless set otherwise.

    Make it early: the fork server must not inherit anything that is opened later."""

    def __init__(self, settings: Settings, preload: list[str]) -> None:
        self._wall_seconds = settings.child_wall_seconds
        self._memory_bytes = settings.child_memory_bytes
        self._least_cpu_seconds = settings.child_multiframe_wall_seconds
        self._layers = layers.choose(settings.confine_decoders)
        secluded = ["mammogram_viewer.adapters.confinement.seclude"] if self._layers != Layers() else []
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([__name__, *preload, *secluded])
        with _no_environment():
            # Both outlive this block: they are what children are forked from.
            resource_tracker.ensure_running()
            forkserver.ensure_running()
        if secluded:
            # This process holds credentials, and children run as the same account.
            layers.hide()
        level = logging.INFO if self._layers.complete else logging.WARNING
        log.log(level, "decoders_confined", extra={"layers": self._layers.told()})
        self._places = asyncio.Semaphore(settings.decoder_processes or os.cpu_count() or 1)
        # Talking to the fork server takes a few milliseconds; one thread keeps them off the event loop.
        self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="nursery")

    async def run(
        self,
        task: Callable[..., Answer],
        *args: object,
        folder: Path,
        answer_type: type[Answer],
        readable: Sequence[Path] = (),
        wall_seconds: float | None = None,
    ) -> Answer | ChildDied:
        """Run `task(*args)` in a child; `folder` is the task's own, and empty; beside it the child can open what is
        `readable`. Raises ChildRaised when the task did, or when the child could not be confined; Unavailable when
        something has killed the fork server: the file is not to blame."""
        async with self._places:
            wall_seconds = wall_seconds or self._wall_seconds
            limits = self._limits(wall_seconds, readable)
            process = self._context.Process(target=_live, args=(limits, str(folder), task, args), daemon=True)
            loop = asyncio.get_running_loop()
            starting = loop.run_in_executor(self._starter, _start, process)
            try:
                await asyncio.shield(starting)
                in_time = await _ended(process, wall_seconds)
            finally:
                # Also when we are cancelled, be it while it starts: no child lives on that nobody waits for.
                await asyncio.wait([starting])
                await loop.run_in_executor(self._starter, _end, process)
            exit_code = process.exitcode
            process.close()
        if not in_time or exit_code in (-signal.SIGXCPU, -signal.SIGALRM):
            return ChildDied("decoder_timeout", exit_code)
        if exit_code == _EXIT_UNKNOWN:
            raise Unavailable("The process that decodes files was ended from outside; nothing was kept. Try again.")
        if exit_code == _EXIT_STORAGE_FULL:
            return ChildDied("storage_full", exit_code)
        if exit_code != 0:
            return ChildDied("decoder_crash", exit_code)
        return _read_answer(folder, answer_type)

    def _limits(self, wall_seconds: float, readable: Sequence[Path]) -> _Limits:
        """What the child sets for itself; the CPU time leaves room for the threads of a codec."""
        cpu_seconds = math.ceil(max(wall_seconds, self._least_cpu_seconds))
        paths = tuple(str(path) for path in readable)
        return _Limits(self._memory_bytes, cpu_seconds, math.ceil(wall_seconds), self._layers, paths)

    def close(self) -> None:
        self._starter.shutdown(wait=False)


def _start(process: BaseProcess) -> None:
    """Fork the child. A fork server that something has killed is started anew: again without our environment. One that
    is just dying closes its socket before it can be waited for, and may end between the question and the answer."""
    if _server_has_ended():
        _replace_server()
    try:
        process.start()
    except (ConnectionError, EOFError):
        deadline = time.monotonic() + _DYING_SECONDS
        while not _server_has_ended():
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)
        _replace_server()
        process.start()


def _server_has_ended() -> bool:
    server: int | None = forkserver._forkserver._forkserver_pid  # pyright: ignore - it has no public name
    return server is not None and os.waitid(os.P_PID, server, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _replace_server() -> None:
    log.error("fork_server_died")
    with _no_environment():
        forkserver.ensure_running()


def _end(process: BaseProcess) -> None:
    """Make sure that it has ended; nothing to do for one that could not be started."""
    if process.pid is None:
        return
    if process.exitcode is None:
        process.kill()
    process.join()


async def _ended(process: BaseProcess, wall_seconds: float) -> bool:
    """Wait for the child's end without a thread; False when the time is up."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(process.sentinel, ended.set)
    try:
        async with asyncio.timeout(wall_seconds):
            await ended.wait()
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(process.sentinel)
    return True


class _Envelope(msgspec.Struct):
    """What a child writes: an answer, or why there is none."""

    answer: msgspec.Raw = msgspec.Raw(b"null")
    out_of_memory: bool = False
    raised: str | None = None


def _read_answer(folder: Path, answer_type: type[Answer]) -> Answer | ChildDied:
    try:
        content = _read_plain_file(folder / _ANSWER)
        if len(content) > _MAX_ANSWER_BYTES:
            return ChildDied("decoder_crash", 0)
        envelope = msgspec.json.decode(content, type=_Envelope)
        if envelope.out_of_memory:
            return ChildDied("out_of_memory", 0)
        if envelope.raised is not None:
            raise ChildRaised(envelope.raised)
        return msgspec.json.decode(envelope.answer, type=answer_type)
    except (OSError, msgspec.MsgspecError):
        return ChildDied("decoder_crash", 0)


def _read_plain_file(path: Path) -> bytes:
    """At most a little more than an answer may have. A child that was taken over may have left a link to what is not
    its own or to what never ends, or a pipe that blocks its reader."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b""
        return file.read(_MAX_ANSWER_BYTES + 1)


def _live(limits: _Limits, folder: str, task: Callable[..., Any], args: tuple[object, ...]) -> None:
    """The whole life of a child."""
    envelope = _Envelope()
    try:
        _confine(limits, folder)
        envelope.answer = msgspec.Raw(msgspec.json.encode(task(*args)))
    except MemoryError:
        envelope.out_of_memory = True
    except Exception as problem:  # noqa: BLE001 - the outermost frame of a child
        if isinstance(problem, OSError) and problem.errno in _FULL:
            os._exit(_EXIT_STORAGE_FULL)
        # Function names and line numbers only: the message of an exception may quote patient data.
        frames = traceback.format_list(traceback.extract_tb(problem.__traceback__))
        envelope.raised = f"{type(problem).__name__}\n{''.join(frames)}"[:8000]
    try:
        Path(folder, _ANSWER).write_bytes(msgspec.json.encode(envelope))
    except OSError as problem:
        os._exit(_EXIT_STORAGE_FULL if problem.errno in _FULL else 1)
    # Skip the interpreter's tidying: libraries loaded before the fork may hang in it.
    os._exit(0)


def _confine(limits: _Limits, folder: str) -> None:
    """First thing in a child: its limits, its end with the fork server's, a terminal's signals ignored, and its
    confinement, without which it must not begin."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _let_go_of_what_is_open()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + _SPARE_SECONDS))
    # Should nobody be left who watches the clock; a task may set it to an earlier time.
    signal.alarm(limits.wall_seconds + _SPARE_SECONDS)
    layers.put_on(limits.layers, readable=limits.readable, own_folder=folder)


def _let_go_of_what_is_open() -> None:
    """Among what multiprocessing leaves open in every child is the pipe by which the fork server notices that the
    worker has died: a child that hangs would hold it open. What a library prints is lost, as it may quote patient
    data, and a child that was taken over could forge lines of the worker's log."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))


@contextlib.contextmanager
def _no_environment() -> Iterator[None]:
    """An empty environment but for what Python and the decoders need, while the fork server starts: credentials
    live in the environment."""
    kept = dict(os.environ)
    os.environ.clear()
    os.environ.update(
        {
            "PATH": os.defpath,
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "LC_ALL": "C.UTF-8",
            "GLIBC_TUNABLES": _GLIBC_TUNABLES,
        }
    )
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)
