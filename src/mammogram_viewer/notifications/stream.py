"""One event stream (server-sent events, WHATWG HTML 9.2): a snapshot, then what happens, a heartbeat in between.

A stream holds no connection of the pool while it waits. It ends when its reader goes, is too slow, or may no longer
read; the reader comes back with `Last-Event-ID` and gets a snapshot of what it missed."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

import asyncpg
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from mammogram_viewer.accounts import policy, sessions
from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.foundation.tracebacks import without_messages
from mammogram_viewer.foundation.wire import Wire, encode_json
from mammogram_viewer.notifications import service
from mammogram_viewer.notifications.hub import EventHub, Mailbox
from mammogram_viewer.notifications.schemas import EndEvent, HeartbeatEvent, JobEvent, SnapshotEvent, job_event

log = logging.getLogger(__name__)
_RETRY_MS = 2000
# A transaction may commit this long after the time that its rows carry; what is told twice does no harm.
_SLACK = timedelta(seconds=60)
_LAST_WORDS_SECONDS = 1.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would gather events before it passes them on
]
_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
Reason = Literal["signed_out", "again"]


class Write(Protocol):
    async def __call__(self, text: bytes, *, more: bool = True) -> None: ...


def event_id(at: datetime) -> str:
    """Microseconds since 1970."""
    return str((at - _EPOCH) // timedelta(microseconds=1))


def since_of(last_event_id: str | None) -> datetime | None:
    """The time behind `event_id`, less the slack; None for what is none of ours: then a plain snapshot is enough."""
    if not last_event_id or not (last_event_id.isascii() and last_event_id.isdecimal()) or len(last_event_id) > 16:
        return None
    return _EPOCH + timedelta(microseconds=int(last_event_id)) - _SLACK


def _lines(name: str, body: Wire, at: datetime | None = None) -> bytes:
    """One event. JSON has no line breaks of its own, so one data line is enough."""
    head = f"id: {event_id(at)}\n" if at else ""
    return f"{head}event: {name}\ndata: ".encode() + encode_json(body) + b"\n\n"


class EventStream(ASGIResponse):
    """The answer to `GET /api/events`. Opens its mailbox when it is sent, so that a refusal is still an answer."""

    def __init__(
        self,
        *,
        db: asyncpg.Pool,
        hub: EventHub,
        settings: Settings,
        principal: Principal,
        wants_queues: bool,
        since: datetime | None,
    ) -> None:
        super().__init__(body=b"")
        self._db = db
        self._hub = hub
        self._settings = settings
        self._principal = principal
        self._wants_queues = wants_queues
        self._since = since

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        mailbox = self._hub.open(self._principal.user_id, wants_queues=self._wants_queues)
        tasks: list[asyncio.Task[None]] = []
        try:
            mailbox.wants_snapshot = False
            await self._hub.watch(mailbox)
            first = f"retry: {_RETRY_MS}\n\n".encode() + await self._snapshot()
            await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
            writing = asyncio.create_task(self._write(mailbox, send, first))
            tasks = [writing, asyncio.create_task(_wait_gone(receive)), asyncio.create_task(mailbox.wait_cut())]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if mailbox.is_cut:
                await asyncio.wait([writing], timeout=_LAST_WORDS_SECONDS)
            if writing.done() and (problem := writing.exception()) is not None:
                log.error("stream_failed", extra={"exception": without_messages(problem)})
        finally:
            self._hub.close(mailbox)
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
            await write(_lines("end", EndEvent(reason=reason)), more=False)
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
                await write(_lines("heartbeat", HeartbeatEvent(at=datetime.now(UTC))))
                beat_at = time.monotonic() + pause_seconds
        return "again"

    async def _take(self, mailbox: Mailbox) -> bytes:
        """Everything that waits, the snapshot first: what came before it is older, and `at` says so."""
        parts = []
        if mailbox.wants_snapshot:
            mailbox.wants_snapshot = False
            try:
                parts.append(await self._snapshot())
            except _AWAY as problem:
                log.warning("events_wait", extra={"problem": type(problem).__name__})
                await asyncio.sleep(1)
                mailbox.wants_snapshot = True
        for event in mailbox.take():
            at = event.body.at if isinstance(event.body, JobEvent) else None
            parts.append(_lines(event.name, event.body, at))
            if at is not None:
                self._since = at - _SLACK
        return b"".join(parts)

    async def _snapshot(self) -> bytes:
        snapshot = await service.take_snapshot(self._db, self._principal.user_id, self._since)
        self._since = snapshot.at - _SLACK
        body = SnapshotEvent(
            jobs=[job_event(job) for job in snapshot.jobs], unread=snapshot.unread, complete=snapshot.complete
        )
        text = _lines("snapshot", body, snapshot.at)
        if self._wants_queues:
            text += _lines("queues", await self._hub.count_queues())
        return text

    async def _may_go_on(self) -> bool:
        """Whether the reader may still read. While PostgreSQL is away nothing can be asked, nor anything told."""
        try:
            principal = await sessions.find_again(self._db, self._settings, self._principal)
        except _AWAY as problem:
            log.warning("events_wait", extra={"problem": type(problem).__name__})
            return True
        return principal is not None and (not self._wants_queues or policy.allows(policy.ADMINISTER, principal))


async def _wait_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
