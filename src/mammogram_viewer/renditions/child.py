"""Disposable children: one file, one child, with limits, and without anything worth stealing.

A fork server is started once with an empty environment and the decoders loaded; every file gets a fork of it
that dies after its one task. What a hostile file can reach is that child: no credentials, no sockets of ours,
2 GiB of address space, seconds of CPU, no core dump. A crash, a hang or an exhausted memory is an outcome of the
file, never of the worker."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import resource
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import forkserver, resource_tracker
from typing import Any

from pebble import ProcessExpired, ProcessPool

from mammogram_viewer.foundation.settings import Settings

_PRELOAD = ["mammogram_viewer.imaging.render"]
_GRACE_CPU_SECONDS = 5


@dataclass(frozen=True)
class ChildDied:
    """The child ended without an answer. `code` is one of decoder_crash, decoder_timeout, out_of_memory."""

    code: str
    exit_code: int | None


class Nursery:
    """Children at hand, a core each unless set otherwise. Make it early: the fork server must not inherit
    anything that is opened later."""

    def __init__(self, settings: Settings) -> None:
        processes = settings.decoder_processes or os.cpu_count() or 1
        self._wall_seconds = settings.child_wall_seconds
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_PRELOAD)
        with _no_environment():
            # Both helpers outlive this block and are what children are forked from.
            resource_tracker.ensure_running()
            forkserver.ensure_running()
        self._pool = ProcessPool(
            max_workers=processes,
            max_tasks=1,
            context=context,
            initializer=_confine,
            initargs=(settings.child_memory_bytes, int(settings.child_multiframe_wall_seconds)),
        )

    async def run(self, task: Callable[..., Any], *args: object, wall_seconds: float | None = None) -> Any | ChildDied:
        """Run `task(*args)` in a child of its own. Errors that the task raises are raised here."""
        future = self._pool.schedule(task, args=args, timeout=wall_seconds or self._wall_seconds)
        try:
            return await asyncio.wrap_future(future)
        except TimeoutError:
            return ChildDied("decoder_timeout", None)
        except MemoryError:
            return ChildDied("out_of_memory", None)
        except ProcessExpired as expired:
            code = "decoder_timeout" if expired.exitcode == -signal.SIGXCPU else "decoder_crash"
            return ChildDied(code, expired.exitcode)

    def close(self) -> None:
        """End every child at once; their jobs are handed back by whoever waits for them."""
        self._pool.stop()
        self._pool.join(timeout=5)


def _confine(memory_bytes: int, cpu_seconds: int) -> None:
    """First thing in a child: its limits, and the signals of a terminal are not its business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + _GRACE_CPU_SECONDS))


@contextlib.contextmanager
def _no_environment() -> Iterator[None]:
    """An empty environment but for the search path, while the fork server starts: credentials live there."""
    kept = dict(os.environ)
    os.environ.clear()
    os.environ.update({"PATH": os.defpath, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)
