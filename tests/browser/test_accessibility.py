"""axe finds no serious fault on any page, at the size of a desk and of a phone."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from builders import dicom_bytes, png_bytes
from mammogram_viewer.synthetic.dose_report import SyntheticDoseReport, build_dose_report
from mammogram_viewer.synthetic.tomosynthesis import SyntheticTomosynthesis, build_tomosynthesis
from product import Product

pytestmark = pytest.mark.browser
SERIOUS = {"serious", "critical"}


def saved(data_set: Any) -> bytes:
    buffer = io.BytesIO()
    data_set.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


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
    """A ready mammogram with everything to choose, a rejected one, a plain picture, tomosynthesis, a dose report."""
    many = dicom_bytes(seed=81, laterality="L", view="CC", voi="several", overlays=1, view_modifiers=("magnification",))
    ready = product.wait_for(product.upload_one(many)["id"])
    rejected = product.wait_for(product.upload_one(dicom_bytes(seed=82)[:-3000])["id"])
    picture = product.wait_for(product.upload_one(png_bytes(seed=83, side=200), "a.png")["id"])
    frames = SyntheticTomosynthesis(rows=64, columns=48, frames=3)
    tomosynthesis = product.wait_for(product.upload_one(saved(build_tomosynthesis(frames)))["id"])
    report = product.wait_for(product.upload_one(saved(build_dose_report(SyntheticDoseReport(seed=84))))["id"])
    assert (
        product.client("admin")
        .patch(f"/api/images/{ready['id']}", json={"laterality": "R", "tags": ["teaching"]})
        .is_success
    )
    return {
        "ready": ready["id"],
        "rejected": rejected["id"],
        "picture": picture["id"],
        "tomosynthesis": tomosynthesis["id"],
        "report": report["id"],
    }


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
        f"/images/{shelf['tomosynthesis']}?frame=1",
        f"/images/{shelf['report']}",
        "/images/999999",
        "/admin",
        "/admin/users",
        "/admin/jobs",
        "/admin/jobs?state=failed",
        "/uploads",
        "/uploads?status=failed",
        "/account",
        "/health-of-nothing",
    ]
    for path in paths:
        await page.goto(path)
        await page.wait_for_load_state("networkidle")
        await expect(page.get_by_role("heading", level=1)).to_have_count(1)
        await assert_accessible(page, path)


@pytest.mark.parametrize("size", ["desk", "phone"])
async def test_the_choices_of_an_image_have_no_serious_fault_while_they_are_open(
    visit: Callable[..., Any], shelf: dict[str, int], size: str
) -> None:
    page = await (await visit(size)).sign_in("admin")
    await page.goto(f"/images/{shelf['ready']}")
    await page.get_by_role("button", name="Correct side or view").click()
    await assert_accessible(page, "the form of corrections")
    await page.get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name="Grey scale").click()
    await page.get_by_role("menuitemradio").first.wait_for()
    await assert_accessible(page, "the menu of grey scales")


@pytest.mark.parametrize("size", ["desk", "phone"])
async def test_what_opens_over_jobs_uploads_and_notifications_has_no_serious_fault(
    visit: Callable[..., Any], shelf: dict[str, int], size: str
) -> None:
    page = await (await visit(size)).sign_in("admin")
    await page.goto("/admin/jobs")
    await page.get_by_test_id("job-row").first.get_by_role("button").first.click()
    await page.get_by_test_id("timeline").wait_for()
    await assert_accessible(page, "the story of a job")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="More for thumbnail").click()
    await page.get_by_role("menuitem", name="Change concurrency").click()
    await page.get_by_label("Jobs at once").wait_for()
    await assert_accessible(page, "the dialog of concurrency")

    uploader = await (await visit(size)).sign_in("user")
    await uploader.goto("/uploads")
    await uploader.get_by_role("button", name="What happened").first.click()
    await uploader.get_by_test_id("timeline").wait_for()
    await assert_accessible(uploader, "the story of an upload")
    await uploader.get_by_role("button", name="Notifications").click()
    await uploader.get_by_test_id("news").wait_for()
    await assert_accessible(uploader, "the centre of notifications")


async def test_the_gallery_can_be_read_by_keyboard_alone(visit: Callable[..., Any], shelf: dict[str, int]) -> None:
    page = await (await visit()).sign_in("admin")
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    # For a moment longer it keeps focus out of the page behind it, which it has marked so.
    await expect(page.locator("[data-aria-hidden]")).to_have_count(0)
    await page.keyboard.press("/")
    assert await page.evaluate("document.activeElement.type") == "search"
    await page.keyboard.press("Escape")
    await page.keyboard.press("g")
    await page.keyboard.press("s")
    await page.get_by_role("heading", name="Administration").wait_for()
    await page.keyboard.press("g")
    await page.keyboard.press("i")
    await page.get_by_role("heading", name="Gallery").wait_for()
