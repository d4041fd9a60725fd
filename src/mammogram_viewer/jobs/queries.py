"""SQL of `job_queue` and `job_attempts`. Typed calls, no logic; the caller owns the transaction."""

from __future__ import annotations

from typing import Any

import asyncpg

from mammogram_viewer.jobs.models import Attempt, Job, NewJob

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
Database = Connection | asyncpg.Pool

COLUMNS = """id, queue, type, status, image_id, user_id, priority, attempts_made, max_attempts, interruptions,
    progress, error_code, error, created_at, enqueued_at, started_at, finished_at, updated_at, result, input"""


def _job(row: asyncpg.Record | None) -> Job | None:
    return None if row is None else Job(**dict(row))


async def insert_jobs(connection: Connection, jobs: list[NewJob]) -> set[str]:
    """The ids that were not there yet."""
    rows = await connection.fetch(
        """INSERT INTO job_queue (id, queue, type, image_id, user_id, priority, max_attempts, input)
           SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::integer[],
                                $7::integer[], $8::jsonb[])
           ON CONFLICT (id) DO NOTHING
           RETURNING id""",
        *(
            [getattr(job, column) for job in jobs]
            for column in ("id", "queue", "type", "image_id", "user_id", "priority", "max_attempts", "input")
        ),
    )
    return {row["id"] for row in rows}


async def insert_scheduled_job(connection: Connection, job_id: str, queue: str, job_type: str) -> None:
    """Without an image or a person; Redis knows it already."""
    await connection.execute(
        """INSERT INTO job_queue (id, queue, type, status, enqueued_at) VALUES ($1, $2, $3, 'waiting', now())
           ON CONFLICT (id) DO NOTHING""",
        job_id,
        queue,
        job_type,
    )


async def find_job(db: Database, job_id: str) -> Job | None:
    return _job(await db.fetchrow(f"SELECT {COLUMNS} FROM job_queue WHERE id = $1", job_id))


async def lock_job(connection: Connection, job_id: str) -> Job | None:
    """The row, held until the caller's transaction ends."""
    return _job(await connection.fetchrow(f"SELECT {COLUMNS} FROM job_queue WHERE id = $1 FOR UPDATE", job_id))


async def lock_unfinished(connection: Connection, job_id: str) -> bool:
    """Whether the row has not ended; held then until the caller's transaction ends."""
    return bool(
        await connection.fetchval(
            """SELECT true FROM job_queue
               WHERE id = $1 AND status IN ('pending', 'waiting', 'active', 'delayed') FOR UPDATE""",
            job_id,
        )
    )


async def list_jobs_by_id(db: Database, job_ids: list[str]) -> list[Job]:
    rows = await db.fetch(f"SELECT {COLUMNS} FROM job_queue WHERE id = ANY($1::text[])", job_ids)
    return [Job(**dict(row)) for row in rows]


async def list_unfinished_jobs(db: Database, *, untouched_seconds: float, limit: int) -> list[Job]:
    """Unfinished rows that nobody has touched for that long, oldest first (partial index, no scan)."""
    rows = await db.fetch(
        f"""SELECT {COLUMNS} FROM job_queue
            WHERE status IN ('pending', 'waiting', 'active', 'delayed')
              AND updated_at <= now() - make_interval(secs => $1)
            ORDER BY updated_at LIMIT $2""",
        untouched_seconds,
        limit,
    )
    return [Job(**dict(row)) for row in rows]


async def count_unfinished(db: Database, job_type: str) -> int:
    count: int | None = await db.fetchval(
        """SELECT count(*) FROM job_queue
           WHERE type = $1 AND status IN ('pending', 'waiting', 'active', 'delayed')""",
        job_type,
    )
    return count or 0


async def mark_enqueued(db: Database, job_ids: list[str]) -> None:
    """Redis knows them. Only `pending` moves: a worker may already be faster than this statement. What somebody else
    holds moves on anyhow, and waiting for many of them could end in a deadlock."""
    await db.execute(
        """UPDATE job_queue SET status = 'waiting', enqueued_at = now(), updated_at = now()
           WHERE id IN (SELECT id FROM job_queue WHERE id = ANY($1::text[]) AND status = 'pending'
                        FOR UPDATE SKIP LOCKED)""",
        job_ids,
    )


async def touch(db: Database, job_ids: list[str]) -> None:
    """What somebody else holds is being touched."""
    await db.execute(
        """UPDATE job_queue SET updated_at = now()
           WHERE id IN (SELECT id FROM job_queue WHERE id = ANY($1::text[]) FOR UPDATE SKIP LOCKED)""",
        job_ids,
    )


