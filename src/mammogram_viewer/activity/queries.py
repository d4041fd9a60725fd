"""Typed calls for the two tables of facts; no logic. Both are only ever appended to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from asyncpg import Connection, Pool
from asyncpg.pool import PoolConnectionProxy

AnyConnection = Connection | PoolConnectionProxy

_INSERT_ACTIVITY = """
INSERT INTO user_activity
    (user_id, activity_type, resource_type, resource_id, metadata, ip_truncated, user_agent_family)
VALUES ($1, $2, $3, $4, $5, $6::inet, $7)
"""

_INSERT_AUDIT = """
INSERT INTO audit_log (actor_user_id, act, resource_type, resource_id, detail, ip, user_agent)
VALUES ($1, $2, $3, $4, $5, $6::inet, $7)
"""

# A sign-in from this network (a /24 or /48) within the window; audit_log_actor_user_id_at_idx narrows it.
_HAS_ACTED_FROM = """
SELECT EXISTS (
    SELECT 1 FROM audit_log
    WHERE actor_user_id = $1 AND act = $2 AND at > now() - make_interval(days => $4) AND ip <<= $3::inet
)
"""

# audit_log_actor_user_id_at_idx narrows it to what the system did in that time.
_SUM_OWN_ACTS = """
SELECT coalesce(sum((detail ->> $2)::bigint), 0)::bigint FROM audit_log
WHERE actor_user_id IS NULL AND act = $1 AND at > $3
"""


# audit_log_actor_user_id_at_idx narrows it to what this person did in that time.
_HAS_ACTED_SINCE = """
SELECT EXISTS (
    SELECT FROM audit_log
    WHERE actor_user_id = $1 AND at > now() - make_interval(secs => $2) AND act <> ALL($3::text[])
)
"""


async def insert_activity(
    connection: AnyConnection,
    *,
    user_id: int | None,
    activity_type: str,
    resource_type: str | None,
    resource_id: int | None,
    metadata: dict[str, Any],
    ip_truncated: str | None,
    user_agent_family: str | None,
) -> None:
    await connection.execute(
        _INSERT_ACTIVITY,
        user_id,
        activity_type,
        resource_type,
        resource_id,
        metadata,
        ip_truncated,
        user_agent_family,
    )


async def insert_audit(
    connection: AnyConnection,
    *,
    actor_user_id: int | None,
    act: str,
    resource_type: str | None,
    resource_id: int | None,
    detail: dict[str, Any],
    ip: str | None,
    user_agent: str | None,
) -> None:
    await connection.execute(_INSERT_AUDIT, actor_user_id, act, resource_type, resource_id, detail, ip, user_agent)


async def has_acted_from(connection: AnyConnection | Pool, user_id: int, act: str, network: str, days: int) -> bool:
    return await connection.fetchval(_HAS_ACTED_FROM, user_id, act, network, days) is True


async def has_acted_since(db: AnyConnection | Pool, user_id: int, seconds: float, but: list[str]) -> bool:
    return await db.fetchval(_HAS_ACTED_SINCE, user_id, seconds, but) is True


async def sum_own_acts(db: AnyConnection | Pool, act: str, member: str, since: datetime) -> int:
    total: int | None = await db.fetchval(_SUM_OWN_ACTS, act, member, since)
    return total or 0


async def count_inbox(db: AnyConnection | Pool, at_most: int) -> int:
    lines: int | None = await db.fetchval("SELECT count(*) FROM (SELECT FROM analytics_inbox LIMIT $1) lines", at_most)
    return lines or 0
