"""Pixels beside those of 1:1: magnified, smooth or as squares, and plain pictures; from the screen, as beside it."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from playwright.async_api import Page, expect
from tests.browser.test_viewer_pixels import FILMS, Reals, assert_is, panes

from product import Product
from viewer_client import ready

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("usual_viewer")]
DOUBLING_PIXELS = 120


async def open_image(page: Page, image_id: int) -> None:
    await page.goto(f"/images/{image_id}/read")
    await expect(page.locator("[data-reading]")).to_have_attribute("data-state", "full")
    # What marks the pane that has the focus is no part of the picture.
    await page.evaluate(
        """() => {
          const sheet = new CSSStyleSheet()
          const marks = '[data-pane]::after { display: none !important } [data-pane] { outline: none !important }'
          sheet.replaceSync(marks)
          document.adoptedStyleSheets = [sheet]
        }"""
    )
    if await page.locator("[data-pane] strong").count() > 0:
        await page.keyboard.press("o")
    await expect(page.locator("[data-pane] strong")).to_have_count(0)
    await page.keyboard.press("x")


async def only_pane(page: Page) -> Any:
    (pane,) = (await panes(page)).values()
    return pane


async def double(page: Page) -> None:
    """From the chest wall to the middle with the middle button; the right one zooms about the point under it."""
    box = await page.locator("[data-pane]").bounding_box()
    assert box is not None
    x, y = round(box["x"] + box["width"] / 2), round(box["y"] + box["height"] / 2)
    await page.mouse.move(x, y)
    await page.mouse.down(button="middle")
    await page.mouse.move(x - box["width"] // 2, y)
    await page.mouse.up(button="middle")
    await page.mouse.move(x, y)
    await page.mouse.down(button="right")
    await page.mouse.move(x, y - 10)
    await page.mouse.move(x, y - DOUBLING_PIXELS)
    await page.mouse.up(button="right")


def squares_of(greys: Reals) -> Reals:
    return np.repeat(np.repeat(greys, 2, axis=0), 2, axis=1)


def smooth(values: npt.NDArray[Any]) -> Reals:
    """Twice as large: between samples by distance, rounded as stored values are; edges stand for what is beyond."""
    for axis in (0, 1):
        padded = np.concatenate([values.take([0], axis), values, values.take([-1], axis)], axis)
        before, here, behind = (np.roll(padded, by, axis) for by in (1, 0, -1))
        inner = range(1, padded.shape[axis] - 1)
        pair = [(here * 3 + other).take(inner, axis) / 4 for other in (before, behind)]
        shape = [2 * n if at == axis else n for at, n in enumerate(values.shape)]
        values = np.stack(pair, axis + 1).reshape(shape)
    return np.floor(values + 0.5).astype(np.float64)


async def test_magnified_each_sample_is_a_square_or_weighed_with_its_neighbours(
    visit: Callable[..., Any], product: Product
) -> None:
    film = FILMS[0]
    image = ready(product, film.body(97_100, 1))
    page = await (await visit()).sign_in()
    await open_image(page, image["id"])
    await double(page)
    weighed = np.floor(film.ways[0].greys(smooth(film.pixels.astype(float))) + 0.5)
    assert_is(await only_pane(page), weighed, "smooth, as usual")

    await page.keyboard.press("S")
    squares = squares_of(film.shown(film.ways[0]))
    assert_is(await only_pane(page), squares, "squares")
    await page.keyboard.press("i")
    inverted = squares_of(film.shown(film.ways[0], is_inverted=True))
    assert_is(await only_pane(page), inverted, "squares, inverted")

    # Remembered with the account.
    await page.reload()
    await open_image(page, image["id"])
    await double(page)
    assert_is(await only_pane(page), squares, "squares, after the page was loaded anew")


async def test_plain_pictures_are_shown_as_they_are(visit: Callable[..., Any], product: Product) -> None:
    random = np.random.default_rng(97_101)
    # Never black all over: where the picture ends has to be seen.
    colours = random.integers(1, 256, (70, 91, 3), dtype=np.uint8)
    deep = random.integers(256, 65_536, (70, 91), dtype=np.uint16)
    page = await (await visit()).sign_in()
    for name, pixels in (("PNG", colours), ("TIFF", colours), ("PNG", deep)):
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, name)
        image = ready(product, buffer.getvalue(), f"{name} {pixels.dtype}.{name.lower()}")
        await open_image(page, image["id"])
        pane = await only_pane(page)
        rows, columns = np.nonzero(pane.any(axis=2))
        shown = pane[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].astype(float)
        expected = pixels.astype(float) if pixels.ndim == 3 else np.floor(pixels / 257 + 0.5)[..., None]
        assert shown.shape[:2] == pixels.shape[:2], name
        assert np.abs(shown - expected).max() <= 1, f"{name}, {pixels.dtype}"
