"""From opening an exam's address until its first pane shows a breast, and until all four have every pixel.

Both sides are watched alike: the first moment is read off the frames that Chromium presents; the second is each
viewer's own word that four images are there at full resolution, two animation frames more, and four panes with
pictures."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from playwright.async_api import BrowserContext

from benchmarks.viewer.browser import filmed, places

_LONGEST_SECONDS = 60
_WATCH = """window.__full = new Promise(resolve => {
    const isFull = %s
    const look = () => {
        if (!isFull()) { requestAnimationFrame(look); return }
        requestAnimationFrame(() => requestAnimationFrame(() =>
            resolve({began: performance.timeOrigin, full: performance.timeOrigin + performance.now()})))
    }
    requestAnimationFrame(look)
})"""
_OURS_FULL = """() => document.querySelector('main[data-state=full]') !== null
        && document.querySelectorAll('[data-pane][data-frame-state=full]').length === 4"""
# 8: ImageQualityStatus.FULL_RESOLUTION of cornerstone.
_OHIF_FULL = """() => {
        const elements = window.cornerstone?.getEnabledElements?.() ?? []
        const shown = elements.map(one => one.viewport.getCornerstoneImage?.())
        return shown.length === 4 && shown.every(image => image?.imageQualityStatus === 8)
    }"""


@dataclass(frozen=True)
class Side:
    """A viewer behind a line: where its exams are, where its panes are, and how it tells that everything is there."""

    name: str
    exams: Sequence[str]
    panes: str
    is_full: str


@dataclass(frozen=True)
class Opening:
    """Milliseconds since the navigation began."""

    first_ms: float
    four_ms: float
    full_ms: float


def ours(base_url: str, exams: Sequence[int]) -> Side:
    return Side("ours", [f"{base_url}/studies/{exam}/read" for exam in exams], "[data-pane]", _OURS_FULL)


def ohif(base_url: str, source: str, uids: Sequence[str]) -> Side:
    address = f"{base_url}/viewer/{source}?hangingProtocolId=@ohif/hpMammo&StudyInstanceUIDs="
    return Side(f"ohif {source}", [address + uid for uid in uids], ".cornerstone-canvas", _OHIF_FULL)


async def open_exam(context: BrowserContext, side: Side, number: int) -> Opening:
    """In a tab of its own, closed afterwards."""
    page = await context.new_page()
    try:
        await page.add_init_script(_WATCH % side.is_full)
        async with filmed(page) as film:
            await page.goto(side.exams[number], wait_until="commit")
            told: dict[str, Any] = await asyncio.wait_for(page.evaluate("() => window.__full"), _LONGEST_SECONDS)
        panes = await places(page, side.panes)
        if len(panes) != 4:
            raise SystemExit(f"{side.name} shows {len(panes)} panes instead of four")
        shown = film.shown_at(panes)
    finally:
        await page.close()
    began = told["began"]
    return Opening(min(shown) - began, max(shown) - began, max(told["full"], *shown) - began)
