"""What caches are worth here (docs/decisions/0014-caching.md): the gallery's first page from PostgreSQL beside the same
bytes from Redis, in turn, and what a thumbnail costs at the API, sent and not sent.

`python -m benchmarks.caching [IMAGES]` prints the figures; it records nothing."""

from __future__ import annotations

import asyncio
import http.client
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx
import msgspec
import redis.asyncio as redis

from benchmarks import figures, seed
from benchmarks.stage import COOKIE, PASSWORD, TECHNOLOGIST, Peer, Stage, api, servers, work_folder
from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.accounts.sessions import find_by_cookie
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.archive.schemas import image_answer
from mammogram_viewer.foundation.keyset import PageRequest
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.gallery.filters import ImageFilters
from mammogram_viewer.gallery.schemas import ImagePage
from mammogram_viewer.gallery.service import page_after

ROUNDS = 1500
WARM_UPS = 100
THUMBNAIL_BYTES = 9_000  # as thumbnails of 256 pixels are
_READER = Principal(user_id=1, email="", name="", role="technologist")
_encoder = msgspec.json.Encoder()
Question = Callable[[], Awaitable[Any]]


async def measure(stage: Stage, images: int) -> dict[str, Any]:
    await seed.fill(stage.database_url, images)
    pool = await open_pool(stage.database_url, size=2, application_name="benchmark")
    client = redis.Redis.from_url(stage.redis_url)
    try:
        with api(stage) as running:
            secret = _sign_in(running)
            lists = await _in_turn(await _sides(pool, client, secret))
            image_id = await _thumbnail(pool, stage)
            answers = await asyncio.to_thread(_answers, running, secret, image_id)
    finally:
        await client.aclose()
        await pool.close()
    return {"images": images, "rounds": ROUNDS, "one_after_the_other_ms": lists, "at_the_api_ms": answers}


async def _sides(pool: asyncpg.Pool, client: redis.Redis, secret: str) -> dict[str, Question]:
    """Everything that a cached list would take or spare, each once a round."""

    async def from_postgres() -> bytes:
        page = await page_after(pool, PageRequest(limit=20), ImageFilters(), _READER)
        return _encoder.encode(
            ImagePage(
                images=[image_answer(image) for image in page.rows],
                next_cursor=page.next_cursor,
                prev_cursor=page.prev_cursor,
                has_more=page.has_more,
                limit=page.limit,
            )
        )

    await client.mset({"generation": 1, "page": await from_postgres()})
    settings = Settings()

    async def rows_alone() -> Any:
        return await page_after(pool, PageRequest(limit=20), ImageFilters(), _READER)

    return {
        "session, from PostgreSQL (either way)": lambda: find_by_cookie(pool, settings, secret),
        "page from PostgreSQL, encoded": from_postgres,
        "page from PostgreSQL, rows alone": rows_alone,
        # The page and what it is valid for, in one round trip.
        "page from Redis": lambda: client.mget("generation", "page"),
        # What every upload, step of a job, correction and deletion would take in addition.
        "invalidation in Redis": lambda: client.incr("generation_of_writes"),
        "no question at all, PostgreSQL": lambda: pool.fetchval("SELECT 1"),
    }


async def _in_turn(sides: dict[str, Question]) -> dict[str, dict[str, float]]:
    times: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(-WARM_UPS, ROUNDS):
        for name, ask in sides.items():
            started = time.perf_counter()
            await ask()
            if number >= 0:
                times[name].append((time.perf_counter() - started) * 1000)
    return {name: figures.summary(taken) for name, taken in times.items()}


async def _thumbnail(pool: asyncpg.Pool, stage: Stage) -> int:
    """An image with a thumbnail of usual size in storage."""
    image_id = await pool.fetchval("SELECT max(id) FROM images WHERE status = 'ready'")
    key = f"renditions/be/benchmark-{image_id}"
    path = stage.folder / "storage" / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(THUMBNAIL_BYTES))
    await pool.execute("DELETE FROM renditions WHERE image_id = $1", image_id)
    await pool.execute(
        """INSERT INTO renditions (image_id, kind, recipe_version, storage_key, content_type, byte_count)
           SELECT id, 'thumbnail256', recipe_version, $2, 'image/webp', $3 FROM images WHERE id = $1""",
        image_id,
        key,
        THUMBNAIL_BYTES,
    )
    return image_id


def _answers(running: Peer, secret: str, image_id: int) -> dict[str, dict[str, float]]:
    """From the first byte sent to the last one read, over one kept connection."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port)
    signed_in = {"Cookie": f"{COOKIE}={secret}"}
    thumbnail = f"/api/images/{image_id}/thumbnail?size=256"
    etag = _ask(connection, thumbnail, signed_in, 200)["etag"]
    asked = {
        "thumbnail, 200": (thumbnail, signed_in, 200),
        "thumbnail, 304": (thumbnail, {**signed_in, "If-None-Match": etag}, 304),
        "first page of the gallery": ("/api/images?useCursor=true&limit=20", signed_in, 200),
        "nothing (/health/live)": ("/health/live", {}, 200),
    }
    times: dict[str, list[float]] = {name: [] for name in asked}
    for number in range(-WARM_UPS, ROUNDS):
        for name, question in asked.items():
            started = time.perf_counter()
            _ask(connection, *question)
            if number >= 0:
                times[name].append((time.perf_counter() - started) * 1000)
    connection.close()
    return {name: figures.summary(taken) for name, taken in times.items()}


def _ask(connection: http.client.HTTPConnection, path: str, headers: dict[str, str], status: int) -> dict[str, str]:
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    if answer.status != status:
        raise SystemExit(f"{path} answered {answer.status} instead of {status}")
    return {name.lower(): value for name, value in answer.getheaders()}


def _sign_in(running: Peer) -> str:
    with httpx.Client(base_url=running.base_url) as client:
        answer = client.post("/api/auth/login", json={"email": TECHNOLOGIST, "password": PASSWORD})
        answer.raise_for_status()
        return client.cookies[COOKIE]


async def _run(images: int) -> dict[str, Any]:
    with work_folder() as folder:
        async with servers(folder) as stage:
            return await measure(stage, images)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_run(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)), indent=2))
