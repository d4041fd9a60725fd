"""One plain connection, for commands and for the start; a failure is one line without credentials."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg

from mammogram_viewer.foundation.errors import StartupProblem, Unavailable


def describe(dsn: str) -> str:
    """`host:port/database` of a DSN, for messages: never the user, never the password."""
    parts = urlsplit(dsn)
    host = parts.hostname or next(iter(parse_qs(parts.query).get("host", [])), "the local socket")
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        port = ""
    return f"{host}{port}/{unquote(parts.path).lstrip('/')}"


async def connect(dsn: str, *, timeout_seconds: int = 10) -> asyncpg.Connection:
    """Connect, or say what is wrong: StartupProblem when the DSN must change, else Unavailable."""
    where = describe(dsn)
    try:
        return await asyncpg.connect(dsn, timeout=timeout_seconds, server_settings={"timezone": "UTC"})
    except asyncpg.InvalidCatalogNameError:
        name = where.rpartition("/")[2]
        raise StartupProblem(
            f"PostgreSQL at {where} has no such database. Create it there: `createdb {name}` (as its "
            "owner), then start again."
        ) from None
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidPasswordError):
        raise StartupProblem(
            f"PostgreSQL at {where} refuses the user or the password of DATABASE_URL. Correct it."
        ) from None
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, ValueError) as trouble:
        raise Unavailable(
            f"PostgreSQL at {where} cannot be reached ({type(trouble).__name__}). Start it, or correct DATABASE_URL.",
            code="database_unavailable",
            retry_after_seconds=5,
        ) from None
