"""One person's numbers: their own for everybody, anybody's for administrators. Counted from raw facts by index."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime

from asyncpg import Pool, Record

from mammogram_viewer.accounts.models import User
from mammogram_viewer.analytics import queries_people, schemas
from mammogram_viewer.analytics.feed import list_activities
from mammogram_viewer.analytics.most_viewed import MostViewedImages
from mammogram_viewer.analytics.ranges import Period
from mammogram_viewer.foundation.keyset import PageRequest

_ROWS = 10
_NAMES = ("views", "uploads", "downloads", "logins", "deletes")

Slots = Mapping[int, Record]


async def read_user(db: Pool, images: MostViewedImages, period: Period, user: User) -> schemas.UserAnalytics:
    """Everything that the page of one person shows."""
    rows, seconds, owned, most_viewed, recent = await asyncio.gather(
        queries_people.fetch_slots_of(db, user.id, period.edges),
        queries_people.fetch_view_seconds_of(db, user.id, period.edges),
        queries_people.fetch_owned_by(db, user.id),
        images.of_user(user.id, period.from_at, period.to_at, _ROWS),
        list_activities(db, PageRequest(limit=_ROWS), user_id=user.id),
    )
    facts: Slots = {row["slot"]: row for row in rows}
    looked: Slots = {row["slot"]: row for row in seconds}
    return schemas.UserAnalytics(
        user=schemas.AnalyticsUser(
            id=user.id,
            name=user.name,
            email=user.email,
            role=user.role,
            created_at=user.created_at,
            last_activity_at=user.last_activity_at,
        ),
        range=period.wire(),
        previous=period.wire_previous(),
        summary=schemas.UserSummary(
            uploads=_value(period, facts, "uploads"),
            views=_value(period, facts, "views"),
            downloads=_value(period, facts, "downloads"),
            logins=_value(period, facts, "logins"),
            images_owned=owned["images"],
            storage_bytes=owned["bytes"],
            view_seconds=_seconds(period, looked),
        ),
        activity=[_day(period, facts, n) for n in range(period.range.days)],
        most_viewed=most_viewed,
        recent=recent.rows,
    )


def _value(period: Period, facts: Slots, name: str) -> schemas.Value:
    now = _unless_archived(period, period.from_at, period.to_at, _sum(facts, period.slots, name))
    before = None
    if period.previous is not None:
        counted = _sum(facts, period.previous_slots, name)
        before = _unless_archived(period, period.previous.bounds[0], period.previous.until_at, counted)
    return period.value(now, before)


def _seconds(period: Period, looked: Slots) -> schemas.Value:
    """Views are never archived."""
    return period.value(_sum(looked, period.slots, "seconds"), _sum(looked, period.previous_slots, "seconds"))


def _sum(facts: Slots, slots: range, name: str) -> int:
    return sum(facts[slot][name] or 0 for slot in slots if slot in facts)


def _unless_archived(period: Period, from_at: datetime, to_at: datetime, counted: int) -> int | None:
    return None if period.is_archived(from_at, to_at) else counted


def _day(period: Period, facts: Slots, n: int) -> schemas.UserActivityDay:
    slot = period.slots[n]
    counts: dict[str, int | None] = dict.fromkeys(_NAMES, 0)
    is_known = period.is_known(period.bounds[n + 1])
    if not is_known or period.is_archived(period.bounds[n], period.bounds[n + 1]):
        counts = dict.fromkeys(_NAMES, None)
    elif slot in facts:
        counts = {name: facts[slot][name] for name in _NAMES}
    return schemas.UserActivityDay(day=period.days[n], partial=period.is_partial(n), **counts)
