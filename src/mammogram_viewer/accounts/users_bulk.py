"""Approve or disable many users at once; each is changed or refused by itself."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Literal

from asyncpg import Pool

from mammogram_viewer.accounts import bulk_queries, queries
from mammogram_viewer.accounts.models import User
from mammogram_viewer.accounts.queries import Executor
from mammogram_viewer.accounts.users import status_act, unknown_user
from mammogram_viewer.activity.many import record_audits
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.foundation.errors import Conflict, MammogramViewerError

NewStatus = Literal["active", "disabled"]
ONESELF = Conflict("You cannot disable your own account here; another administrator can.", code="oneself")
LAST_ADMIN = Conflict("This is the last active administrator. Make another one first.", code="last_admin")


@dataclass(frozen=True, kw_only=True)
class UsersChanged:
    """What became of users whose status was to change. Who has the status already counts as changed."""

    changed: list[int]
    refused: dict[int, MammogramViewerError]


async def change_statuses(db: Pool, actor: Actor, user_ids: list[int], status: NewStatus) -> UsersChanged:
    """All in one transaction. It acts on the users' next requests; those who are disabled lose their sessions."""
    async with db.acquire() as connection, connection.transaction():
        await queries.lock_administrators(connection)
        users = await bulk_queries.lock_users(connection, sorted(user_ids))
        refused: dict[int, MammogramViewerError] = dict.fromkeys(
            set(user_ids) - {user.id for user in users}, unknown_user()
        )
        if status == "disabled":
            refused |= await _keep_administrators(connection, users, actor)
        allowed = [user for user in users if user.id not in refused]
        moved = [user for user in allowed if user.status != status]
        await bulk_queries.set_statuses(connection, [user.id for user in moved], status)
        if status == "disabled":
            await bulk_queries.delete_sessions_of(connection, [user.id for user in allowed])
        acts: dict[str, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
        for user in moved:
            acts[status_act(user.status, status)].append((user.id, {"from": user.status, "to": status}))
        for act, details in acts.items():
            await record_audits(connection, actor, act, "user", details)
    return UsersChanged(changed=[user.id for user in allowed], refused=refused)


async def _keep_administrators(
    connection: Executor, users: list[User], actor: Actor
) -> dict[int, MammogramViewerError]:
    """Who must not be disabled: whoever asks for it, and the last administrator, should all of them be named."""
    refused: dict[int, MammogramViewerError] = {user.id: ONESELF for user in users if user.id == actor.user_id}
    going = [user.id for user in users if user.role == "admin" and user.status == "active" and user.id not in refused]
    if going and not await bulk_queries.count_other_active_administrators(connection, going):
        refused[going[0]] = LAST_ADMIN
    return refused
