"""Openings of ours and of OHIF in turn, on loopback and on a line of 100 Mbit/s, and our own pixels uncompressed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, StorageState

from benchmarks import figures
from benchmarks.stage import Peer, Stage, free_port, peer
from benchmarks.viewer import openings
from benchmarks.viewer.browser import WINDOW, chromium
from benchmarks.viewer.openings import Opening
from benchmarks.viewer.peer import SOURCES

MEGABITS, ROUND_TRIP_MS = 100, 5
FIRST_RATIO, FULL_RATIO, UNCOMPRESSED_RATIO = 0.5, 0.6, 0.5
_PATH = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(Path.home())}
_FETCH = """async addresses => {
    const began = performance.now()
    await Promise.all(addresses.map(async one => (await fetch(one)).arrayBuffer()))
    return performance.now() - began
}"""


@contextlib.contextmanager
def ohif_server(stage: Stage, files: Path) -> Iterator[Peer]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.viewer.peer", files, str(port)]
    with peer(command, port, {**_PATH, **_here()}, stage.folder, stage.output) as running:
        yield running


@contextlib.contextmanager
def line(stage: Stage, to: Peer) -> Iterator[Peer]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.viewer.line", str(port), str(to.port), str(MEGABITS)]
    with peer([*command, str(ROUND_TRIP_MS)], port, {**_PATH, **_here()}, stage.folder, stage.output) as running:
        yield running


def _here() -> dict[str, str]:
    return {"PYTHONPATH": str(Path(__file__).parents[2])}


async def measure(
    ours: Peer, other: Peer, exams: Sequence[int], uids: Sequence[str], signed_in: StorageState, rounds: int
) -> dict[str, Any]:
    """One of them on one line: `rounds` exams in a browser that knows the application but none of the exams, and one in
    a browser that knows nothing."""
    sides = {"ours": openings.ours(ours.base_url, exams)}
    sides |= {source: openings.ohif(other.base_url, source, uids) for source in SOURCES}
    states: dict[str, StorageState | None] = {"ours": signed_in}
    async with contextlib.AsyncExitStack() as stack:
        browser = await stack.enter_async_context(chromium())
        contexts = {name: await stack.enter_async_context(fresh(browser, states.get(name))) for name in sides}
        first = {name: await openings.open_exam(contexts[name], side, 0) for name, side in sides.items()}
        known = {name: [await openings.open_exam(contexts[name], sides[name], 1)] for name in SOURCES}
        better = min(SOURCES, key=lambda name: known[name][0].full_ms)
        kept: dict[str, list[Opening]] = {"ours": [], better: known[better]}
        for number in range(1, rounds + 1):
            # OHIF's first round has been taken when its better way was sought.
            turn = ("ours", better)[:: 1 if number % 2 else -1]
            for name in turn:
                if len(kept[name]) < number:
                    kept[name].append(await openings.open_exam(contexts[name], sides[name], number))
    return {
        "ohif_source": better,
        "ohif_other_source": {name: _rounded(known[name][0]) for name in SOURCES if name != better},
        "ours": _summary(kept["ours"]),
        "ohif": _summary(kept[better]),
        "new_browser": {"ours": _rounded(first["ours"]), "ohif": _rounded(first[better])},
        "first": _judged(kept["ours"], kept[better], "first_ms", FIRST_RATIO),
        "full": _judged(kept["ours"], kept[better], "full_ms", FULL_RATIO),
    }


async def uncompressed(other: Peer, addresses: list[list[str]], full_ms: float) -> dict[str, Any]:
    """The four frames as they are, fetched at once and not even drawn, beside our whole opening."""
    times = []
    async with chromium() as browser, fresh(browser) as context:
        page = await context.new_page()
        await page.goto(f"{other.base_url}/app-config.js")
        for four in addresses:
            times.append(await asyncio.wait_for(page.evaluate(_FETCH, four), 60))
    ratio = full_ms / statistics.median(times)
    return {
        "milliseconds": figures.summary(times),
        "ratio": round(ratio, 3),
        "target": UNCOMPRESSED_RATIO,
        "met": ratio <= UNCOMPRESSED_RATIO,
    }


@contextlib.asynccontextmanager
async def fresh(browser: Browser, signed_in: StorageState | None = None) -> AsyncIterator[BrowserContext]:
    """A browser profile that has seen nothing."""
    context = await browser.new_context(viewport=WINDOW, storage_state=signed_in)
    try:
        yield context
    finally:
        await context.close()


def _rounded(opening: Opening) -> dict[str, float]:
    return {name: round(value, 1) for name, value in asdict(opening).items()}


def _summary(taken: list[Opening]) -> dict[str, Any]:
    rows = [asdict(one) for one in taken]
    return {name: figures.summary([row[name] for row in rows]) for name in rows[0]}


def _judged(ours: list[Opening], theirs: list[Opening], name: str, target: float) -> dict[str, Any]:
    ratio = figures.ratio([getattr(one, name) for one in ours], [getattr(one, name) for one in theirs])
    return {"ratio": ratio, "target": target, "met": ratio["of_medians"] <= target}
