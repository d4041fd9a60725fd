"""Times of requests and statements, and verdicts on them."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from benchmarks import figures
from benchmarks.gallery.answers import Client


def get(client: Client, path: str) -> tuple[bytes, float]:
    """Body and milliseconds of an answer 200; another one ends the run."""
    status, body, milliseconds = client.get(path)
    if status != 200:
        raise SystemExit(f"{path} answered {status}: {body[:500]!r}; its time would say nothing.")
    return body, milliseconds


async def clock(what: Callable[[], Awaitable[Any]]) -> float:
    """Milliseconds on the wall."""
    started = time.perf_counter()
    await what()
    return (time.perf_counter() - started) * 1000


def at_most(milliseconds: Sequence[float], most_ms: float) -> dict[str, Any]:
    """The 95th percentile against its target."""
    return {
        "ms": figures.summary(milliseconds),
        "target": {"p95_ms_at_most": most_ms},
        "met": figures.percentile(milliseconds, 95) <= most_ms,
    }
