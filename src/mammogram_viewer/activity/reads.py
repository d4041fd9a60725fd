"""Reads that may lag: from a replica where there is one that is near enough, else from the primary.

What a list shows may be a few seconds old. Three things may not, and go to the primary: what somebody has just changed
themselves; the pages behind or before a moment so recent that the replica might lack a row beside it (a list must never
lose one in the middle); and everything, when the replica is away. Who may see what is asked there in any case."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from asyncpg import Pool

from mammogram_viewer.activity import service
from mammogram_viewer.adapters.database.away import AWAY
from mammogram_viewer.adapters.database.replica import TROUBLE, Replica
from mammogram_viewer.foundation.keyset import PageRequest

T = TypeVar("T")
Question = Callable[[Pool], Awaitable[T]]


class ReadDatabase:
    """Asks a question of the replica or of the primary; it must only read, for it may be asked of both."""

    def __init__(self, primary: Pool, replica: Replica | None, *, max_lag_seconds: float) -> None:
        self._primary = primary
        self._replica = replica
        # Twice, so that a transaction may have begun one lag before it was committed.
        self._recent_seconds = 2 * max_lag_seconds

    async def read(self, user_id: int, question: Question[T]) -> T:
        """The answer, at most the allowed lag old, with everything that this user has changed."""
        replica = self._replica
        if replica is None or not replica.usable or await self._has_changed_something(user_id):
            return await question(self._primary)
        try:
            return await question(replica.pool)
        except TROUBLE as problem:
            if isinstance(problem, AWAY):
                replica.give_up(problem)
        return await question(self._primary)

    async def read_page(self, user_id: int, request: PageRequest, question: Question[T]) -> T:
        """The same for one page of a list. On the way down a page must not lack rows that the page above it, perhaps
        read from the primary, was newer than; on the way up it must not end before the rows seen there."""
        if self._replica is None or not self._is_safe(request):
            return await question(self._primary)
        return await self.read(user_id, question)

    def _is_safe(self, request: PageRequest) -> bool:
        if request.cursor is None:
            return True
        horizon = datetime.now(UTC) - timedelta(seconds=self._recent_seconds)
        return request.direction == "next" and request.cursor.created_at < horizon

    async def _has_changed_something(self, user_id: int) -> bool:
        return await service.has_changed_something(self._primary, user_id, within_seconds=self._recent_seconds)
