"""The application over a test database, and people who are signed in to it, for the tests of accounts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
from litestar import Litestar, Request
from litestar.di import Provide

from mammogram_viewer.accounts import admin_routes, policy, routes
from mammogram_viewer.accounts.models import Role
from mammogram_viewer.accounts.users import create_user
from mammogram_viewer.activity.models import SYSTEM
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.web import problems
from mammogram_viewer.web.authentication import AuthenticationMiddleware, actor_of

ADDRESS = "http://127.0.0.1:3000"
PASSWORD = "seven quiet lighthouses"


def build_app(db: asyncpg.Pool, settings: Settings) -> Litestar:
    app = Litestar(
        route_handlers=[*routes.handlers, *admin_routes.handlers],
        guards=[policy.enforce],
        middleware=[AuthenticationMiddleware],
        dependencies={
            "db": Provide(lambda: db, sync_to_thread=False),
            "settings": Provide(lambda: settings, sync_to_thread=False),
            "principal": Provide(_principal, sync_to_thread=False),
            "actor": Provide(_actor, sync_to_thread=False),
        },
        exception_handlers=problems.handlers,  # type: ignore[arg-type]
        logging_config=None,
    )
    app.state.db, app.state.settings = db, settings
    return app


def _principal(request: Request) -> Any:
    return request.scope["user"]


def _actor(request: Request) -> Any:
    return actor_of(request)


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
