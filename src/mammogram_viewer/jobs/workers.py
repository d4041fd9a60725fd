"""Signs of life of the workers, as rows: BullMQ's Python port tells nobody which workers there are."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from uuid import UUID

import asyncpg

from mammogram_viewer.jobs import stats_queries


@dataclass(frozen=True, kw_only=True)
class Beat:
    """One sign of life: which queues a worker serves, how many jobs at once in each, and what it has in hand."""

    worker_id: UUID
    host: str
    pid: int
    version: str
    queues: dict[str, int]
    current_jobs: list[str]
    memory_bytes: int


async def beat(db: asyncpg.Pool, sign: Beat) -> None:
    """This worker lives."""
    await stats_queries.beat(db, *astuple(sign))


async def say_goodbye(db: asyncpg.Pool, worker_id: UUID) -> None:
    """An orderly end."""
    await stats_queries.say_goodbye(db, worker_id)


async def forget_old(db: asyncpg.Pool) -> None:
    """Those that have been silent for a week."""
    await stats_queries.forget_old_workers(db)
