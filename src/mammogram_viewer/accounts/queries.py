"""Statements on users, sessions, api_tokens and setup_links: typed calls, no logic; the caller owns transactions."""

from __future__ import annotations

from typing import Any

from asyncpg import Connection, Pool, Record
from asyncpg.pool import PoolConnectionProxy

from mammogram_viewer.accounts.models import (
    ApiToken,
    Credentials,
    Found,
    Principal,
    Role,
    Scope,
    Session,
    User,
    UserStatus,
)

Executor = Connection | PoolConnectionProxy | Pool

USER_COLUMNS = "id, email, name, role, status, created_at, last_login_at, last_activity_at"
SELECT_USERS = f"SELECT {USER_COLUMNS} FROM users"
USER_CREATED_AT = "SELECT created_at FROM users WHERE id = $1"

# One lock for every act that may change whether an administrator exists; held to the end of the transaction.
_ADMINISTRATORS_LOCK = 0x6D766164


def user_from(row: Record) -> User:
    return User(**dict(row))


# --- users ----------------------------------------------------------------------------------------------------


async def lock_administrators(connection: Executor) -> None:
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _ADMINISTRATORS_LOCK)


async def count_active_administrators(connection: Executor, *, except_user_id: int | None = None) -> int:
    count = await connection.fetchval(
        "SELECT count(*) FROM users WHERE role = 'admin' AND status = 'active' AND id IS DISTINCT FROM $1",
        except_user_id,
    )
    return count or 0


async def count_pending(connection: Executor) -> int:
    return await connection.fetchval("SELECT count(*) FROM users WHERE status = 'pending'") or 0


async def find_user(connection: Executor, user_id: int) -> User | None:
    row = await connection.fetchrow(f"{SELECT_USERS} WHERE id = $1", user_id)
    return None if row is None else user_from(row)


async def find_user_by_email(connection: Executor, email: str) -> User | None:
    row = await connection.fetchrow(f"{SELECT_USERS} WHERE lower(email) = lower($1)", email)
    return None if row is None else user_from(row)


async def find_user_for_update(connection: Executor, user_id: int) -> User | None:
    row = await connection.fetchrow(f"{SELECT_USERS} WHERE id = $1 FOR UPDATE", user_id)
    return None if row is None else user_from(row)


async def find_credentials(connection: Executor, email: str) -> Credentials | None:
    row = await connection.fetchrow(
        "SELECT id AS user_id, status, password_hash FROM users WHERE lower(email) = lower($1)", email
    )
    return None if row is None else Credentials(**dict(row))


async def find_credentials_of(connection: Executor, user_id: int) -> Credentials | None:
    row = await connection.fetchrow("SELECT id AS user_id, status, password_hash FROM users WHERE id = $1", user_id)
    return None if row is None else Credentials(**dict(row))


async def insert_user(
    connection: Executor, *, email: str, name: str, password_hash: str | None, role: Role, status: UserStatus
) -> User | None:
    """None when the address is taken."""
    row = await connection.fetchrow(
        f"""
        INSERT INTO users (email, name, password_hash, role, status) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (lower(email)) DO NOTHING RETURNING {USER_COLUMNS}
        """,
        email,
        name,
        password_hash,
        role,
        status,
    )
    return None if row is None else user_from(row)


async def upsert_administrator(connection: Executor, *, email: str, name: str, password_hash: str) -> User:
    """An active administrator of this address, made or promoted from the account that already has it."""
    row = await connection.fetchrow(
        f"""
        INSERT INTO users (email, name, password_hash, role, status) VALUES ($1, $2, $3, 'admin', 'active')
        ON CONFLICT (lower(email)) DO UPDATE SET name = excluded.name, password_hash = excluded.password_hash,
            role = 'admin', status = 'active', updated_at = now()
        RETURNING {USER_COLUMNS}
        """,
        email,
        name,
        password_hash,
    )
    assert row is not None
    return user_from(row)


async def update_user(connection: Executor, user_id: int, *, role: Role, status: UserStatus, name: str) -> User:
    row = await connection.fetchrow(
        f"""
        UPDATE users SET role = $2, status = $3, name = $4, updated_at = now() WHERE id = $1
        RETURNING {USER_COLUMNS}
        """,
        user_id,
        role,
        status,
        name,
    )
    assert row is not None
    return user_from(row)


async def replace_password_hash(
    connection: Executor, user_id: int, *, new_hash: str, expected_hash: str | None
) -> bool:
    """False when the stored hash is no longer the expected one: another change came first."""
    found = await connection.fetchval(
        """
        UPDATE users SET password_hash = $2, updated_at = now()
        WHERE id = $1 AND password_hash IS NOT DISTINCT FROM $3 RETURNING id
        """,
        user_id,
        new_hash,
        expected_hash,
    )
    return found is not None


async def set_password_hash(connection: Executor, user_id: int, new_hash: str) -> None:
    await connection.execute("UPDATE users SET password_hash = $2, updated_at = now() WHERE id = $1", user_id, new_hash)


