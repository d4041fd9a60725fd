"""Signing in with e-mail and password, and changing the password.

Unknown account and wrong password are one and the same to the caller: same text, same work. Whether an account is
pending or disabled is told only to who knows its password."""

from __future__ import annotations

from asyncpg import Pool

from mammogram_viewer.accounts import passwords, queries
from mammogram_viewer.accounts.identity import find_email
from mammogram_viewer.accounts.models import Credentials, Principal, User
from mammogram_viewer.accounts.queries import Executor
from mammogram_viewer.accounts.sessions import open_session
from mammogram_viewer.accounts.throttle import KNOWN_NETWORK_DAYS, Throttle
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.service import has_signed_in_from, record_activity, record_audit
from mammogram_viewer.foundation.errors import Forbidden, Unauthenticated
from mammogram_viewer.foundation.settings import Settings


async def sign_in(
    db: Pool,
    settings: Settings,
    throttle: Throttle,
    actor: Actor,
    *,
    email: str,
    password: str,
    replaces: Principal | None = None,
) -> tuple[User, str]:
    """The user and the secret of a new session. `replaces`: who the browser was signed in as; that session ends, so
    that a session id planted or seen before the sign-in is worth nothing after it."""
    credentials = await _find_credentials(db, email)
    await _demand_right_password(db, settings, throttle, actor, email, credentials, password)
    assert credentials is not None and credentials.password_hash is not None
    actor = Actor(credentials.user_id, actor.ip, actor.user_agent)
    await _demand_active(db, actor, credentials)
    new_hash = await _better_hash(settings, credentials.password_hash, password)
    async with db.acquire() as connection, connection.transaction():
        user = await queries.note_login(connection, credentials.user_id, verified_hash=credentials.password_hash)
        if user is None:  # disabled, or the password changed, while we were checking
            raise _invalid_credentials()
        if new_hash is not None:
            await queries.set_password_hash(connection, user.id, new_hash)
        if replaces is not None and replaces.session_id is not None:
            await queries.delete_session(connection, replaces.user_id, replaces.session_id)
        secret = await open_session(connection, settings, actor, user.id)
        await record_audit(connection, actor, "login", "user", user.id)
        await record_activity(connection, actor, "login", "user", user.id)
    await queries.delete_expired_sessions(db)
    return user, secret


async def change_password(
    db: Pool,
    settings: Settings,
    throttle: Throttle,
    actor: Actor,
    principal: Principal,
    *,
    current_password: str,
    new_password: str,
) -> None:
    """Replace the caller's password; every other session of theirs ends. API tokens stay, to be revoked one by one."""
    credentials = await queries.find_credentials_of(db, principal.user_id)
    await _demand_right_password(db, settings, throttle, actor, principal.email, credentials, current_password)
    assert credentials is not None
    passwords.check_new_password(settings, new_password, about=(principal.email, principal.name))
    new_hash = await passwords.hash_password(settings, new_password)
    async with db.acquire() as connection, connection.transaction():
        changed = await queries.replace_password_hash(
            connection, principal.user_id, new_hash=new_hash, expected_hash=credentials.password_hash
        )
        if not changed:
            raise _invalid_credentials()
        await queries.delete_sessions(connection, principal.user_id, except_session_id=principal.session_id)
        await record_audit(connection, actor, "password_changed", "user", principal.user_id)


async def _find_credentials(db: Executor, email: str) -> Credentials | None:
    cleaned = find_email(email)
    return None if cleaned is None else await queries.find_credentials(db, cleaned)


async def _demand_right_password(
    db: Pool,
    settings: Settings,
    throttle: Throttle,
    actor: Actor,
    email: str,
    credentials: Credentials | None,
    password: str,
) -> None:
    async def is_known_network() -> bool:
        if credentials is None:
            return False
        return await has_signed_in_from(db, credentials.user_id, actor.ip, within_days=KNOWN_NETWORK_DAYS)

    async with throttle.sign_in(email, actor.ip, is_known_network) as attempt:
        stored_hash = None if credentials is None else credentials.password_hash
        if await passwords.verify_password(settings, stored_hash, password):
            return
        attempt.failed()
        # What was typed as address of an unknown account may be a password in the wrong field: it is not kept.
        user_id = None if credentials is None else credentials.user_id
        async with db.acquire() as connection:
            await record_audit(connection, actor, "login_failed", "user", user_id)
        raise _invalid_credentials()


async def _demand_active(db: Pool, actor: Actor, credentials: Credentials) -> None:
    if credentials.status == "active":
        return
    async with db.acquire() as connection:
        detail = {"status": credentials.status}
        await record_audit(connection, actor, "login_refused", "user", credentials.user_id, detail)
    if credentials.status == "pending":
        raise Forbidden("Your account awaits the approval of an administrator.", code="account_pending")
    raise Forbidden("Your account is disabled. An administrator can enable it.", code="account_disabled")


async def _better_hash(settings: Settings, stored_hash: str, password: str) -> str | None:
    if not passwords.needs_rehash(stored_hash):
        return None
    return await passwords.hash_password(settings, password)


def _invalid_credentials() -> Unauthenticated:
    return Unauthenticated("E-mail address or password is wrong.", code="invalid_credentials")
