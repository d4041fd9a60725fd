"""Values are those of the file, and what was drawn is moved, reshaped and reworded: each as one act."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.async_api import Locator, Page, Route, expect

from builders import dicom_bytes
from mammogram_viewer.synthetic.mammogram import SyntheticMammogram, build_mammogram
from product import Product
from viewer_client import ready, saved

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("usual_viewer")]
SIZE = {"rows": 700, "columns": 800, "pixel_spacing_mm": 0.1, "laterality": "L", "view": "CC"}
SLOPE, INTERCEPT = 0.5, -100.0
WAITS = "Measuring waits for full resolution."


async def read(page: Page, image_id: int) -> None:
    await page.goto(f"/images/{image_id}/read")
    await page.locator("main[data-state=full]").wait_for()
    await page.keyboard.press("x")  # one image pixel a screen pixel


async def corner(page: Page) -> tuple[float, float]:
    box = await page.locator("[data-pane]").bounding_box()
    assert box is not None
    return box["x"], box["y"]


async def drag(page: Page, *way: tuple[float, float], lets_go: bool = True) -> None:
    """From point to point of the pane, in CSS pixels."""
    left, top = await corner(page)
    await page.mouse.move(left + way[0][0], top + way[0][1])
    await page.mouse.down()
    for x, y in way[1:]:
        await page.mouse.move(left + x, top + y, steps=4)
    if lets_go:
        await page.mouse.up()


def kept(product: Product, image_id: int) -> list[dict[str, Any]]:
    answer = product.client("technologist").get(f"/api/images/{image_id}/annotations")
    assert answer.status_code == 200, answer.text
    return answer.json()["annotations"]


async def saved_anew(page: Page, product: Product, image_id: int, act: Callable[[], Any]) -> dict[str, Any]:
    """The one annotation after an act that changes it: by exactly one request."""
    (before,) = kept(product, image_id)
    async with page.expect_response(lambda answer: answer.request.method == "PUT" and "/annotations/" in answer.url):
        await act()
    await expect(page.locator("g[data-state=saved]")).to_have_count(1)
    (after,) = kept(product, image_id)
    assert after["revision"] == before["revision"] + 1
    return after


def draw(product: Product, image_id: int, kind: str, points: list[list[float]], text: str | None = None) -> None:
    answer = product.client("technologist").put(
        f"/api/images/{image_id}/annotations/6f1c1f86-7f5c-4a56-9f5e-{image_id:012d}",
        json={"kind": kind, "frame": 1, "points": points, "text": text},
    )
    assert answer.status_code == 201, answer.text


async def on_screen(line: Locator) -> list[tuple[float, float]]:
    told = await line.get_attribute("points")
    assert told is not None
    points = [point.split(",") for point in told.split(" ")]
    return [(float(x), float(y)) for x, y in points]


def inside_ellipse(points: Any) -> Any:
    a, b, c, d = np.array(points)
    rows, columns = np.mgrid[0 : SIZE["rows"], 0 : SIZE["columns"]]
    at = np.stack([columns + 0.5, rows + 0.5], axis=-1) - (a + b) / 2
    along = at @ (b - a) * 2 / ((b - a) @ (b - a))
    across = at @ (d - c) * 2 / ((d - c) @ (d - c))
    return along**2 + across**2 <= 1


def inside_polygon(points: Any) -> Any:
    rows, columns = np.mgrid[0 : SIZE["rows"], 0 : SIZE["columns"]]
    x, y, inside = columns + 0.5, rows + 0.5, np.zeros((SIZE["rows"], SIZE["columns"]), bool)
    for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1], strict=True):
        if ay != by:
            inside ^= ((ay > y) != (by > y)) & (x < ax + (y - ay) * (bx - ax) / (by - ay))
    return inside


async def test_values_under_the_probe_and_inside_shapes_are_those_of_the_file(
    visit: Callable[..., Any], product: Product
) -> None:
    ds = build_mammogram(SyntheticMammogram(seed=98_000, **SIZE))  # type: ignore[arg-type] - its own fields
    pixels = np.random.default_rng(7).integers(0, 4000, (SIZE["rows"], SIZE["columns"])).astype(np.uint16)
    ds.PixelData = pixels.tobytes()
    ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = SLOPE, INTERCEPT, "US"
    ds.PixelPaddingValue, ds.PixelPaddingRangeLimit = 3000, 3200
    image = ready(product, saved(ds), "a.dcm", "technologist")
    page = await (await visit()).sign_in("technologist")
    await read(page, image["id"])
    await page.keyboard.press("q")
    await drag(page, (200, 200), (330, 291))
    await page.keyboard.press("y")
    await drag(page, (400, 300), (520, 310), (500, 420), (410, 400))
    await expect(page.locator("g[data-state=saved] text[data-statistics]")).to_have_count(2)
    for one in kept(product, image["id"]):
        mask = (inside_ellipse if one["kind"] == "ellipse" else inside_polygon)(one["points"])
        stored = pixels[mask & ((pixels < 3000) | (pixels > 3200))].astype(float)
        values = stored * SLOPE + INTERCEPT
        assert one["statistics"] == {
            "mean": pytest.approx(values.mean(), abs=1e-6),
            "standardDeviation": pytest.approx(values.std(), abs=1e-6),
            "minimum": values.min(),
            "maximum": values.max(),
            "pixels": len(values),
        }

    await page.keyboard.press("0")
    left, top = await corner(page)
    told = page.locator("output[aria-live]:visible")
    for x, y in ((150.5, 150.5), (300.5, 330.5)):
        await page.mouse.move(left + x, top + y)
        row, column = await told_of(told, pixels)
        await page.mouse.move(left + x + 3, top + y + 5)
        await expect(told).to_contain_text(f"row {row + 5}, column {column + 3}")
        await told_of(told, pixels)
    # By keys from pixel to pixel, from the middle of the pane.
    await page.keyboard.press("ArrowRight")
    row, column = await told_of(told, pixels)
    await page.keyboard.press("ArrowDown")
    await expect(told).to_contain_text(f"row {row + 1}, column {column}")
    await told_of(told, pixels)
    await expect(told).to_have_attribute("aria-live", "polite")


async def told_of(told: Locator, pixels: Any) -> tuple[int, int]:
    """Row and column that the probe tells, after its value was compared with the file's."""
    words = await told.inner_text()
    row, column = (int(part.split()[-1]) for part in words.split(" · ")[1].split(","))
    stored = int(pixels[row - 1, column - 1])
    modality = f"{stored * SLOPE + INTERCEPT:.1f}".removesuffix(".0")
    expected = "padding" if 3000 <= stored <= 3200 else f"stored {stored} → "
    assert expected in words, words
    if expected != "padding" and abs(float(modality)) >= 10:
        assert f"stored {stored} → {modality} ·" in words
    return row, column


