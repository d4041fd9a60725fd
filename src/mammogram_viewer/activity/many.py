"""The facts of an act on many things: for each thing what `service.py` would record, by one statement."""

from __future__ import annotations

from typing import Any

from mammogram_viewer.activity import many_queries
from mammogram_viewer.activity.addresses import address_of, family_of, network_of
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.queries import AnyConnection
from mammogram_viewer.activity.service import storable_user_agent

Resources = list[tuple[int, dict[str, Any]]]


async def record_activities(
    connection: AnyConnection, actor: Actor, activity_type: str, resource_type: str, resources: Resources
) -> None:
    """As `record_activity` for each pair of id and metadata, in their order; the caller commits."""
    if not resources:
        return
    await many_queries.insert_activities(
        connection,
        user_id=actor.user_id,
        activity_type=activity_type,
        resource_type=resource_type,
        resources=resources,
        ip_truncated=network_of(actor.ip),
        user_agent_family=family_of(actor.user_agent),
    )


async def record_audits(
    connection: AnyConnection, actor: Actor, act: str, resource_type: str, resources: Resources
) -> None:
    """As `record_audit` for each pair of id and detail, in their order; the caller commits."""
    if not resources:
        return
    address = address_of(actor.ip)
    await many_queries.insert_audits(
        connection,
        actor_user_id=actor.user_id,
        act=act,
        resource_type=resource_type,
        resources=resources,
        ip=None if address is None else str(address),
        user_agent=storable_user_agent(actor.user_agent),
    )
