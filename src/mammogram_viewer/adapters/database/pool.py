"""Connections to PostgreSQL (asyncpg, raw SQL). The same code for the embedded server and an external one."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import asyncpg
import msgspec

from mammogram_viewer.adapters.database.away import AWAY
from mammogram_viewer.foundation.errors import Unavailable

log = logging.getLogger(__name__)
WAIT_SECONDS = 60.0
_QUESTION_SECONDS = 0.5


def encode_json(value: Any) -> str:
    """JSON for a jsonb parameter; NUL, which PostgreSQL refuses, becomes U+FFFD."""
    return msgspec.json.encode(value).decode().replace("\\u0000", "\\ufffd")


async def _prepare(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=encode_json, decoder=msgspec.json.decode)


async def _leave_as_it_is(connection: asyncpg.Connection) -> None:
    """After each use. asyncpg's own reset is four statements in a round trip of its own, for session state that this
    program never makes in the pool: it uses transaction-level locks alone, no cursors or SET, and LISTEN only on a
    connection of its own (`listen.py`). A transaction left open is rolled back before this is called."""


class _Pool(asyncpg.Pool):
    """asyncpg's pool, but a connection is handed back without a task of its own.

    asyncpg shields the hand-over in a new task, for the sake of a reset that may take a round trip. Ours takes none, so
    the hand-over ends at once; where it does wait (a transaction to roll back) and is cancelled, the connection is
    closed, which is safe. Two tasks fewer in each request: a tenth of a short one. asyncpg is pinned for this."""

    async def release(self, connection: Any, *, timeout: float | None = None) -> None:
        inner = connection._con
        if inner is None:
            return  # handed back already
        holder = connection._holder
        inner._on_release()
        if _is_as_it_was(inner, holder):
            holder._timeout = None
            holder._release()
        else:
            await holder.release(holder._timeout if timeout is None else timeout)


def _is_as_it_was(inner: Any, holder: Any) -> bool:
    """Whether asyncpg's own hand-over would find nothing to do: not closed, worn out or expired, nothing being
    cancelled, no transaction and no listeners left. Asked here because its way there costs five times as much."""
    protocol = inner._protocol
    return (
        not inner.is_closed()
        and holder._in_use is not None
        and protocol.queries_count < holder._max_queries
        and holder._generation == holder._pool._generation
        and not protocol._is_cancelling()
        and not protocol.is_in_transaction()
        and inner._top_xact is None
        and not inner._listeners
        and not inner._log_listeners
    )


async def open_pool(dsn: str, *, size: int, application_name: str) -> asyncpg.Pool:
    """A pool of at most `size` connections; jsonb travels as Python values. A PostgreSQL that is starting or recovering
    is waited for, for a minute; then Unavailable."""
    deadline = time.monotonic() + WAIT_SECONDS
    told = False
    while True:
        try:
            return await _new_pool(dsn, size, application_name)
        except AWAY as problem:
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"PostgreSQL has not answered for {WAIT_SECONDS:.0f} seconds ({type(problem).__name__}). "
                    "Run `mammogram-viewer doctor` to see how it is to be reached."
                ) from None
            if not told:
                log.warning("waits_for_database", extra={"problem": type(problem).__name__})
            told = True
            await asyncio.sleep(_QUESTION_SECONDS)


async def open_idle_pool(dsn: str, *, size: int, timeout_seconds: float, application_name: str) -> asyncpg.Pool:
    """A pool that connects when it is first asked, and gives each question and connection `timeout_seconds`."""
    return await _new_pool(dsn, size, application_name, min_size=0, timeout_seconds=timeout_seconds)


async def _new_pool(
    dsn: str, size: int, application_name: str, *, min_size: int = 1, timeout_seconds: float | None = None
) -> asyncpg.Pool:
    pool = _Pool(
        dsn,
        min_size=min_size,
        max_size=size,
        init=_prepare,
        reset=_leave_as_it_is,
        timeout=timeout_seconds or 10,
        command_timeout=timeout_seconds or 60,
        server_settings={"application_name": application_name, "timezone": "UTC"},
        max_queries=50_000,
        # Kept for good: a pool is small, and each use would set and cancel a timer.
        max_inactive_connection_lifetime=0,
        loop=None,
        connection_class=asyncpg.Connection,
        record_class=asyncpg.Record,
    )
    return await pool
