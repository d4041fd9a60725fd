"""Sessions of browsers: opaque, kept by the server; each request is judged anew (limits, status, role)."""

from __future__ import annotations

from asyncpg import Pool

from mammogram_viewer.accounts import queries
from mammogram_viewer.accounts.models import Found, Principal, Session
from mammogram_viewer.accounts.queries import Executor
from mammogram_viewer.accounts.secrets import digest_of, digest_of_new, new_secret
from mammogram_viewer.activity.addresses import address_of
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.service import record_audit, storable_user_agent
from mammogram_viewer.foundation.errors import NotFound
from mammogram_viewer.foundation.keyset import MAX_BIGINT
from mammogram_viewer.foundation.settings import Settings


def stale_seconds(settings: Settings) -> float:
    """The last use is noted again after this long: a minute, or less where the idle limit is short."""
    return min(60.0, settings.session_idle_seconds / 10)


async def open_session(connection: Executor, settings: Settings, actor: Actor, user_id: int) -> str:
    """A new session in the caller's transaction; gives the cookie's secret, which nobody can read again."""
    secret = new_secret()
    address = address_of(actor.ip)
    await queries.insert_session(
        connection,
        token_hash=digest_of_new(secret),
        user_id=user_id,
        seconds=settings.session_absolute_seconds,
        ip=None if address is None else str(address),
        user_agent=storable_user_agent(actor.user_agent),
    )
    await queries.keep_newest_sessions(connection, user_id, settings.sessions_per_user)
    return secret


async def find_by_cookie(db: Executor, settings: Settings, secret: str) -> Found | None:
    """The active user behind a cookie; None when it is unknown, ended or its user may no longer sign in."""
    digest = digest_of(secret)
    if digest is None:
        return None
    return await queries.find_session(
        db, digest, idle_seconds=settings.session_idle_seconds, stale_seconds=stale_seconds(settings)
    )


async def note_use(db: Executor, settings: Settings, principal: Principal) -> None:
    """Move the last use of the session or token, and of its user, to now."""
    if principal.session_id is not None:
        await queries.touch_session(db, principal.session_id, stale_seconds=stale_seconds(settings))
    elif principal.token_id is not None:
        await queries.touch_token(db, principal.token_id, stale_seconds=stale_seconds(settings))


async def list_sessions(db: Executor, settings: Settings, user_id: int) -> list[Session]:
    """The user's live sessions, the last used first."""
    return await queries.list_sessions(db, user_id, idle_seconds=settings.session_idle_seconds)


async def sign_out(db: Pool, actor: Actor, principal: Principal | None) -> None:
    """End the caller's own session; safe to repeat, and nothing for tokens."""
    if principal is None or principal.session_id is None:
        return
    async with db.acquire() as connection, connection.transaction():
        if await queries.delete_session(connection, principal.user_id, principal.session_id):
            await record_audit(connection, actor, "logout", "session", principal.session_id)


async def end_session(db: Pool, actor: Actor, principal: Principal, session_id: int) -> None:
    """End one of the caller's own sessions; another's is as unknown as one that never was."""
    async with db.acquire() as connection, connection.transaction():
        known = session_id <= MAX_BIGINT and await queries.delete_session(connection, principal.user_id, session_id)
        if not known:
            raise NotFound("You have no such session; it may have ended already.")
        await record_audit(connection, actor, "session_ended", "session", session_id)


async def find_again(db: Executor, settings: Settings, principal: Principal) -> Principal | None:
    """The same person as they stand now, for an answer that lasts (a stream); None once session, token or account has
    ended. No use is noted: whoever merely leaves a page open is idle."""
    found = await queries.find_living(
        db,
        user_id=principal.user_id,
        session_id=principal.session_id,
        token_id=principal.token_id,
        idle_seconds=settings.session_idle_seconds,
    )
    return None if found is None else found.principal
