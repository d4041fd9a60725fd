"""The administrators' ways in to accounts: `/api/admin/users`."""

from __future__ import annotations

from typing import Any

from litestar import get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody

from mammogram_viewer.accounts import policy, schemas, users
from mammogram_viewer.accounts.dependencies import Actor, AnyRequest, Db, Settings
from mammogram_viewer.accounts.models import Role, UserStatus
from mammogram_viewer.foundation.keyset import parse_page_request


@get("/api/admin/users", opt={"policy": policy.ADMINISTER}, tags=["users"])
async def get_users(
    request: AnyRequest,
    status: FromQuery[UserStatus | None] = None,
    role: FromQuery[Role | None] = None,
    q: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
    direction: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
) -> schemas.UserPage:
    """Users, newest first; `q` is a prefix of the e-mail address or the name."""
    wanted = parse_page_request(cursor, direction, limit)
    page = await request.app.state.read_db.read_page(
        request.scope["user"].user_id,
        wanted,
        lambda db: users.list_users(db, wanted, status=status, role=role, prefix=q),
    )
    return schemas.user_page_from(page)


@post("/api/admin/users", opt={"policy": policy.ADMINISTER}, tags=["users"], status_code=201)
async def post_user(data: JSONBody[schemas.NewUser], db: Db, settings: Settings, actor: Actor) -> schemas.UserAnswer:
    """Make an active user."""
    user = await users.create_user(
        db, settings, actor, email=data.email, name=data.name, role=data.role, password=data.password
    )
    return schemas.UserAnswer(user=schemas.user_from(user))


@patch("/api/admin/users/{user_id:int}", opt={"policy": policy.ADMINISTER}, tags=["users"])
async def patch_user(
    user_id: FromPath[int], data: JSONBody[schemas.UserPatch], db: Db, settings: Settings, actor: Actor
) -> schemas.UserAnswer:
    """Approve, disable, enable, rename, change the role, set a new password."""
    changes = users.UserChanges(role=data.role, status=data.status, name=data.name, password=data.password)
    return schemas.UserAnswer(user=schemas.user_from(await users.change_user(db, settings, actor, user_id, changes)))


handlers: list[Any] = [get_users, post_user, patch_user]
