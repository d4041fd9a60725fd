"""Fans out what PostgreSQL says about jobs to the event streams of this process.

    NOTIFY job_events '<user>:<job>:<state>'  (a trigger, in the transaction that moves the job of a watched user)
      -> one listening connection a process -> ids gather for a moment -> one SELECT for all of them
      -> the mailbox of each stream of that user -> notifications/stream.py

Invariants: a stream hears of its own user's jobs alone; a mailbox is bounded, and whose is full is cut off; nothing
here is needed for truth: after any gap every stream takes a fresh snapshot of the rows."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from uuid import uuid4

import asyncpg
import msgspec

from mammogram_viewer.adapters.database.listen import listen_forever
from mammogram_viewer.foundation.errors import TooManyRequests, Unavailable
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.foundation.wire import Wire
from mammogram_viewer.jobs.control import QueueControl
from mammogram_viewer.jobs.stats import QueueStats
from mammogram_viewer.notifications import queries, service
from mammogram_viewer.notifications.schemas import QueuesEvent, Unread, job_event, queue_event

log = logging.getLogger(__name__)
CHANNEL = "job_events"
_GATHER_SECONDS = 0.05
_UNREAD_SECONDS = 0.5
_QUEUES_SECONDS = 1.0
_AT_ONCE = 500
_WATCH_SECONDS = 60.0
_RENEW_SECONDS = 20.0
# A transaction that looked for watchers just before one came may commit a little after the first snapshot.
_LOOK_AGAIN_SECONDS = 2.0
_LEAVE_UNREAD = ("active", "delayed")  # an end adds to what is unread, a fresh start takes away from it
_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class Event(msgspec.Struct, frozen=True):
    """One event of a stream before it is written."""

    name: str
    body: Wire


class Mailbox:
    """What waits for one stream. Filled by the hub, emptied by the stream."""

    def __init__(self, user_id: int, *, wants_queues: bool, capacity: int) -> None:
        self.user_id = user_id
        self.wants_queues = wants_queues
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


class EventHub:
    """One instance a process. Begins to listen with the first stream; a process without one holds no connection."""

    def __init__(
        self, db: asyncpg.Pool, dsn: str, stats: QueueStats, control: QueueControl, settings: Settings
    ) -> None:
        self._db = db
        self._dsn = dsn
        self._stats = stats
        self._control = control
        self._settings = settings
        self._mailboxes: dict[int, set[Mailbox]] = defaultdict(set)
        self._moved: dict[str, int] = {}  # job to user
        self._unread: set[int] = set()  # users whose count may have changed
        self._id = uuid4()
        self._watched: set[int] = set()
        self._renew_at_once = asyncio.Event()
        self._stirred = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._ended = False

    def open(self, user_id: int, *, wants_queues: bool) -> Mailbox:
        """A mailbox for a new stream; TooManyRequests when the user has enough of them, Unavailable while stopping."""
        if self._ended:
            raise Unavailable("The server is stopping. Ask again in a moment.", retry_after_seconds=2)
        if len(self._mailboxes[user_id]) >= self._settings.event_streams_per_user:
            raise TooManyRequests(
                "You have as many event streams open as one user may "
                "(MAMMOGRAM_VIEWER_EVENT_STREAMS_PER_USER). Close a page.",
                code="too_many_streams",
                retry_after_seconds=30,
            )
        if not self._tasks:
            self._start()
        mailbox = Mailbox(user_id, wants_queues=wants_queues, capacity=self._settings.event_backlog)
        self._mailboxes[user_id].add(mailbox)
        return mailbox

    async def watch(self, mailbox: Mailbox) -> None:
        """Have the user's jobs tell when they move, from before the stream's first snapshot."""
        if mailbox.user_id in self._watched:
            return
        await queries.watch(self._db, self._id, [mailbox.user_id], seconds=_WATCH_SECONDS)
        self._watched.add(mailbox.user_id)
        asyncio.get_running_loop().call_later(_LOOK_AGAIN_SECONDS, mailbox.ask_snapshot)

    def close(self, mailbox: Mailbox) -> None:
        self._mailboxes[mailbox.user_id].discard(mailbox)
        if not self._mailboxes[mailbox.user_id]:
            del self._mailboxes[mailbox.user_id]

    @property
    def streams(self) -> int:
        return sum(len(mailboxes) for mailboxes in self._mailboxes.values())

    def end(self) -> None:
        """End all streams, and take no new ones: the process stops, and must not wait for endless answers."""
        self._ended = True
        for mailbox in self._all():
            mailbox.cut()

    async def aclose(self) -> None:
        self.end()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(*_AWAY):  # else it runs out by itself
            if self._tasks:
                await queries.unwatch(self._db, self._id)

    def _all(self) -> list[Mailbox]:
        return [mailbox for mailboxes in self._mailboxes.values() for mailbox in mailboxes]

    # --- what arrives ---------------------------------------------------------------------------------------

    def _start(self) -> None:
        listening = listen_forever(self._dsn, CHANNEL, on_payload=self.receive, on_connected=self._renew_at_once.set)
        self._tasks = [
            asyncio.create_task(listening),
            asyncio.create_task(self._repeat(self._renew, 0)),
            asyncio.create_task(self._repeat(self._tell_moved, _GATHER_SECONDS)),
            asyncio.create_task(self._repeat(self._tell_unread, _UNREAD_SECONDS)),
            asyncio.create_task(self._repeat(self._tell_queues, _QUEUES_SECONDS)),
        ]

    def receive(self, payload: str) -> None:
        """One notification of PostgreSQL. What nobody here waits for costs no more than this."""
        user, _, rest = payload.partition(":")
        job_id, _, state = rest.partition(":")
        user_id = int(user) if user.isdecimal() else 0
        if user_id not in self._mailboxes:
            return
        if job_id:
            self._moved[job_id] = user_id
        if state not in _LEAVE_UNREAD:
            self._unread.add(user_id)
        self._stirred.set()

    def _ask_all_for_snapshots(self) -> None:
        for mailbox in self._all():
            mailbox.ask_snapshot()

    async def _renew(self) -> None:
        """Go on watching those who have streams. After a gap (the listening connection is new, or PostgreSQL did not
        answer) the watchers come first and the snapshots after them."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_RENEW_SECONDS):
                await self._renew_at_once.wait()
        users = list(self._mailboxes)
        # Whoever comes meanwhile is not among them, and registers by itself.
        self._watched.intersection_update(users)
        try:
            await queries.watch(self._db, self._id, users, seconds=_WATCH_SECONDS)
        except _AWAY:
            self._renew_at_once.set()
            await asyncio.sleep(1)
            raise
        self._watched.update(users)
        if self._renew_at_once.is_set():
            self._renew_at_once.clear()
            self._ask_all_for_snapshots()

    # --- what goes out --------------------------------------------------------------------------------------

    async def _repeat(self, once: Callable[[], Awaitable[None]], pause_seconds: float) -> None:
        while True:
            try:
                await once()
            except _AWAY as problem:
                # What was gathered is gone; the rows are not.
                log.warning("events_wait", extra={"problem": type(problem).__name__})
                self._ask_all_for_snapshots()
            except Exception:  # the outer loop: what one round breaks on must not silence all later ones
                log.exception("events_failed")
                self._ask_all_for_snapshots()
                await asyncio.sleep(1)
            await asyncio.sleep(pause_seconds)

    async def _tell_moved(self) -> None:
        await self._stirred.wait()
        await asyncio.sleep(_GATHER_SECONDS)  # a job's moves come in twos and threes, those of a bulk by hundreds
        self._stirred.clear()
        job_ids, self._moved = list(self._moved), {}
        for start in range(0, len(job_ids), _AT_ONCE):
            for job in await service.list_moved(self._db, job_ids[start : start + _AT_ONCE]):
                for mailbox in self._mailboxes.get(job.user_id, ()):
                    mailbox.put(Event("job", job_event(job)))

    async def _tell_unread(self) -> None:
        users, self._unread = self._unread, set()
        for user_id in users:
            if user_id in self._mailboxes:
                unread = Unread(unread=await service.count_unread(self._db, user_id))
                for mailbox in self._mailboxes.get(user_id, ()):
                    mailbox.put(Event("unread", unread))

    async def _tell_queues(self) -> None:
        listeners = [mailbox for mailbox in self._all() if mailbox.wants_queues]
        if not listeners:
            return
        event = await self.count_queues()
        for mailbox in listeners:
            mailbox.put(Event("queues", event))

    async def count_queues(self) -> QueuesEvent:
        counts = await self._stats.count()
        settings = await self._control.list_settings()
        return QueuesEvent(
            queues=[
                queue_event(name, of_queue, paused=settings[name].paused_at is not None)
                for name, of_queue in counts.items()
            ]
        )
