"""Chromium with software GL, and what one sees in it: every frame that it presents, with its moment."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from playwright.async_api import Browser, CDPSession, Page, ViewportSize, async_playwright

WINDOW: ViewportSize = {"width": 1440, "height": 900}
# Names that cannot be found at once, rather than after a while: OHIF asks for a script from elsewhere.
ARGUMENTS = [
    "--no-sandbox",
    "--headless=new",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--force-color-profile=srgb",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
_HALF = {"maxWidth": WINDOW["width"] // 2, "maxHeight": WINDOW["height"] // 2}
_BRIGHT = 40  # greys; what is around a breast is black on both sides
_ENOUGH = 1 / 3  # of what is bright at the end

Greys = npt.NDArray[np.uint8]


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        raise SystemExit("The viewer's benchmark needs Chromium: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@dataclass(frozen=True)
class Place:
    """A pane in the window, CSS pixels."""

    left: float
    top: float
    width: float
    height: float

    def cut(self, frame: Greys) -> Greys:
        """Its inside without the borders."""
        scale = frame.shape[1] / WINDOW["width"]
        rows = slice(round((self.top + 3) * scale), round((self.top + self.height - 3) * scale))
        columns = slice(round((self.left + 3) * scale), round((self.left + self.width - 3) * scale))
        return frame[rows, columns]


@dataclass
class Film:
    """What the page looked like, at half its size: moments in milliseconds since the epoch, and pictures."""

    moments: list[float] = field(default_factory=list)
    pictures: list[bytes] = field(default_factory=list)

    def greys(self, number: int) -> Greys:
        return np.asarray(Image.open(io.BytesIO(self.pictures[number])).convert("L"))

    def shown_at(self, places: list[Place]) -> list[float]:
        """When each pane first had a picture: a third of what is bright there at the end is, and little else (the
        window is white before the page comes)."""
        frames = [self.greys(number) for number in range(len(self.pictures))]
        found = []
        for place in places:
            end = place.cut(frames[-1]) > _BRIGHT
            if end.mean() < 0.05:
                raise SystemExit("A pane without a picture: there is nothing to compare.")
            cuts = [place.cut(frame) > _BRIGHT for frame in frames]
            at = next(n for n, cut in enumerate(cuts) if cut[end].mean() >= _ENOUGH and cut[~end].mean() < _ENOUGH)
            found.append(self.moments[at])
        return found


@contextlib.asynccontextmanager
async def filmed(page: Page) -> AsyncIterator[Film]:
    """Everything that is presented meanwhile, until half a second after."""
    session: CDPSession = await page.context.new_cdp_session(page)
    film = Film()
    answers: set[asyncio.Task[Any]] = set()

    def keep(told: dict[str, Any]) -> None:
        film.moments.append(told["metadata"]["timestamp"] * 1000)
        film.pictures.append(base64.b64decode(told["data"]))
        answer = asyncio.ensure_future(session.send("Page.screencastFrameAck", {"sessionId": told["sessionId"]}))
        answers.add(answer)
        answer.add_done_callback(answers.discard)

    session.on("Page.screencastFrame", keep)
    await session.send("Page.startScreencast", {"format": "jpeg", "quality": 60, "everyNthFrame": 1, **_HALF})
    try:
        yield film
        await asyncio.sleep(0.5)
    finally:
        await session.send("Page.stopScreencast")
        await asyncio.gather(*answers, return_exceptions=True)
        await session.detach()


async def places(page: Page, selector: str) -> list[Place]:
    found = await page.locator(selector).evaluate_all(
        """all => all.map(one => { const {left, top, width, height} = one.getBoundingClientRect()
           return {left, top, width, height} })"""
    )
    return [Place(**one) for one in found]
