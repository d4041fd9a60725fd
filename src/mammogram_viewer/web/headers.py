"""Security headers on every answer, the caching default for JSON, a request id in the logs; and each is counted."""

from __future__ import annotations

import secrets
import time

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
_DEFAULTS = [
    (name.encode(), value.encode()) for name, value in {**_FIXED, "cache-control": "private, no-store"}.items()
]


def security_headers(app: ASGIApp, request_tally: RequestTally) -> ASGIApp:
    """Wraps the whole application, so that error answers carry the headers too."""

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
                given = list(message.get("headers", ()))
                names = {name.lower() for name, _ in given}
                given += [header for header in _DEFAULTS if header[0] not in names]
                given.append((b"x-request-id", request_id.encode()))
                message["headers"] = given
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
                    path=scope["path"],  # ids only; the query string may hold patient names
                    status=status,
                    duration_ms=round(seconds * 1000, 1),
                )

    return wrapped
