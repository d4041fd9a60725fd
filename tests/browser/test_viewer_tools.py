"""What is drawn on a mammogram: measured rightly, kept by the server, and never lost without a word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from builders import dicom_bytes
from product import PASSWORD, Product
from viewer_client import ready

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("usual_viewer")]
# A left breast stands at the left edge of its pane.
SIZE = {"rows": 700, "columns": 800, "pixel_spacing_mm": 0.1, "laterality": "L", "view": "CC"}


async def read(page: Page, image_id: int) -> None:
    await page.goto(f"/images/{image_id}/read")
    await page.locator("main[data-state=full]").wait_for()


async def drag(page: Page, begin: tuple[float, float], end: tuple[float, float]) -> None:
    """From one point of the pane to another, in CSS pixels."""
    box = await page.locator("[data-pane]").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + begin[0], box["y"] + begin[1])
    await page.mouse.down()
    await page.mouse.move(box["x"] + end[0], box["y"] + end[1], steps=4)
    await page.mouse.up()


def kept(product: Product, image_id: int, who: str = "technologist") -> list[dict[str, Any]]:
    answer = product.client(who).get(f"/api/images/{image_id}/annotations")
    assert answer.status_code == 200, answer.text
    return answer.json()["annotations"]


async def until_kept(page: Page, product: Product, image_id: int, count: int) -> list[dict[str, Any]]:
    await expect(page.locator("g[data-state=saved]")).to_have_count(count)
    found = kept(product, image_id)
    assert len(found) == count
    return found


@pytest.mark.parametrize(
    ("spacing", "millimetres", "words"),
    [
        ("contact", 0.1 / 1.03125, "corrected ×1.03"),
        ("detector", 0.1, "at detector"),
        ("magnification", 0.1 / 1.5, "corrected ×1.5"),
        ("calibrated", 0.05, "calibrated"),
        ("none", None, "no spacing in the file"),
    ],
)
async def test_a_length_is_right_for_every_basis_and_named_after_it(
    visit: Callable[..., Any], product: Product, spacing: str, millimetres: float | None, words: str
) -> None:
    body = dicom_bytes(seed=92_000, spacing=spacing, **SIZE)
    image = ready(product, body, "a.dcm", "technologist")
    page = await (await visit()).sign_in("technologist")
    await read(page, image["id"])
    await page.keyboard.press("x")  # one image pixel a screen pixel
    await page.keyboard.press("d")
    await drag(page, (100, 200), (400, 600))
    label = page.locator("svg text").first
    expected = 500 * (millimetres or 1)
    await expect(label).to_have_text(
        f"{expected:.1f} {'mm' if millimetres else 'px'}{'' if millimetres else ','} {words}"
    )
    (one,) = await until_kept(page, product, image["id"], 1)
    assert abs(one["measurements"][0]["value"] - expected) < 0.1


async def test_every_kind_is_drawn_taken_back_done_again_and_there_after_a_reload(
    visit: Callable[..., Any], product: Product
) -> None:
    image = ready(product, dicom_bytes(seed=92_100, **SIZE), "a.dcm", "technologist")
    page = await (await visit()).sign_in("technologist")
    await read(page, image["id"])
    await page.keyboard.press("x")
    await page.keyboard.press("d")
    await drag(page, (300, 100), (300, 180))
    await page.keyboard.press("q")
    await drag(page, (350, 100), (450, 160))
    await page.keyboard.press("a")
    await drag(page, (500, 100), (560, 160))
    await page.keyboard.press("y")
    box = await page.locator("[data-pane]").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 600, box["y"] + 100)
    await page.mouse.down()
    for x, y in ((700, 100), (700, 200), (600, 200)):
        await page.mouse.move(box["x"] + x, box["y"] + y, steps=5)
    await page.mouse.up()
    await page.keyboard.press("j")
    await drag(page, (300, 300), (400, 300))
    await page.mouse.click(box["x"] + 400, box["y"] + 400)
    await page.keyboard.press("u")
    await page.mouse.click(box["x"] + 500, box["y"] + 300)
    await page.get_by_role("textbox", name="Text").fill("a cluster")
    await page.get_by_role("button", name="Put it there").click()
    found = await until_kept(page, product, image["id"], 6)
    numbers = {one["kind"]: [round(each["value"], 1) for each in one["measurements"]] for one in found}
    per_mm = 1.03125 / 0.1
    assert numbers["angle"] == [90.0]
    assert numbers["ellipse"] == [pytest.approx(3.14159 * 50 * 30 / per_mm**2, abs=0.1)]
    assert numbers["freehand"][0] == pytest.approx(100 * 100 / per_mm**2, abs=0.5)
    assert numbers["arrow"] == numbers["text"] == []
    await page.keyboard.press("Control+z")
    await until_kept(page, product, image["id"], 5)
    await page.keyboard.press("Control+y")
    await until_kept(page, product, image["id"], 6)
    await page.reload()
    await expect(page.locator("g[data-state=saved]")).to_have_count(6)
    await expect(page.get_by_text("a cluster")).to_be_visible()


async def test_a_length_is_drawn_and_removed_by_keys_alone(visit: Callable[..., Any], product: Product) -> None:
    image = ready(product, dicom_bytes(seed=92_200, **SIZE), "a.dcm", "technologist")
    page = await (await visit()).sign_in("technologist")
    await read(page, image["id"])
    for key in ("x", "d", "ArrowUp", "Enter", *(["Control+ArrowRight"] * 3), "Enter"):
        await page.keyboard.press(key)
    (one,) = await until_kept(page, product, image["id"], 1)
    assert one["measurements"][0]["value"] == pytest.approx(120 * 0.1 / 1.03125, abs=0.1)
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Delete removes it").focus()
    await page.keyboard.press("Delete")
    await expect(page.locator("g[data-kind]")).to_have_count(0)
    await page.keyboard.press("k")
    await expect(page.get_by_text("KEY IMAGE", exact=True)).to_be_visible()
    assert kept(product, image["id"]) == []


async def test_others_see_whose_it_is_and_cannot_remove_it(visit: Callable[..., Any], product: Product) -> None:
    image = ready(product, dicom_bytes(seed=92_300, **SIZE), "a.dcm", "technologist")
    points = [[100.0, 100.0], [200.0, 100.0]]
    answer = product.client("technologist").put(
        f"/api/images/{image['id']}/annotations/6f1c1f86-7f5c-4a56-9f5e-000000000001",
        json={"kind": "length", "frame": 1, "points": points},
    )
    assert answer.status_code == 201, answer.text
    page = await (await visit()).sign_in("admin")
    await read(page, image["id"])
    await expect(page.locator("g[data-own=false]")).to_have_count(1)
    await expect(page.get_by_role("button", name="Delete removes it")).to_be_disabled()


async def test_what_is_drawn_while_the_line_is_away_is_kept_when_it_is_back(
    visit: Callable[..., Any], product: Product
) -> None:
    image = ready(product, dicom_bytes(seed=92_400, **SIZE), "a.dcm", "technologist")
    page = await (await visit()).sign_in("technologist")
    await read(page, image["id"])

    async def refuse(route: Route) -> None:
        await route.abort("connectionreset")

    await page.route("**/annotations/*", refuse)
    await page.keyboard.press("d")
    await drag(page, (300, 100), (300, 180))
    await expect(page.locator("g[data-state=unsaved]")).to_have_count(1)
    assert kept(product, image["id"]) == []
    await page.unroute("**/annotations/*")
    await until_kept(page, product, image["id"], 1)


async def test_what_is_drawn_after_the_session_ended_is_kept_after_signing_in_again(
    visit: Callable[..., Any], product: Product
) -> None:
    image = ready(product, dicom_bytes(seed=92_500, **SIZE), "a.dcm", "technologist")
    visitor = await visit()
    page = await visitor.sign_in("technologist")
    await read(page, image["id"])
    async with page.expect_response("**/preferences/viewer"):  # the tool is remembered; that is not what is tried here
        await page.keyboard.press("d")
    await visitor.context.clear_cookies()
    await drag(page, (300, 100), (300, 180))
    await page.get_by_label("E-mail").fill("technologist@example.org")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.locator("main[data-state=full]").wait_for()
    await until_kept(page, product, image["id"], 1)
