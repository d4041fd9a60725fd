"""A demonstration's past in the database: images and jobs move to their moments, acts are added; one transaction, after
which the roll-ups are folded and the daily statistics computed, as for any other acts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import asyncpg

from mammogram_viewer.activity.models import SYSTEM
from mammogram_viewer.activity.service import record_audit
from mammogram_viewer.archive import past as archive_past
from mammogram_viewer.cli.demo_history_plan import DOMAIN, Act, Person, PlannedFile
from mammogram_viewer.foundation.errors import Conflict
from mammogram_viewer.jobs import past as jobs_past

MARK = "demo_history_added"
_FOLDING_LOCK = "SELECT pg_advisory_xact_lock(7226002)"  # of fold_activity()
_ARCHIVED = "SELECT EXISTS (SELECT FROM activity_archives WHERE to_at > $1 AND restored_at IS NULL)"
_OWN_ACTS = """
UPDATE user_activity a SET created_at = m.at, ip_truncated = m.network::inet, user_agent_family = m.family
FROM unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::text[], $5::text[])
     AS m (image_id, activity_type, at, network, family)
WHERE a.resource_type = 'image' AND a.resource_id = m.image_id AND a.activity_type = m.activity_type"""
_PEOPLE = """
UPDATE users u SET created_at = m.at, updated_at = m.at, last_activity_at = a.latest, last_login_at = a.login
FROM unnest($1::bigint[], $2::timestamptz[]) AS m (user_id, at)
LEFT JOIN LATERAL (
    SELECT max(created_at) AS latest, max(created_at) FILTER (WHERE activity_type = 'login') AS login
    FROM user_activity WHERE user_id = m.user_id) a ON true
WHERE u.id = m.user_id"""


@dataclass(frozen=True)
class Sent:
    """Files as images, and people as accounts."""

    images: Mapping[int, PlannedFile]
    user_ids: Mapping[str, int]


async def is_there(db: asyncpg.Pool) -> bool:
    """Whether a history has been added before."""
    return await db.fetchval("SELECT EXISTS (SELECT FROM audit_log WHERE act = $1)", MARK)


async def count_real_images(db: asyncpg.Pool) -> int:
    """Images of people who are no demonstration's."""
    return await db.fetchval(
        "SELECT count(*) FROM images i JOIN users u ON u.id = i.user_id WHERE u.email NOT LIKE '%@' || $1", DOMAIN
    )


async def first_day_of_people(db: asyncpg.Pool, emails: Sequence[str]) -> datetime | None:
    """When the accounts of an interrupted run were made; the run that goes on plans the same past."""
    return await db.fetchval("SELECT min(created_at) FROM users WHERE email = ANY ($1::text[])", list(emails))


async def demand_open_months(db: asyncpg.Pool, first_at: datetime) -> None:
    """Conflict when activities of these days lie in archives: what is added there would not be among them."""
    if await db.fetchval(_ARCHIVED, first_at):
        raise Conflict(
            f"Activities since {first_at:%Y-%m-%d} are archived already. Choose fewer days.", code="history_archived"
        )


async def add_past(db: asyncpg.Pool, sent: Sent, people: Sequence[Person], acts: Sequence[Act], days: int) -> None:
    """Everything, or nothing; Conflict when another run was faster. Acts of the future are left out."""
    now = datetime.now(UTC)
    done = [act for act in acts if act.at < now]
    first_at = min(person.registered_at for person in people)
    await db.execute("SELECT ensure_activity_partitions($1::date, $2::date)", first_at.date(), now.date())
    async with db.acquire() as connection, connection.transaction():
        await connection.execute(_FOLDING_LOCK)
        if await connection.fetchval("SELECT EXISTS (SELECT FROM audit_log WHERE act = $1)", MARK):
            raise Conflict("Another run has added a history meanwhile.", code="history_there")
        await _move_what_was_sent(connection, sent, people)
        await _add_acts(connection, done, sent.user_ids)
        await archive_past.move_into_past(
            connection,
            {image_id: file.came_at for image_id, file in sent.images.items()},
            {image_id: file.removed_at for image_id, file in sent.images.items() if file.removed_at},
        )
        ids = [sent.user_ids[person.email] for person in people]
        await connection.execute(_PEOPLE, ids, [person.registered_at for person in people])
        detail = {"days": days, "people": len(people), "images": len(sent.images), "acts": len(done)}
        await record_audit(connection, SYSTEM, MARK, detail=detail)


async def _move_what_was_sent(
    connection: asyncpg.pool.PoolConnectionProxy, sent: Sent, people: Sequence[Person]
) -> None:
    by_email = {person.email: person for person in people}
    moves = [(image_id, "upload", file.came_at, by_email[file.owner]) for image_id, file in sent.images.items()]
    moves += [
        (image_id, "delete", file.removed_at, by_email[file.owner])
        for image_id, file in sent.images.items()
        if file.removed_at
    ]
    ids, kinds, moments, who = zip(*moves, strict=True)
    networks, families = [person.network for person in who], [person.family for person in who]
    await connection.execute(_OWN_ACTS, ids, kinds, moments, networks, families)
    await jobs_past.move_into_past(connection, {image_id: file.came_at for image_id, file in sent.images.items()})


async def _add_acts(
    connection: asyncpg.pool.PoolConnectionProxy, acts: Sequence[Act], user_ids: Mapping[str, int]
) -> None:
    await connection.copy_records_to_table(
        "user_activity",
        columns=[
            "user_id", "activity_type", "resource_type", "resource_id", "ip_truncated", "user_agent_family",
            "created_at",
        ],
        records=[
            (
                user_ids[act.person.email],
                act.activity_type,
                "image" if act.image_id is not None else None,
                act.image_id,
                act.person.network,
                act.person.family,
                act.at,
            )
            for act in acts
        ],
    )  # fmt: skip
    await connection.copy_records_to_table(
        "image_views",
        columns=["user_id", "image_id", "viewed_at", "last_seen_at", "duration_seconds"],
        records=[
            (
                user_ids[act.person.email],
                act.image_id,
                act.at,
                act.at + timedelta(seconds=act.duration_seconds or 0),
                act.duration_seconds,
            )
            for act in acts
            if act.activity_type == "view"
        ],
    )


async def roll_up(db: asyncpg.Pool, first_day: date, tell: Callable[[], None]) -> None:
    """Fold, then compute the daily statistics of each day until today (UTC)."""
    while await db.fetchval("SELECT fold_activity()"):
        pass
    day, today = first_day, datetime.now(UTC).date()
    while day <= today:
        await db.execute("SELECT update_system_stats($1)", day)
        tell()
        day += timedelta(days=1)
