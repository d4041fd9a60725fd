"""SQL that counts jobs and reads heartbeats. Each statement walks an index of what it counts, never the table."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from mammogram_viewer.jobs.models import WorkerSeen
from mammogram_viewer.jobs.queries import Database

ALIVE_SECONDS = 30


async def count_unfinished(db: Database) -> dict[str, dict[str, Any]]:
    """By queue: waiting, prioritized, active, delayed, oldest_waiting_seconds (partial index of unfinished rows)."""
    rows = await db.fetch(
        """SELECT queue,
                  count(*) FILTER (WHERE status IN ('pending', 'waiting') AND priority = 0) AS waiting,
                  count(*) FILTER (WHERE status IN ('pending', 'waiting') AND priority > 0) AS prioritized,
                  count(*) FILTER (WHERE status = 'active') AS active,
                  count(*) FILTER (WHERE status = 'delayed') AS delayed,
                  extract(epoch FROM now() - min(created_at) FILTER (WHERE status IN ('pending', 'waiting')))::float8
                      AS oldest_waiting_seconds
           FROM job_queue WHERE status IN ('pending', 'waiting', 'active', 'delayed') GROUP BY queue"""
    )
    return {row["queue"]: dict(row) for row in rows}


async def count_ended(db: Database) -> dict[str, dict[str, int]]:
    """By queue and end state, in all."""
    rows = await db.fetch(
        """SELECT queue, status, count(*) AS jobs FROM job_queue
           WHERE status IN ('completed', 'rejected', 'failed', 'cancelled') GROUP BY queue, status"""
    )
    counted: dict[str, dict[str, int]] = {}
    for row in rows:
        counted.setdefault(row["queue"], {})[row["status"]] = row["jobs"]
    return counted


async def count_recent(db: Database) -> dict[str, dict[str, int]]:
    """By queue: how many ended within 15 minutes and within 24 hours, and how many of those failed."""
    rows = await db.fetch(
        """SELECT queue,
                  count(*) FILTER (WHERE finished_at > now() - interval '15 minutes') AS in_15_minutes,
                  count(*) AS in_24_hours,
                  count(*) FILTER (WHERE status = 'failed') AS failed_in_24_hours
           FROM job_queue WHERE finished_at > now() - interval '24 hours' AND status <> 'cancelled' GROUP BY queue"""
    )
    return {row["queue"]: dict(row) for row in rows}


async def list_workers(db: Database) -> list[WorkerSeen]:
    rows = await db.fetch(
        """SELECT id, host, pid, version, queues, current_jobs, memory_bytes, started_at, seen_at, stopped_at,
                  stopped_at IS NULL AND seen_at > now() - make_interval(secs => $1) AS alive
           FROM workers WHERE seen_at > now() - interval '1 hour' ORDER BY started_at DESC, id""",
        ALIVE_SECONDS,
    )
    return [WorkerSeen(**dict(row)) for row in rows]


async def beat(db: Database, *values: object) -> None:
    """Sign of life of one worker: the fields of `workers.Beat` in their order."""
    await db.execute(
        """INSERT INTO workers (id, host, pid, version, queues, current_jobs, memory_bytes)
           VALUES ($1, $2, $3, $4, $5, $6, $7)
           ON CONFLICT (id) DO UPDATE
               SET queues = excluded.queues, current_jobs = excluded.current_jobs,
                   memory_bytes = excluded.memory_bytes, seen_at = now()""",
        *values,
    )


async def say_goodbye(db: Database, worker_id: UUID) -> None:
    await db.execute(
        "UPDATE workers SET stopped_at = now(), seen_at = now(), current_jobs = '{}' WHERE id = $1", worker_id
    )


async def forget_old_workers(db: Database) -> None:
    await db.execute("DELETE FROM workers WHERE seen_at < now() - interval '7 days'")
