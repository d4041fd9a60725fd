"""Typed calls for facts about many things of one act, one statement however many; no logic."""

from __future__ import annotations

from typing import Any

from mammogram_viewer.activity.queries import AnyConnection

_INSERT_ACTIVITIES = """
INSERT INTO user_activity
    (user_id, activity_type, resource_type, resource_id, metadata, ip_truncated, user_agent_family)
SELECT $1, $2, $3, r.id, r.metadata, $6::inet, $7
FROM unnest($4::bigint[], $5::jsonb[]) WITH ORDINALITY AS r (id, metadata, place) ORDER BY r.place
"""

_INSERT_AUDITS = """
INSERT INTO audit_log (actor_user_id, act, resource_type, resource_id, detail, ip, user_agent)
SELECT $1, $2, $3, r.id, r.detail, $6::inet, $7
FROM unnest($4::bigint[], $5::jsonb[]) WITH ORDINALITY AS r (id, detail, place) ORDER BY r.place
"""


async def insert_activities(
    connection: AnyConnection,
    *,
    user_id: int | None,
    activity_type: str,
    resource_type: str,
    resources: list[tuple[int, dict[str, Any]]],
    ip_truncated: str | None,
    user_agent_family: str | None,
) -> None:
    await connection.execute(
        _INSERT_ACTIVITIES,
        user_id,
        activity_type,
        resource_type,
        [resource_id for resource_id, _ in resources],
        [metadata for _, metadata in resources],
        ip_truncated,
        user_agent_family,
    )


async def insert_audits(
    connection: AnyConnection,
    *,
    actor_user_id: int | None,
    act: str,
    resource_type: str,
    resources: list[tuple[int, dict[str, Any]]],
    ip: str | None,
    user_agent: str | None,
) -> None:
    await connection.execute(
        _INSERT_AUDITS,
        actor_user_id,
        act,
        resource_type,
        [resource_id for resource_id, _ in resources],
        [detail for _, detail in resources],
        ip,
        user_agent,
    )
