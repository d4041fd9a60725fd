"""From opening /analytics until its numbers are painted, each time in a browser profile that has seen nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
from playwright.async_api import Browser, StorageState

from benchmarks.analytics.timed import at_most
from benchmarks.gallery.browser import chromium
from benchmarks.gallery.openings import WINDOW
from benchmarks.stage import ADMINISTRATOR, PASSWORD, Stage, api

FIRST_PAINT_MS = 1000.0
_LONGEST_SECONDS = 60

# Runs in the page from its very beginning: the number of images stands there in anybody's way of writing it, and charts
# are drawn; the frame after the next one shows what is there now.
_WATCH = """(() => {
    const wanted = new RegExp('%s'.split('').join('[^0-9]?'))
    window.__painted = new Promise(resolve => {
        const look = () => {
            const main = document.querySelector('main')
            if (!main || !wanted.test(main.textContent) || !main.querySelector('canvas, svg path')) {
                requestAnimationFrame(look)
                return
            }
            requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())))
        }
        requestAnimationFrame(look)
    })
})()"""


async def measure(stage: Stage, pool: asyncpg.Pool, rounds: int) -> dict[str, Any]:
    """The clock is the page's own, from its navigation."""
    images = await pool.fetchval("SELECT sum(images)::bigint FROM image_totals")
    times: list[float] = []
    with api(stage) as running:
        async with chromium() as browser:
            signed_in = await _signed_in(browser, running.base_url)
            for number in range(-1, rounds):
                milliseconds = await _open(browser, running.base_url, signed_in, images)
                if number >= 0:
                    times.append(milliseconds)
    return {"rounds": rounds, **at_most(times, FIRST_PAINT_MS)}


async def _signed_in(browser: Browser, base_url: str) -> StorageState:
    context = await browser.new_context(base_url=base_url)
    try:
        answer = await context.request.post("/api/auth/login", data={"email": ADMINISTRATOR, "password": PASSWORD})
        if not answer.ok:
            raise SystemExit(f"signing in answered {answer.status}")
        return await context.storage_state()
    finally:
        await context.close()


async def _open(browser: Browser, base_url: str, signed_in: StorageState, images: int) -> float:
    context = await browser.new_context(viewport=WINDOW, storage_state=signed_in)
    try:
        page = await context.new_page()
        await page.add_init_script(_WATCH % images)
        await page.goto(f"{base_url}/analytics")
        return await asyncio.wait_for(page.evaluate("() => window.__painted"), _LONGEST_SECONDS)
    finally:
        await context.close()
