"""API tokens for scripts: `mv_` and 43 characters, scoped, shown once, kept as a hash."""

from __future__ import annotations

from asyncpg import Pool

from mammogram_viewer.accounts import queries
from mammogram_viewer.accounts.identity import clean_name
from mammogram_viewer.accounts.models import SCOPES, ApiToken, Found, Principal, Scope
from mammogram_viewer.accounts.queries import Executor
from mammogram_viewer.accounts.secrets import TOKEN_MARK, digest_of, digest_of_new, new_secret
from mammogram_viewer.accounts.sessions import stale_seconds
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.service import record_audit
from mammogram_viewer.foundation.errors import Conflict, Forbidden, Invalid, NotFound
from mammogram_viewer.foundation.keyset import MAX_BIGINT
from mammogram_viewer.foundation.settings import Settings

MAX_DAYS = 3660
_PREFIX_LENGTH = len(TOKEN_MARK) + 6  # enough to tell tokens apart, far too little to guess the rest


async def find_by_token(db: Executor, settings: Settings, token: str) -> Found | None:
    """The active user behind a token; None when it is unknown, expired, revoked or its user may not sign in."""
    digest = digest_of(token.removeprefix(TOKEN_MARK)) if token.startswith(TOKEN_MARK) else None
    if digest is None:
        return None
    return await queries.find_token(db, digest, stale_seconds=stale_seconds(settings))


async def create_token(
    db: Pool,
    settings: Settings,
    actor: Actor,
    owner: Principal,
    *,
    name: str,
    scopes: list[Scope],
    days: int | None,
) -> tuple[str, ApiToken]:
    """A new token of `owner`, and its text, which is shown this once. A token can make no token that may do more, or
    lives longer, than itself; else a leaked one would be for ever."""
    chosen = _chosen_scopes(owner, scopes)
    if days is not None and not 1 <= days <= MAX_DAYS:
        raise Invalid(f"days must lie between 1 and {MAX_DAYS}, or be left out.", code="invalid_days")
    secret = new_secret()
    text = TOKEN_MARK + secret
    async with db.acquire() as connection, connection.transaction():
        if await queries.count_tokens(connection, owner.user_id) >= settings.api_tokens_per_user:
            raise Conflict("You have as many API tokens as one user may. Revoke one first.", code="too_many_tokens")
        token = await queries.insert_token(
            connection,
            user_id=owner.user_id,
            name=clean_name(name),
            prefix=text[:_PREFIX_LENGTH],
            token_hash=digest_of_new(secret),
            scopes=chosen,
            days=days,
            made_with_token_id=owner.token_id,
        )
        detail = {"userId": owner.user_id, "scopes": list(chosen), "days": days}
        await record_audit(connection, actor, "token_created", "api_token", token.id, detail)
    return text, token


def _chosen_scopes(owner: Principal, scopes: list[Scope]) -> tuple[Scope, ...]:
    chosen: tuple[Scope, ...] = tuple(scope for scope in SCOPES if scope in scopes)
    if not chosen:
        raise Invalid("An API token needs at least one scope: read, write or admin.", code="invalid_scopes")
    if "admin" in chosen and not owner.is_admin:
        raise Forbidden("Only an administrator's token can have the scope “admin”.", code="scope_not_allowed")
    if not owner.scopes.issuperset(chosen):
        raise Forbidden("An API token cannot make one that may do more than itself.", code="scope_not_allowed")
    return chosen


async def list_tokens(db: Executor, user_id: int) -> list[ApiToken]:
    """The user's tokens that are not revoked, newest first."""
    return await queries.list_tokens(db, user_id)


async def revoke_token(db: Pool, actor: Actor, principal: Principal, token_id: int) -> None:
    """End one of the caller's own tokens; acts on the next request."""
    async with db.acquire() as connection, connection.transaction():
        known = token_id <= MAX_BIGINT and await queries.revoke_token(connection, principal.user_id, token_id)
        if not known:
            raise NotFound("You have no such API token; it may be revoked already.")
        await record_audit(connection, actor, "token_revoked", "api_token", token_id)
