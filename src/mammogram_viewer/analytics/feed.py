"""The feed of facts, newest first: keyset pages over the months of `user_activity`, each filter by its own index."""

from __future__ import annotations

from asyncpg import Pool, Record

from mammogram_viewer.analytics.schemas import Activity, ActivityPage
from mammogram_viewer.foundation.keyset import Page, PageRequest, Query, Walk, read_page

_FIND = "SELECT a.* FROM user_activity a"
_SHOW = """
SELECT a.id, a.created_at, a.user_id, u.name, u.email, a.activity_type, a.resource_type, a.resource_id, a.metadata,
       a.ip_truncated, a.user_agent_family, {any_behind} AS any_behind
FROM ({found}) a LEFT JOIN users u ON u.id = a.user_id"""
# A cursor in whole seconds names the second in which its fact is to be looked for: ids alone have no index.
_LOOKUP = """
SELECT created_at FROM user_activity
WHERE id = $1 AND created_at >= $2::timestamptz AND created_at < $2::timestamptz + interval '1 second'
"""


async def list_activities(
    db: Pool, request: PageRequest, *, user_id: int | None = None, activity_type: str | None = None
) -> Page[Activity]:
    """One page of facts; with a person's, a type's, or both."""
    columns: list[tuple[str, int | str]] = []
    if user_id is not None:
        columns.append(("a.user_id", user_id))
    if activity_type is not None:
        columns.append(("a.activity_type", activity_type))
    page = await read_page(
        db,
        base=_FIND,
        conditions=[],
        request=request,
        lookup=Query(_LOOKUP, [] if request.cursor is None else [request.cursor.created_at]),
        created_at="a.created_at",
        id_column="a.id",
        around=_SHOW,
        walk=Walk(columns=tuple(columns)),
    )
    return page.with_rows([_activity(row) for row in page.rows])


def activity_page(page: Page[Activity]) -> ActivityPage:
    return ActivityPage(
        activities=page.rows,
        next_cursor=page.next_cursor,
        prev_cursor=page.prev_cursor,
        has_more=page.has_more,
        limit=page.limit,
    )


def _activity(row: Record) -> Activity:
    network = row["ip_truncated"]
    return Activity(
        id=row["id"],
        created_at=row["created_at"],
        user_id=row["user_id"],
        user_name=row["name"],
        user_email=row["email"],
        type=row["activity_type"],
        resource_type=row["resource_type"],
        resource_id=row["resource_id"],
        metadata=row["metadata"],
        network=None if network is None else str(network),
        user_agent=row["user_agent_family"],
    )
