"""SQL of `exports`: tickets for ZIPs of originals. Typed calls, no logic."""

from __future__ import annotations

from uuid import UUID

import asyncpg

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
Database = Connection | asyncpg.Pool


async def insert_export(
    connection: Connection, user_id: int, image_ids: list[int], *, seconds: float
) -> asyncpg.Record:
    """id and expires_at."""
    row = await connection.fetchrow(
        """INSERT INTO exports (user_id, image_ids, expires_at) VALUES ($1, $2, now() + make_interval(secs => $3))
           RETURNING id, expires_at""",
        user_id,
        image_ids,
        seconds,
    )
    assert row is not None
    return row


async def delete_old_exports(connection: Connection, user_id: int, *, keep: int) -> None:
    """Anybody's that have expired, and this person's but for the newest."""
    await connection.execute(
        """DELETE FROM exports WHERE id IN (
               SELECT id FROM exports WHERE expires_at <= now()
               ORDER BY expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED)"""
    )
    await connection.execute(
        """DELETE FROM exports WHERE user_id = $1 AND id NOT IN (
               SELECT id FROM exports WHERE user_id = $1 ORDER BY created_at DESC, id LIMIT $2)""",
        user_id,
        keep,
    )


async def find_export(db: Database, export_id: UUID, user_id: int) -> asyncpg.Record | None:
    """image_ids and created_at of this person's ticket, unless it has expired."""
    return await db.fetchrow(
        "SELECT image_ids, created_at FROM exports WHERE id = $1 AND user_id = $2 AND expires_at > now()",
        export_id,
        user_id,
    )


async def note_downloaded(connection: Connection, export_id: UUID) -> bool:
    """Whether this is the first time."""
    return bool(
        await connection.fetchval(
            "UPDATE exports SET downloaded_at = now() WHERE id = $1 AND downloaded_at IS NULL RETURNING true", export_id
        )
    )
