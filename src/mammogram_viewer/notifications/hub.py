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
from uuid import uuid4

import asyncpg

from mammogram_viewer.adapters.database.listen import listen_forever
from mammogram_viewer.adapters.mailboxes import AWAY, Event, Mailbox, Mailboxes, repeat
from mammogram_viewer.foundation.settings import Settings
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


class JobMailbox(Mailbox):
    """What waits for one reader of the jobs."""

    def __init__(self, user_id: int, *, wants_queues: bool, capacity: int) -> None:
        super().__init__(user_id, capacity=capacity)
        self.wants_queues = wants_queues


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
        self._mailboxes: Mailboxes[JobMailbox] = Mailboxes(settings)
        self._moved: dict[str, int] = {}  # job to user
        self._unread: set[int] = set()  # users whose count may have changed
        self._id = uuid4()
        self._watched: set[int] = set()
        self._renew_at_once = asyncio.Event()
        self._stirred = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def open(self, user_id: int, *, wants_queues: bool) -> JobMailbox:
        """A mailbox for a new stream; TooManyRequests when the user has enough of them, Unavailable while stopping."""
        self._mailboxes.demand_room(user_id)
        if not self._tasks:
            self._start()
        mailbox = JobMailbox(user_id, wants_queues=wants_queues, capacity=self._settings.event_backlog)
        self._mailboxes.add(mailbox)
        return mailbox

    async def watch(self, mailbox: Mailbox) -> None:
        """Have the user's jobs tell when they move, from before the stream's first snapshot."""
        if mailbox.user_id in self._watched:
            return
        await queries.watch(self._db, self._id, [mailbox.user_id], seconds=_WATCH_SECONDS)
        self._watched.add(mailbox.user_id)
        asyncio.get_running_loop().call_later(_LOOK_AGAIN_SECONDS, mailbox.ask_snapshot)

    def close(self, mailbox: JobMailbox) -> None:
        self._mailboxes.remove(mailbox)

    @property
    def streams(self) -> int:
        return len(self._mailboxes.all())

    def end(self) -> None:
        """End all streams, and take no new ones."""
        self._mailboxes.end()

    async def aclose(self) -> None:
        self.end()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(*AWAY):  # else it runs out by itself
            if self._tasks:
                await queries.unwatch(self._db, self._id)

    # --- what arrives ---------------------------------------------------------------------------------------

    def _start(self) -> None:
        listening = listen_forever(self._dsn, CHANNEL, on_payload=self.receive, on_connected=self._renew_at_once.set)
        self._tasks = [
            asyncio.create_task(listening),
            asyncio.create_task(repeat(self._renew, 0, self._mailboxes.ask_all_for_snapshots)),
            asyncio.create_task(repeat(self._tell_moved, _GATHER_SECONDS, self._mailboxes.ask_all_for_snapshots)),
            asyncio.create_task(repeat(self._tell_unread, _UNREAD_SECONDS, self._mailboxes.ask_all_for_snapshots)),
            asyncio.create_task(repeat(self._tell_queues, _QUEUES_SECONDS, self._mailboxes.ask_all_for_snapshots)),
        ]

    def receive(self, payload: str) -> None:
        """One notification of PostgreSQL. What nobody here waits for costs no more than this."""
        user, _, rest = payload.partition(":")
        job_id, _, state = rest.partition(":")
        user_id = int(user) if user.isdecimal() else 0
        if not self._mailboxes.of(user_id):
            return
        if job_id:
            self._moved[job_id] = user_id
        if state not in _LEAVE_UNREAD:
            self._unread.add(user_id)
        self._stirred.set()

    async def _renew(self) -> None:
        """Go on watching those who have streams. After a gap (the listening connection is new, or PostgreSQL did not
        answer) the watchers come first and the snapshots after them."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_RENEW_SECONDS):
                await self._renew_at_once.wait()
        users = self._mailboxes.users
        # Whoever comes meanwhile is not among them, and registers by itself.
        self._watched.intersection_update(users)
        try:
            await queries.watch(self._db, self._id, users, seconds=_WATCH_SECONDS)
        except AWAY:
            self._renew_at_once.set()
            await asyncio.sleep(1)
            raise
        self._watched.update(users)
        if self._renew_at_once.is_set():
            self._renew_at_once.clear()
            self._mailboxes.ask_all_for_snapshots()

    # --- what goes out --------------------------------------------------------------------------------------

    async def _tell_moved(self) -> None:
        await self._stirred.wait()
        await asyncio.sleep(_GATHER_SECONDS)  # a job's moves come in twos and threes, those of a bulk by hundreds
        self._stirred.clear()
        job_ids, self._moved = list(self._moved), {}
        for start in range(0, len(job_ids), _AT_ONCE):
            for job in await service.list_moved(self._db, job_ids[start : start + _AT_ONCE]):
                for mailbox in self._mailboxes.of(job.user_id):
                    mailbox.put(Event("job", job_event(job)))

    async def _tell_unread(self) -> None:
        users, self._unread = self._unread, set()
        for user_id in users:
            if self._mailboxes.of(user_id):
                unread = Unread(unread=await service.count_unread(self._db, user_id))
                for mailbox in self._mailboxes.of(user_id):
                    mailbox.put(Event("unread", unread))

    async def _tell_queues(self) -> None:
        listeners = [mailbox for mailbox in self._mailboxes.all() if mailbox.wants_queues]
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