async def note_login(connection: Executor, user_id: int, *, verified_hash: str) -> User | None:
    """None when the account was disabled or its password changed since the check; locks the row otherwise."""
    row = await connection.fetchrow(
        f"""
        UPDATE users SET last_login_at = now(), last_activity_at = now()
        WHERE id = $1 AND status = 'active' AND password_hash = $2 RETURNING {USER_COLUMNS}
        """,
        user_id,
        verified_hash,
    )
    return None if row is None else user_from(row)


# --- sessions -------------------------------------------------------------------------------------------------

# Status, role, idle and absolute limit are judged here, at every request, so that a change acts on the next one.
_FIND_SESSION = """
SELECT s.id AS session_id, u.id AS user_id, u.email, u.name, u.role,
       s.last_seen_at <= now() - make_interval(secs => $3) AS is_stale
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.token_hash = $1 AND u.status = 'active' AND s.expires_at > now()
  AND s.last_seen_at > now() - make_interval(secs => $2)
"""

# The same judgement on a session or token that was found earlier, for answers that last.
_FIND_LIVING = """
SELECT s.id AS session_id, t.id AS token_id, t.scopes, u.id AS user_id, u.email, u.name, u.role, false AS is_stale
FROM users u
LEFT JOIN sessions s ON s.id = $2 AND s.user_id = u.id AND s.expires_at > now()
                    AND s.last_seen_at > now() - make_interval(secs => $4)
LEFT JOIN api_tokens t ON t.id = $3 AND t.user_id = u.id AND t.revoked_at IS NULL
                      AND (t.expires_at IS NULL OR t.expires_at > now())
WHERE u.id = $1 AND u.status = 'active' AND (s.id IS NOT NULL OR t.id IS NOT NULL)
"""

# Only the first of many requests at once updates; the others find the time already moved.
_TOUCH_SESSION = """
WITH touched AS (
    UPDATE sessions SET last_seen_at = now()
    WHERE id = $1 AND last_seen_at <= now() - make_interval(secs => $2) RETURNING user_id
)
UPDATE users SET last_activity_at = now() FROM touched WHERE users.id = touched.user_id
"""

_KEEP_NEWEST_SESSIONS = """
DELETE FROM sessions WHERE user_id = $1 AND id NOT IN (
    SELECT id FROM sessions WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2
)
"""

# A few at a time at each sign-in; rows that another sign-in is about to delete are left to it.
_DELETE_EXPIRED_SESSIONS = """
DELETE FROM sessions WHERE id IN (
    SELECT id FROM sessions WHERE expires_at < now() ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED
)
"""

_LIST_SESSIONS = """
SELECT id, created_at, last_seen_at, expires_at, host(ip) AS ip, user_agent
FROM sessions
WHERE user_id = $1 AND expires_at > now() AND last_seen_at > now() - make_interval(secs => $2)
ORDER BY last_seen_at DESC, id DESC
"""


async def insert_session(
    connection: Executor, *, token_hash: bytes, user_id: int, seconds: int, ip: str | None, user_agent: str | None
) -> None:
    await connection.execute(
        """
        INSERT INTO sessions (token_hash, user_id, expires_at, ip, user_agent)
        VALUES ($1, $2, now() + make_interval(secs => $3), $4::inet, $5)
        """,
        token_hash,
        user_id,
        seconds,
        ip,
        user_agent,
    )


async def find_session(
    connection: Executor, token_hash: bytes, *, idle_seconds: float, stale_seconds: float
) -> Found | None:
    row = await connection.fetchrow(_FIND_SESSION, token_hash, idle_seconds, stale_seconds)
    return None if row is None else _found(row)


async def find_living(
    connection: Executor, *, user_id: int, session_id: int | None, token_id: int | None, idle_seconds: float
) -> Found | None:
    row = await connection.fetchrow(_FIND_LIVING, user_id, session_id, token_id, idle_seconds)
    return None if row is None else _found(row)


async def touch_session(connection: Executor, session_id: int, *, stale_seconds: float) -> None:
    await connection.execute(_TOUCH_SESSION, session_id, stale_seconds)


async def list_sessions(connection: Executor, user_id: int, *, idle_seconds: float) -> list[Session]:
    return [Session(**dict(row)) for row in await connection.fetch(_LIST_SESSIONS, user_id, idle_seconds)]


async def delete_session(connection: Executor, user_id: int, session_id: int) -> bool:
    found = await connection.fetchval(
        "DELETE FROM sessions WHERE user_id = $1 AND id = $2 RETURNING id", user_id, session_id
    )
    return found is not None


async def delete_sessions(connection: Executor, user_id: int, *, except_session_id: int | None = None) -> None:
    await connection.execute(
        "DELETE FROM sessions WHERE user_id = $1 AND id IS DISTINCT FROM $2", user_id, except_session_id
    )


async def keep_newest_sessions(connection: Executor, user_id: int, keep: int) -> None:
    await connection.execute(_KEEP_NEWEST_SESSIONS, user_id, keep)


async def delete_expired_sessions(connection: Executor) -> None:
    await connection.execute(_DELETE_EXPIRED_SESSIONS)


# --- API tokens -----------------------------------------------------------------------------------------------

