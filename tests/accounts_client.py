"""The application over a test database, and people who are signed in to it, for the tests of accounts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
from litestar import Litestar

from mammogram_viewer.accounts.models import Role
from mammogram_viewer.accounts.users import create_user
from mammogram_viewer.activity.models import SYSTEM
from mammogram_viewer.activity.reads import ReadDatabase
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.web.app import create_app

ADDRESS = "http://127.0.0.1:3000"
PASSWORD = "seven quiet lighthouses"


def build_app(db: asyncpg.Pool, settings: Settings, **resources: Any) -> Litestar:
    """The real application. What accounts never touch (storage, queue) is absent unless given."""

    @asynccontextmanager
    async def no_resources() -> AsyncIterator[Any]:
        yield None

    app = create_app(no_resources)
    read_db = ReadDatabase(db, None, max_lag_seconds=settings.replica_max_lag_seconds)
    for name, resource in {"db": db, "read_db": read_db, "settings": settings, **resources}.items():
        app.state[name] = resource
    return app


@asynccontextmanager
async def browser(app: Any, *, ip: str = "203.0.113.7", address: str = ADDRESS) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a cookie jar of its own, as seen from `ip`."""
    transport = httpx.ASGITransport(app=app, client=(ip, 50000), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=address) as client:
        yield client


async def add_user(
    db: asyncpg.Pool, settings: Settings, email: str, *, role: Role = "user", password: str = PASSWORD
) -> int:
    user = await create_user(db, settings, SYSTEM, email=email, name="", role=role, password=password)
    return user.id


async def sign_in(client: httpx.AsyncClient, email: str, password: str = PASSWORD) -> httpx.Response:
    return await client.post("/api/auth/login", json={"email": email, "password": password})


async def acts(db: asyncpg.Pool) -> list[str]:
    """The audit log, oldest first."""
    return [row["act"] for row in await db.fetch("SELECT act FROM audit_log ORDER BY id")]
