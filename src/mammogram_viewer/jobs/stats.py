"""Counts of every queue, and the workers that serve them: for the administrators' page, the shell and Prometheus."""

from __future__ import annotations

import asyncio
import time

import asyncpg

from mammogram_viewer.jobs import stats_queries
from mammogram_viewer.jobs.models import QUEUES, QueueCounts, WorkerSeen

# How old an answer may be. Everything here is counted anew for all who ask, and a million ended jobs take 0.1 s.
_KEEP_SECONDS = 1.0
_KEEP_ENDED_SECONDS = 10.0


class QueueStats:
    """One instance a process."""

    def __init__(self, db: asyncpg.Pool) -> None:
        self._db = db
        self._lock = asyncio.Lock()
        self._counted: dict[str, QueueCounts] = {}
        self._counted_at = -1e9
        self._ended: dict[str, dict[str, int]] = {}
        self._ended_at = -1e9

    async def count(self) -> dict[str, QueueCounts]:
        """By queue; at most a second old, what has ended in all at most ten."""
        async with self._lock:
            if time.monotonic() - self._counted_at >= _KEEP_SECONDS:
                self._counted = await self._count()
                self._counted_at = time.monotonic()
            return self._counted

    async def _count(self) -> dict[str, QueueCounts]:
        if time.monotonic() - self._ended_at >= _KEEP_ENDED_SECONDS:
            self._ended = await stats_queries.count_ended(self._db)
            self._ended_at = time.monotonic()
        unfinished = await stats_queries.count_unfinished(self._db)
        recent = await stats_queries.count_recent(self._db)
        counted = {}
        for queue in QUEUES:
            ended = self._ended.get(queue, {})
            now = unfinished.get(queue, {})
            lately = recent.get(queue, {})
            counted[queue] = QueueCounts(
                waiting=now.get("waiting", 0),
                prioritized=now.get("prioritized", 0),
                active=now.get("active", 0),
                delayed=now.get("delayed", 0),
                oldest_waiting_seconds=now.get("oldest_waiting_seconds"),
                completed=ended.get("completed", 0),
                rejected=ended.get("rejected", 0),
                failed=ended.get("failed", 0),
                cancelled=ended.get("cancelled", 0),
                jobs_per_minute=lately.get("in_15_minutes", 0) / 15,
                ended_in_24_hours=lately.get("in_24_hours", 0),
                failed_in_24_hours=lately.get("failed_in_24_hours", 0),
            )
        return counted

    async def list_workers(self) -> list[WorkerSeen]:
        """Those that live, and those of the last hour that do not, the newest first."""
        return await stats_queries.list_workers(self._db)
