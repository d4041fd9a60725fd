"""How long it takes from opening the gallery until every thumbnail in the window is painted: the large archive beside
one of a hundred images, each time in a browser profile that has seen nothing."""

from __future__ import annotations

import asyncio
from typing import Any

from playwright.async_api import Browser, StorageState, ViewportSize

from benchmarks import figures
from benchmarks.stage import Peer

WINDOW: ViewportSize = {"width": 1440, "height": 900}
TARGET_RATIO = 1.2
_LONGEST_SECONDS = 60

# Runs in the page from its very beginning; the frame after the next one shows what is there now.
_WATCH = """window.__painted = new Promise(resolve => {
    const inWindow = element => {
        const place = element.getBoundingClientRect()
        return place.bottom > 0 && place.top < window.innerHeight && place.height > 0
    }
    const look = () => {
        const wall = document.querySelector('[data-testid=tile-wall]')
        const tiles = wall ? [...wall.querySelectorAll('a[href*="/images/"]')].filter(inWindow) : []
        const pictures = tiles.map(tile => tile.querySelector('img'))
        if (pictures.length === 0 || !pictures.every(one => one && one.complete && one.naturalWidth > 0)) {
            requestAnimationFrame(look)
            return
        }
        Promise.allSettled(pictures.map(one => one.decode())).then(() => requestAnimationFrame(() =>
            requestAnimationFrame(() => resolve({at: performance.now(), pictures: pictures.length}))))
    }
    requestAnimationFrame(look)
})"""


async def measure(
    browser: Browser, large: tuple[Peer, StorageState], small: tuple[Peer, StorageState], rounds: int
) -> dict[str, Any]:
    times: dict[str, list[float]] = {"large": [], "small": []}
    pictures: dict[str, int] = {}
    for number in range(-1, rounds):
        sides = [("large", large), ("small", small)][:: 1 if number % 2 else -1]
        for side, (api, signed_in) in sides:
            painted = await _open(browser, api, signed_in)
            pictures[side] = painted["pictures"]
            if number >= 0:
                times[side].append(painted["at"])
    ratio = figures.ratio(times["large"], times["small"])
    return {
        "rounds": rounds,
        "pictures": pictures,
        "large_ms": figures.summary(times["large"]),
        "small_ms": figures.summary(times["small"]),
        "ratio": ratio,
        "target": {"ratio_at_most": TARGET_RATIO},
        "met": ratio["median_of_pairs"] <= TARGET_RATIO,
    }


async def _open(browser: Browser, api: Peer, signed_in: StorageState) -> dict[str, Any]:
    context = await browser.new_context(viewport=WINDOW, storage_state=signed_in)
    try:
        page = await context.new_page()
        await page.add_init_script(_WATCH)
        await page.goto(f"{api.base_url}/")
        # Evaluated by the browser's own tools: the page's security policy lets no string become code.
        return await asyncio.wait_for(page.evaluate("() => window.__painted"), _LONGEST_SECONDS)
    finally:
        await context.close()
