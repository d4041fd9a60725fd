"""axe finds no serious fault on any page, at the size of a desk and of a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from builders import dicom_bytes, png_bytes
from product import Product

pytestmark = pytest.mark.browser
SERIOUS = {"serious", "critical"}


async def assert_accessible(page: Page, where: str) -> None:
    results = await Axe().run(page)
    faults = [
        f"{fault['id']} ({fault['impact']}): {fault['help']}: {fault['nodes'][0]['html'][:160]}"
        for fault in results.response["violations"]
        if fault["impact"] in SERIOUS
    ]
    assert faults == [], f"{where}: " + "\n".join(faults)


@pytest.fixture(scope="module")
def shelf(product: Product) -> dict[str, int]:
    """A ready mammogram, a rejected one, and a plain picture."""
    ready = product.wait_for(product.upload_one(dicom_bytes(seed=81, laterality="L", view="CC"))["id"])
    rejected = product.wait_for(product.upload_one(dicom_bytes(seed=82)[:-3000])["id"])
    picture = product.wait_for(product.upload_one(png_bytes(seed=83, side=200), "a.png")["id"])
    return {"ready": ready["id"], "rejected": rejected["id"], "picture": picture["id"]}


@pytest.mark.parametrize("size", ["desk", "phone"])
@pytest.mark.parametrize("path", ["/login", "/register", "/setup?token=none"])
async def test_pages_before_sign_in_have_no_serious_fault(visit: Callable[..., Any], path: str, size: str) -> None:
    page = await (await visit(size)).go(path)
    await page.get_by_role("heading").first.wait_for()
    await assert_accessible(page, path)


@pytest.mark.parametrize("size", ["desk", "phone"])
async def test_pages_after_sign_in_have_no_serious_fault(
    visit: Callable[..., Any], shelf: dict[str, int], size: str
) -> None:
    page = await (await visit(size)).sign_in("admin")
    paths = [
        "/",
        "/?status=failed",
        f"/images/{shelf['ready']}",
        f"/images/{shelf['rejected']}",
        f"/images/{shelf['picture']}",
        "/images/999999",
        "/admin",
        "/admin/users",
        "/account",
        "/health-of-nothing",
    ]
    for path in paths:
        await page.goto(path)
        await page.wait_for_load_state("networkidle")
        await expect(page.get_by_role("heading", level=1)).to_have_count(1)
        await assert_accessible(page, path)


async def test_the_gallery_can_be_read_by_keyboard_alone(visit: Callable[..., Any], shelf: dict[str, int]) -> None:
    page = await (await visit()).sign_in("admin")
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.keyboard.press("/")
    assert await page.evaluate("document.activeElement.type") == "search"
    await page.keyboard.press("Escape")
    await page.keyboard.press("g")
    await page.keyboard.press("a")
    await page.get_by_role("heading", name="Administration").wait_for()
    await page.keyboard.press("g")
    await page.keyboard.press("i")
    await page.get_by_role("heading", name="Gallery").wait_for()
