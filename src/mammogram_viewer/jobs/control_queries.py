"""SQL of `queues`, and of what administrators do with many jobs at once. Typed calls, no logic."""

from __future__ import annotations

from mammogram_viewer.jobs.models import Job, QueueSettings
from mammogram_viewer.jobs.queries import COLUMNS, Connection, Database


async def list_queue_settings(db: Database) -> list[QueueSettings]:
    rows = await db.fetch(
        """SELECT q.name, q.paused_at, q.paused_by, u.name AS paused_by_name, q.concurrency
           FROM queues q LEFT JOIN users u ON u.id = q.paused_by ORDER BY q.name"""
    )
    return [QueueSettings(**dict(row)) for row in rows]


async def lock_paused(connection: Connection, queue: str) -> bool:
    """Whether the row says so; held until the caller's transaction ends."""
    return bool(await connection.fetchval("SELECT paused_at IS NOT NULL FROM queues WHERE name = $1 FOR UPDATE", queue))


async def set_paused(connection: Connection, queue: str, *, user_id: int | None) -> bool:
    return bool(
        await connection.fetchval(
            """UPDATE queues SET paused_at = now(), paused_by = $2, updated_at = now()
               WHERE name = $1 AND paused_at IS NULL RETURNING true""",
            queue,
            user_id,
        )
    )


async def set_resumed(connection: Connection, queue: str) -> bool:
    return bool(
        await connection.fetchval(
            """UPDATE queues SET paused_at = NULL, paused_by = NULL, updated_at = now()
               WHERE name = $1 AND paused_at IS NOT NULL RETURNING true""",
            queue,
        )
    )


async def set_concurrency(connection: Connection, queue: str, concurrency: int | None) -> None:
    await connection.execute(
        "UPDATE queues SET concurrency = $2, updated_at = now() WHERE name = $1", queue, concurrency
    )


async def cancel_jobs(connection: Connection, job_ids: list[str], reason: str) -> None:
    await connection.execute(
        """UPDATE job_queue
           SET status = 'cancelled', error_code = 'cancelled', error = $2, finished_at = now(), updated_at = now()
           WHERE id = ANY($1::text[])""",
        job_ids,
        reason,
    )


async def lock_waiting_jobs(connection: Connection, queue: str, *, limit: int) -> list[Job]:
    rows = await connection.fetch(
        f"""SELECT {COLUMNS} FROM job_queue
            WHERE queue = $1 AND status IN ('pending', 'waiting', 'delayed')
            ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED""",
        queue,
        limit,
    )
    return [Job(**dict(row)) for row in rows]


async def lock_failed_jobs(connection: Connection, queue: str, *, limit: int) -> list[Job]:
    """Failed ones of images that are still there; a job without an image counts too."""
    rows = await connection.fetch(
        f"""SELECT {COLUMNS} FROM job_queue j
            WHERE queue = $1 AND status = 'failed'
              AND (image_id IS NULL OR EXISTS (SELECT FROM images i WHERE i.id = j.image_id))
            ORDER BY created_at DESC, id DESC LIMIT $2 FOR UPDATE OF j SKIP LOCKED""",
        queue,
        limit,
    )
    return [Job(**dict(row)) for row in rows]


async def reset_jobs(connection: Connection, job_ids: list[str]) -> None:
    await connection.execute(
        """UPDATE job_queue
           SET status = 'pending', attempts_made = 0, interruptions = 0, progress = 0, result = NULL,
               error_code = NULL, error = NULL, enqueued_at = NULL, started_at = NULL, finished_at = NULL,
               updated_at = now()
           WHERE id = ANY($1::text[])""",
        job_ids,
    )
