"""The gallery over thousands of rows: scrolled down and back, found again, filtered, walked by keyboard."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, Route, expect

from product import Product

pytestmark = pytest.mark.browser

IMAGES = 1600
# A grey pixel: what the server would send for the thumbnails is not what these tests are about.
PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCB2GgUWgAAAABJRU5ErkJggg==")
# Four images an exam with one instant, five exams a day; some exams lack a view, some images failed.
SEED = """
WITH person AS (
    INSERT INTO patients (patient_id) SELECT 'P-' || n FROM generate_series(1, $1 / 4) n RETURNING id, patient_id
), exam AS (
    INSERT INTO studies (study_instance_uid, patient_id, study_at, created_at)
    SELECT '2.25.7000' || id, id, timestamp '2025-06-01' - substr(patient_id, 3)::int * interval '5 hours',
        timestamptz '2025-06-01 12:00Z' - substr(patient_id, 3)::int * interval '5 hours'
    FROM person RETURNING id, patient_id, created_at
), image AS (
    INSERT INTO images (user_id, created_at, file_type, original_name, byte_count, sha256, storage_key, status, reason,
        study_id, patient_id, modality, laterality, view_position, rows, columns, recipe_version)
    SELECT (SELECT id FROM users WHERE email = 'admin@example.org'), exam.created_at, 'dicom',
        'wall-' || exam.id || '-' || n || '.dcm', 1000, sha256((exam.id * 10 + n)::text::bytea),
        'wall/' || exam.id || '/' || n, CASE WHEN exam.id % 25 = 0 AND n = 1 THEN 'failed' ELSE 'ready' END,
        CASE WHEN exam.id % 25 = 0 AND n = 1 THEN 'The worker was interrupted.' END,
        exam.id, (SELECT p.patient_id FROM person p WHERE p.id = exam.patient_id), 'MG',
        CASE WHEN n % 2 = 0 THEN 'R' ELSE 'L' END,
        CASE WHEN n < 2 OR exam.id % 10 = 3 THEN 'CC' ELSE 'MLO' END, 4096, 3072, 1
    FROM exam, generate_series(0, 3) n RETURNING id
)
INSERT INTO renditions (image_id, kind, recipe_version, storage_key, content_type, byte_count, width, height)
SELECT id, kind, 1, 'wall/' || kind || id, 'image/webp', 100, side * 3 / 4, side
FROM image, (VALUES ('thumbnail256', 256), ('thumbnail512', 512)) AS sizes (kind, side)
"""
ORDER = "SELECT id FROM images ORDER BY created_at DESC, id DESC"
# The first tile whose larger part is in view, and where it stands: what must be the same after a reload.
FIRST_TILE = """() => {
    const bar = 52
    for (const tile of document.querySelectorAll('[data-id]')) {
        const box = tile.getBoundingClientRect()
        if (box.top + box.height / 2 > bar) return { id: tile.dataset.id, top: Math.round(box.top) }
    }
    return null
}"""
HAS_PLACE = "() => new URLSearchParams(location.search).has('at')"
HAS_NO_PLACE = "() => !new URLSearchParams(location.search).has('at')"
STANDS_AT = "id => new URLSearchParams(location.search).get('at')?.endsWith('_' + id)"
FOCUSED = "() => document.activeElement.closest('[data-id]')?.dataset.id"
HAS_FOCUS = "id => document.activeElement.closest('[data-id]')?.dataset.id === id"
IS_CALM = """() => {
    const wall = document.querySelector('[data-testid=tile-wall]')
    return wall?.getAttribute('aria-busy') === 'false' && document.querySelector('[data-id]') !== null
}"""


@pytest.fixture(scope="module")
async def shelf(product: Product) -> AsyncIterator[list[int]]:
    """Ids of all images, newest first."""
    connection = await asyncpg.connect(product.database_url)
    try:
        await connection.execute("SET statement_timeout = 0")
        await connection.execute(SEED.replace("$1", str(IMAGES)))
        await connection.execute("ANALYZE")
        yield [row["id"] for row in await connection.fetch(ORDER)]
    finally:
        await connection.close()


@pytest.fixture
def look(visit: Callable[..., Any]) -> Callable[..., Any]:
    """`await look()` signs in as administrator; thumbnails are a pixel each."""

    async def open_one(size: str = "desk", path: str = "/") -> Page:
        visitor = await visit(size)

        async def thumbnail(route: Route) -> None:
            await route.fulfill(body=PIXEL, content_type="image/png")

        await visitor.context.route("**/thumbnail?**", thumbnail)
        page: Page = await visitor.sign_in("admin")
        if path != "/":
            await page.goto(path)
        await page.wait_for_function(IS_CALM)
        return page

    return open_one


async def shown_ids(page: Page) -> list[int]:
    return await page.evaluate("[...document.querySelectorAll('[data-id]')].map(tile => Number(tile.dataset.id))")


async def scroll(page: Page, pixels: int) -> None:
    await page.mouse.wheel(0, pixels)
    await page.evaluate("() => new Promise(wake => requestAnimationFrame(() => requestAnimationFrame(wake)))")
    await page.wait_for_function(IS_CALM)


async def scroll_to_the_middle(page: Page, steps: int = 12) -> dict[str, Any]:
    """Far enough that the newest have been dropped; answers the first tile in view once the address has it."""
    await page.mouse.move(700, 500)
    for _ in range(steps):
        await scroll(page, 1500)
    await page.wait_for_function(HAS_PLACE)
    first = await page.evaluate(FIRST_TILE)
    await page.wait_for_function(STANDS_AT, arg=first["id"])
    return await page.evaluate(FIRST_TILE)


async def test_the_wall_scrolls_down_and_back_and_shows_every_image_once(
    look: Callable[..., Any], shelf: list[int]
) -> None:
    page = await look()
    await page.mouse.move(700, 500)

    async def walk(pixels: int, end: int) -> list[int]:
        met: dict[int, None] = {}
        for _ in range(400):
            shown = await shown_ids(page)
            assert len(shown) == len(set(shown)) < 150, "only what is near the window is drawn"
            met.update(dict.fromkeys(shown))
            if end in shown:
                return list(met)
            await scroll(page, pixels)
        raise AssertionError(f"image {end} was never met")

    assert await walk(1200, shelf[-1]) == shelf
    await page.wait_for_function(HAS_PLACE)
    back = await walk(-1200, shelf[0])
    assert sorted(back) == sorted(shelf)
    while await page.evaluate("scrollY > 0"):
        await scroll(page, -3000)
    await page.wait_for_function(HAS_NO_PLACE)
    assert (await shown_ids(page))[0] == shelf[0]


async def test_a_reload_a_sent_link_and_back_stand_where_one_stood(look: Callable[..., Any], shelf: list[int]) -> None:
    page = await look()
    stood = await scroll_to_the_middle(page)
    assert shelf.index(int(stood["id"])) > 200

    await page.reload()
    await page.wait_for_function(IS_CALM)
    assert await page.evaluate(FIRST_TILE) == stood

    # Not `click`, which scrolls what stands half outside into view.
    await page.locator(f'[data-id="{stood["id"]}"] a').dispatch_event("click")
    await page.wait_for_url("**/images/**")
    await page.go_back()
    await page.wait_for_function(IS_CALM)
    assert await page.evaluate(FIRST_TILE) == stood

    await page.locator(f'[data-id="{stood["id"]}"] a').dispatch_event("click")
    await page.wait_for_url("**/images/**")
    await page.get_by_role("link", name=re.compile("gallery", re.I)).first.click()
    await page.wait_for_function(IS_CALM)
    assert await page.evaluate(FIRST_TILE) == stood

    await page.wait_for_function(STANDS_AT, arg=stood["id"])
    other = await look(path=page.url)
    assert (await other.evaluate(FIRST_TILE))["id"] == stood["id"]


async def test_a_place_that_cannot_be_read_shows_the_newest_with_a_word(
    look: Callable[..., Any], shelf: list[int]
) -> None:
    page = await look(path="/?at=2026-99-99T00:00:00Z_1")
    await expect(page.get_by_text("The place in this link cannot be read")).to_be_visible()
    assert (await shown_ids(page))[0] == shelf[0]
    # A place without a row, as the scrubber makes them, is a place all the same.
    await page.goto("/?at=2025-04-01T00:00:00.000000Z_0")
    await page.wait_for_function(IS_CALM)
    await expect(page.get_by_text("31 Mar 2025")).to_be_visible()
    await expect(page.get_by_text("The place in this link cannot be read")).to_have_count(0)


async def test_the_keyboard_walks_to_both_ends_ticks_and_unticks(look: Callable[..., Any], shelf: list[int]) -> None:
    page = await look()
    await page.locator(f'[data-id="{shelf[0]}"] a').focus()
    await page.keyboard.press("ArrowRight")
    assert await page.evaluate(FOCUSED) == str(shelf[1])
    await page.keyboard.press("x")
    await expect(page.get_by_text("1 selected")).to_be_visible()
    await page.keyboard.press("End")
    await page.wait_for_function(HAS_FOCUS, arg=str(shelf[-1]))
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("x")
    await expect(page.get_by_text("2 selected")).to_be_visible()
    await page.keyboard.press("Home")
    await page.wait_for_function(HAS_FOCUS, arg=str(shelf[0]))
    await expect(page.locator(f'[data-id="{shelf[1]}"] [role=checkbox]')).to_have_attribute("aria-checked", "true")
    await page.keyboard.press("Control+a")
    await expect(page.get_by_text(re.compile(r"^\d+ selected$"))).not_to_have_text("2 selected")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("toolbar", name="Selected images")).to_have_count(0)


async def test_the_scrubber_leads_to_a_month_by_key(look: Callable[..., Any], shelf: list[int]) -> None:
    page = await look()
    slider = page.get_by_role("slider", name="Jump to a month")
    await slider.focus()
    await page.keyboard.press("Home")
    await expect(slider).to_have_attribute("aria-valuetext", "March 2025")
    await page.wait_for_function(HAS_PLACE)
    await page.wait_for_function(IS_CALM)
    await expect(page.get_by_text(re.compile(r"^31 Mar 2025$"))).to_be_visible()
    await page.go_back()
    await page.locator(f'[data-id="{shelf[0]}"]').wait_for()


async def test_the_scroll_bar_leads_into_what_was_dropped_and_to_the_newest(
    look: Callable[..., Any], shelf: list[int]
) -> None:
    page = await look()
    stood = await scroll_to_the_middle(page)
    # Half way back up: nothing of it is held any more, and it stands for a time in between.
    await page.evaluate("scrollTo(0, scrollY / 2)")
    await page.wait_for_function(f"() => !({STANDS_AT})({stood['id']})")
    await page.wait_for_function(IS_CALM)
    between = shelf.index(int((await page.evaluate(FIRST_TILE))["id"]))
    assert 0 < between < shelf.index(int(stood["id"]))
    await page.evaluate("scrollTo(0, 0)")
    await page.locator(f'[data-id="{shelf[0]}"]').wait_for()
    await page.wait_for_function(HAS_NO_PLACE)


async def test_exams_hang_with_their_four_views_and_filters_stand_in_the_address(
    look: Callable[..., Any], shelf: list[int]
) -> None:
    page = await look()
    await page.keyboard.press("g")
    await page.keyboard.press("e")
    await page.get_by_role("heading", name="Exams", level=1).wait_for()
    await page.wait_for_function(IS_CALM)
    assert "show=exams" in page.url
    tile = page.get_by_test_id("exam-tile").first
    await expect(tile).to_contain_text("R CC")
    await expect(page.get_by_text(f"{IMAGES // 4} exams")).to_be_visible()
    await expect(page.get_by_text("No R MLO").first).to_be_visible()

    await page.get_by_role("button", name=re.compile("^Failed")).click()
    await page.wait_for_url("**/?*status=failed*")
    await expect(page.get_by_text(f"{IMAGES // 100} exams")).to_be_visible()
    await expect(page.get_by_test_id("exam-tile").first).to_have_attribute("data-state", "troubled")
    await page.get_by_role("link", name="Images", exact=True).click()
    await page.wait_for_url("**/?status=failed")
    await expect(page.get_by_test_id("tile").first).to_contain_text("The worker was interrupted.")
    await page.get_by_role("button", name="Clear all").click()
    await page.wait_for_url(re.compile("/$"))


async def test_deleted_images_leave_and_come_back_without_a_jump(
    look: Callable[..., Any], shelf: list[int], product: Product
) -> None:
    page = await look()
    stood = await scroll_to_the_middle(page)
    at = shelf.index(int(stood["id"]))
    above = shelf[at - 1]
    await page.locator(f'[data-id="{above}"] [role=checkbox]').dispatch_event("click")
    await page.get_by_role("toolbar", name="Selected images").get_by_role("button", name="Delete").click()
    await expect(page.locator(f'[data-id="{above}"]')).to_have_count(0)
    assert await page.evaluate(FIRST_TILE) == stood
    await page.get_by_role("button", name="Undo").click()
    await expect(page.locator(f'[data-id="{above}"]')).to_have_count(1)
    assert await page.evaluate(FIRST_TILE) == stood


async def test_a_lost_connection_is_said_quietly_and_reading_goes_on(
    look: Callable[..., Any], shelf: list[int]
) -> None:
    page = await look()

    async def refuse(route: Route) -> None:
        await route.abort()

    await page.route("**/api/images?**", refuse)
    await page.mouse.move(700, 500)
    for _ in range(6):
        await page.mouse.wheel(0, 2000)
    await expect(page.get_by_role("alert").filter(has_text="Nothing is lost")).to_be_visible()
    assert await shown_ids(page) != []
    await page.unroute("**/api/images?**")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("alert").filter(has_text="Nothing is lost")).to_have_count(0)
    await scroll_to_the_middle(page)


@pytest.mark.parametrize("size", ["desk", "phone"])
async def test_the_wall_has_no_serious_fault(look: Callable[..., Any], shelf: list[int], size: str) -> None:
    page = await look(size)
    for path in ("/", "/?at=2025-04-01T00:00:00.000000Z_0", "/?show=exams", "/?show=exams&status=failed", "/?q=none"):
        await page.goto(path)
        await page.wait_for_load_state("networkidle")
        await expect(page.get_by_role("heading", level=1)).to_have_count(1)
        results = await Axe().run(page)
        faults = [f for f in results.response["violations"] if f["impact"] in ("serious", "critical")]
        assert [(f["id"], f["nodes"][0]["html"][:160]) for f in faults] == [], path
