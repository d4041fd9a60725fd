"""SQL of `resumable_uploads`. Typed calls, no logic."""

from __future__ import annotations

from typing import Any

import asyncpg

from mammogram_viewer.intake.resumable_models import NewUpload, ResumableUpload, Status

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
Database = Connection | asyncpg.Pool

_COLUMNS = """id, user_id, folder_id, byte_count, original_name, metadata, sha256, priority, status, answer, created_at,
    expires_at, expires_at <= now() AS expired"""
_LOCK_SPACE = 0x72657375  # of advisory locks: one person's uploads are counted one at a time


async def lock_owner(connection: Connection, user_id: int) -> None:
    """Until the caller's transaction ends, nobody else counts this person's uploads."""
    await connection.execute("SELECT pg_advisory_xact_lock($1, hashint8($2))", _LOCK_SPACE, user_id)


async def sum_unfinished(connection: Connection, user_id: int) -> tuple[int, int]:
    """How many, and how many bytes they announce."""
    row = await connection.fetchrow(
        """SELECT count(*) AS uploads, coalesce(sum(byte_count), 0)::bigint AS byte_count FROM resumable_uploads
           WHERE user_id = $1 AND status = 'receiving' AND expires_at > now()""",
        user_id,
    )
    assert row is not None
    return row["uploads"], row["byte_count"]


async def insert_upload(connection: Connection, upload: NewUpload, *, expiry_seconds: int) -> ResumableUpload:
    row = await connection.fetchrow(
        f"""INSERT INTO resumable_uploads
               (id, user_id, folder_id, byte_count, original_name, metadata, sha256, priority, expires_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now() + $9 * interval '1 second')
           RETURNING {_COLUMNS}""",
        upload.id,
        upload.user_id,
        upload.folder_id,
        upload.byte_count,
        upload.original_name,
        upload.metadata,
        upload.sha256,
        upload.priority,
        expiry_seconds,
    )
    assert row is not None
    return ResumableUpload(**dict(row))


async def find_upload(db: Database, upload_id: str, user_id: int) -> ResumableUpload | None:
    row = await db.fetchrow(
        f"SELECT {_COLUMNS} FROM resumable_uploads WHERE id = $1 AND user_id = $2", upload_id, user_id
    )
    return None if row is None else ResumableUpload(**dict(row))


async def list_unfinished(db: Database, user_id: int, *, limit: int) -> list[ResumableUpload]:
    """The newest first."""
    rows = await db.fetch(
        f"""SELECT {_COLUMNS} FROM resumable_uploads
            WHERE user_id = $1 AND status = 'receiving' AND expires_at > now()
            ORDER BY created_at DESC LIMIT $2""",
        user_id,
        limit,
    )
    return [ResumableUpload(**dict(row)) for row in rows]


async def keep_alive(db: Database, upload_id: str, *, expiry_seconds: int) -> ResumableUpload | None:
    """Push its expiry away; None when it is gone."""
    row = await db.fetchrow(
        f"""UPDATE resumable_uploads SET expires_at = now() + $2 * interval '1 second' WHERE id = $1
            RETURNING {_COLUMNS}""",
        upload_id,
        expiry_seconds,
    )
    return None if row is None else ResumableUpload(**dict(row))


async def end_upload(db: Database, upload_id: str, status: Status, answer: dict[str, Any]) -> None:
    await db.execute(
        """UPDATE resumable_uploads SET status = $2, answer = $3, finished_at = now()
           WHERE id = $1 AND status = 'receiving'""",
        upload_id,
        status,
        answer,
    )


async def delete_upload(connection: Connection, upload_id: str) -> None:
    await connection.execute("DELETE FROM resumable_uploads WHERE id = $1", upload_id)


async def delete_expired(db: Database, *, limit: int) -> int:
    """How many went."""
    return (
        await db.fetchval(
            """WITH gone AS (
                   DELETE FROM resumable_uploads WHERE id IN (
                       SELECT id FROM resumable_uploads WHERE expires_at <= now() ORDER BY expires_at LIMIT $1)
                   RETURNING 1)
               SELECT count(*) FROM gone""",
            limit,
        )
        or 0
    )


async def list_receiving(db: Database, upload_ids: list[str]) -> set[str]:
    """Those of these ids whose bytes are still wanted."""
    rows = await db.fetch(
        "SELECT id FROM resumable_uploads WHERE id = ANY($1::text[]) AND status = 'receiving'", upload_ids
    )
    return {row["id"] for row in rows}
