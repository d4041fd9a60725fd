"""Security headers on every answer, the caching default for JSON, a request id in the logs; and each is counted."""

from __future__ import annotations

import secrets
import time
from functools import lru_cache
from urllib.parse import urlsplit

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from mammogram_viewer.foundation import logs
from mammogram_viewer.operations.request_tally import RequestTally

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; "
    "img-src 'self' blob: data:; style-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; manifest-src 'self'"
)
_FIXED = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
_SIGNED_LINKS = "/renditions/"


def content_security_policy(pictures_from: str = "") -> str:
    """What a page may load: from here alone, and pictures also from the origin of the address `pictures_from`."""
    parts = urlsplit(pictures_from)
    origin = f" {parts.scheme}://{parts.netloc}" if parts.netloc else ""
    return CONTENT_SECURITY_POLICY.replace("img-src 'self'", f"img-src 'self'{origin}")


def security_headers(app: ASGIApp, request_tally: RequestTally, pictures_from: str = "") -> ASGIApp:
    """Wraps the whole application, so that error answers carry the headers too."""
    policy = {"content-security-policy": content_security_policy(pictures_from)}
    fixed = {**_FIXED, **policy, "cache-control": "private, no-store"}
    defaults = [(name.encode(), value.encode()) for name, value in fixed.items()]

    @lru_cache(maxsize=256)
    def defaults_beside(given: tuple[bytes, ...]) -> list[tuple[bytes, bytes]]:
        names = {name.lower() for name in given}
        return [header for header in defaults if header[0] not in names]

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        started = time.perf_counter()
        status, seconds = 0, 0.0

        async def send_with_headers(message: Message) -> None:
            nonlocal status, seconds
            if message["type"] == "http.response.start":
                given = message.get("headers", ())
                missing = defaults_beside(tuple([name for name, _ in given]))
                message["headers"] = [*given, *missing, (b"x-request-id", request_id.encode())]
                status, seconds = message["status"], time.perf_counter() - started
            await send(message)

        try:
            await app(scope, receive, send_with_headers)
        finally:  # once the answer has left, so that nobody waits for the line; broken off or not
            if status:
                request_tally.note(scope["method"], scope.get("path_template"), status, seconds)
                logs.write_access_line(
                    request_id=request_id,
                    method=scope["method"],
                    path=_path_for_the_log(scope["path"]),
                    status=status,
                    duration_ms=round(seconds * 1000, 1),
                )

    return wrapped


def _path_for_the_log(path: str) -> str:
    """Ids only: the query string may hold patient names, and the end of a signed link opens what it leads to."""
    return f"{path.rpartition('/')[0]}/…" if path.startswith(_SIGNED_LINKS) else path
