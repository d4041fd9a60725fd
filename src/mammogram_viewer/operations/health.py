"""Is everything there? Asked by people, load balancers and the supervisor; open to all, so it tells no secrets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, Literal
from weakref import WeakKeyDictionary

import asyncpg
import redis.exceptions
from redis.asyncio import Redis

from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.foundation.errors import MammogramViewerError
from mammogram_viewer.foundation.wire import Wire
from mammogram_viewer.jobs.pulse import feel_pulse

_PROBE_SECONDS = 2.0
# Everybody may ask, and each check writes to the disk: within this time all get the same answer.
_KEEP_SECONDS = 1.0
Status = Literal["ok", "down"]
RedisProblem = Literal["away", "refuses", "no_redis", "full"]
_TROUBLE = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


class DatabaseHealth(Wire, frozen=True):
    status: Status
    latency_ms: float | None


class RedisHealth(Wire, frozen=True):
    """`problem`: `away`, `refuses` (a wrong password for one), `no_redis` (something else answers there), `full` (it
    answers, and takes nothing more)."""

    status: Status
    problem: RedisProblem | None
    used_memory_bytes: int | None
    maxmemory_policy: str | None


class StorageHealth(Wire, frozen=True):
    status: Status
    used_bytes: int | None
    free_bytes: int | None
    # False for a bucket, which has no size: then both numbers are null although storage answers.
    limited: bool | None


class QueuesHealth(Wire, frozen=True):
    """`down`: something is to be done in a queue that no live worker serves. All null when nobody could be asked."""

    status: Status
    oldest_waiting_seconds: float | None
    workers_alive: int | None


class Health(Wire, frozen=True):
    """`degraded`: Redis is away, or jobs wait and nobody works; uploads are still taken. `down`: PostgreSQL or storage
    is away."""

    status: Literal["ok", "degraded", "down"]
    version: str
    database: DatabaseHealth
    redis: RedisHealth
    storage: StorageHealth
    queues: QueuesHealth


async def check_health(db: asyncpg.Pool, redis_client: Redis, storage: Storage, version: str) -> Health:
    """All four at once, none longer than two seconds. The answer is kept for a second."""
    last = _last.get(storage)
    if last is None or not last.counts:
        last = _last[storage] = _Check(_check(db, redis_client, storage, version))
    # Shielded: one who goes away does not end it for the others.
    return await asyncio.shield(last.task)


class _Check:
    """A check that runs, or has ended a moment ago."""

    def __init__(self, check: Coroutine[None, None, Health]) -> None:
        self.task = asyncio.create_task(check)
        self._ended_at: float | None = None
        self.task.add_done_callback(self._note_end)

    def _note_end(self, _: asyncio.Task[Health]) -> None:
        self._ended_at = time.monotonic()

    @property
    def counts(self) -> bool:
        return self._ended_at is None or time.monotonic() - self._ended_at < _KEEP_SECONDS


# One storage a process; tests have more.
_last: WeakKeyDictionary[Storage, _Check] = WeakKeyDictionary()


async def _check(db: asyncpg.Pool, redis_client: Redis, storage: Storage, version: str) -> Health:
    database, redis_, storage_, queues = await asyncio.gather(
        _database(db), _redis(redis_client), _storage(storage), _queues(db)
    )
    if "down" in (database.status, storage_.status):
        status: Literal["ok", "degraded", "down"] = "down"
    else:
        status = "degraded" if "down" in (redis_.status, queues.status) else "ok"
    return Health(status=status, version=version, database=database, redis=redis_, storage=storage_, queues=queues)


async def _database(db: asyncpg.Pool) -> DatabaseHealth:
    started = time.perf_counter()
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            await db.fetchval("SELECT 1")
    except _TROUBLE:
        return DatabaseHealth(status="down", latency_ms=None)
    return DatabaseHealth(status="ok", latency_ms=round((time.perf_counter() - started) * 1000, 2))


async def _queues(db: asyncpg.Pool) -> QueuesHealth:
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            pulse = await feel_pulse(db)
    except _TROUBLE:
        return QueuesHealth(status="down", oldest_waiting_seconds=None, workers_alive=None)
    return QueuesHealth(
        status="down" if pulse.forsaken else "ok",
        oldest_waiting_seconds=pulse.oldest_waiting_seconds,
        workers_alive=pulse.workers_alive,
    )


async def _redis(client: Redis) -> RedisHealth:
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            memory: dict[str, Any] = await client.info("memory")
    except (OSError, TimeoutError, redis.exceptions.RedisError) as trouble:
        return RedisHealth(
            status="down", problem=_redis_problem(trouble), used_memory_bytes=None, maxmemory_policy=None
        )
    used, limit, at_limit = (memory.get(name) for name in ("used_memory", "maxmemory", "maxmemory_policy"))
    full = bool(limit) and used is not None and used >= limit and at_limit == "noeviction"
    return RedisHealth(
        status="down" if full else "ok",
        problem="full" if full else None,
        used_memory_bytes=used,
        maxmemory_policy=at_limit,
    )


def _redis_problem(trouble: Exception) -> RedisProblem:
    """In words that tell a stranger nothing about the server."""
    if isinstance(trouble, redis.exceptions.InvalidResponse):
        return "no_redis"
    refusals = (redis.exceptions.AuthenticationError, redis.exceptions.ResponseError)
    # On a Unix socket the refusal is wrapped into an error of the connection.
    return "refuses" if isinstance(trouble, refusals) or isinstance(trouble.__cause__, refusals) else "away"


async def _storage(storage: Storage) -> StorageHealth:
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            await storage.check_writable()
            space = await storage.space()
    except (OSError, TimeoutError, MammogramViewerError):
        return StorageHealth(status="down", used_bytes=None, free_bytes=None, limited=None)
    limited = space.free_bytes is not None
    return StorageHealth(status="ok", used_bytes=space.used_bytes, free_bytes=space.free_bytes, limited=limited)
