"""Mailboxes: what waits for each event stream of this process, kept apart by user, bounded, and ended together.

Whoever has news puts it into them (`notifications/hub.py`, `analytics/live.py`); `accounts/event_stream.py` empties
them."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import asyncpg
import msgspec

from mammogram_viewer.foundation.errors import TooManyRequests, Unavailable
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.foundation.wire import Wire

log = logging.getLogger(__name__)
# Whatever a server that is away makes asyncpg raise: rounds go on without it.
AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class Event(msgspec.Struct, frozen=True):
    """One event of a stream before it is written."""

    name: str
    body: Wire


class Mailbox:
    """What waits for one stream. Filled by a hub, emptied by the stream."""

    def __init__(self, user_id: int, *, capacity: int) -> None:
        self.user_id = user_id
        self.wants_snapshot = True
        self._capacity = capacity
        self._waiting: deque[Event] = deque()
        self._stirred = asyncio.Event()
        self._cut = asyncio.Event()

    def put(self, event: Event) -> None:
        if len(self._waiting) >= self._capacity:
            log.warning("slow_stream_cut", extra={"user_id": self.user_id})
            self.cut()
        elif not self.is_cut:
            self._waiting.append(event)
            self._stirred.set()

    def ask_snapshot(self) -> None:
        self.wants_snapshot = True
        self._stirred.set()

    @property
    def is_cut(self) -> bool:
        """Its reader is too slow, or the process stops."""
        return self._cut.is_set()

    def cut(self) -> None:
        self._waiting.clear()
        self._cut.set()
        self._stirred.set()

    async def wait_cut(self) -> None:
        await self._cut.wait()

    async def wait(self, seconds: float) -> None:
        """Until something has come, or for that long."""
        if self._waiting or self.wants_snapshot or self.is_cut:
            return
        self._stirred.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._stirred.wait()
        except TimeoutError:
            return

    def take(self) -> list[Event]:
        taken = list(self._waiting)
        self._waiting.clear()
        return taken


AnyMailbox = TypeVar("AnyMailbox", bound=Mailbox)


class Mailboxes(Generic[AnyMailbox]):
    """All mailboxes of one kind of stream in this process, at most `event_streams_per_user` of each user."""

    def __init__(self, settings: Settings) -> None:
        self._limit = settings.event_streams_per_user
        self._by_user: dict[int, set[AnyMailbox]] = defaultdict(set)
        self._ended = False

    def demand_room(self, user_id: int) -> None:
        """TooManyRequests when the user has enough streams, Unavailable while stopping."""
        if self._ended:
            raise Unavailable("The server is stopping. Ask again in a moment.", retry_after_seconds=2)
        if len(self._by_user.get(user_id, ())) >= self._limit:
            raise TooManyRequests(
                "You have as many event streams open as one user may "
                "(MAMMOGRAM_VIEWER_EVENT_STREAMS_PER_USER). Close a page.",
                code="too_many_streams",
                retry_after_seconds=30,
            )

    def add(self, mailbox: AnyMailbox) -> None:
        self._by_user[mailbox.user_id].add(mailbox)

    def remove(self, mailbox: AnyMailbox) -> None:
        self._by_user[mailbox.user_id].discard(mailbox)
        if not self._by_user[mailbox.user_id]:
            del self._by_user[mailbox.user_id]

    def of(self, user_id: int) -> list[AnyMailbox]:
        return list(self._by_user.get(user_id, ()))

    @property
    def users(self) -> list[int]:
        """Those who have a stream."""
        return list(self._by_user)

    def all(self) -> list[AnyMailbox]:
        return [mailbox for mailboxes in self._by_user.values() for mailbox in mailboxes]

    def ask_all_for_snapshots(self) -> None:
        """After a gap: who knows what was missed."""
        for mailbox in self.all():
            mailbox.ask_snapshot()

    def end(self) -> None:
        """End all streams, and take no new ones: the process stops, and must not wait for endless answers."""
        self._ended = True
        for mailbox in self.all():
            mailbox.cut()


async def repeat(once: Callable[[], Awaitable[None]], pause_seconds: float, on_gap: Callable[[], None]) -> None:
    """One round after the other until cancelled. What a round that breaks has gathered is gone; the rows are not, and
    `on_gap` has them looked at."""
    while True:
        try:
            await once()
        except AWAY as problem:
            log.warning("events_wait", extra={"problem": type(problem).__name__})
            on_gap()
        except Exception:  # the outer loop: what one round breaks on must not silence all later ones
            log.exception("events_failed")
            on_gap()
            await asyncio.sleep(1)
        await asyncio.sleep(pause_seconds)