async def open_attempt(db: Database, job_id: str, worker: str, *, but_of_types: list[str]) -> tuple[Job, int] | None:
    """Begin an unfinished row's next attempt in one statement; None when there is no such row, it has ended, or it is
    of a type that is left out. A row that is still `active` counts an interruption, and attempts that were left open
    are closed as such."""
    row = await db.fetchrow(
        f"""WITH claimed AS (
                UPDATE job_queue
                SET status = 'active', started_at = now(), updated_at = now(), progress = 0,
                    interruptions = interruptions + (status = 'active')::integer
                WHERE id = $1 AND status IN ('pending', 'waiting', 'active', 'delayed') AND type <> ALL($3::text[])
                RETURNING {COLUMNS}
            ), left_open AS (
                UPDATE job_attempts SET finished_at = now(), outcome = 'interrupted'
                WHERE job_id = $1 AND finished_at IS NULL AND EXISTS (SELECT FROM claimed)
            ), opened AS (
                INSERT INTO job_attempts (job_id, worker) SELECT id, $2 FROM claimed RETURNING id AS attempt_id
            )
            SELECT * FROM claimed, opened""",
        job_id,
        worker,
        but_of_types,
    )
    if row is None:
        return None
    values = dict(row)
    attempt_id = values.pop("attempt_id")
    job = Job(**values)
    if job.interruptions:
        # While the statement waited for the row, another worker may have opened an attempt that its snapshot lacks.
        await db.execute(
            """UPDATE job_attempts SET finished_at = now(), outcome = 'interrupted'
               WHERE job_id = $1 AND finished_at IS NULL AND id <> $2""",
            job_id,
            attempt_id,
        )
    return job, attempt_id


async def finish(
    db: Database,
    job_id: str,
    status: str,
    attempt_id: int,
    outcome: str,
    *,
    result: dict[str, Any] | None = None,
    error_code: str | None = None,
    error: str | None = None,
    exit_code: int | None = None,
    attempts_made: int,
) -> bool:
    """Move an unfinished row to an end state, or to `delayed` between two attempts (then it is not finished), and close
    the attempt; one statement. False, and nothing has changed, when the row has ended meanwhile or is gone."""
    ended: bool | None = await db.fetchval(
        """WITH ended AS (
               UPDATE job_queue
               SET status = $2, result = $3, error_code = $4, error = $5, attempts_made = $6, updated_at = now(),
                   progress = CASE WHEN $2 = 'completed' THEN 1 ELSE progress END,
                   finished_at = CASE WHEN $2 = 'delayed' THEN NULL ELSE now() END
               WHERE id = $1 AND status IN ('pending', 'waiting', 'active', 'delayed')
               RETURNING id
           ), closed AS (
               UPDATE job_attempts
               SET finished_at = now(), outcome = $8, error_code = $4, error = $5, exit_code = $9
               WHERE id = $7 AND finished_at IS NULL AND EXISTS (SELECT FROM ended)
           )
           SELECT true FROM ended""",
        job_id,
        status,
        result,
        error_code,
        error,
        attempts_made,
        attempt_id,
        outcome,
        exit_code,
    )
    return bool(ended)


async def cancel_jobs_of_images(connection: Connection, image_ids: list[int]) -> list[tuple[int, str]]:
    """Cancel what is unfinished, locked in one order for everybody; pairs of image and job."""
    rows = await connection.fetch(
        """WITH held AS (
               SELECT id FROM job_queue
               WHERE image_id = ANY($1::bigint[]) AND status IN ('pending', 'waiting', 'active', 'delayed')
               ORDER BY image_id, id FOR UPDATE)
           UPDATE job_queue j SET status = 'cancelled', finished_at = now(), updated_at = now()
           FROM held WHERE j.id = held.id
           RETURNING j.image_id, j.id""",
        image_ids,
    )
    return [(row["image_id"], row["id"]) for row in rows]


async def cancel_jobs_of_absent_image(connection: Connection, image_id: int) -> None:
    """One statement, so that an image that comes back at this moment keeps its jobs."""
    await connection.execute(
        """UPDATE job_queue SET status = 'cancelled', finished_at = now(), updated_at = now()
           WHERE image_id = $1 AND status IN ('pending', 'waiting', 'active', 'delayed')
             AND NOT EXISTS (SELECT FROM images WHERE id = $1)""",
        image_id,
    )


async def revive_jobs(connection: Connection, job_ids: list[str]) -> list[Job]:
    """Cancelled ones wait again, with the attempts that they had; answers them."""
    rows = await connection.fetch(
        f"""UPDATE job_queue SET status = 'pending', finished_at = NULL, updated_at = now()
            WHERE id = ANY($1::text[]) AND status = 'cancelled' RETURNING {COLUMNS}""",
        job_ids,
    )
    return [Job(**dict(row)) for row in rows]


async def lock_ended_jobs(connection: Connection, job_ids: list[str]) -> list[Job]:
    """Those that have ended, whatever the end; held until the caller's transaction ends."""
    rows = await connection.fetch(
        f"""SELECT {COLUMNS} FROM job_queue
            WHERE id = ANY($1::text[]) AND status NOT IN ('pending', 'waiting', 'active', 'delayed')
            ORDER BY image_id, id FOR UPDATE""",
        job_ids,
    )
    return [Job(**dict(row)) for row in rows]


async def list_attempts(db: Database, job_id: str) -> list[Attempt]:
    rows = await db.fetch(
        """SELECT id, worker, started_at, finished_at, outcome, error_code, error
           FROM job_attempts WHERE job_id = $1 ORDER BY id""",
        job_id,
    )
    return [Attempt(**dict(row)) for row in rows]
