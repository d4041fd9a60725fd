"""A streaming replica for reads that may lag, and how it is known to be near enough.

Once a second the primary tells how far its log reaches and the replica how far it has replayed. From the two follows a
moment up to which the replica shows everything that had been committed; once that moment is further back than
`max_lag_seconds`, the replica is not `usable`, and likewise when it does not answer, is no replica any more, or belongs
to another installation. Nobody waits for that: whoever reads asks `usable`, which is a comparison, and takes the
primary otherwise (`activity/reads.py`)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable

import asyncpg

from mammogram_viewer.adapters.database.away import AWAY
from mammogram_viewer.adapters.database.pool import open_idle_pool

log = logging.getLogger(__name__)

# Beside being away, a replica may cancel a question that stands in the way of its replay (class 40), not have replayed
# a migration yet (class 42), refuse the user or lack the database (28, 3D). RuntimeError: uvloop's word for writing to
# a transport that the server's death has closed.
TROUBLE = (*AWAY, asyncpg.PostgresError, RuntimeError)
_LOOK_EACH_SECONDS = 1.0
_LOOK_TAKES_SECONDS = 3.0
_WRITTEN = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"
# Of any server: whether it follows another, whose it is, and how far it has got.
POSITION = """
SELECT pg_is_in_recovery() AS follows, (SELECT id::text FROM installation) AS installation,
       pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
                       '0/0')::bigint AS position
"""


class Replica:
    """A pool on the replica, and a look at it each second while the `watch` task runs."""

    def __init__(
        self,
        primary: asyncpg.Pool,
        pool: asyncpg.Pool,
        *,
        max_lag_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pool = pool
        self._primary = primary
        self._max_lag_seconds = max_lag_seconds
        self._clock = clock
        self._written: deque[tuple[float, int]] = deque()  # when the primary's log reached how far, the oldest first
        self._shows_until: float | None = None  # everything committed before this moment is on the replica
        self._told_in_use: bool | None = None

    @property
    def usable(self) -> bool:
        """Whether what it shows is at most `max_lag_seconds` old. Costs nothing."""
        return self._shows_until is not None and self._clock() - self._shows_until <= self._max_lag_seconds

    async def watch(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(_LOOK_EACH_SECONDS)

    async def look(self) -> None:
        """One look at both servers. A change is told in one line of the log; nothing is raised."""
        try:
            async with asyncio.timeout(_LOOK_TAKES_SECONDS):
                self._note_written(self._clock(), await self._primary.fetchval(_WRITTEN))
                trouble = await self._ask_replica()
        except TROUBLE as problem:
            trouble = type(problem).__name__
        if trouble is not None:
            self._shows_until = None
        self._tell(trouble or (None if self.usable else "behind"))

    def give_up(self, problem: BaseException) -> None:
        """A question has failed on it: the next look decides whether it is asked again."""
        self._shows_until = None
        self._tell(type(problem).__name__)

    def _note_written(self, at: float, position: int) -> None:
        """What is older than the allowed lag can no longer make the replica usable."""
        self._written.append((at, position))
        while self._written[0][0] < at - self._max_lag_seconds:
            self._written.popleft()

    async def _ask_replica(self) -> str | None:
        """What speaks against it, if anything; else `_shows_until` is moved on."""
        told = await self.pool.fetchrow(POSITION)
        assert told is not None
        if not told["follows"]:
            return "no replica"
        if told["installation"] != await self._primary.fetchval("SELECT id::text FROM installation"):
            return "another installation"
        for at, position in reversed(self._written):
            if position <= told["position"]:
                self._shows_until = at
                break
        return None

    def _tell(self, trouble: str | None) -> None:
        """One line when it stops being asked and one when it is asked again."""
        in_use = trouble is None
        if in_use is self._told_in_use:
            return
        self._told_in_use = in_use
        if in_use:
            log.info("replica_in_use")
        else:
            log.warning("replica_not_in_use", extra={"problem": trouble})


@contextlib.asynccontextmanager
async def open_replica(
    dsn: str,
    primary: asyncpg.Pool,
    *,
    size: int,
    max_lag_seconds: float,
    timeout_seconds: float,
    application_name: str,
) -> AsyncIterator[Replica]:
    """A watched replica; one that is away delays nothing. A question takes `timeout_seconds` at most."""
    pool = await open_idle_pool(dsn, size=size, timeout_seconds=timeout_seconds, application_name=application_name)
    replica = Replica(primary, pool, max_lag_seconds=max_lag_seconds)
    watching = asyncio.create_task(replica.watch())
    try:
        yield replica
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
        pool.terminate()  # nothing but reads, which nobody waits for any more
