"""Who is asking: `scope["user"]`, from an API token or the session cookie, with one question to the database.

A request that presents a token is judged by the token alone, cookie or not. Unsafe requests without a token must come
from our own page (`csrf.py`). The role comes fresh from the database each time, so disabling a user or changing a role
acts on the next request. What the operation then demands is `accounts/policy.py`'s business."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import asyncpg
from asyncpg import Pool
from litestar.connection import ASGIConnection
from litestar.types import ASGIApp, Receive, Scope, Send

from mammogram_viewer.accounts import policy, sessions, tokens
from mammogram_viewer.accounts.cookies import cookie_name
from mammogram_viewer.accounts.models import Found, Principal
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.foundation.errors import Unauthenticated
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.web.csrf import demand_json, demand_own_site

log = logging.getLogger(__name__)

AnyConnection = ASGIConnection[Any, Any, Any, Any]


class AuthenticationMiddleware:
    """Sets `scope["user"]` to a Principal or None; only `/api/…` and `/metrics` cost a look-up."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._notes: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["user"] = None
        if scope["type"] == "http":
            connection: AnyConnection = ASGIConnection(scope)
            if scope["path"].startswith("/api/") or scope["path"] == "/metrics":
                scope["user"] = await self._authenticate(connection)
            # Here rather than as a guard of the framework, which copies the route's handler for each request.
            policy.enforce(connection, scope["route_handler"])
        await self.app(scope, receive, send)

    async def _authenticate(self, connection: AnyConnection) -> Principal | None:
        state = connection.app.state
        settings: Settings = state.settings
        demand_json(connection)
        token = bearer_token(connection)
        if token is None:
            demand_own_site(connection, settings)
            name = cookie_name(connection, settings)
            secret = connection.cookies.get(name) if name else None
            found = await sessions.find_by_cookie(state.db, settings, secret) if secret else None
        else:
            found = await tokens.find_by_token(state.db, settings, token)
            if found is None:
                raise Unauthenticated("The API token is unknown, expired or revoked.", code="invalid_token")
        if found is None:
            return None
        if found.is_stale:
            self._note_use_soon(state.db, settings, found)
        return found.principal

    def _note_use_soon(self, db: Pool, settings: Settings, found: Found) -> None:
        """Beside the request: an answer never waits for it. At most once a minute for one session or token."""
        task = asyncio.create_task(_note_use(db, settings, found.principal))
        self._notes.add(task)  # the loop itself holds tasks weakly
        task.add_done_callback(self._notes.discard)


async def _note_use(db: Pool, settings: Settings, principal: Principal) -> None:
    try:
        await sessions.note_use(db, settings, principal)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as trouble:
        # The server is away or we are stopping; the next request notes it again.
        log.warning("last_use_not_noted", extra={"user_id": principal.user_id, "problem": type(trouble).__name__})


def bearer_token(connection: AnyConnection) -> str | None:
    """The credential of `Authorization: Bearer …`; None for other schemes, which a proxy may use for itself."""
    scheme, _, credential = connection.headers.get("authorization", "").partition(" ")
    return credential.strip() if scheme.lower() == "bearer" else None


def actor_of(connection: AnyConnection) -> Actor:
    """Who acts and from where, for the records."""
    principal: Principal | None = connection.scope.get("user")
    return Actor(
        user_id=None if principal is None else principal.user_id,
        ip=None if connection.client is None else connection.client.host,
        user_agent=connection.headers.get("user-agent"),
    )
