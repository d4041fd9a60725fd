"""At 1:1 every pixel of every pane is the DICOM formula's, written here once more from PS3.3 C.11.2 (C.7.5.1.1.2 for
padding): what a person sees, taken from the screen, not from the canvas."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from playwright.async_api import Page, Route, expect
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from mammogram_viewer.synthetic.mammogram import SyntheticMammogram, build_mammogram
from product import Product
from viewer_client import ready, saved

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("usual_viewer")]
ROWS, COLUMNS = 90, 120
TOLERANCE = 1
Reals = npt.NDArray[np.float64]
Greys = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Way:
    """One of a file's ways to grey: a window, or a table."""

    function: str = "LINEAR"
    center: float = 0.0
    width: float = 1.0
    first: int = 0
    bits: int = 8
    entries: tuple[int, ...] = ()

    def greys(self, values: Reals) -> Greys:
        """Modality values to [0, 255], as the standard prints it."""
        c, w = self.center, self.width
        if self.entries:
            table = np.array(self.entries, float) * 255 / (2**self.bits - 1)
            return table[np.clip(np.floor(values + 0.5).astype(int) - self.first, 0, len(table) - 1)]
        if self.function == "SIGMOID":
            return 255 / (1 + np.exp(-4 * (values - c) / w))
        if self.function == "LINEAR_EXACT":
            return np.where(values <= c - w / 2, 0, np.where(values > c + w / 2, 255, ((values - c) / w + 0.5) * 255))
        if w == 1:
            return np.where(values <= c - 0.5, 0.0, 255.0)
        low, high = c - 0.5 - (w - 1) / 2, c - 0.5 + (w - 1) / 2
        return np.where(values <= low, 0, np.where(values > high, 255, ((values - (c - 0.5)) / (w - 1) + 0.5) * 255))

    def dragged(self, right: int, down: int, *, is_inverted: bool) -> Way:
        """250 CSS pixels to the right double the width; 400 up make it brighter by a width."""
        if self.entries:
            inputs = len(self.entries) - 1
            own = Way("TABLE", self.first + inputs / 2, inputs)
        else:
            own = self
        width = own.width * 2 ** (right / 250)
        center = own.center + down / 400 * width * (-1 if is_inverted else 1)
        if not self.entries:
            return replace(self, center=center, width=width)
        return Stretched(**{**vars(self), "center": center, "width": width})


@dataclass(frozen=True)
class Stretched(Way):
    """A table laid over a window that was set by hand."""

    def greys(self, values: Reals) -> Greys:
        middle, inputs = self.first + (len(self.entries) - 1) / 2, len(self.entries) - 1
        return Way(first=self.first, bits=self.bits, entries=self.entries).greys(
            middle + (values - self.center) * inputs / self.width
        )


@dataclass(frozen=True)
class Film:
    """What one file holds, and how it has to lie on the screen."""

    slot: str
    orientation: tuple[str, str]
    is_mirrored: bool
    ways: tuple[Way, ...]
    bits: int = 12
    signed: bool = False
    monochrome1: bool = False
    padding: tuple[int, int] | None = None
    slope: float = 1.0
    intercept: float = 0.0
    pixels: npt.NDArray[Any] = field(init=False)

    def __post_init__(self) -> None:
        low, high = (-(1 << (self.bits - 1)), 1 << (self.bits - 1)) if self.signed else (0, 1 << self.bits)
        random = np.random.default_rng(len(self.slot) + self.bits)
        dtype = f"{'i' if self.signed else 'u'}{1 if self.bits == 8 else 2}"
        object.__setattr__(self, "pixels", random.integers(low, high, (ROWS, COLUMNS)).astype(dtype))
        if self.padding is not None:
            self.pixels[10:30, 40:70] = random.integers(self.padding[0], self.padding[1] + 1, (20, 30))

    def body(self, seed: int, number: int) -> bytes:
        side, view = self.slot.split()
        ds = build_mammogram(
            SyntheticMammogram(
                seed=seed, laterality=side, view=view, instance_number=number, rows=ROWS, columns=COLUMNS
            )
        )
        ds.PatientOrientation = list(self.orientation)
        ds.PixelRepresentation = int(self.signed)
        ds.PhotometricInterpretation = "MONOCHROME1" if self.monochrome1 else "MONOCHROME2"
        ds.PresentationLUTShape = "INVERSE" if self.monochrome1 else "IDENTITY"
        ds.BitsAllocated = self.pixels.dtype.itemsize * 8
        ds.BitsStored, ds.HighBit = self.bits, self.bits - 1
        ds.PixelData = self.pixels.tobytes()
        ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = self.slope, self.intercept, "US"
        self._add_ways(ds)
        for keyword in ("PixelPaddingValue", "PixelPaddingRangeLimit"):
            if keyword in ds:
                del ds[keyword]
        if self.padding is not None:
            ds.PixelPaddingValue, ds.PixelPaddingRangeLimit = self.padding
        return saved(ds)

    def _add_ways(self, ds: Dataset) -> None:
        for keyword in ("WindowCenter", "WindowWidth", "WindowCenterWidthExplanation", "VOILUTFunction"):
            if keyword in ds:
                del ds[keyword]
        windows = [way for way in self.ways if not way.entries]
        if windows:
            ds.WindowCenter = [way.center for way in windows]
            ds.WindowWidth = [way.width for way in windows]
            ds.VOILUTFunction = windows[0].function
        items = []
        for way in self.ways:
            if way.entries:
                item = Dataset()
                # LUT Data and its descriptor are unsigned here, as the inputs are.
                item.add_new(0x00283002, "US", [len(way.entries), way.first, way.bits])
                item.add_new(0x00283006, "OW", np.array(way.entries, "<u2").tobytes())
                items.append(item)
        if items:
            ds.VOILUTSequence = Sequence(items)

    def shown(self, way: Way, *, is_inverted: bool = False) -> Greys:
        """Whole numbers, as the picture hangs."""
        grey = np.floor(way.greys(self.pixels * self.slope + self.intercept) + 0.5)
        if self.monochrome1 != is_inverted:
            grey = 255 - grey
        if self.padding is not None:
            grey[(self.pixels >= self.padding[0]) & (self.pixels <= self.padding[1])] = 0
        return np.fliplr(grey) if self.is_mirrored else grey


