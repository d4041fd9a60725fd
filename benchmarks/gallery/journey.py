"""A person with much time at the gallery: screen by screen down, a reload in the middle, and back up again.

Only what is seen is used: the wall, the links to images in it and where they stand, the address, and the browser's own
figures of memory. tests/browser/test_long_gallery.py makes the same journey through a few thousand images."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import CDPSession, Page, TimeoutError

WALL = "[data-testid=tile-wall]"
_LONGEST_MS = 30_000
_CALM_MS = 500

# The images in the window, top to bottom and left to right, with the place of each.
_IN_VIEW = f"""() => {{
    const wall = document.querySelector('{WALL}')
    if (!wall) return []
    const seen = []
    for (const link of wall.querySelectorAll('a[href*="/images/"]')) {{
        const place = link.getBoundingClientRect()
        if (place.bottom <= 0 || place.top >= window.innerHeight || place.height === 0) continue
        const id = Number(new URL(link.href).pathname.split('/').at(-1))
        seen.push({{id, top: Math.round(place.top), left: Math.round(place.left)}})
    }}
    return seen.sort((a, b) => a.top - b.top || a.left - b.left)
}}"""

# The middle of the window shows an image, not a place that waits for one, and nothing moves any more.
_SETTLED = f"""(longest) => new Promise((resolve, reject) => {{
    let before = null
    const until = performance.now() + longest
    const look = () => {{
        const now = place()
        if (now !== null && now === before) resolve(true)
        else if (performance.now() > until) reject(new Error('the wall does not come to rest'))
        else requestAnimationFrame(look)
        before = now
    }}
    function place() {{
        const wall = document.querySelector('{WALL}')
        if (!wall) return null
        const box = wall.getBoundingClientRect()
        const lines = [0.3, 0.5, 0.7].map(share => window.innerHeight * share)
        const isShown = lines.some(y => {{
            for (let x = box.left + 20; x < box.right; x += 60) {{
                if (document.elementFromPoint(x, y)?.closest('a[href*="/images/"]')) return true
            }}
            return false
        }})
        return isShown ? `${{Math.round(window.scrollY)}} ${{Math.round(box.top)}} ${{Math.round(box.height)}}` : null
    }}
    look()
}})"""


# Address and place have been the same for a moment: the page writes down where one stands once one has stopped.
_RESTED = """(calm) => new Promise(resolve => {
    let before = null
    let since = performance.now()
    const look = () => {
        const now = `${location.href} ${Math.round(scrollY)}`
        if (now !== before) since = performance.now()
        before = now
        if (performance.now() - since > calm) resolve(true)
        else requestAnimationFrame(look)
    }
    look()
})"""


@dataclass(frozen=True)
class Spot:
    """Where somebody stands: the first image in the window, how far below the window's top, and the address."""

    first_id: int
    top: int
    url: str


@dataclass
class Walked:
    """What the journey saw. Heap in MB of 10^6 bytes, after a collection."""

    down: list[int] = field(default_factory=list)
    up: list[int] = field(default_factory=list)
    start: Spot | None = None
    before_reload: Spot | None = None
    after_reload: Spot | None = None
    before_leaving: Spot | None = None
    after_coming_back: Spot | None = None
    end: Spot | None = None
    heap_mb: dict[str, float] = field(default_factory=dict)
    elements: dict[str, int] = field(default_factory=dict)


async def walk(page: Page, screens: int) -> Walked:
    """From the top of the gallery: `screens` down, with a reload half way and a look at one image three quarters down,
    and all the way back."""
    walked = Walked()
    figures = await page.context.new_cdp_session(page)
    await figures.send("Performance.enable")
    await _settle(page)
    walked.start = await spot(page)
    _note(walked.down, await in_view(page))
    for number in range(1, screens + 1):
        await _screen(page, 1)
        _note(walked.down, await in_view(page))
        if number == max(1, screens // 10):
            await _weigh(figures, walked, "early")
        if number == screens // 2:
            walked.before_reload, walked.after_reload = await _reload(page)
        if number == screens * 3 // 4:
            walked.before_leaving, walked.after_coming_back = await _look_and_return(page)
    await _weigh(figures, walked, "down")
    for _ in range(screens * 2):
        _note(walked.up, await in_view(page))
        if await page.evaluate("window.scrollY") <= 0:
            break
        await _screen(page, -1)
    walked.end = await spot(page)
    await _weigh(figures, walked, "back")
    return walked


async def in_view(page: Page) -> list[dict[str, Any]]:
    return await page.evaluate(_IN_VIEW)


async def spot(page: Page) -> Spot:
    await _settle(page)
    seen = await in_view(page)
    assert seen, "the wall shows no image"
    return Spot(seen[0]["id"], seen[0]["top"], page.url)


async def _rest(page: Page) -> Spot:
    """Where somebody has stopped."""
    await _settle(page)
    await page.evaluate(_RESTED, _CALM_MS)
    return await spot(page)


async def _screen(page: Page, direction: int) -> None:
    """As Page Down does it, a little less than the window's height."""
    await page.evaluate("direction => window.scrollBy(0, direction * window.innerHeight * 0.85)", direction)
    await _settle(page)


async def _settle(page: Page) -> None:
    await page.evaluate(_SETTLED, _LONGEST_MS)


async def _reload(page: Page) -> tuple[Spot, Spot]:
    before = await _rest(page)
    await page.reload()
    await page.locator(WALL).wait_for()
    return before, await _stands_at(page, before)


async def _look_and_return(page: Page) -> tuple[Spot, Spot]:
    before = await _rest(page)
    await page.locator(f'{WALL} a[href*="/images/{before.first_id}"]').first.evaluate("link => link.click()")
    await page.wait_for_url(f"**/images/{before.first_id}**")
    await page.go_back()
    await page.locator(WALL).wait_for()
    return before, await _stands_at(page, before)


async def _stands_at(page: Page, before: Spot) -> Spot:
    """Wherever the page stands once the image from before is there, or has had the time to come."""
    link = page.locator(f'{WALL} a[href*="/images/{before.first_id}"]').first
    # In vain: whoever compares the spots sees where it stands instead.
    with contextlib.suppress(TimeoutError):
        await link.wait_for(state="attached", timeout=_LONGEST_MS / 3)
    return await _rest(page)


def same_place(one: Spot | None, other: Spot | None) -> bool:
    """The same first image at the same height; a row's fraction of a pixel may be rounded the other way."""
    return one is not None and other is not None and one.first_id == other.first_id and abs(one.top - other.top) <= 4


def _note(seen: list[int], images: list[dict[str, Any]]) -> None:
    known = set(seen[-200:])
    seen.extend(image["id"] for image in images if image["id"] not in known)


async def _weigh(figures: CDPSession, walked: Walked, name: str) -> None:
    """What is held, not what waits for the collector."""
    await figures.send("HeapProfiler.collectGarbage")
    told = {one["name"]: one["value"] for one in (await figures.send("Performance.getMetrics"))["metrics"]}
    walked.heap_mb[name] = round(told["JSHeapUsedSize"] / 1e6, 2)
    walked.elements[name] = int(told["Nodes"])
