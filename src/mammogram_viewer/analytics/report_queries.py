"""Who gets the monthly report; no logic."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from asyncpg import Connection, Pool
from asyncpg.pool import PoolConnectionProxy

AnyConnection = Connection | PoolConnectionProxy
Database = Pool | AnyConnection

# Those who came after the month are not told of it.
_MAKE = """
INSERT INTO report_mails (month_on, user_id)
SELECT $1, id FROM users u
WHERE role = 'admin' AND status = 'active' AND created_at < $2::date::timestamp AT TIME ZONE $3
  AND NOT EXISTS (SELECT FROM report_refusals r WHERE r.user_id = u.id)
ORDER BY id
ON CONFLICT DO NOTHING
RETURNING user_id
"""
_RECIPIENT = """
SELECT u.email, m.sent_at IS NOT NULL AS sent,
       u.role = 'admin' AND u.status = 'active'
           AND NOT EXISTS (SELECT FROM report_refusals r WHERE r.user_id = u.id) AS wanted
FROM users u JOIN report_mails m ON m.user_id = u.id AND m.month_on = $2
WHERE u.id = $1
"""


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """`wanted`: may read analytics and has not refused; `sent`: has got this month's."""

    email: str
    sent: bool
    wanted: bool


async def make_mails(connection: AnyConnection, month_on: date, next_month_on: date, tz: str) -> list[int]:
    """Rows for everyone who is to get this month's report and has none; answers whose are new."""
    rows = await connection.fetch(_MAKE, month_on, next_month_on, tz)
    return [row["user_id"] for row in rows]


async def find_recipient(db: Database, user_id: int, month_on: date) -> Recipient | None:
    row = await db.fetchrow(_RECIPIENT, user_id, month_on)
    return None if row is None else Recipient(**row)


async def note_sent(connection: AnyConnection, user_id: int, month_on: date) -> None:
    await connection.execute(
        "UPDATE report_mails SET sent_at = coalesce(sent_at, now()) WHERE user_id = $1 AND month_on = $2",
        user_id,
        month_on,
    )


async def has_refused(db: Database, user_id: int) -> bool:
    return bool(await db.fetchval("SELECT EXISTS (SELECT FROM report_refusals WHERE user_id = $1)", user_id))


async def set_refused(connection: AnyConnection, user_id: int, *, refused: bool) -> None:
    """Safe to repeat."""
    if refused:
        await connection.execute("INSERT INTO report_refusals (user_id) VALUES ($1) ON CONFLICT DO NOTHING", user_id)
    else:
        await connection.execute("DELETE FROM report_refusals WHERE user_id = $1", user_id)
