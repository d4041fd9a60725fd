"""A thousand small files chosen at once: how long the page's main thread is busy at a stretch while they are sent."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
from PIL import Image
from playwright.async_api import Page

TARGET_MS = 100.0
_NAME = "small-"
_LONGEST_SECONDS = 300
_PAUSE_SECONDS = 0.25

# Long tasks are those over 50 ms (W3C Long Tasks); the gaps between timers show what falls below and in between.
_WATCH = """() => {
    const watched = window.__watched = {longest: 0, tasks: 0, gap: 0}
    new PerformanceObserver(list => {
        for (const entry of list.getEntries()) {
            watched.tasks += 1
            watched.longest = Math.max(watched.longest, entry.duration)
        }
    }).observe({type: 'longtask'})
    let before = performance.now()
    setInterval(() => {
        const now = performance.now()
        watched.gap = Math.max(watched.gap, now - before)
        before = now
    }, 4)
}"""


def make_files(folder: Path, count: int) -> list[Path]:
    """Pictures of about a kilobyte, each different."""
    folder.mkdir()
    shades = np.random.default_rng(5).integers(0, 255, (count, 24, 32), dtype=np.uint8)
    paths = [folder / f"{_NAME}{number:04}.png" for number in range(count)]
    for path, pixels in zip(paths, shades, strict=True):
        Image.fromarray(pixels).save(path)
    return paths


async def measure(page: Page, pool: asyncpg.Pool, files: list[Path]) -> dict[str, Any]:
    """`page` shows the gallery, signed in. Ends when the server has all of them."""
    browser = page.context.browser
    assert browser is not None
    await page.evaluate(_WATCH)
    await browser.start_tracing(page=page, categories=["toplevel"])
    started = time.perf_counter()
    await page.get_by_test_id("upload-files").set_input_files(files)
    while (arrived := await _arrived(pool)) < len(files):
        if time.perf_counter() - started > _LONGEST_SECONDS:
            raise SystemExit(f"{arrived} of {len(files)} files arrived within {_LONGEST_SECONDS} s.")
        await asyncio.sleep(_PAUSE_SECONDS)
    seconds = time.perf_counter() - started
    watched = await page.evaluate("() => window.__watched")
    cpu_ms = _longest_cpu_ms(json.loads(await browser.stop_tracing())["traceEvents"])
    return {
        "files": len(files),
        "seconds": round(seconds, 1),
        "long_tasks": watched["tasks"],
        "longest_task_ms": round(watched["longest"], 1),
        "longest_task_cpu_ms": round(cpu_ms, 1),
        "longest_gap_ms": round(watched["gap"], 1),
        "target": {"longest_task_ms_at_most": TARGET_MS},
        "met": watched["longest"] <= TARGET_MS,
    }


def _longest_cpu_ms(events: list[dict[str, Any]]) -> float:
    """What the main thread computed in its longest task; the clock on the wall also counts when others had the core."""
    main_threads = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"].get("name") == "CrRendererMain"
    }
    ran = [
        event.get("tdur", 0)
        for event in events
        if event["name"].endswith("RunTask") and (event["pid"], event["tid"]) in main_threads
    ]
    return max(ran, default=0) / 1000


async def _arrived(pool: asyncpg.Pool) -> int:
    return await pool.fetchval(
        "SELECT count(*) FROM (SELECT original_name FROM images ORDER BY id DESC LIMIT 5000) newest"
        " WHERE original_name LIKE $1",
        f"{_NAME}%",
    )
