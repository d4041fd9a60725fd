"""Facts about what people did. Everything above records through these two calls, in the transaction of the act
itself: a fact commits together with what it speaks of, or not at all.

`user_activity` feeds statistics and keeps shortened addresses; `audit_log` is for accountability, keeps full values
and refuses every change (migration 0002). Neither may carry patient data."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from asyncpg import Pool

from mammogram_viewer.activity import queries
from mammogram_viewer.activity.addresses import address_of, family_of, network_of
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.queries import AnyConnection

MAX_USER_AGENT_LENGTH = 512
# Acts that change nothing which lists show.
_LOOKING = ["image_viewed", "frames_read", "original_read", "login", "login_failed", "login_refused", "logout"]


async def record_activity(
    connection: AnyConnection,
    actor: Actor,
    activity_type: str,
    resource_type: str | None = None,
    resource_id: int | None = None,
    metadata: dict[str, Any] | None = None,
) -> None:
    """Record `login`, `upload`, `view`, `download`, `delete` or a type of your own; the caller commits."""
    await queries.insert_activity(
        connection,
        user_id=actor.user_id,
        activity_type=activity_type,
        resource_type=resource_type,
        resource_id=resource_id,
        metadata=metadata or {},
        ip_truncated=network_of(actor.ip),
        user_agent_family=family_of(actor.user_agent),
    )


async def record_audit(
    connection: AnyConnection,
    actor: Actor,
    act: str,
    resource_type: str | None = None,
    resource_id: int | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Record one act (past tense: `user_disabled`) for good; the caller commits."""
    address = address_of(actor.ip)
    await queries.insert_audit(
        connection,
        actor_user_id=actor.user_id,
        act=act,
        resource_type=resource_type,
        resource_id=resource_id,
        detail=detail or {},
        ip=None if address is None else str(address),
        user_agent=storable_user_agent(actor.user_agent),
    )


async def has_signed_in_from(
    connection: AnyConnection | Pool, user_id: int, ip: str | None, *, within_days: int
) -> bool:
    """Whether this user signed in from the network around `ip` lately (throttling spares such networks)."""
    network = network_of(ip)
    if network is None:
        return False
    return await queries.has_acted_from(connection, user_id, "login", network, within_days)


async def has_changed_something(db: AnyConnection | Pool, user_id: int, *, within_seconds: float) -> bool:
    """Whether this person's acts of the last seconds include one that changed something; every such act is audited."""
    return await queries.has_acted_since(db, user_id, within_seconds, _LOOKING)


async def sum_own_acts(db: AnyConnection | Pool, act: str, member: str, *, since: datetime) -> int:
    """The sum of one number in the details of what the system itself did (`jobs` of `jobs_reconciled`)."""
    return await queries.sum_own_acts(db, act, member, since)


async def count_unfolded(db: AnyConnection | Pool) -> int:
    """Facts that the roll-ups do not hold yet; beyond a million nobody counts on."""
    return await queries.count_inbox(db, 1_000_000)


def storable_user_agent(user_agent: str | None) -> str | None:
    """At most 512 printable characters: PostgreSQL refuses NUL, and a header may carry it."""
    if user_agent is None:
        return None
    return "".join(c if c.isprintable() else "\ufffd" for c in user_agent[:MAX_USER_AGENT_LENGTH])
