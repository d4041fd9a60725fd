"""Errors as RFC 9457 problem documents, mapped once, by kind. Never a stack trace, never patient data."""

from __future__ import annotations

import errno
import logging
import traceback
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import asyncpg
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from mammogram_viewer.foundation import errors
from mammogram_viewer.foundation.tracebacks import without_messages

log = logging.getLogger(__name__)

_STATUS: dict[type[errors.MammogramViewerError], int] = {
    errors.Malformed: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.NotAcceptable: 406,
    errors.Conflict: 409,
    errors.NotReady: 409,
    errors.Gone: 410,
    errors.PreconditionFailed: 412,
    errors.TooLarge: 413,
    errors.Unsupported: 415,
    errors.RangeNotSatisfiable: 416,
    errors.Invalid: 422,
    errors.Locked: 423,
    errors.TooManyRequests: 429,
    errors.Unavailable: 503,
    errors.StorageFull: 507,
    errors.ChecksumMismatch: 460,  # of the tus protocol
}
_TITLES = {460: "Checksum Mismatch"}
# InternalClientError: the server died between two of its messages, and the connection is used before that is noticed.
_AWAY = (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_CUT_OFF = "client disconnected prematurely"
_FRAMEWORK_CODES = {
    400: "malformed",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_content_type",
}


def problem(
    status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, extra: dict[str, Any] | None = None
) -> Response[dict[str, Any]]:
    """One problem document. `code` is stable, `detail` is for people."""
    body = {
        "type": "about:blank",
        "title": _TITLES.get(status) or HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        **(extra or {}),
    }
    return Response(
        body,
        status_code=status,
        media_type="application/problem+json",
        headers={"cache-control": "no-store", **(headers or {})},
    )


def expected_problem(_request: Request[Any, Any, Any], error: errors.MammogramViewerError) -> Response[Any]:
    """An error of our own tree."""
    status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)
    headers = {}
    if error.retry_after_seconds is not None:
        headers["retry-after"] = str(error.retry_after_seconds)
    elif status == 503:
        headers["retry-after"] = "5"
    if isinstance(error, errors.RangeNotSatisfiable):
        headers["content-range"] = f"bytes */{error.byte_count}"  # RFC 9110, 15.5.17
    return problem(status, error.code, error.detail, headers=headers, extra=error.extra)


def framework_problem(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """What the framework refuses: bad parameters, unknown paths, wrong methods."""
    if isinstance(error, ValidationException):
        fields = [
            {"name": str(part.get("key", "")), "detail": str(part.get("message", ""))}
            for part in (error.extra or [])
            if isinstance(part, dict)
        ]
        named = "; ".join(f"{f['name']}: {f['detail']}" if f["name"] else f["detail"] for f in fields)
        return problem(422, "invalid", named or "A parameter is missing or not allowed.", extra={"fields": fields})
    if error.detail == _CUT_OFF:  # the framework takes it for a fault of ours; the answer only reaches log and metrics
        return problem(400, "incomplete_upload", "The connection ended before the whole request had arrived.")
    status = error.status_code
    code = _FRAMEWORK_CODES.get(status, "error")
    if status >= 500:
        log.error("framework_error", extra={"path": request.scope["path"], "exception": without_messages(error)})
        return problem(status, code, "Something went wrong on our side. It has been logged.")
    headers = {"allow": ", ".join(_allowed_methods(request))} if status == 405 else None
    return problem(status, code, error.detail, headers=headers)


def _allowed_methods(request: Request[Any, Any, Any]) -> list[str]:
    """Those that the address takes (RFC 9110, 15.5.6): the router is asked for each, for its refusal names none."""
    allowed = []
    for method in _METHODS:
        with suppress(HTTPException):
            request.app.asgi_router.handle_routing(path=request.scope["path"], method=method)
            allowed.append(method)
    return allowed


def unexpected_problem(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """A dependency that is away is 503 with the mend; the rest is our fault, logged in full, told in brief."""
    if _is_full(error):
        log.warning("storage_full", extra={"problem": type(error).__name__, "path": request.scope["path"]})
        return problem(
            507, "storage_full", "A disk of the server is full; nothing was kept. An administrator can free space."
        )
    if _is_away(error):
        log.warning("dependency_away", extra={"path": request.scope["path"], "problem": without_messages(error)})
        return problem(
            503,
            "unavailable",
            "A server that this needs is away for the moment. Nothing was changed; try again in a few seconds.",
            headers={"retry-after": "5"},
        )
    if isinstance(error, asyncpg.DataError):
        log.warning("value_refused_by_database", extra={"path": request.scope["path"], "sqlstate": error.sqlstate})
        return problem(422, "invalid", "A value is out of range, or holds characters that cannot be stored.")
    if _is_unreadable_body(error):
        return problem(400, "malformed", "The request cannot be read.")
    log.error("unexpected_error", extra={"path": request.scope["path"], "exception": without_messages(error)})
    return problem(500, "internal_error", "Something went wrong on our side. It has been logged.")


def _is_unreadable_body(error: Exception) -> bool:
    """JSON that is no UTF-8 or nested thousands deep: what the framework's reading of a body lets through."""
    if not isinstance(error, UnicodeDecodeError | RecursionError):
        return False
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and frames[-1].name == "decode_json"


def _is_full(error: Exception) -> bool:
    """PostgreSQL's disk, or ours outside the upload's own path."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return isinstance(error, asyncpg.DiskFullError)


def _is_away(error: Exception) -> bool:
    """A connection that is refused, breaks, or is used just after it broke."""
    if isinstance(error, asyncpg.PostgresError):
        # 57P01..03 shutting down or starting, 53300 too many connections, 40P01 and 40001 lost to another request.
        going = getattr(error, "sqlstate", None) in {"57P01", "57P02", "57P03", "53300", "40P01", "40001"}
        return going or isinstance(error, asyncpg.PostgresConnectionError)
    if isinstance(error, RuntimeError):
        # uvloop's word for writing to a transport that the server's death has closed under us.
        return str(error).startswith("unable to perform operation on <")
    return isinstance(error, _AWAY)


handlers = {
    errors.MammogramViewerError: expected_problem,
    HTTPException: framework_problem,
    Exception: unexpected_problem,
}