async def test_a_drawing_is_moved_and_reshaped_by_the_pointer_and_by_keys(
    visit: Callable[..., Any], product: Product
) -> None:
    image = ready(product, dicom_bytes(seed=98_100, **SIZE), "a.dcm", "technologist")
    draw(product, image["id"], "length", [[200, 300], [400, 300]])
    page = await (await visit()).sign_in("technologist")
    await read(page, image["id"])
    number = image["id"]
    line = page.locator("g[data-kind=length] polyline")
    (ax, ay), (bx, by) = await on_screen(line)

    one = await saved_anew(page, product, number, lambda: drag(page, (bx, by), (bx + 50, by + 30)))
    assert one["points"] == [pytest.approx([200, 300]), pytest.approx([450, 330])]
    one = await saved_anew(page, product, number, lambda: page.keyboard.press("Control+z"))
    assert one["points"] == [[200, 300], [400, 300]]
    middle = ((ax + bx) / 2 + 30, (ay + by) / 2)
    one = await saved_anew(page, product, number, lambda: drag(page, middle, (middle[0] - 20, middle[1] + 40)))
    assert one["points"] == [pytest.approx([180, 340]), pytest.approx([380, 340])]

    # Given up: nothing is asked of the server, and the viewer stays open.
    await drag(page, (ax - 20, ay + 40), (ax + 100, ay + 100), lets_go=False)
    assert await on_screen(line) != [(ax - 20, ay + 40), (bx - 20, by + 40)]
    await page.keyboard.press("Escape")
    await page.mouse.up()
    assert await on_screen(line) == [pytest.approx((ax - 20, ay + 40)), pytest.approx((bx - 20, by + 40))]
    assert kept(product, number) == [one]

    whole = page.get_by_role("button", name="Delete removes it")
    await whole.focus()
    one = await saved_anew(page, product, number, lambda: whole.press("Shift+ArrowUp"))
    assert one["points"] == [pytest.approx([180, 330]), pytest.approx([380, 330])]
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Point 2 of 2 of the length")).to_be_focused()
    one = await saved_anew(page, product, number, lambda: page.keyboard.press("ArrowRight"))
    assert one["points"] == [pytest.approx([180, 330]), pytest.approx([381, 330])]


