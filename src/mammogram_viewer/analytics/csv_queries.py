"""The activity feed as CSV: what COPY writes, and how many rows it will be; no logic."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from asyncpg import Connection
from asyncpg.pool import PoolConnectionProxy

from mammogram_viewer.foundation.csv_text import FORMULA_SIGNS

# Each sign by its code, so that this text holds no character that any layer could take for its own.
_DANGEROUS = "".join(f"\\u{ord(sign):04x}" for sign in FORMULA_SIGNS)


def _cell(text: str) -> str:
    """A text that a spreadsheet would take for a formula gets an apostrophe, as in `foundation/csv_text.py`."""
    return f"CASE WHEN {text} ~ E'^[{_DANGEROUS}]' THEN '''' || {text} ELSE {text} END"


_WHERE = """
a.created_at >= $1::timestamptz AND a.created_at < $2::timestamptz
AND ($3::bigint IS NULL OR a.user_id = $3::bigint)
AND ($4::text IS NULL OR a.activity_type = $4::text)
"""
# OFFSET 0 keeps the join a look-up for each fact, so that facts come in the order of their index and nothing is sorted.
# Instants are written as the API writes them.
COPY = f"""
SELECT a.id, to_char(a.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), a.user_id, {_cell("u.name")},
       {_cell("u.email")}, {_cell("a.activity_type")}, {_cell("a.resource_type")}, a.resource_id,
       {_cell("a.metadata::text")}, host(a.ip_truncated) || '/' || masklen(a.ip_truncated),
       {_cell("a.user_agent_family")}
FROM user_activity a
LEFT JOIN LATERAL (SELECT name, email FROM users WHERE users.id = a.user_id OFFSET 0) u ON true
WHERE {_WHERE}
ORDER BY a.created_at DESC, a.id DESC
"""
_COUNT = f"SELECT count(*) FROM user_activity a WHERE {_WHERE}"
AnyConnection = Connection | PoolConnectionProxy


async def count_activities(
    connection: AnyConnection, from_at: datetime, to_at: datetime, user_id: int | None, activity_type: str | None
) -> int:
    return await connection.fetchval(_COUNT, from_at, to_at, user_id, activity_type) or 0


async def copy_activities(
    connection: AnyConnection,
    from_at: datetime,
    to_at: datetime,
    user_id: int | None,
    activity_type: str | None,
    *,
    output: Callable[[bytes], Awaitable[None]],
    timeout_seconds: float,
) -> None:
    """Hands the rows over piece by piece, as fast as `output` takes them. Raises what `output` raises; the connection
    is fit for use after it."""
    await connection.copy_from_query(
        COPY,
        from_at,
        to_at,
        user_id,
        activity_type,
        output=output,
        timeout=timeout_seconds,
        format="csv",
        # A text in quotes is one cell for whatever separator the reader believes in.
        force_quote=True,
    )
