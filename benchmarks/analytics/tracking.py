"""What tracking adds to the request of a picture: the product beside an API that notes no view, in turn."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks import figures
from benchmarks.analytics.timed import get
from benchmarks.gallery.answers import Client
from benchmarks.stage import ADMINISTRATOR, Peer, Stage, api, free_port, peer, sign_in

MOST_ADDED_MS = 0.5
PICTURES = 400
_PICTURE_BYTES = 200_000


async def lay_pictures(pool: asyncpg.Pool, data_dir: Path) -> list[int]:
    """Ids of images whose 8-bit picture is a real file: links to one of a usual small size. Safe to repeat."""
    shared = data_dir / "picture.png"
    shared.write_bytes(os.urandom(_PICTURE_BYTES))
    rows = await pool.fetch(
        """SELECT i.id, r.storage_key FROM images i JOIN renditions r ON r.image_id = i.id AND r.kind = 'png8'
           WHERE i.status = 'ready' ORDER BY i.created_at DESC, i.id DESC LIMIT $1""",
        PICTURES,
    )
    for row in rows:
        path = data_dir / "storage" / row["storage_key"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        os.link(shared, path)
    # As long as the row says, or the answer would be cut off.
    await pool.execute(
        "UPDATE renditions SET byte_count = $2 WHERE kind = 'png8' AND image_id = ANY ($1::bigint[])",
        [row["id"] for row in rows],
        _PICTURE_BYTES,
    )
    return [row["id"] for row in rows]


async def measure(stage: Stage, pool: asyncpg.Pool, rounds: int) -> dict[str, Any]:
    """A picture each time another one, of each API in turn. The audit stays in both; `unaudited` is for orientation."""
    ids = await lay_pictures(pool, stage.folder)
    began_at = await pool.fetchval("SELECT clock_timestamp()")
    taken: dict[str, list[float]] = {"tracked": [], "untracked": [], "unaudited": []}
    with contextlib.ExitStack() as stack:
        running = {
            "tracked": stack.enter_context(api(stage)),
            "untracked": stack.enter_context(_other_api(stage)),
            "unaudited": stack.enter_context(_other_api(stage, "--unaudited")),
        }
        clients = {
            side: stack.enter_context(Client(each, sign_in(each, ADMINISTRATOR).cookie))
            for side, each in running.items()
        }
        for number in range(-20, rounds):
            for side in list(taken)[:: 1 if number % 2 else -1]:
                milliseconds = get(clients[side], f"/api/images/{ids[number % len(ids)]}/png")[1]
                if number >= 0:
                    taken[side].append(milliseconds)
    # Stopping has flushed what the tracker held; half an hour after another run its views have gone on instead.
    seen = await pool.fetchval("SELECT count(*) FROM image_views WHERE last_seen_at >= $1", began_at) or 0
    if seen < min(rounds, len(ids)) // 2:
        raise SystemExit("The pictures were not counted as views; their times would say nothing.")
    added = figures.percentile(taken["tracked"], 95) - figures.percentile(taken["untracked"], 95)
    pairs = [mine - other for mine, other in zip(taken["tracked"], taken["untracked"], strict=True)]
    return {
        "rounds": rounds,
        **{f"{side}_ms": figures.summary(times) for side, times in taken.items()},
        "added_ms": {"of_p95": round(added, 3), "median_of_pairs": round(figures.percentile(pairs, 50), 3)},
        "target": {"added_p95_ms_at_most": MOST_ADDED_MS},
        "met": added <= MOST_ADDED_MS,
    }


@contextlib.contextmanager
def _other_api(stage: Stage, *options: str) -> Iterator[Peer]:
    port = free_port()
    environ = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(stage.folder),
        "DATA_DIR": str(stage.folder),
        "DATABASE_URL": stage.database_url,
        "REDIS_URL": stage.redis_url,
        "PORT": str(port),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    command: list[str | Path] = [sys.executable, "-m", "benchmarks.analytics.untracked_api", *options]
    with peer(command, port, environ, stage.folder, stage.output) as running:
        yield running
