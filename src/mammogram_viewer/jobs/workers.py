"""Signs of life of the workers, as rows: BullMQ's Python port tells nobody which workers there are."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from mammogram_viewer.jobs import stats_queries


async def beat(
    db: asyncpg.Pool,
    worker_id: UUID,
    *,
    host: str,
    pid: int,
    version: str,
    queues: dict[str, int],
    current_jobs: list[str],
    memory_bytes: int,
) -> None:
    """This worker lives, serves these queues at this concurrency, and has these jobs in hand."""
    await stats_queries.beat(
        db,
        worker_id,
        host=host,
        pid=pid,
        version=version,
        queues=queues,
        current_jobs=current_jobs,
        memory_bytes=memory_bytes,
    )


async def say_goodbye(db: asyncpg.Pool, worker_id: UUID) -> None:
    """An orderly end."""
    await stats_queries.say_goodbye(db, worker_id)


async def forget_old(db: asyncpg.Pool) -> None:
    """Those that have been silent for a week."""
    await stats_queries.forget_old_workers(db)
