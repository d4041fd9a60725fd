"""SQL behind `/health` and `/metrics`. Each statement touches what is new or unfinished, never all that ever was."""

from __future__ import annotations

from datetime import datetime

import asyncpg

from mammogram_viewer.jobs.queries import Database
from mammogram_viewer.jobs.stats_queries import ALIVE_SECONDS

# Attempts get their number before they commit: below what is this old none can turn up any more.
SETTLED_SECONDS = 120


async def look_at_queues(db: Database) -> list[asyncpg.Record]:
    """Of each queue: oldest_waiting_seconds, has_unfinished, and workers that live and serve it."""
    return await db.fetch(
        """SELECT q.name,
                  extract(epoch FROM now() - least(
                      (SELECT min(created_at) FROM job_queue j WHERE j.queue = q.name AND j.status = 'pending'),
                      (SELECT min(created_at) FROM job_queue j WHERE j.queue = q.name AND j.status = 'waiting')
                  ))::float8 AS oldest_waiting_seconds,
                  EXISTS (SELECT FROM job_queue j WHERE j.queue = q.name
                          AND j.status IN ('pending', 'waiting', 'active', 'delayed')) AS has_unfinished,
                  (SELECT count(*) FROM workers w WHERE w.queues ? q.name AND w.stopped_at IS NULL
                          AND w.seen_at > now() - make_interval(secs => $1)) AS workers
           FROM queues q""",
        ALIVE_SECONDS,
    )


async def count_live_workers(db: Database) -> int:
    count: int | None = await db.fetchval(
        "SELECT count(*) FROM workers WHERE stopped_at IS NULL AND seen_at > now() - make_interval(secs => $1)",
        ALIVE_SECONDS,
    )
    return count or 0


async def count_ended_lately(db: Database) -> list[asyncpg.Record]:
    """Jobs that ended within the hour: type, status, error_code, jobs."""
    return await db.fetch(
        """SELECT type, status, error_code, count(*) AS jobs FROM job_queue
           WHERE finished_at > now() - interval '1 hour' GROUP BY type, status, error_code"""
    )


async def where_attempts_stand(db: Database) -> tuple[datetime, int, list[int]]:
    """Now, the newest attempt, and those that are open."""
    row = await db.fetchrow(
        """SELECT now() AS at, (SELECT coalesce(max(id), 0) FROM job_attempts) AS newest,
                  ARRAY(SELECT a.id FROM job_queue j JOIN job_attempts a ON a.job_id = j.id
                        WHERE j.status = 'active' AND a.finished_at IS NULL) AS open"""
    )
    assert row is not None
    return row["at"], row["newest"], row["open"]


async def list_attempts_since(db: Database, attempt_id: int, open_ids: list[int], limit: int) -> list[asyncpg.Record]:
    """By number: those behind `attempt_id`, and again those that were open. `moot`: nobody will close it any more."""
    return await db.fetch(
        """SELECT a.id, j.type, a.outcome, a.error_code, a.finished_at IS NOT NULL AS ended,
                  extract(epoch FROM a.finished_at - a.started_at)::float8 AS seconds,
                  a.started_at < now() - make_interval(secs => $3) AS settled,
                  j.status IN ('completed', 'rejected', 'failed', 'cancelled') AS moot
           FROM job_attempts a JOIN job_queue j ON j.id = a.job_id
           WHERE a.id > $1 OR a.id = ANY($2::bigint[]) ORDER BY a.id LIMIT $4""",
        attempt_id,
        open_ids,
        SETTLED_SECONDS,
        limit,
    )
