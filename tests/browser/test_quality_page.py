"""The page of imaging quality as administrators and radiologists use it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, Route, expect

from product import Product
from quality_rows import Mammogram, believable, insert_mammograms

pytestmark = pytest.mark.browser
DAYS = 50
PICTURES = os.environ.get("MAMMOGRAM_VIEWER_TEST_PICTURES", "")


async def look(page: Page, name: str) -> None:
    """Keep a picture for whoever wants to see the page."""
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


@pytest.fixture(scope="module")
async def rows(product: Product) -> list[Mammogram]:
    since = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
    made = believable(21, 260, since=since, days=DAYS)
    made += [
        Mammogram(study=None, arrived_at=since + timedelta(days=40), status="rejected", modality=None, station=None,
                  laterality=None, view=None, operator=None),
        Mammogram(study="phantom", acquired_at=(since + timedelta(days=30)).replace(tzinfo=None), arrived_at=since,
                  dose=9.0, quality_control=True),
    ]  # fmt: skip
    connection = await asyncpg.connect(product.database_url)
    try:
        user_id = await connection.fetchval("SELECT id FROM users WHERE email = 'user@example.org'")
        await insert_mammograms(connection, made, user_id)
    finally:
        await connection.close()
    return made


async def assert_accessible(page: Page) -> None:
    results = await Axe().run(page)
    faults = [
        f"{fault['id']}: {fault['nodes'][0]['html'][:200]}"
        for fault in results.response["violations"]
        if fault["impact"] in ("serious", "critical")
    ]
    assert faults == []


async def quality(page: Page, search: str = "?days=60&tz=UTC") -> Page:
    await page.goto(f"/analytics/quality{search}")
    await page.get_by_role("heading", name="Imaging quality", level=1).wait_for()
    return page


async def all_there(page: Page) -> None:
    for name in ("Dose by breast thickness", "Compression force", "Target and filter", "Missing in the header"):
        await page.get_by_role("heading", name=name).wait_for()
    await page.get_by_role("heading", name="Completeness of exams").wait_for()


async def test_before_the_first_mammogram_the_page_says_what_is_not_there(visit: Callable[..., Any]) -> None:
    """Runs first: the fixture with rows is asked for below."""
    for size in ("desk", "phone"):
        page = await (await visit(size)).sign_in("admin")
        await quality(page, "?from=2020-01-01&to=2020-01-31&tz=UTC")
        await all_there(page)
        await expect(page.get_by_text("No mammograms were taken in these days.").first).to_be_visible()
        await expect(page.get_by_test_id("quality-lead")).to_contain_text("0 exposures")
        await assert_accessible(page)
        await look(page, f"quality-empty-{size}")


async def test_a_radiologist_finds_the_page_in_the_rail_and_walks_from_a_number_to_an_exam(
    visit: Callable[..., Any], rows: list[Mammogram]
) -> None:
    page = await (await visit()).sign_in("radiologist")
    await page.get_by_role("link", name="Quality").click()
    await page.get_by_role("heading", name="Imaging quality", level=1).wait_for()
    await quality(page)
    await all_there(page)
    await expect(page.get_by_test_id("quality-lead")).to_contain_text("1 phantom left out")
    await look(page, "quality-full-desk")
    await assert_accessible(page)
    await page.get_by_role("button", name="Dose by breast thickness as a table").click()
    table = page.get_by_role("region", name="Dose by breast thickness, table")
    await table.get_by_role("button").first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("link").first.wait_for()
    await assert_accessible(page)
    await look(page, "quality-drill-desk")
    await dialog.get_by_role("link").first.click()
    await expect(page).to_have_url(re.compile(r"/studies/\d+"))
    await page.go_back()
    await all_there(page)
    # No curve of theirs to change.
    await page.get_by_role("button", name="Reference curves").click()
    await expect(page.get_by_role("dialog")).to_contain_text("European guidelines")
    await expect(page.get_by_role("button", name="Save")).to_have_count(0)


async def test_a_point_of_the_chart_opens_the_exams_of_its_bin(
    visit: Callable[..., Any], rows: list[Mammogram]
) -> None:
    page = await (await visit()).sign_in("admin")
    await quality(page)
    chart = page.get_by_role("img", name=re.compile("^Compression force:"))
    await chart.scroll_into_view_if_needed()
    box = await chart.bounding_box()
    assert box is not None
    # The bars of the middle reach high; this is low within one of them.
    await page.mouse.click(box["x"] + box["width"] * 0.55, box["y"] + box["height"] * 0.72)
    await expect(page.get_by_role("dialog")).to_contain_text(re.compile(r"Exposures of \d+ to below \d+ N"))


async def test_choices_stand_in_the_url_and_narrow_every_panel(
    visit: Callable[..., Any], rows: list[Mammogram]
) -> None:
    page = await (await visit()).sign_in("admin")
    await quality(page)
    lead = page.get_by_test_id("quality-lead")
    whole = await lead.text_content()
    await page.get_by_label("Unit", exact=True).select_option(label="MAMMO 2, Maker")
    await expect(page).to_have_url(re.compile("unit=MAMMO"))
    await expect(lead).not_to_have_text(whole or "")
    part = await lead.text_content()
    await page.get_by_label("Unit", exact=True).select_option(label="Not in the header")
    await expect(page).to_have_url(re.compile("noUnit=1"))
    await expect(lead).not_to_have_text(part or "")
    await page.get_by_label("Unit", exact=True).select_option(label="All units")
    await expect(lead).to_have_text(whole or "")
    operator = page.get_by_label("Operator", exact=True)
    words = await operator.locator("option").all_text_contents()
    assert any(re.fullmatch("Operator [0-9A-F]{4}", word) for word in words)
    assert not any("doe" in word.lower() for word in words)
    await operator.select_option(index=1)
    await expect(page).to_have_url(re.compile("operator=[0-9A-F]{12}"))
    await page.reload()
    await all_there(page)
    assert await operator.input_value() != ""
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Compression in groups as CSV").click()
    assert (await download.value).suggested_filename.startswith("quality-compression-groups")


async def test_an_administrator_edits_the_reference_curves(visit: Callable[..., Any], rows: list[Mammogram]) -> None:
    page = await (await visit()).sign_in("admin")
    await quality(page)
    await page.get_by_role("button", name="Reference curves").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Another curve").click()
    added = dialog.get_by_role("group").last
    await added.get_by_label("Name").fill("Our limit")
    await added.get_by_label("Where it comes from").fill("Report of the physicist")
    await added.get_by_label("Points").fill("30: 1.2, 60 - 2")
    await expect(added).to_contain_text("is no point")
    await added.get_by_label("Points").fill("30: 1.2, 60: 2.2")
    await assert_accessible(page)
    await look(page, "quality-curves-desk")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_text("Our limit")).to_be_visible()
    await page.get_by_role("button", name="Reference curves").click()
    await page.get_by_role("dialog").get_by_role("button", name="Back to the program’s own").click()
    await expect(page.get_by_text("Our limit")).to_have_count(0)


async def test_on_a_phone_the_page_fits_and_reads_well(visit: Callable[..., Any], rows: list[Mammogram]) -> None:
    page = await (await visit("phone")).sign_in("radiologist")
    await quality(page)
    await all_there(page)
    wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    await assert_accessible(page)
    await look(page, "quality-full-phone")


async def test_what_cannot_be_read_says_so_and_the_rest_stays(visit: Callable[..., Any], rows: list[Mammogram]) -> None:
    for size in ("desk", "phone"):
        page = await (await visit(size)).sign_in("admin")

        async def refuse(route: Route) -> None:
            await route.fulfill(status=503, content_type="application/problem+json", body='{"code":"unavailable"}')

        await page.route("**/api/quality/dose?**", refuse)
        await page.goto("/analytics/quality?days=60&tz=UTC")
        await expect(page.get_by_text("The doses could not be read")).to_be_visible()
        await page.get_by_role("heading", name="Compression force").wait_for()
        await assert_accessible(page)
        await look(page, f"quality-broken-{size}")
        await page.unroute("**/api/quality/dose?**")
        await page.get_by_role("button", name="Try again").click()
        await page.get_by_role("heading", name="Dose by breast thickness").wait_for()


async def test_a_link_with_an_unknown_operator_offers_the_way_back(
    visit: Callable[..., Any], rows: list[Mammogram]
) -> None:
    page = await (await visit()).sign_in("admin")
    await quality(page, "?days=60&tz=UTC&operator=000000000000")
    await expect(page.get_by_text("There is no such operator")).to_be_visible()
    await page.get_by_role("button", name="All units and operators").click()
    await all_there(page)


async def test_others_are_told_who_sees_quality(visit: Callable[..., Any]) -> None:
    page = await (await visit()).sign_in("technologist")
    await quality(page)
    await expect(page.get_by_text("Administrators and radiologists see imaging quality")).to_be_visible()
    await expect(page.get_by_role("link", name="Quality")).to_have_count(0)