async def test_a_text_gets_other_words(visit: Callable[..., Any], product: Product) -> None:
    image = ready(product, dicom_bytes(seed=98_200, **SIZE), "a.dcm", "technologist")
    draw(product, image["id"], "text", [[300, 300]], "a cluster")
    page = await (await visit()).sign_in("technologist")
    await read(page, image["id"])
    await page.get_by_role("button", name="Enter changes its words").press("Enter")
    words = page.get_by_role("textbox", name="Text")
    await expect(words).to_have_value("a cluster")
    await words.fill("two clusters")
    one = await saved_anew(page, product, image["id"], lambda: words.press("Enter"))
    assert one["text"] == "two clusters"
    await expect(page.locator("g[data-kind=text] text")).to_have_text("two clusters")


async def test_nothing_is_measured_or_reshaped_before_full_resolution(
    visit: Callable[..., Any], product: Product
) -> None:
    image = ready(product, dicom_bytes(seed=98_300, **SIZE), "a.dcm", "technologist")
    draw(product, image["id"], "length", [[200, 300], [400, 300]])
    page = await (await visit()).sign_in("technologist")
    goes_on = asyncio.Event()

    async def hold(route: Route) -> None:
        await goes_on.wait()
        await route.continue_()

    await page.route("**/frames/**", hold)
    await page.goto(f"/images/{image['id']}/read")
    line = page.locator("g[data-kind=length] polyline")
    (ax, ay), (bx, by) = await on_screen(line)
    await page.keyboard.press("d")
    await drag(page, (bx + 60, by + 60), (bx + 90, by + 120))
    await expect(page.get_by_text(WAITS)).to_have_count(1)
    await drag(page, (bx, by), (bx + 50, by + 30))
    await expect(page.get_by_text(WAITS).first).to_be_visible()
    assert await on_screen(line) == [(ax, ay), (bx, by)]
    await expect(page.locator("g[data-kind]")).to_have_count(1)
    await page.keyboard.press("0")
    left, top = await corner(page)
    await page.mouse.move(left + bx, top + by)
    await expect(page.locator("output[aria-live]:visible")).to_have_text("—, loading")
    goes_on.set()
    await page.locator("main[data-state=full]").wait_for()
    await expect(page.locator("output[aria-live]:visible")).to_contain_text("stored")
    await page.keyboard.press("d")
    await drag(page, (bx + 60, by + 60), (bx + 90, by + 120))
    await expect(page.locator("g[data-state=saved]")).to_have_count(2)


async def test_millimetres_are_named_by_the_basis_of_each_pane(visit: Callable[..., Any], product: Product) -> None:
    bases = {"R CC": ("contact", "corrected ×1.03"), "L CC": ("detector", "at detector")}
    study = 0
    for number, (slot, (spacing, _)) in enumerate(bases.items(), start=1):
        side, view = slot.split()
        wanted = {**SIZE, "laterality": side, "view": view, "instance_number": number, "spacing": spacing}
        image = ready(product, dicom_bytes(seed=98_400, **wanted), f"{slot}.dcm", "technologist")
        draw(product, image["id"], "length", [[300, 300], [300, 400]])
        study = image["study"]["id"]
    page = await (await visit()).sign_in("technologist")
    await page.goto(f"/studies/{study}/read")
    await page.locator("main[data-state=full]").wait_for()
    for slot, (_, words) in bases.items():
        await expect(page.locator(f"[data-pane='{slot}'] svg text")).to_contain_text(words)
