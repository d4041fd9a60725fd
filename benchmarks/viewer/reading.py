"""What follows once an exam is open: the next one, dragging the window, fifty exams in a row; and what the gallery
loads."""

from __future__ import annotations

import asyncio
import statistics
from collections import Counter
from itertools import pairwise
from typing import Any

import psutil
from playwright.async_api import Browser, BrowserContext, Page, Request

from benchmarks import figures
from benchmarks.viewer.browser import places

NEXT_MS = 150.0
DRAG_MS = 120.0
FLAT = 0.10
FIRST_LOAD_KB = 200.0
_WARM_UP = 10  # exams until everything that is kept is full
_EVERY = 2
_QUIET_SECONDS = 1.0
_LONGEST_MS = 60_000
_DRAG_MOVES = 60
# A word of the viewer's own code that the build cannot shorten.
_MARK = "viewer:first-picture"
FULL = "main[data-state=full]"

_NOTE_KEYS = (
    """addEventListener('keydown', event => { window.__key = performance.timeOrigin + event.timeStamp }, true)"""
)
# When the picture whose drawing the viewer marked has been drawn by the GPU, as an animation frame finds it.
_NOTE_FIRST_PICTURE = """(() => {
    let context = null
    const draw = WebGL2RenderingContext.prototype.drawArrays
    WebGL2RenderingContext.prototype.drawArrays = function (...values) {
        context = this
        return draw.apply(this, values)
    }
    const mark = performance.mark
    performance.mark = function (name, ...rest) {
        if (name === 'viewer:first-picture' && context !== null) {
            const fence = context.fenceSync(context.SYNC_GPU_COMMANDS_COMPLETE, 0)
            context.flush()
            const look = now => {
                const done = context.getSyncParameter(fence, context.SYNC_STATUS) === context.SIGNALED
                if (done) window.__shown = performance.timeOrigin + now
                else requestAnimationFrame(look)
            }
            requestAnimationFrame(look)
        }
        return mark.call(this, name, ...rest)
    }
})()"""
# The moments of animation frames in which something was drawn on a canvas.
_NOTE_DRAWING = """(() => {
    let drew = false
    window.__drawn = []
    for (const name of ['drawArrays', 'drawElements']) {
        const draw = WebGL2RenderingContext.prototype[name]
        WebGL2RenderingContext.prototype[name] = function (...values) { drew = true; return draw.apply(this, values) }
    }
    const look = now => { if (drew) window.__drawn.push(now); drew = false; requestAnimationFrame(look) }
    requestAnimationFrame(look)
})()"""


class Quiet:
    """Waits until a page has asked for nothing for a while: what it fetches ahead is there."""

    def __init__(self, page: Page) -> None:
        self._under_way: set[Request] = set()
        self._changed_at = 0.0
        page.on("request", self._began)
        page.on("requestfinished", self._ended)
        page.on("requestfailed", self._ended)

    def _began(self, request: Request) -> None:
        # The live line of news never ends.
        if request.resource_type != "eventsource":
            self._under_way.add(request)
            self._changed_at = asyncio.get_running_loop().time()

    def _ended(self, request: Request) -> None:
        self._under_way.discard(request)
        self._changed_at = asyncio.get_running_loop().time()

    async def wait(self, longest_seconds: float = 15) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + longest_seconds
        while loop.time() < until and (self._under_way or loop.time() - self._changed_at < _QUIET_SECONDS):
            await asyncio.sleep(0.05)


async def next_exam(context: BrowserContext, address: str, rounds: int) -> dict[str, Any]:
    """From the key to the first animation frame that finds the other exam's picture drawn by the GPU.

    Not by a film as the first picture is: a screencast of the window in software GL gives a frame each 150 ms, which
    is the whole of the target, and takes the cores that draw.
    """
    page = await context.new_page()
    quiet = Quiet(page)
    await page.add_init_script(_NOTE_KEYS)
    await page.add_init_script(_NOTE_FIRST_PICTURE)
    await page.goto(address)
    times: list[float] = []
    for number in range(-1, rounds):
        await page.locator(FULL).wait_for(timeout=_LONGEST_MS)
        await quiet.wait()
        before = page.url
        await page.evaluate("() => { window.__shown = null }")
        await page.keyboard.press("n")
        await page.wait_for_function("before => location.href !== before && window.__shown !== null", arg=before)
        if number >= 0:
            times.append(await page.evaluate("() => window.__shown - window.__key"))
    await page.close()
    return _at_most("milliseconds", times, NEXT_MS)


async def dragging(context: BrowserContext, address: str, rounds: int) -> dict[str, Any]:
    """Mean time from one drawn frame to the next while the window of four linked panes is dragged."""
    page = await context.new_page()
    quiet = Quiet(page)
    await page.add_init_script(_NOTE_DRAWING)
    await page.goto(address)
    await page.locator(FULL).wait_for(timeout=_LONGEST_MS)
    await quiet.wait()
    pane = (await places(page, "[data-pane]"))[0]
    left, top = pane.left + pane.width / 2, pane.top + pane.height / 2
    means: list[float] = []
    slowest: list[float] = []
    for _ in range(rounds):
        await page.mouse.move(left, top)
        await page.mouse.down()
        await page.evaluate("() => { window.__drawn.length = 0 }")
        for step in range(_DRAG_MOVES):
            await page.mouse.move(left + 2 * step, top + step)
        await page.mouse.up()
        drawn: list[float] = await page.evaluate("() => window.__drawn")
        gaps = [after - before for before, after in pairwise(drawn)]
        means.append(statistics.mean(gaps))
        slowest.append(figures.percentile(gaps, 95))
    await page.close()
    return {**_at_most("milliseconds", means, DRAG_MS), "p95_ms": round(statistics.median(slowest), 1)}