def _curve(inputs: int, bits: int, power: float) -> tuple[int, ...]:
    return tuple(int(value) for value in np.round((np.arange(inputs) / (inputs - 1)) ** power * (2**bits - 1)))


FILMS = (
    Film("R CC", ("P", "L"), False, (Way("SIGMOID", 1900, 2100), Way("SIGMOID", 1000, 500))),
    Film(
        "L CC",
        ("P", "R"),
        True,
        (Way("LINEAR", 2047.5, 4095), Way("LINEAR", 700, 1)),
        monochrome1=True,
        padding=(4000, 4095),
    ),
    Film(
        "R MLO",
        ("A", "FL"),
        True,
        (
            Way(first=300, bits=12, entries=_curve(3000, 12, 0.5)),
            Way(first=0, bits=10, entries=_curve(4096, 10, 2)),
            Way("LINEAR", 2000, 3000),
        ),
        padding=(0, 20),
    ),
    Film(
        "L MLO",
        ("A", "FR"),
        False,
        (Way("LINEAR_EXACT", 200.5, 5000.25),),
        bits=13,
        signed=True,
        slope=0.5,
        intercept=-100,
    ),
)


async def open_exam(page: Page, study_id: int) -> None:
    await page.goto(f"/studies/{study_id}/read")
    await expect(page.locator("[data-reading]")).to_have_attribute("data-state", "full")
    # The mark of the active pane lies in a corner; a sheet of this kind is no inline style for the page's policy.
    await page.evaluate(
        """() => {
          const sheet = new CSSStyleSheet()
          sheet.replaceSync('[data-pane]::after { display: none !important }')
          document.adoptedStyleSheets = [sheet]
        }"""
    )
    # Words over the pictures, or none, are remembered.
    if await page.locator("[data-pane] strong").count() > 0:
        await page.keyboard.press("o")
    await expect(page.locator("[data-pane] strong")).to_have_count(0)
    await page.keyboard.press("x")


async def panes(page: Page) -> dict[str, npt.NDArray[np.uint8]]:
    """What is on the screen, by pane: (rows, columns, 3)."""
    await page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    picture = np.asarray(Image.open(io.BytesIO(await page.screenshot())).convert("RGB"))
    found = {}
    for one in await page.locator("[data-pane]").all():
        box = await one.bounding_box()
        assert box is not None
        left, top = round(box["x"]), round(box["y"])
        right, bottom = round(box["x"] + box["width"]), round(box["y"] + box["height"])
        found[await one.get_attribute("data-pane")] = picture[top:bottom, left:right]
    return found


async def drag(page: Page, button: Literal["left", "middle"], right: int, down: int) -> None:
    """Within the pane of R CC, on a way that is no straight line."""
    box = await page.locator("[data-pane='R CC']").bounding_box()
    assert box is not None
    x, y = round(box["x"] + box["width"] / 2), round(box["y"] + box["height"] / 2)
    await page.mouse.move(x, y)
    await page.mouse.down(button=button)
    await page.mouse.move(x + 20, y - 10)
    await page.mouse.move(x + right, y + down)
    await page.mouse.up(button=button)


