"""Signs of life of this worker, and the concurrency that administrators set while it runs."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from typing import Protocol
from uuid import uuid4

import asyncpg
import psutil

from mammogram_viewer import __version__
from mammogram_viewer.jobs import workers
from mammogram_viewer.jobs.control import QueueControl
from mammogram_viewer.worker.processor import Processor

log = logging.getLogger(__name__)
BEAT_SECONDS = 3.0
_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


class Pool(Protocol):
    """What beats: the workers of this process (`worker/run.py`)."""

    @property
    def concurrency(self) -> dict[str, int]: ...

    def follow(self, wanted: dict[str, int | None]) -> bool: ...


class Heartbeat:
    """One instance a worker process."""

    def __init__(self, db: asyncpg.Pool, control: QueueControl, pool: Pool, processor: Processor) -> None:
        self._db = db
        self._control = control
        self._pool = pool
        self._processor = processor
        self._id = uuid4()
        self._process = psutil.Process()

    async def run_forever(self) -> None:
        """PostgreSQL being away is waited out: whoever looks then sees our silence, not us ended."""
        while True:
            try:
                await self.beat()
            except _AWAY as problem:
                log.warning("heartbeat_missed", extra={"problem": type(problem).__name__})
            await asyncio.sleep(BEAT_SECONDS)

    async def beat(self) -> None:
        """Follow what the rows say about concurrency, then tell how we are."""
        wanted = {name: settings.concurrency for name, settings in (await self._control.list_settings()).items()}
        if self._pool.follow(wanted):
            log.info("concurrency_changed", extra={"queues": self._pool.concurrency})
        sign = workers.Beat(
            worker_id=self._id,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=__version__,
            queues=self._pool.concurrency,
            current_jobs=sorted(self._processor.active),
            memory_bytes=self._process.memory_info().rss,
        )
        await workers.beat(self._db, sign)

    async def say_goodbye(self) -> None:
        """An orderly end; a worker that was killed is told apart by its silence."""
        try:
            await workers.say_goodbye(self._db, self._id)
        except _AWAY as problem:
            log.warning("heartbeat_missed", extra={"problem": type(problem).__name__})
