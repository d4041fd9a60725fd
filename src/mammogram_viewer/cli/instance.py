"""The running instance as commands meet it: where it listens, and a short-lived token to speak to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from mammogram_viewer.accounts import tokens
from mammogram_viewer.accounts.models import Principal, User
from mammogram_viewer.activity.models import SYSTEM
from mammogram_viewer.cli.parts import local_host
from mammogram_viewer.foundation.settings import Settings


def local_address(settings: Settings) -> str:
    """The address at which this machine reaches its own API."""
    host = local_host(settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


@asynccontextmanager
async def short_lived_token(db: asyncpg.Pool, settings: Settings, person: User, *, name: str) -> AsyncIterator[str]:
    """An API token of that person, which ends with the block and, should we be killed, after a day."""
    owner = Principal(user_id=person.id, email=person.email, name=person.name, role=person.role)
    secret, token = await tokens.create_token(db, settings, SYSTEM, owner, name=name, scopes=["read", "write"], days=1)
    try:
        yield secret
    finally:
        await tokens.revoke_token(db, SYSTEM, owner, token.id)