def assert_is(pane: npt.NDArray[np.uint8], expected: Greys, words: str, tolerance: int = TOLERANCE) -> None:
    """The picture once, where it hangs, to the pixel; black in all the rest of the pane."""
    assert (pane == pane[..., :1]).all(), f"{words}: grey"
    seen = pane[..., 0].astype(float)
    ys, xs = np.nonzero(seen)
    assert len(ys) > 0, f"{words}: there is a picture"
    lit_ys, lit_xs = np.nonzero(expected >= 1)
    top, left = ys.min() - lit_ys.min(), xs.min() - lit_xs.min()
    whole = np.zeros_like(seen)
    height, width = expected.shape
    assert top >= 0 and left >= 0 and top + height <= whole.shape[0] and left + width <= whole.shape[1], words
    whole[top : top + height, left : left + width] = expected
    away = np.abs(seen - whole)
    assert away.max() <= tolerance, f"{words}: {(away > tolerance).sum()} pixels, up to {away.max()}"


async def assert_all(page: Page, expected: dict[str, Greys], words: str) -> None:
    found = await panes(page)
    assert list(found) == [film.slot for film in FILMS]
    for slot, picture in expected.items():
        assert_is(found[slot], picture, f"{slot}, {words}")


async def test_every_pixel_on_the_screen_is_that_of_the_dicom_formula(
    visit: Callable[..., Any], product: Product
) -> None:
    images = [ready(product, film.body(97_000, number)) for number, film in enumerate(FILMS, start=1)]
    page = await (await visit()).sign_in()
    await open_exam(page, images[0]["study"]["id"])
    hung = {film.slot: film.shown(film.ways[0]) for film in FILMS}
    await assert_all(page, hung, "as it hangs")

    found = await panes(page)
    for image, film in zip(images, FILMS, strict=True):
        png = np.asarray(Image.open(io.BytesIO(product.client().get(f"/api/images/{image['id']}/png").content)))
        assert_is(found[film.slot], np.fliplr(png) if film.is_mirrored else png, "as the server's picture", 0)

    await page.keyboard.press("i")
    inverted = {film.slot: film.shown(film.ways[0], is_inverted=True) for film in FILMS}
    await assert_all(page, inverted, "inverted")

    # Pictures turn about the middle of their pane: there they stay in it.
    await drag(page, "middle", -300, 0)
    await assert_all(page, inverted, "moved, the others likewise")
    await page.keyboard.press("h")
    await assert_all(page, inverted | {"R CC": np.fliplr(inverted["R CC"])}, "one mirrored")
    await page.keyboard.press("t")
    await assert_all(page, inverted | {"R CC": np.rot90(np.fliplr(inverted["R CC"]), -1)}, "and turned")
    await page.keyboard.press("v")
    turned = np.flipud(np.rot90(np.fliplr(inverted["R CC"]), -1))
    await assert_all(page, inverted | {"R CC": turned}, "and upended")

    await page.keyboard.press("r")
    await page.keyboard.press("x")
    await assert_all(page, hung, "after reset")

    async def leave_out(route: Route) -> None:
        """As of an exam with too many grey scales: then each is asked for apart."""
        answer = await route.fetch()
        exam = await answer.json()
        for image in exam["images"]:
            image["greyScale"] = None
        await route.fulfill(response=answer, json=exam)

    await page.route("**/viewing", leave_out)
    await open_exam(page, images[0]["study"]["id"])
    await assert_all(page, hung, "with grey scales asked for apart")


async def test_windows_that_are_set_and_chosen_are_the_formulas_too(
    visit: Callable[..., Any], product: Product
) -> None:
    images = [ready(product, film.body(97_001, number)) for number, film in enumerate(FILMS, start=1)]
    page = await (await visit()).sign_in()
    await open_exam(page, images[0]["study"]["id"])
    await drag(page, "left", -90, 45)
    moved = {film.slot: film.shown(film.ways[0].dragged(-90, 45, is_inverted=film.monochrome1)) for film in FILMS}
    await assert_all(page, moved, "the window dragged in one pane")

    for times in (1, 2):
        await page.keyboard.press("]")
        chosen = {film.slot: film.shown(film.ways[times % len(film.ways)]) for film in FILMS}
        await assert_all(page, chosen, f"the file's way {times}")

    # The graphics card forgets everything, and what it is given again is the same.
    lost = await page.evaluate_handle(
        """() => {
          const gl = document.querySelector('[data-stage] canvas').getContext('webgl2')
          const lost = gl.getExtension('WEBGL_lose_context')
          lost.loseContext()
          return lost
        }"""
    )
    await expect(page.get_by_text("The graphics card was taken away.")).to_be_visible()
    await lost.evaluate("lost => lost.restoreContext()")
    await expect(page.get_by_text("The graphics card was taken away.")).to_have_count(0)
    await assert_all(page, chosen, "drawn anew after the graphics card was lost")