async def memory(browser: Browser, context: BrowserContext, address: str, exams: int) -> dict[str, Any]:
    """One exam after the other by its key, each until all pixels are there; weighed after a collection."""
    page = await context.new_page()
    # Most of what is held are typed arrays, which the heap's size leaves out; the processes' resident sizes have them.
    samples: list[dict[str, float]] = []
    await page.goto(address)
    for number in range(1, exams + 1):
        await page.locator(FULL).wait_for(timeout=_LONGEST_MS)
        if number % _EVERY == 0:
            samples.append({"exams": number, **await _weigh(browser, page)})
        before = page.url
        await page.keyboard.press("n")
        await page.wait_for_function("before => location.href !== before", arg=before)
        await page.locator("main[data-reading]").wait_for()
    await page.close()
    steady = [one for one in samples if one["exams"] > min(_WARM_UP, exams / 2)]
    third = max(1, len(steady) // 3)
    grown = {
        name: round(
            statistics.median(one[name] for one in steady[-third:])
            / statistics.median(one[name] for one in steady[:third]),
            3,
        )
        for name in ("heap_mb", "renderer_mb", "gpu_mb", "processes_mb")
    }
    judged = (grown["heap_mb"], grown["processes_mb"])
    return {
        "exams": exams,
        "samples": samples,
        "last_third_by_first": grown,
        "target": {"ratio_from": 1 - FLAT, "ratio_to": 1 + FLAT},
        "met": all(value <= 1 + FLAT for value in judged),
    }


async def _weigh(browser: Browser, page: Page) -> dict[str, float]:
    session = await page.context.new_cdp_session(page)
    # Twice: what finalizers let go of in the first is collected in the second.
    await session.send("HeapProfiler.collectGarbage")
    await session.send("HeapProfiler.collectGarbage")
    await session.send("Performance.enable")
    told = {one["name"]: one["value"] for one in (await session.send("Performance.getMetrics"))["metrics"]}
    await session.detach()
    whole = await browser.new_browser_cdp_session()
    processes = (await whole.send("SystemInfo.getProcessInfo"))["processInfo"]
    await whole.detach()
    sizes = {"renderer": 0.0, "GPU": 0.0}
    for process in processes:
        if process["type"] in sizes:
            sizes[process["type"]] += psutil.Process(process["id"]).memory_info().rss / 1e6
    return {
        "heap_mb": round(told["JSHeapUsedSize"] / 1e6, 1),
        "renderer_mb": round(sizes["renderer"], 1),
        "gpu_mb": round(sizes["GPU"], 1),
        "processes_mb": round(sum(sizes.values()), 1),
    }


async def gallery_weight(context: BrowserContext, base_url: str) -> dict[str, Any]:
    """Bytes of page, scripts and styles that the gallery takes over the line when nothing is kept; pictures and
    answers of the API apart. In gzip, which the target is in, and as the browser asks for them by itself."""
    in_gzip = await _first_load(context, base_url, "gzip")
    by_itself = await _first_load(context, base_url, None)
    return {
        **in_gzip,
        "as_asked_kilobytes": by_itself["kilobytes"],
        "target": {"kilobytes_at_most": FIRST_LOAD_KB, "files_with_the_viewer": 0},
        "met": in_gzip["kilobytes"] <= FIRST_LOAD_KB and in_gzip["files_with_the_viewer"] == 0,
    }


async def _first_load(context: BrowserContext, base_url: str, accepted: str | None) -> dict[str, Any]:
    page = await context.new_page()
    session = await context.new_cdp_session(page)
    await session.send("Network.enable")
    await session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    if accepted is not None:
        await page.set_extra_http_headers({"accept-encoding": accepted})
    kinds: dict[str, str] = {}
    bodies: Counter[str] = Counter()
    with_headers: dict[str, float] = {}

    def told(event: dict[str, Any]) -> None:
        kinds[event["requestId"]] = event["type"]

    def received(event: dict[str, Any]) -> None:
        bodies[event["requestId"]] += event["encodedDataLength"]

    def ended(event: dict[str, Any]) -> None:
        with_headers[event["requestId"]] = event["encodedDataLength"]

    session.on("Network.responseReceived", told)
    session.on("Network.dataReceived", received)
    session.on("Network.loadingFinished", ended)
    quiet = Quiet(page)
    await page.goto(f"{base_url}/")
    await page.locator("[data-testid=tile-wall]").wait_for()
    await quiet.wait()
    wanted = [
        one for one, kind in kinds.items() if kind in ("Document", "Script", "Stylesheet") and one in with_headers
    ]
    viewers = 0
    for one in wanted:
        body = await session.send("Network.getResponseBody", {"requestId": one})
        viewers += _MARK in body["body"]
    await page.close()
    return {
        "files": len(wanted),
        "kilobytes": round(sum(bodies[one] for one in wanted) / 1000, 1),
        "with_headers_kilobytes": round(sum(with_headers[one] for one in wanted) / 1000, 1),
        "files_with_the_viewer": viewers,
    }


def _at_most(unit: str, times: list[float], target: float) -> dict[str, Any]:
    told = figures.summary(times)
    return {unit: told, "all": [round(one, 1) for one in times], "target": target, "met": told["median"] <= target}
