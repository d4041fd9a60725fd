"""`GET /api/analytics/stream`: the totals at once, then totals and activities as they happen
(`accounts/event_stream.py`)."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter
from litestar.response.base import ASGIResponse

from mammogram_viewer.accounts import dependencies, policy
from mammogram_viewer.accounts.event_stream import EndEvent, EventStream, HeartbeatEvent, event_lines
from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.adapters.database.local_days import check_time_zone
from mammogram_viewer.adapters.mailboxes import Event, Mailbox
from mammogram_viewer.analytics.live import LiveHub, LiveMailbox, NewActivities, Totals


class LiveSource:
    """What the stream says to one reader."""

    def __init__(self, hub: LiveHub, principal: Principal, tz: str) -> None:
        self._hub = hub
        self._principal = principal
        self._tz = tz
        self._told_before = False

    async def open(self) -> LiveMailbox:
        return self._hub.open(self._principal.user_id, self._tz)

    def close(self, mailbox: Mailbox) -> None:
        assert isinstance(mailbox, LiveMailbox)
        self._hub.close(mailbox)

    async def snapshot(self) -> bytes:
        """The totals; after a gap also the newest facts, some of which the reader may have missed."""
        text = event_lines("totals", await self._hub.count_totals(self._tz))
        if self._told_before:
            text += event_lines("activity", await self._hub.list_newest())
        self._told_before = True
        return text

    def lines_of(self, event: Event) -> bytes:
        return event_lines(event.name, event.body)

    def may_read(self, principal: Principal) -> bool:
        return policy.allows(policy.READ_ANALYTICS, principal)


@get(
    "/api/analytics/stream",
    opt={"policy": policy.READ_ANALYTICS},
    tags=["analytics"],
    summary="Live totals and activities, as server-sent events",
    responses={
        200: ResponseSpec(
            Totals | NewActivities | HeartbeatEvent | EndEvent,
            generate_examples=False,
            media_type="text/event-stream",  # pyright: ignore[reportArgumentType] - the framework's list lacks it
            description="Events `totals`, `activity`, `heartbeat` and `end`; each one's data is JSON",
        )
    },
)
async def get_analytics_stream(
    db: dependencies.Db,
    settings: dependencies.Settings,
    principal: dependencies.Principal,
    analytics_live: NamedDependency[LiveHub],
    tz: Annotated[str | None, QueryParameter(description="IANA name of the zone whose today counts.")] = None,
) -> ASGIResponse:
    """Begins with `totals`; at most one update a second. 429 `too_many_streams`, 422 `invalid_time_zone`."""
    zone = await check_time_zone(db, settings.time_zone if tz is None else tz)
    source = LiveSource(analytics_live, principal, zone)
    return EventStream(source, db=db, settings=settings, principal=principal)


handlers = [get_analytics_stream]
