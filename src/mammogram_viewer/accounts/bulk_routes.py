"""`POST /api/admin/users/bulk`: approve or disable many users at once."""

from __future__ import annotations

from typing import Any

from litestar import post
from litestar.params import JSONBody

from mammogram_viewer.accounts import policy
from mammogram_viewer.accounts.dependencies import Actor, Db, Settings
from mammogram_viewer.accounts.users import unknown_user
from mammogram_viewer.accounts.users_bulk import NewStatus, change_statuses
from mammogram_viewer.foundation.refusals import Refusal, demand_ids, possible, refusals
from mammogram_viewer.foundation.wire import Wire, WireRequest


class UserStatuses(WireRequest, frozen=True):
    """The users that are meant, and what they become: `active` (approve, enable) or `disabled`."""

    user_ids: list[int]
    status: NewStatus


class ChangedUsers(Wire, frozen=True):
    """`changed` are those that have the status now, also who had it before."""

    changed: list[int]
    refused: list[Refusal]


@post("/api/admin/users/bulk", opt={"policy": policy.ADMINISTER}, tags=["users"], status_code=200)
async def post_user_statuses(data: JSONBody[UserStatuses], db: Db, settings: Settings, actor: Actor) -> ChangedUsers:
    """Approve, enable or disable many users."""
    named = demand_ids(data.user_ids, limit=settings.bulk_things, what="users")
    done = await change_statuses(db, actor, possible(named), data.status)
    return ChangedUsers(changed=done.changed, refused=refusals(named, done.refused, unknown_user()))


handlers: list[Any] = [post_user_statuses]
