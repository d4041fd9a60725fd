"""Is everything there? Asked by people, load balancers and the supervisor; open to all, so it tells no secrets."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Literal

import asyncpg
import redis.exceptions
from redis.asyncio import Redis

from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.foundation.errors import MammogramViewerError
from mammogram_viewer.foundation.wire import Wire

_PROBE_SECONDS = 2.0
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


class Health(Wire, frozen=True):
    """`degraded`: Redis is away, uploads are still taken and wait. `down`: PostgreSQL or storage is away."""

    status: Literal["ok", "degraded", "down"]
    version: str
    database: DatabaseHealth
    redis: RedisHealth
    storage: StorageHealth


async def check_health(db: asyncpg.Pool, redis_client: Redis, storage: Storage, version: str) -> Health:
    """All three at once, none longer than two seconds."""
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
        return StorageHealth(status="down", used_bytes=None, free_bytes=None)
    return StorageHealth(status="ok", used_bytes=space.used_bytes, free_bytes=space.free_bytes)
