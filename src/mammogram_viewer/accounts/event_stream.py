"""An event stream (server-sent events, WHATWG HTML 9.2) for one who is signed in: first words, then what a mailbox
gets, a heartbeat in between.

A stream holds no connection of the pool while it waits. It ends when its reader goes, is too slow, or may no longer
read; the reader comes back and gets a snapshot."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

import asyncpg
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from mammogram_viewer.accounts import sessions
from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.adapters.mailboxes import AWAY, Event, Mailbox
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.foundation.tracebacks import without_messages
from mammogram_viewer.foundation.wire import Wire, encode_json

log = logging.getLogger(__name__)
_RETRY_MS = 2000
_LAST_WORDS_SECONDS = 1.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would gather events before it passes them on
]
Reason = Literal["signed_out", "again"]


class HeartbeatEvent(Wire, frozen=True):
    """Event `heartbeat`: the stream lives."""

    at: datetime


class EndEvent(Wire, frozen=True):
    """Event `end`: the stream ends. `signed_out`: session, token or role have; do not come back without a sign-in.
    `again`: the server stops or this reader was too slow; come back."""

    reason: Reason


class Write(Protocol):
    async def __call__(self, text: bytes, *, more: bool = True) -> None: ...


def event_id(at: datetime) -> str:
    """Microseconds since 1970."""
    return str((at - _EPOCH) // timedelta(microseconds=1))


def instant_of(text: str | None) -> datetime | None:
    """The time behind `event_id`; None for what is none of ours."""
    if not text or not (text.isascii() and text.isdecimal()) or len(text) > 16:
        return None
    return _EPOCH + timedelta(microseconds=int(text))


def event_lines(name: str, body: Wire, at: datetime | None = None) -> bytes:
    """One event. JSON has no line breaks of its own, so one data line is enough."""
    head = f"id: {event_id(at)}\n" if at else ""
    return f"{head}event: {name}\ndata: ".encode() + encode_json(body) + b"\n\n"


class Source(Protocol):
    """One kind of stream, for one reader: where its mailbox comes from, what it says first, who may read it."""

    async def open(self) -> Mailbox:
        """A mailbox in the hub, which fills it from now on. TooManyRequests, Unavailable."""
        ...

    def close(self, mailbox: Mailbox) -> None: ...

    async def snapshot(self) -> bytes:
        """How things stand: the first words, and again after every gap."""
        ...

    def lines_of(self, event: Event) -> bytes: ...

    def may_read(self, principal: Principal) -> bool:
        """Whether this person, as they stand now, may go on."""
        ...


class EventStream(ASGIResponse):
    """The answer of a route that never ends by itself. Opens its mailbox when it is sent, so that a refusal is still
    an answer."""

    def __init__(self, source: Source, *, db: asyncpg.Pool, settings: Settings, principal: Principal) -> None:
        super().__init__(body=b"")
        self._source = source
        self._db = db
        self._settings = settings
        self._principal = principal

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        mailbox = await self._source.open()
        tasks: list[asyncio.Task[None]] = []
        try:
            mailbox.wants_snapshot = False
            first = f"retry: {_RETRY_MS}\n\n".encode() + await self._source.snapshot()
            await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
            writing = asyncio.create_task(self._write(mailbox, send, first))
            tasks = [writing, asyncio.create_task(wait_gone(receive)), asyncio.create_task(mailbox.wait_cut())]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if mailbox.is_cut:
                await asyncio.wait([writing], timeout=_LAST_WORDS_SECONDS)
            if writing.done() and (problem := writing.exception()) is not None:
                log.error("stream_failed", extra={"exception": without_messages(problem)})
        finally:
            self._source.close(mailbox)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _write(self, mailbox: Mailbox, send: Send, first: bytes) -> None:
        """Until the stream is over. A reader that takes nothing for as long as a heartbeat is gone or too slow."""
        pause_seconds = self._settings.event_heartbeat_seconds

        async def write(text: bytes, *, more: bool = True) -> None:
            async with asyncio.timeout(pause_seconds):
                await send({"type": "http.response.body", "body": text, "more_body": more})

        try:
            await write(first)
            reason = await self._pass_on(mailbox, write, pause_seconds)
            await write(event_lines("end", EndEvent(reason=reason)), more=False)
        except (TimeoutError, OSError):
            log.warning("slow_stream_cut", extra={"user_id": self._principal.user_id})

    async def _pass_on(self, mailbox: Mailbox, write: Write, pause_seconds: float) -> Reason:
        beat_at = time.monotonic() + pause_seconds
        while not mailbox.is_cut:
            await mailbox.wait(max(0.0, beat_at - time.monotonic()))
            text = await self._take(mailbox)
            if text:
                await write(text)
            if time.monotonic() >= beat_at:
                if not await self._may_go_on():
                    return "signed_out"
                await write(event_lines("heartbeat", HeartbeatEvent(at=datetime.now(UTC))))
                beat_at = time.monotonic() + pause_seconds
        return "again"

    async def _take(self, mailbox: Mailbox) -> bytes:
        """Everything that waits, the snapshot first: what came before it is older."""
        parts = []
        if mailbox.wants_snapshot:
            mailbox.wants_snapshot = False
            try:
                parts.append(await self._source.snapshot())
            except AWAY as problem:
                log.warning("events_wait", extra={"problem": type(problem).__name__})
                await asyncio.sleep(1)
                mailbox.wants_snapshot = True
        parts += [self._source.lines_of(event) for event in mailbox.take()]
        return b"".join(parts)

    async def _may_go_on(self) -> bool:
        """Whether the reader may still read. While PostgreSQL is away nothing can be asked, nor anything told."""
        try:
            principal = await sessions.find_again(self._db, self._settings, self._principal)
        except AWAY as problem:
            log.warning("events_wait", extra={"problem": type(problem).__name__})
            return True
        return principal is not None and self._source.may_read(principal)


async def wait_gone(receive: Receive) -> None:
    """Until the caller has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass
