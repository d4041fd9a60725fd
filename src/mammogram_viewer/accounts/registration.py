"""A stranger asks for an account. It starts as pending and can do nothing until an administrator approves it."""

from __future__ import annotations

from asyncpg import Pool

from mammogram_viewer.accounts import passwords, queries
from mammogram_viewer.accounts.identity import clean_email, clean_name
from mammogram_viewer.accounts.throttle import Throttle
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.service import record_audit
from mammogram_viewer.foundation.errors import Forbidden, TooManyRequests
from mammogram_viewer.foundation.settings import Settings


async def register(
    db: Pool, settings: Settings, throttle: Throttle, actor: Actor, *, email: str, name: str, password: str
) -> tuple[str, str]:
    """Make a pending user and give back address and name. For an address that has an account nothing changes, and the
    answer and its cost are the same, so that nobody learns who has one."""
    if not settings.registration:
        raise Forbidden("Registration is switched off. Ask an administrator for an account.", code="registration_off")
    cleaned_email, cleaned_name = clean_email(email), clean_name(name)
    passwords.check_new_password(settings, password, about=(cleaned_email, cleaned_name))
    throttle.demand_registration(actor.ip)
    if await queries.count_pending(db) >= settings.max_pending_users:
        raise TooManyRequests(
            "Too many registrations await approval. Nothing was kept; ask an administrator.", retry_after_seconds=3600
        )
    password_hash = await passwords.hash_password(settings, password)
    async with db.acquire() as connection, connection.transaction():
        user = await queries.insert_user(
            connection,
            email=cleaned_email,
            name=cleaned_name,
            password_hash=password_hash,
            role="user",
            status="pending",
        )
        if user is None:
            known = await queries.find_user_by_email(connection, cleaned_email)
            known_id = None if known is None else known.id
            await record_audit(connection, actor, "registration_repeated", "user", known_id)
        else:
            await record_audit(connection, actor, "user_registered", "user", user.id)
    return cleaned_email, cleaned_name
