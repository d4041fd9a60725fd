"""The first administrator: made through a one-time link that the program prints at its start; no default account.

Only the newest link is good, once, for `setup_link_seconds`, and only while no active administrator exists. Two uses at
once wait for each other (`lock_administrators`), so one of them finds the link used."""

from __future__ import annotations

from asyncpg import Pool

from mammogram_viewer.accounts import passwords, queries
from mammogram_viewer.accounts.identity import clean_email, clean_name
from mammogram_viewer.accounts.models import User
from mammogram_viewer.accounts.queries import Executor
from mammogram_viewer.accounts.secrets import digest_of, digest_of_new, new_secret
from mammogram_viewer.accounts.sessions import open_session
from mammogram_viewer.activity.models import SYSTEM, Actor
from mammogram_viewer.activity.service import record_activity, record_audit
from mammogram_viewer.foundation.errors import Gone
from mammogram_viewer.foundation.settings import Settings


async def administrator_exists(db: Executor) -> bool:
    return await queries.count_active_administrators(db) > 0


async def create_setup_link(db: Pool, settings: Settings) -> str | None:
    """The token of a new link, to be shown once as `/setup?token=…`; earlier unused ones end. None when an active
    administrator exists."""
    secret = new_secret()
    async with db.acquire() as connection, connection.transaction():
        await queries.lock_administrators(connection)
        if await administrator_exists(connection):
            return None
        await queries.delete_unused_setup_links(connection)
        await queries.insert_setup_link(connection, digest_of_new(secret), seconds=settings.setup_link_seconds)
        await record_audit(connection, SYSTEM, "setup_link_created")
    return secret


async def setup_link_is_valid(db: Executor, token: str) -> bool:
    digest = digest_of(token)
    if digest is None or await administrator_exists(db):
        return False
    return await queries.setup_link_is_valid(db, digest)


async def complete_setup(
    db: Pool, settings: Settings, actor: Actor, *, token: str, email: str, name: str, password: str
) -> tuple[User, str]:
    """The first administrator and the secret of their session. An account that already has the address (a registration
    before the set-up) is promoted: who holds the link owns the machine."""
    digest = digest_of(token)
    if digest is None or not await setup_link_is_valid(db, token):
        raise _invalid_link()
    cleaned_email, cleaned_name = clean_email(email), clean_name(name)
    passwords.check_new_password(settings, password, about=(cleaned_email, cleaned_name))
    password_hash = await passwords.hash_password(settings, password)
    async with db.acquire() as connection, connection.transaction():
        await queries.lock_administrators(connection)
        if await administrator_exists(connection) or not await queries.use_setup_link(connection, digest):
            raise _invalid_link()
        made = await queries.upsert_administrator(
            connection, email=cleaned_email, name=cleaned_name, password_hash=password_hash
        )
        await queries.delete_sessions(connection, made.id)
        await queries.revoke_tokens(connection, made.id)
        actor = Actor(made.id, actor.ip, actor.user_agent)
        await record_audit(connection, actor, "administrator_set_up", "user", made.id)
        user = await queries.note_login(connection, made.id, verified_hash=password_hash)
        assert user is not None
        secret = await open_session(connection, settings, actor, user.id)
        await record_audit(connection, actor, "login", "user", user.id)
        await record_activity(connection, actor, "login", "user", user.id)
    return user, secret


def _invalid_link() -> Gone:
    return Gone(
        "This set-up link was used or has expired. Restart the program for a new one, or run "
        "`mammogram-viewer user add EMAIL --role admin`.",
        code="setup_link_invalid",
    )
