"""Tells the live totals and the newest activities to the event streams of this process.

    NOTIFY analytics   (fold_activity(), once it has moved something into the roll-ups)
      -> one listening connection a process -> at most one round a second: totals once a time zone, new facts once
      -> the mailbox of each stream -> stream.py

Invariants: a mailbox is bounded, and whose is full is cut off; nothing here is needed for truth: after any gap every
stream takes a fresh snapshot."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import datetime

import asyncpg

from mammogram_viewer.adapters.database.listen import listen_forever
from mammogram_viewer.adapters.database.local_days import today_in
from mammogram_viewer.adapters.mailboxes import Event, Mailbox, Mailboxes, repeat
from mammogram_viewer.analytics.dashboard import read_users
from mammogram_viewer.analytics.feed import list_activities
from mammogram_viewer.analytics.ranges import Asked, open_period
from mammogram_viewer.analytics.schemas import Activity
from mammogram_viewer.analytics.sums import read_people, read_sums
from mammogram_viewer.foundation.keyset import PageRequest
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.foundation.wire import Wire

CHANNEL = "analytics"
_ROUND_SECONDS = 1.0
# Today begins anew at midnight although nothing happens.
_CLOCK_SECONDS = 60.0
_NEWEST = 50
_AFTER_A_GAP = 20
_TOLD = 1000


class Totals(Wire, frozen=True):
    """Event `totals`: what is there now, and what today has brought so far, in the stream's time zone. `storageBytes`
    of originals."""

    images: int
    users: int
    active_today: int
    views_today: int
    uploads_today: int
    storage_bytes: int
    as_of: datetime


class NewActivities(Wire, frozen=True):
    """Event `activity`: facts that have come since the last one, newest first; one that was told before may come
    again."""

    activities: list[Activity]


class LiveMailbox(Mailbox):
    """What waits for one reader of the totals."""

    def __init__(self, user_id: int, *, tz: str, capacity: int) -> None:
        super().__init__(user_id, capacity=capacity)
        self.tz = tz


class LiveHub:
    """One instance a process. Begins to listen with the first stream; a process without one holds no connection."""

    def __init__(self, db: asyncpg.Pool, dsn: str, settings: Settings) -> None:
        self._db = db
        self._dsn = dsn
        self._settings = settings
        self._mailboxes: Mailboxes[LiveMailbox] = Mailboxes(settings)
        self._stirred = asyncio.Event()
        self._told: deque[int] = deque(maxlen=_TOLD)
        self._tasks: list[asyncio.Task[None]] = []

    def open(self, user_id: int, tz: str) -> LiveMailbox:
        """A mailbox for a new stream; TooManyRequests when the user has enough of them, Unavailable while stopping."""
        self._mailboxes.demand_room(user_id)
        if not self._tasks:
            self._start()
        mailbox = LiveMailbox(user_id, tz=tz, capacity=self._settings.event_backlog)
        self._mailboxes.add(mailbox)
        return mailbox

    def close(self, mailbox: LiveMailbox) -> None:
        self._mailboxes.remove(mailbox)

    def end(self) -> None:
        """End all streams, and take no new ones."""
        self._mailboxes.end()

    async def aclose(self) -> None:
        self.end()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def count_totals(self, tz: str) -> Totals:
        """As of now, from the same sums as the dashboard's."""
        today = str(await today_in(self._db, tz))
        period = await open_period(self._db, self._settings, Asked(first=today, last=today, tz=tz, compare="none"))
        sums, people, users = await asyncio.gather(
            read_sums(self._db, period), read_people(self._db, period), read_users(self._db, period)
        )
        return Totals(
            images=sums.at_ends("images")[-1],
            users=users.value or 0,
            active_today=people.in_range,
            views_today=sums.total("views"),
            uploads_today=sums.total("uploads"),
            storage_bytes=sums.at_ends("bytes")[-1],
            as_of=period.as_of,
        )

    async def list_newest(self) -> NewActivities:
        """For a reader who may have missed some."""
        page = await list_activities(self._db, PageRequest(limit=_AFTER_A_GAP))
        return NewActivities(activities=page.rows)

    def _start(self) -> None:
        gap = self._mailboxes.ask_all_for_snapshots
        self._tasks = [
            asyncio.create_task(
                listen_forever(self._dsn, CHANNEL, on_payload=self._receive, on_connected=self._connected)
            ),
            asyncio.create_task(repeat(self._tell, _ROUND_SECONDS, gap)),
            asyncio.create_task(repeat(self._tell_the_time, _CLOCK_SECONDS, gap)),
        ]

    def _connected(self) -> None:
        self._mailboxes.ask_all_for_snapshots()
        self._stirred.set()

    def _receive(self, _payload: str) -> None:
        self._stirred.set()

    async def _tell(self) -> None:
        """One round: whatever has been said meanwhile is one update."""
        await self._stirred.wait()
        self._stirred.clear()
        await self._tell_totals()
        page = await list_activities(self._db, PageRequest(limit=_NEWEST))
        new = [one for one in page.rows if one.id not in self._told]
        is_first = not self._told
        self._told.extend(one.id for one in reversed(new))
        if new and not is_first:  # what was there before the first reader is no news
            self._put_all(Event("activity", NewActivities(activities=new)))

    async def _tell_the_time(self) -> None:
        await self._tell_totals()

    async def _tell_totals(self) -> None:
        for tz in {mailbox.tz for mailbox in self._mailboxes.all()}:
            event = Event("totals", await self.count_totals(tz))
            for mailbox in self._mailboxes.all():
                if mailbox.tz == tz:
                    mailbox.put(event)

    def _put_all(self, event: Event) -> None:
        for mailbox in self._mailboxes.all():
            mailbox.put(event)
