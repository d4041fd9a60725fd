"""The session's cookie: `__Host-` (Secure, no Domain, Path=/) wherever TLS is; a plain name only on http loopback."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie

from mammogram_viewer.foundation.errors import Forbidden
from mammogram_viewer.foundation.settings import Settings

SECURE_NAME = "__Host-mammogram_viewer_session"
LOOPBACK_NAME = "mammogram_viewer_session"

AnyConnection = ASGIConnection[Any, Any, Any, Any]


def is_secure(connection: AnyConnection, settings: Settings) -> bool:
    """Whether the browser speaks https, to us or to the proxy that PUBLIC_URL names."""
    return connection.scope["scheme"] == "https" or settings.public_url.startswith("https://")


def cookie_name(connection: AnyConnection, settings: Settings) -> str | None:
    """The one name read and set for this request; None on plain http beyond loopback, where browsers keep no secure
    cookie and everyone on the way could read another."""
    if is_secure(connection, settings):
        return SECURE_NAME
    return LOOPBACK_NAME if _is_loopback(connection.headers.get("host", "")) else None


def session_cookie(connection: AnyConnection, settings: Settings, secret: str) -> Cookie:
    return _cookie(_demanded_name(connection, settings), secret, settings.session_absolute_seconds)


def ended_cookie(connection: AnyConnection, settings: Settings) -> Cookie:
    """The cookie that makes the browser forget."""
    return _cookie(cookie_name(connection, settings) or LOOPBACK_NAME, "", 0)


def demand_cookie(connection: AnyConnection, settings: Settings) -> None:
    """Refuse a sign-in that no cookie could follow, before the password is looked at."""
    _demanded_name(connection, settings)


def _demanded_name(connection: AnyConnection, settings: Settings) -> str:
    name = cookie_name(connection, settings)
    if name is None:
        raise Forbidden(
            "Signing in from another machine needs https. Put the program behind TLS and set "
            "MAMMOGRAM_VIEWER_PUBLIC_URL, or use an API token. Nothing was changed.",
            code="https_required",
        )
    return name


def _cookie(name: str, value: str, max_age: int) -> Cookie:
    return Cookie(
        key=name,
        value=value,
        path="/",
        max_age=max_age,
        secure=name == SECURE_NAME,
        httponly=True,
        samesite="lax",
    )


@lru_cache(maxsize=256)
def _is_loopback(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
