"""SQL of changing many users at once. Typed calls, no logic."""

from __future__ import annotations

from mammogram_viewer.accounts.models import User, UserStatus
from mammogram_viewer.accounts.queries import USER_COLUMNS, Executor, user_from


async def lock_users(connection: Executor, user_ids: list[int]) -> list[User]:
    """In the order of ids, held until the caller's transaction ends."""
    rows = await connection.fetch(
        f"SELECT {USER_COLUMNS} FROM users WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE", user_ids
    )
    return [user_from(row) for row in rows]


async def count_other_active_administrators(connection: Executor, user_ids: list[int]) -> int:
    """Those that are none of these."""
    count: int | None = await connection.fetchval(
        "SELECT count(*) FROM users WHERE role = 'admin' AND status = 'active' AND id <> ALL($1::bigint[])", user_ids
    )
    return count or 0


async def set_statuses(connection: Executor, user_ids: list[int], status: UserStatus) -> None:
    await connection.execute(
        "UPDATE users SET status = $2, updated_at = now() WHERE id = ANY($1::bigint[])", user_ids, status
    )


async def delete_sessions_of(connection: Executor, user_ids: list[int]) -> None:
    await connection.execute("DELETE FROM sessions WHERE user_id = ANY($1::bigint[])", user_ids)
