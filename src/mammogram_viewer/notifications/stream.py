"""The event stream of one's uploads: a snapshot of the jobs, then what happens to them (`accounts/event_stream.py`).

The reader comes back with `Last-Event-ID` and gets a snapshot of what it missed."""

from __future__ import annotations

from datetime import datetime, timedelta

import asyncpg

from mammogram_viewer.accounts import policy
from mammogram_viewer.accounts.event_stream import event_lines, instant_of
from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.adapters.mailboxes import Event, Mailbox
from mammogram_viewer.notifications import service
from mammogram_viewer.notifications.hub import EventHub, JobMailbox
from mammogram_viewer.notifications.schemas import JobEvent, SnapshotEvent, job_event

# A transaction may commit this long after the time that its rows carry; what is told twice does no harm.
_SLACK = timedelta(seconds=60)


def since_of(last_event_id: str | None) -> datetime | None:
    """The time of the last event, less the slack; None for what is none of ours: then a plain snapshot is enough."""
    at = instant_of(last_event_id)
    return None if at is None else at - _SLACK


class JobSource:
    """What `GET /api/events` says to one reader."""

    def __init__(
        self, db: asyncpg.Pool, hub: EventHub, principal: Principal, *, wants_queues: bool, since: datetime | None
    ) -> None:
        self._db = db
        self._hub = hub
        self._principal = principal
        self._wants_queues = wants_queues
        self._since = since

    async def open(self) -> JobMailbox:
        mailbox = self._hub.open(self._principal.user_id, wants_queues=self._wants_queues)
        try:
            await self._hub.watch(mailbox)
        except BaseException:  # a caller who has gone included: nobody would close it
            self._hub.close(mailbox)
            raise
        return mailbox

    def close(self, mailbox: Mailbox) -> None:
        assert isinstance(mailbox, JobMailbox)
        self._hub.close(mailbox)

    async def snapshot(self) -> bytes:
        snapshot = await service.take_snapshot(self._db, self._principal.user_id, self._since)
        self._since = snapshot.at - _SLACK
        body = SnapshotEvent(
            jobs=[job_event(job) for job in snapshot.jobs], unread=snapshot.unread, complete=snapshot.complete
        )
        text = event_lines("snapshot", body, snapshot.at)
        if self._wants_queues:
            text += event_lines("queues", await self._hub.count_queues())
        return text

    def lines_of(self, event: Event) -> bytes:
        if not isinstance(event.body, JobEvent):
            return event_lines(event.name, event.body)
        self._since = event.body.at - _SLACK
        return event_lines(event.name, event.body, event.body.at)

    def may_read(self, principal: Principal) -> bool:
        return not self._wants_queues or policy.allows(policy.ADMINISTER, principal)
