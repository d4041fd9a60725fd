"""One connection that listens to PostgreSQL's notifications, beside the pool and never from it.

A notification that is sent while the connection is away is lost: `on_connected` says each time that it has come back,
and whoever listens then looks at the rows. A pooler between us and PostgreSQL must keep sessions (PgBouncer:
`pool_mode = session`), else nothing arrives; the rows stay right all the same."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import asyncpg

from mammogram_viewer.adapters.database.connect import connect
from mammogram_viewer.foundation.errors import MammogramViewerError

log = logging.getLogger(__name__)
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0
# A connection whose other end has vanished looks alive until it is asked something.
_QUESTION_SECONDS = 15.0
_ANSWER_SECONDS = 5.0
_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


async def listen_forever(
    dsn: str, channel: str, *, on_payload: Callable[[str], None], on_connected: Callable[[], None]
) -> None:
    """Listen until cancelled, reconnecting with growing pauses. Both callbacks run in the event loop and must not
    block."""
    pause_seconds = _FIRST_PAUSE_SECONDS
    while True:
        try:
            connection = await connect(dsn)
        except MammogramViewerError as problem:
            log.warning("listener_waits", extra={"problem": problem.code})
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(pause_seconds * 2, _LONGEST_PAUSE_SECONDS)
            continue
        pause_seconds = _FIRST_PAUSE_SECONDS
        try:
            await _listen(connection, channel, on_payload, on_connected)
        except _AWAY as problem:
            log.warning("listener_waits", extra={"problem": type(problem).__name__})
        except Exception:  # the outer loop: a listener that has ended would never be missed
            log.exception("listener_failed")
        finally:
            connection.terminate()
        await asyncio.sleep(pause_seconds)


async def _listen(
    connection: asyncpg.Connection, channel: str, on_payload: Callable[[str], None], on_connected: Callable[[], None]
) -> None:
    """Until the connection ends."""
    ended = asyncio.Event()
    connection.add_termination_listener(lambda _: ended.set())

    def receive(_connection: Any, _pid: int, _channel: str, payload: object) -> None:
        on_payload(str(payload))

    await connection.execute("SET application_name = 'mammogram-viewer events'")
    await connection.add_listener(channel, receive)
    on_connected()
    while not ended.is_set():
        try:
            async with asyncio.timeout(_QUESTION_SECONDS):
                await ended.wait()
        except TimeoutError:
            await connection.execute("SELECT 1", timeout=_ANSWER_SECONDS)
