"""Ends of attempts, counted for Prometheus from the rows of `job_attempts`.

Every process that is asked counts the attempts of all workers by itself, from the moment it was first asked: a counter
that begins at nought with its process, as Prometheus expects, and that no restart of a worker sets back."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from mammogram_viewer.jobs import tally_queries

# Upper ends, seconds: thumbnails of pictures at the lower end, large tomosyntheses at the upper one.
DURATION_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_INTERRUPTED = "interrupted"
_BATCH = 20_000


@dataclass
class Durations:
    """`buckets` has one more place than `DURATION_SECONDS`, for what took longer; not cumulative."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(DURATION_SECONDS) + 1))
    sum_seconds: float = 0.0

    def add(self, seconds: float) -> None:
        self.buckets[bisect_left(DURATION_SECONDS, seconds)] += 1
        self.sum_seconds += seconds


class AttemptTally:
    """One instance a process."""

    def __init__(self, db: asyncpg.Pool) -> None:
        self._db = db
        self._lock = asyncio.Lock()
        self.since: datetime | None = None  # by the database's clock
        self._seen_id: int | None = None
        self._open: set[int] = set()  # numbers up to _seen_id that have not ended
        self._counted: set[int] = set()  # numbers behind _seen_id that have
        self.ended: Counter[tuple[str, str, str]] = Counter()  # kind, outcome, reason ("" when there is none)
        self.durations: dict[str, Durations] = {}  # by kind; of attempts that came to an end of their own

    async def read(self) -> None:
        """Bring `ended` and `durations` up to date."""
        async with self._lock:
            if self._seen_id is None:
                self.since, self._seen_id, open_ids = await tally_queries.where_attempts_stand(self._db)
                self._open = set(open_ids)
            while await self._read_batch():
                continue

    async def _read_batch(self) -> bool:
        """Whether there is more to read at once."""
        before = self._seen_id
        assert before is not None
        rows = await tally_queries.list_attempts_since(self._db, before, sorted(self._open), _BATCH)
        settled = True
        for row in rows:
            settled = settled and row["settled"]
            self._note(row, settled=settled)
        return len(rows) == _BATCH and self._seen_id != before

    def _note(self, row: asyncpg.Record, *, settled: bool) -> None:
        assert self._seen_id is not None
        if row["ended"] and row["id"] not in self._counted:
            self._count(row)
            self._counted.add(row["id"])
        if row["id"] <= self._seen_id or settled:
            if row["ended"] or row["moot"]:
                self._open.discard(row["id"])
            else:
                self._open.add(row["id"])
            self._counted.discard(row["id"])
            self._seen_id = max(self._seen_id, row["id"])

    def _count(self, row: asyncpg.Record) -> None:
        self.ended[row["type"], row["outcome"] or "", row["error_code"] or ""] += 1
        if row["outcome"] != _INTERRUPTED:  # its end is when somebody noticed
            self.durations.setdefault(row["type"], Durations()).add(row["seconds"])
