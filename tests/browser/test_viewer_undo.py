"""What was done to the pictures is taken back and done again, in one order with what was drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Page, expect

from builders import dicom_bytes
from product import Product
from viewer_client import ready

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("usual_viewer")]
SIZE = {"rows": 400, "columns": 300, "pixel_spacing_mm": 0.6, "view": "CC"}


async def drag(page: Page, key: str, by: tuple[int, int]) -> None:
    await page.keyboard.press(key)
    box = await page.locator("[data-pane='L CC']").bounding_box()
    assert box is not None
    x, y = box["x"] + 200, box["y"] + 250
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + by[0], y + by[1], steps=5)
    await page.mouse.up()


async def look(page: Page) -> bytes:
    """The pictures themselves, every pixel; the pointer is put where it changes nothing."""
    await page.mouse.move(2, 2)
    await page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return await page.locator("[data-stage]").screenshot()


async def test_windows_views_and_drawings_are_taken_back_in_order_and_done_again(
    visit: Callable[..., Any], product: Product
) -> None:
    images = [
        ready(product, dicom_bytes(seed=93_000, laterality=side, **SIZE), f"{side}.dcm", "technologist")
        for side in ("R", "L")
    ]
    page = await (await visit()).sign_in("technologist")
    await page.goto(f"/studies/{images[0]['study']['id']}/read")
    await page.locator("main[data-state=full]").wait_for()
    await page.locator("[data-pane='L CC']").focus()
    looks = [await look(page)]
    await drag(page, "w", (90, 40))
    looks.append(await look(page))
    await drag(page, "m", (60, 30))
    looks.append(await look(page))
    await drag(page, "d", (80, 20))
    drawn = page.locator("g[data-state=saved]")
    await expect(drawn).to_have_count(1)
    await page.keyboard.press("i")
    assert len({*looks, await look(page)}) == 4, "each act is seen"
    await page.keyboard.press("Control+z")
    await expect(drawn).to_have_count(1)
    await page.keyboard.press("Control+z")
    await expect(page.locator("g[data-state]")).to_have_count(0)
    assert await look(page) == looks[2]
    await page.keyboard.press("Control+z")
    assert await look(page) == looks[1]
    await page.keyboard.press("Control+z")
    assert await look(page) == looks[0]
    await page.keyboard.press("Control+y")
    assert await look(page) == looks[1]
    await page.keyboard.press("Control+y")
    assert await look(page) == looks[2]
    await page.keyboard.press("Control+y")
    await expect(drawn).to_have_count(1)
    # A layout too.
    await page.keyboard.press("5")
    await expect(page.locator("[data-pane]")).to_have_count(1)
    await page.keyboard.press("Control+z")
    await expect(page.locator("[data-pane]")).to_have_count(2)
    for _ in range(4):
        await page.keyboard.press("Control+z")
    await expect(page.get_by_text("Nothing to take back.")).to_be_visible()
