"""Requests that another site makes a browser send with our cookie: refused before anything happens.

Browsers say where a request comes from (`Sec-Fetch-Site`, on https and localhost; else `Origin`, on unsafe methods),
and pages cannot forge either. Neither present: no browser, so no cookie jar that a foreign page could use. The cookie's
SameSite=Lax and the demand for `application/json`, which no plain form can send, stand behind it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.handlers import HTTPRouteHandler

from mammogram_viewer.foundation.errors import Forbidden, Unsupported
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.foundation.wire import Wire

AnyConnection = ASGIConnection[Any, Any, Any, Any]

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_OWN_SITES = {"same-origin", "none"}  # none: typed or bookmarked by the person


def demand_own_site(connection: AnyConnection, settings: Settings) -> None:
    """Refuse an unsafe request that a page of another origin sent. For requests with an API token not needed: no
    browser adds one by itself."""
    if connection.scope.get("method") in _SAFE_METHODS:
        return
    site = connection.headers.get("sec-fetch-site")
    origin = connection.headers.get("origin")
    if site is not None:
        is_own = site in _OWN_SITES
    elif origin is not None:
        is_own = _is_own_origin(origin, connection, settings)
    else:
        is_own = True
    if not is_own:
        raise Forbidden(
            "The request came from a page of another site and was refused; nothing was changed. Behind a proxy, set "
            "MAMMOGRAM_VIEWER_PUBLIC_URL to the address that people type.",
            code="cross_site",
        )


def demand_json(connection: AnyConnection) -> None:
    """Refuse a JSON operation's body under another content type; the operation is known by its `Wire` body."""
    handler = connection.scope["route_handler"]
    if not isinstance(handler, HTTPRouteHandler) or handler.parsed_data_field is None:
        return
    body = handler.parsed_data_field.annotation
    if not (isinstance(body, type) and issubclass(body, Wire)):
        return
    content_type = connection.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise Unsupported("Send the body as application/json. Nothing was changed.", code="json_expected")


def _is_own_origin(origin: str, connection: AnyConnection, settings: Settings) -> bool:
    """The origin's host and port are those that the request was sent to, or it is PUBLIC_URL. `null` (a sandboxed
    frame) is foreign."""
    public = urlsplit(settings.public_url)
    if settings.public_url and origin == f"{public.scheme}://{public.netloc}":
        return True
    scheme, separator, host = origin.partition("://")
    if not separator or host != connection.headers.get("host"):
        return False
    # Behind a proxy that ends TLS we see http where the browser sees https; the other way round it is an attack.
    return scheme == "https" or connection.scope["scheme"] == "http"
