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

_PROBE_SECONDS = 2.0
# Everybody may ask, and each check writes to the disk: within this time all get the same answer.
_KEEP_SECONDS = 1.0
Status = Literal["ok", "down"]


class DatabaseHealth(Wire, frozen=True):
    status: Status
    latency_ms: float | None


class RedisHealth(Wire, frozen=True):
    status: Status
    used_memory_bytes: int | None
    maxmemory_policy: str | None


class StorageHealth(Wire, frozen=True):
    status: Status
    used_bytes: int | None
    free_bytes: int | None
    # False for a bucket, which has no size: then both numbers are null although storage answers.
    limited: bool | None


class Health(Wire, frozen=True):
    """`degraded`: Redis is away, uploads are still taken and wait. `down`: PostgreSQL or storage is away."""

    status: Literal["ok", "degraded", "down"]
    version: str
    database: DatabaseHealth
    redis: RedisHealth
    storage: StorageHealth


async def check_health(db: asyncpg.Pool, redis_client: Redis, storage: Storage, version: str) -> Health:
    """All three at once, none longer than two seconds. The answer is kept for a second."""
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
    database, redis_, storage_ = await asyncio.gather(_database(db), _redis(redis_client), _storage(storage))
    if "down" in (database.status, storage_.status):
        status: Literal["ok", "degraded", "down"] = "down"
    else:
        status = "ok" if redis_.status == "ok" else "degraded"
    return Health(status=status, version=version, database=database, redis=redis_, storage=storage_)


async def _database(db: asyncpg.Pool) -> DatabaseHealth:
    started = time.perf_counter()
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            await db.fetchval("SELECT 1")
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return DatabaseHealth(status="down", latency_ms=None)
    return DatabaseHealth(status="ok", latency_ms=round((time.perf_counter() - started) * 1000, 2))


async def _redis(client: Redis) -> RedisHealth:
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            memory: dict[str, Any] = await client.info("memory")
    except (OSError, TimeoutError, redis.exceptions.RedisError):
        return RedisHealth(status="down", used_memory_bytes=None, maxmemory_policy=None)
    return RedisHealth(
        status="ok",
        used_memory_bytes=memory.get("used_memory"),
        maxmemory_policy=memory.get("maxmemory_policy"),
    )


async def _storage(storage: Storage) -> StorageHealth:
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            await storage.check_writable()
            space = await storage.space()
    except (OSError, TimeoutError, MammogramViewerError):
        return StorageHealth(status="down", used_bytes=None, free_bytes=None, limited=None)
    limited = space.free_bytes is not None
    return StorageHealth(status="ok", used_bytes=space.used_bytes, free_bytes=space.free_bytes, limited=limited)
