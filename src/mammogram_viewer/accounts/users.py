"""The administrators' side of accounts: list, make, approve, disable, change. The API and the shell use the same calls.

Invariant: an active administrator always remains; acts that could end that wait for one another
(`lock_administrators`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from asyncpg import Pool

from mammogram_viewer.accounts import passwords, queries
from mammogram_viewer.accounts.identity import clean_email, clean_name
from mammogram_viewer.accounts.models import Role, User, UserStatus
from mammogram_viewer.accounts.queries import Executor
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.service import AnyConnection, record_audit
from mammogram_viewer.foundation.errors import Conflict, Invalid, NotFound
from mammogram_viewer.foundation.keyset import MAX_BIGINT, Condition, Page, PageRequest, Walk
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.foundation.sifting import Sieve, read_filtered_page

MAX_PREFIX_LENGTH = 254


@dataclass(frozen=True, kw_only=True)
class UserChanges:
    """What is to change; None leaves it."""

    role: Role | None = None
    status: UserStatus | None = None
    name: str | None = None
    password: str | None = None


async def list_users(
    db: Pool,
    request: PageRequest,
    *,
    status: UserStatus | None = None,
    role: Role | None = None,
    prefix: str | None = None,
) -> Page[User]:
    """Newest first; `prefix` of the e-mail address or of the name, whatever the case."""
    equal: dict[str, Any] = {name: value for name, value in (("role", role), ("status", status)) if value is not None}
    walked = dict(list(equal.items())[:1])
    conditions = [Condition(f"{name} = {{}}", value) for name, value in equal.items() if name not in walked]
    text = (prefix or "").strip()
    if text:
        conditions.append(_begins_with(text))
    sieve = Sieve(base=queries.SELECT_USERS, conditions=conditions, walk=Walk(columns=tuple(walked.items())))
    async with db.acquire() as connection:
        page = await read_filtered_page(connection, sieve, request, queries.USER_CREATED_AT)
    return page.with_rows([queries.user_from(row) for row in page.rows])


def _begins_with(text: str) -> Condition:
    if len(text) > MAX_PREFIX_LENGTH or not text.isprintable():
        raise Invalid("q cannot be searched for; it is too long or has control characters.", code="invalid_q")
    pattern = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    return Condition("lower(email) LIKE lower({}) OR lower(name) LIKE lower({})", pattern, pattern)


async def get_user(db: Executor, user_id: int) -> User:
    user = await queries.find_user(db, user_id) if 0 < user_id <= MAX_BIGINT else None
    if user is None:
        raise unknown_user()
    return user


async def get_user_by_email(db: Executor, email: str) -> User:
    user = await queries.find_user_by_email(db, clean_email(email))
    if user is None:
        raise NotFound(f"No user has the address {email}.")
    return user


async def create_user(
    db: Pool, settings: Settings, actor: Actor, *, email: str, name: str, role: Role, password: str | None
) -> User:
    """An active user. Without a password the account cannot sign in until an administrator sets one."""
    cleaned_email, cleaned_name = clean_email(email), clean_name(name)
    password_hash = None
    if password is not None:
        passwords.check_new_password(settings, password, about=(cleaned_email, cleaned_name))
        password_hash = await passwords.hash_password(settings, password)
    async with db.acquire() as connection, connection.transaction():
        await queries.lock_administrators(connection)  # a set-up link under way must see this administrator
        user = await queries.insert_user(
            connection,
            email=cleaned_email,
            name=cleaned_name,
            password_hash=password_hash,
            role=role,
            status="active",
        )
        if user is None:
            raise Conflict("Another user has this e-mail address. Nothing was changed.", code="email_taken")
        await record_audit(connection, actor, "user_created", "user", user.id, {"role": role})
    return user


async def change_user(db: Pool, settings: Settings, actor: Actor, user_id: int, changes: UserChanges) -> User:
    """Apply the changes in one transaction; role and status act on the user's next request. Disabling a user and
    setting their password end their sessions."""
    if changes.status == "pending":
        raise Invalid("A user cannot go back to pending; disable the account instead.", code="invalid_status")
    new_hash = await _new_hash(db, settings, user_id, changes)
    async with db.acquire() as connection, connection.transaction():
        await queries.lock_administrators(connection)
        before = await queries.find_user_for_update(connection, user_id) if 0 < user_id <= MAX_BIGINT else None
        if before is None:
            raise unknown_user()
        role, status = changes.role or before.role, changes.status or before.status
        await _demand_an_administrator(connection, before, role, status)
        name = before.name if changes.name is None else clean_name(changes.name)
        after = await queries.update_user(connection, user_id, role=role, status=status, name=name)
        if new_hash is not None:
            await queries.set_password_hash(connection, user_id, new_hash)
        if new_hash is not None or after.status == "disabled":
            await queries.delete_sessions(connection, user_id)
        await _record_changes(connection, actor, before, after, password_set=new_hash is not None)
    return after


async def _new_hash(db: Pool, settings: Settings, user_id: int, changes: UserChanges) -> str | None:
    """Outside the transaction: 50 ms of hashing must hold no lock."""
    if changes.password is None:
        return None
    user = await get_user(db, user_id)
    passwords.check_new_password(settings, changes.password, about=(user.email, user.name))
    return await passwords.hash_password(settings, changes.password)


async def _demand_an_administrator(connection: Executor, before: User, role: Role, status: UserStatus) -> None:
    was_one = before.role == "admin" and before.status == "active"
    stays_one = role == "admin" and status == "active"
    if not was_one or stays_one:
        return
    if await queries.count_active_administrators(connection, except_user_id=before.id) == 0:
        raise Conflict(
            "This is the last active administrator. Make another one first; nothing was changed.", code="last_admin"
        )


async def _record_changes(
    connection: AnyConnection, actor: Actor, before: User, after: User, *, password_set: bool
) -> None:
    acts: list[tuple[str, dict[str, str]]] = []
    if before.status != after.status:
        acts.append((status_act(before.status, after.status), {"from": before.status, "to": after.status}))
    if before.role != after.role:
        acts.append(("role_changed", {"from": before.role, "to": after.role}))
    if before.name != after.name:
        acts.append(("user_renamed", {}))
    if password_set:
        acts.append(("password_set", {}))
    for act, detail in acts:
        await record_audit(connection, actor, act, "user", after.id, detail)


def status_act(before: UserStatus, after: UserStatus) -> str:
    if after == "disabled":
        return "user_disabled"
    return "user_approved" if before == "pending" else "user_enabled"


def unknown_user() -> NotFound:
    return NotFound("There is no such user.")