_TOKEN_COLUMNS = "id, name, prefix, scopes, created_at, expires_at, last_used_at"  # noqa: S105 - column names

_FIND_BY_DIGEST = """
SELECT t.id AS token_id, t.scopes, u.id AS user_id, u.email, u.name, u.role,
       coalesce(t.last_used_at <= now() - make_interval(secs => $2), true) AS is_stale
FROM api_tokens t JOIN users u ON u.id = t.user_id
WHERE t.token_hash = $1 AND t.revoked_at IS NULL AND u.status = 'active'
  AND (t.expires_at IS NULL OR t.expires_at > now())
"""

_TOUCH_BY_ID = """
WITH touched AS (
    UPDATE api_tokens SET last_used_at = now()
    WHERE id = $1 AND coalesce(last_used_at <= now() - make_interval(secs => $2), true) RETURNING user_id
)
UPDATE users SET last_activity_at = now() FROM touched WHERE users.id = touched.user_id
"""

# A token made with the help of another one never outlives it (least() passes over nulls).
_INSERT_TOKEN = f"""
INSERT INTO api_tokens (user_id, name, prefix, token_hash, scopes, expires_at)
VALUES ($1, $2, $3, $4, $5, least(
    now() + make_interval(days => $6),
    (SELECT expires_at FROM api_tokens WHERE id = $7)
))
RETURNING {_TOKEN_COLUMNS}
"""


async def insert_token(
    connection: Executor,
    *,
    user_id: int,
    name: str,
    prefix: str,
    token_hash: bytes,
    scopes: tuple[Scope, ...],
    days: int | None,
    made_with_token_id: int | None,
) -> ApiToken:
    row = await connection.fetchrow(
        _INSERT_TOKEN, user_id, name, prefix, token_hash, list(scopes), days, made_with_token_id
    )
    assert row is not None
    return _token_from(row)


async def find_token(connection: Executor, token_hash: bytes, *, stale_seconds: float) -> Found | None:
    row = await connection.fetchrow(_FIND_BY_DIGEST, token_hash, stale_seconds)
    return None if row is None else _found(row)


async def touch_token(connection: Executor, token_id: int, *, stale_seconds: float) -> None:
    await connection.execute(_TOUCH_BY_ID, token_id, stale_seconds)


async def list_tokens(connection: Executor, user_id: int) -> list[ApiToken]:
    """Those that are not revoked, newest first; expired ones stay to be seen."""
    rows = await connection.fetch(
        f"""
        SELECT {_TOKEN_COLUMNS} FROM api_tokens WHERE user_id = $1 AND revoked_at IS NULL
        ORDER BY created_at DESC, id DESC
        """,
        user_id,
    )
    return [_token_from(row) for row in rows]


async def count_tokens(connection: Executor, user_id: int) -> int:
    count = await connection.fetchval(
        "SELECT count(*) FROM api_tokens WHERE user_id = $1 AND revoked_at IS NULL", user_id
    )
    return count or 0


async def revoke_token(connection: Executor, user_id: int, token_id: int) -> bool:
    found = await connection.fetchval(
        """
        UPDATE api_tokens SET revoked_at = now() WHERE user_id = $1 AND id = $2 AND revoked_at IS NULL
        RETURNING id
        """,
        user_id,
        token_id,
    )
    return found is not None


async def revoke_tokens(connection: Executor, user_id: int) -> None:
    await connection.execute(
        "UPDATE api_tokens SET revoked_at = now() WHERE user_id = $1 AND revoked_at IS NULL", user_id
    )


# --- set-up links ---------------------------------------------------------------------------------------------


async def insert_setup_link(connection: Executor, token_hash: bytes, *, seconds: int) -> None:
    await connection.execute(
        "INSERT INTO setup_links (token_hash, expires_at) VALUES ($1, now() + make_interval(secs => $2))",
        token_hash,
        seconds,
    )


async def delete_unused_setup_links(connection: Executor) -> None:
    await connection.execute("DELETE FROM setup_links WHERE used_at IS NULL")


async def setup_link_is_valid(connection: Executor, token_hash: bytes) -> bool:
    found = await connection.fetchval(
        "SELECT true FROM setup_links WHERE token_hash = $1 AND used_at IS NULL AND expires_at > now()", token_hash
    )
    return found is True


async def use_setup_link(connection: Executor, token_hash: bytes) -> bool:
    """Whether it was still good; it is no longer."""
    found = await connection.fetchval(
        """
        UPDATE setup_links SET used_at = now() WHERE token_hash = $1 AND used_at IS NULL AND expires_at > now()
        RETURNING true
        """,
        token_hash,
    )
    return found is True


# --- rows -----------------------------------------------------------------------------------------------------


def _token_from(row: Record) -> ApiToken:
    return ApiToken(**{**dict(row), "scopes": tuple(row["scopes"])})


def _found(row: Record) -> Found:
    fields: dict[str, Any] = dict(row)
    is_stale = fields.pop("is_stale")
    scopes = fields.pop("scopes", None)
    if scopes is not None:
        fields["scopes"] = frozenset(scopes)
    return Found(principal=Principal(**fields), is_stale=is_stale)
