"""The activity feed as CSV: every row of the range, however many, by PostgreSQL's own COPY.

    COPY (…) TO STDOUT -> a piece -> the reader's socket -> the next piece

Nothing gathers in between: while the reader takes nothing, nothing is read from PostgreSQL. It ends early when the
reader goes, stalls, may no longer read, or after `csv_export_seconds`; then the download lacks its end, which the
browser calls broken, and the connection goes back to the pool as one that can be used."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Any

import asyncpg
from asyncpg import Pool
from litestar import Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from mammogram_viewer.accounts import policy, sessions
from mammogram_viewer.accounts.event_stream import wait_gone
from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.analytics import csv_queries
from mammogram_viewer.analytics.csv_answers import MEDIA_TYPE, audit_export, download_headers
from mammogram_viewer.analytics.csv_tables import ACTIVITY_HEADER, BOM, file_name
from mammogram_viewer.analytics.schemas import AnalyticsRange
from mammogram_viewer.foundation.csv_text import csv_row
from mammogram_viewer.foundation.errors import TooManyRequests
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.foundation.tracebacks import without_messages

log = logging.getLogger(__name__)
# COPY ends its lines so; one file has one kind of them.
_HEADER = (BOM + csv_row(ACTIVITY_HEADER).replace("\r\n", "\n")).encode()
_PANEL = "recent"


class _Ended(Exception):
    """The rest is not sent; `args` say why."""


class OpenCsvStreams:
    """How many feeds leave this process as CSV. Each holds a connection of the pool for as long as it takes."""

    def __init__(self) -> None:
        self._open = 0

    def enter(self, limit: int) -> None:
        if self._open >= limit:
            raise TooManyRequests(
                f"{limit} CSV exports of activities leave this server already (MAMMOGRAM_VIEWER_CSV_STREAMS). "
                "Wait for one of them to end.",
                code="too_many_exports",
                retry_after_seconds=10,
            )
        self._open += 1

    def leave(self) -> None:
        self._open -= 1


_open_streams = OpenCsvStreams()


@dataclass(frozen=True, kw_only=True)
class Feed:
    """Which facts: of the range, of one person, of one type."""

    range: AnalyticsRange
    user_id: int | None = None
    activity_type: str | None = None


def answer_activities(db: Pool, settings: Settings, principal: Principal, actor: Actor, feed: Feed) -> Any:
    """The feed as a download. Typed loosely, as `csv_answers.answer_table`."""
    return _CsvAnswer(_CsvStream(db, settings, principal, actor, feed))


class _CsvAnswer(Response[None]):
    """Lets a handler that promises JSON give a stream."""

    def __init__(self, stream: ASGIResponse) -> None:
        super().__init__(None)
        self._stream = stream

    def to_asgi_response(self, *_args: Any, **_kwargs: Any) -> ASGIResponse:
        return self._stream


class _CsvStream(ASGIResponse):
    def __init__(self, db: Pool, settings: Settings, principal: Principal, actor: Actor, feed: Feed) -> None:
        super().__init__(body=b"")
        self._db = db
        self._settings = settings
        self._principal = principal
        self._actor = actor
        self._feed = feed

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        _open_streams.enter(self._settings.csv_streams)
        try:
            await self._audit()
            writing = asyncio.create_task(self._write(send))
            gone = asyncio.create_task(wait_gone(receive))
            try:
                await asyncio.wait((writing, gone), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (writing, gone):
                    task.cancel()
                await asyncio.gather(writing, gone, return_exceptions=True)
        finally:
            _open_streams.leave()

    async def _audit(self) -> None:
        """Before a byte leaves, with the number of rows that there are now."""
        feed = self._feed
        async with self._db.acquire() as connection, connection.transaction():
            rows = await csv_queries.count_activities(
                connection, feed.range.from_at, self._until, feed.user_id, feed.activity_type
            )
            await audit_export(
                connection,
                self._actor,
                _PANEL,
                rows,
                feed.range,
                user_id=feed.user_id,
                activity_type=feed.activity_type,
            )

    @property
    def _until(self) -> Any:
        """What happens while it is being sent is not in it."""
        return min(self._feed.range.to_at, self._feed.range.as_of)

    async def _write(self, send: Send) -> None:
        name = file_name("activity", self._feed.range)
        headers = {"content-type": f"{MEDIA_TYPE}; charset=utf-8", **download_headers(name)}
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": encoded})
        pipe = _Pipe(self._db, self._settings, self._principal, send)
        try:
            await pipe.write(_HEADER)
            async with self._db.acquire() as connection:
                await csv_queries.copy_activities(
                    connection,
                    self._feed.range.from_at,
                    self._until,
                    self._feed.user_id,
                    self._feed.activity_type,
                    output=pipe.write,
                    timeout_seconds=self._settings.csv_export_seconds,
                )
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except (_Ended, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as problem:
            log.warning("csv_broken_off", extra={"bytes": pipe.byte_count, "exception": without_messages(problem)})


class _Pipe:
    """From COPY to the reader, one piece at a time."""

    def __init__(self, db: Pool, settings: Settings, principal: Principal, send: Send) -> None:
        self._db = db
        self._settings = settings
        self._principal = principal
        self._send = send
        self._asked_at = time.monotonic()
        self.byte_count = 0

    async def write(self, piece: bytes) -> None:
        """TimeoutError when the reader takes nothing for `export_stall_seconds`; `_Ended` when it may not go on."""
        if time.monotonic() - self._asked_at > self._settings.event_heartbeat_seconds:
            self._asked_at = time.monotonic()
            principal = await sessions.find_again(self._db, self._settings, self._principal)
            if principal is None or not policy.allows(policy.READ_ANALYTICS, principal):
                raise _Ended("the session has ended")
        async with asyncio.timeout(self._settings.export_stall_seconds):
            await self._send({"type": "http.response.body", "body": bytes(piece), "more_body": True})
        self.byte_count += len(piece)
