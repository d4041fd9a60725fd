"""The pages of analytics, as administrators use them, and one's own numbers. What they show is held against SQL over
the raw rows, which shares nothing with the roll-ups."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Locator, Page, expect

from builders import dicom_bytes, png_bytes
from product import Product, running

pytestmark = pytest.mark.browser
SEEDS = iter(range(96_000, 97_000))
BERLIN, KATHMANDU = "Europe/Berlin", "Asia/Kathmandu"
SEEDED_DAYS = 120

# Facts at all times of day, by all people, over the days before; some of them in the hours around midnights.
_SEED = f"""
INSERT INTO user_activity (user_id, activity_type, resource_type, resource_id, created_at)
SELECT u.id, t.type, CASE WHEN t.type = 'login' THEN 'user' ELSE 'image' END,
       CASE WHEN t.type = 'login' THEN u.id ELSE $1 END,
       now() - make_interval(days => d, hours => ((d * 7 + u.id * 5) % 24)::int,
                             mins => ((d * 13 + u.id * 11) % 60)::int)
FROM generate_series(1, {SEEDED_DAYS}) d
CROSS JOIN (SELECT id FROM users ORDER BY id LIMIT 4) u
CROSS JOIN (VALUES ('login'), ('view'), ('download')) t (type)
WHERE (d + u.id) % 3 <> 0
"""
_SEED_VIEWS = """
INSERT INTO image_views (user_id, image_id, viewed_at, last_seen_at)
SELECT user_id, resource_id, created_at, created_at FROM user_activity WHERE activity_type = 'view'
"""
# The local date is computed of each row by itself.
_BY_DAY = """
SELECT (created_at AT TIME ZONE $1)::date AS day,
       count(*) FILTER (WHERE activity_type = 'view') AS views,
       count(*) FILTER (WHERE activity_type = 'upload') AS uploads,
       count(*) FILTER (WHERE activity_type = 'download') AS downloads
FROM user_activity WHERE (created_at AT TIME ZONE $1)::date BETWEEN $2 AND $3 GROUP BY 1
"""
_ACTIVE = """
SELECT count(DISTINCT user_id) AS people FROM user_activity
WHERE (created_at AT TIME ZONE $1)::date BETWEEN $2 AND $3
"""


@pytest.fixture(scope="module")
async def past(product: Product) -> int:
    """Four months of facts about one image; its id."""
    image = product.wait_for(
        product.upload_one(dicom_bytes(seed=next(SEEDS), laterality="L", view="CC"), "a.dcm")["id"]
    )
    product.wait_for(product.upload_one(png_bytes(seed=next(SEEDS), side=128), "b.png")["id"])
    await product.fetch(_SEED, image["id"])
    await product.fetch(_SEED_VIEWS)
    return image["id"]


async def open_analytics(visitor: Any, query: str = "") -> Page:
    page = await visitor.sign_in("admin")
    await page.goto(f"/analytics{query}")
    await expect(page.get_by_test_id("updated")).to_contain_text("Updated")
    return page


def panel(page: Page, title: str) -> Locator:
    return page.get_by_role("region", name=title, exact=True)


def number_of(text: str | None) -> int:
    return int(re.sub(r"\D", "", text or ""))


async def card_number(page: Page, title: str) -> int:
    return number_of(await panel(page, title).get_by_role("status").first.text_content())


async def raw_days(product: Product, zone: str, first: date, last: date) -> dict[str, tuple[int, int, int]]:
    rows = await product.fetch(_BY_DAY, zone, first, last)
    found = {row["day"]: (row["views"], row["uploads"], row["downloads"]) for row in rows}
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return {day.isoformat(): found.get(day, (0, 0, 0)) for day in days}


async def today_in(product: Product, zone: str) -> date:
    (row,) = await product.fetch("SELECT (now() AT TIME ZONE $1)::date AS day", zone)
    return row["day"]


async def table_of(page: Page, title: str) -> dict[str, tuple[int, ...]]:
    """The rows of a chart's table, by day; it is there for screen readers before anybody asks for it."""
    rows = panel(page, title).locator("tbody tr")
    texts = await rows.evaluate_all(
        "rows => rows.map(row => [row.dataset.day, ...[...row.cells].slice(1).map(cell => cell.textContent)])"
    )
    return {day: tuple(map(number_of, cells)) for day, *cells in texts}


async def assert_shows_the_raw_rows(page: Page, product: Product, zone: str, first: date, last: date) -> None:
    wanted = await raw_days(product, zone, first, last)
    assert await table_of(page, "User activity") == wanted
    assert await card_number(page, "Views") == sum(views for views, _, _ in wanted.values())
    (active,) = await product.fetch(_ACTIVE, zone, first, last)
    await expect(panel(page, "Users")).to_contain_text(f"{active['people']} active")


async def test_an_administrator_sees_what_the_raw_rows_say_in_every_range_and_zone(
    visit: Callable[..., Any], product: Product, past: int
) -> None:
    page = await open_analytics(await visit(timezone_id=BERLIN))
    await expect(page.get_by_label("Time zone", exact=True)).to_have_value(BERLIN)  # the browser's own
    today = await today_in(product, BERLIN)
    await assert_shows_the_raw_rows(page, product, BERLIN, today - timedelta(days=29), today)
    (stock,) = await product.fetch("SELECT count(*) AS images, sum(byte_count) AS bytes FROM images")
    assert await card_number(page, "Images") == stock["images"]
    await expect(panel(page, "Storage").first).to_contain_text("MB")
    (viewed,) = await product.fetch(
        "SELECT count(*) AS views FROM image_views WHERE image_id = $1 AND (viewed_at AT TIME ZONE $2)::date >= $3",
        past,
        BERLIN,
        today - timedelta(days=29),
    )
    await expect(page.get_by_test_id("most-viewed-row").first.get_by_role("cell").nth(1)).to_have_text(
        str(viewed["views"])
    )

    await page.get_by_role("button", name="7 days", exact=True).click()
    await expect(page).to_have_url(re.compile(r"days=7\b"))
    await expect(panel(page, "User activity").locator("tbody tr")).to_have_count(7)
    await assert_shows_the_raw_rows(page, product, BERLIN, today - timedelta(days=6), today)
    await expect(panel(page, "User activity").locator("tbody tr").last).to_contain_text("partial")

    # Quarters of an hour, and a range that is over.
    first, last = today - timedelta(days=70), today - timedelta(days=40)
    await page.get_by_role("button", name="Custom").click()
    await page.get_by_label("From").fill(first.isoformat())
    await page.get_by_label("to", exact=True).fill(last.isoformat())
    await page.get_by_role("button", name="Show").click()
    await expect(page).to_have_url(re.compile(f"from={first}&to={last}"))
    await page.get_by_label("Time zone", exact=True).select_option(KATHMANDU)
    await expect(page).to_have_url(re.compile("tz=Asia%2FKathmandu"))
    await expect(page.get_by_test_id("updated")).to_contain_text("Updated")
    await expect(page.locator("main")).to_contain_text("(31 days), Asia/Kathmandu")
    await assert_shows_the_raw_rows(page, product, KATHMANDU, first, last)

    await page.reload()
    await expect(page.locator("main")).to_contain_text("(31 days), Asia/Kathmandu")
    await page.goto("/analytics")
    await expect(page.get_by_label("Time zone", exact=True)).to_have_value(KATHMANDU)  # remembered


async def test_a_chart_turns_into_its_table_and_its_file(
    visit: Callable[..., Any], product: Product, past: int
) -> None:
    page = await open_analytics(await visit(timezone_id=BERLIN), "?days=14")
    points = await table_of(page, "User activity")
    activity = panel(page, "User activity")
    await expect(activity.get_by_role("img")).to_have_accessible_name(re.compile("^User activity: 14 days"))
    height = await activity.evaluate("panel => panel.offsetHeight")
    await activity.get_by_role("button", name="User activity as a table").click()
    await expect(activity.locator("canvas")).to_have_count(0)
    assert await table_of(page, "User activity") == points
    assert await activity.evaluate("panel => panel.offsetHeight") == height
    async with page.expect_download() as download:
        await activity.get_by_role("link", name="User activity as CSV").click()
    text = Path(await (await download.value).path()).read_text(encoding="utf-8-sig")
    rows = [line for line in csv.DictReader(io.StringIO(text)) if line["day"]]
    assert {line["day"]: (int(line["views"]), int(line["uploads"]), int(line["downloads"])) for line in rows} == points
    # Every link to a file leads to one.
    links = await page.get_by_role("link", name=re.compile("as CSV$|^All activities")).evaluate_all(
        "links => links.map(link => link.href)"
    )
    assert len(links) >= 9
    for link in links:
        answer = await page.request.get(link)
        assert answer.ok and answer.headers["content-type"].startswith("text/csv"), link


async def test_an_upload_shows_up_by_itself_and_a_paused_feed_stands_still(
    visit: Callable[..., Any], product: Product, past: int
) -> None:
    page = await open_analytics(await visit(), "?days=7")
    await expect(page.get_by_test_id("updated")).to_contain_text("live")
    await page.evaluate("window.isSamePage = true")
    before = await card_number(page, "Images")
    uploads = sum(row[0] for row in (await table_of(page, "Uploads")).values())
    product.upload_one(png_bytes(seed=next(SEEDS), side=64), "live.png", who="technologist")
    await expect(panel(page, "Images").get_by_role("status").first).to_have_text(str(before + 1), timeout=20_000)
    assert sum(row[0] for row in (await table_of(page, "Uploads")).values()) == uploads + 1
    newest = page.get_by_test_id("activity-row").first
    await expect(newest).to_contain_text("Technologist Example")
    await expect(newest).to_contain_text("Uploaded")

    await page.get_by_role("button", name="Pause").click()
    product.upload_one(png_bytes(seed=next(SEEDS), side=64), "paused.png", who="other")
    await expect(page.get_by_text(re.compile(r"^\d newer$"))).to_be_visible(timeout=20_000)
    await expect(newest).to_contain_text("Technologist Example")
    await page.get_by_role("button", name="Go on").click()
    await expect(newest).to_contain_text("Other Example")
    assert await page.evaluate("window.isSamePage")


async def test_the_feed_is_filtered_and_paged_and_leads_to_a_persons_numbers(
    visit: Callable[..., Any], product: Product, past: int
) -> None:
    page = await (await visit()).sign_in("admin")
    await page.keyboard.press("g")
    await page.keyboard.press("a")
    await page.get_by_role("heading", name="Analytics", level=1).wait_for()
    rows = page.get_by_test_id("activity-row")
    await page.get_by_label("Activity", exact=True).select_option("download")
    await expect(page).to_have_url(re.compile("type=download"))
    await expect(rows.filter(has_text="Downloaded")).to_have_count(20)
    await page.get_by_label("Person (name or e-mail)").fill("radiologist@")
    await page.get_by_label("Person (name or e-mail)").press("Enter")
    await expect(rows.filter(has_text="Radiologist Example")).to_have_count(20)
    seen = await rows.all_inner_texts()
    await page.get_by_role("button", name="Older", exact=True).click()
    await expect(page).to_have_url(re.compile("cursor="))
    newest = seen[0].partition("\t")[0]
    await expect(rows.first).not_to_contain_text(newest)
    assert not set(await rows.all_inner_texts()) & set(seen)
    await page.get_by_role("button", name="Newer", exact=True).click()
    await expect(rows.first).to_contain_text(newest)
    assert await rows.all_inner_texts() == seen

    await rows.first.get_by_role("link", name="Radiologist Example").click()
    await page.get_by_role("heading", name="Radiologist Example", level=1).wait_for()
    (raw,) = await product.fetch(
        """SELECT count(*) AS views FROM user_activity JOIN users ON users.id = user_id
           WHERE email = 'radiologist@example.org' AND activity_type = 'view'
             AND (user_activity.created_at AT TIME ZONE 'UTC')::date > (now() AT TIME ZONE 'UTC')::date - 30"""
    )
    await page.goto(f"{page.url.split('?')[0]}?tz=UTC")
    await expect(panel(page, "Views").get_by_role("status")).to_have_text(str(raw["views"]))


async def test_another_range_keeps_the_numbers_until_its_own_are_there(
    visit: Callable[..., Any], product: Product, past: int
) -> None:
    page = await open_analytics(await visit())
    views = await panel(page, "Views").get_by_role("status").first.text_content()
    assert views is not None
    held = asyncio.Event()

    async def hold(route: Any) -> None:
        await held.wait()
        await route.continue_()

    await page.route(re.compile(r"/api/analytics/dashboard.*days=90"), hold)
    top = await panel(page, "Uploads").bounding_box()
    await page.get_by_role("button", name="90 days").click()
    await expect(page.get_by_test_id("updated")).to_contain_text("Reading…")
    await expect(panel(page, "Views").get_by_role("status").first).to_have_text(views)
    held.set()
    await expect(panel(page, "Views").get_by_role("status").first).not_to_have_text(views)
    assert await panel(page, "Uploads").bounding_box() == top


async def test_a_part_that_cannot_be_read_says_so_and_the_others_stay(
    visit: Callable[..., Any], product: Product, past: int
) -> None:
    visitor = await visit()

    async def fail(route: Any) -> None:
        # Not asked again by itself, as 500 would be.
        await route.fulfill(status=409, content_type="application/problem+json", body='{"detail": "It is away."}')

    cohorts = re.compile(r"/api/analytics/cohorts")
    await visitor.context.route(cohorts, fail)
    page = await open_analytics(visitor)
    part = panel(page, "Who comes back")
    await expect(part).to_contain_text("It is away.")
    await expect(panel(page, "Views")).to_be_visible()
    await expect(page.get_by_role("alert")).to_have_count(1)
    await visitor.context.unroute(cohorts)
    await part.get_by_role("button", name="Try again").click()
    await expect(part.get_by_role("row").nth(1)).to_contain_text("week")

    await page.goto("/analytics?tz=Mars/Base")
    await page.get_by_role("button", name="Count in UTC instead").click()
    await expect(page.get_by_test_id("updated")).to_contain_text("Updated")


async def test_who_is_no_administrator_is_told_so_and_has_their_own_numbers(
    visit: Callable[..., Any], product: Product, past: int
) -> None:
    page = await (await visit()).sign_in("radiologist")
    await expect(page.get_by_role("link", name="Analytics", exact=True)).to_have_count(0)
    await page.goto("/analytics")
    await page.get_by_role("heading", name="Only administrators see analytics").wait_for()
    await page.goto("/analytics/users/1")
    await page.get_by_role("heading", name=re.compile("no such person")).wait_for()
    await page.get_by_role("link", name="My own numbers").click()
    own = panel(page, "My numbers")
    await own.get_by_role("button", name="90 days").click()
    await expect(own).to_contain_text("(90 days)")
    (raw,) = await product.fetch(
        """SELECT count(*) AS views FROM user_activity JOIN users ON users.id = user_id
           WHERE email = 'radiologist@example.org' AND activity_type = 'view'
             AND user_activity.created_at > now() - interval '89 days'"""
    )
    views = await own.get_by_role("region", name="Views", exact=True).get_by_role("status").text_content()
    assert 0 <= number_of(views) - raw["views"] <= 1  # the day that the clock cuts


async def test_an_empty_installation_shows_no_numbers_that_nobody_knows(
    visit: Callable[..., Any], own_database: str, servers: Any, tmp_path: Path
) -> None:
    with running(Product(tmp_path, own_database, servers.redis_url), "api") as empty:
        page = await open_analytics(await visit(base_url=empty.base_url))
        await expect(page.get_by_text("No images yet. Numbers appear here")).to_be_visible()
        await expect(panel(page, "Views")).to_contain_text("nothing known to compare with")
        days = panel(page, "Uploads").locator("tbody tr")
        await expect(days).to_have_count(30)
        await expect(days.first).to_contain_text("unknown")
        await expect(days.last).to_contain_text("0")


@pytest.mark.parametrize("size", ["desk", "phone"])
async def test_the_pages_of_analytics_have_no_serious_fault_and_fit(
    visit: Callable[..., Any], product: Product, past: int, size: str
) -> None:
    page = await open_analytics(await visit(size))
    (radiologist,) = await product.fetch("SELECT id FROM users WHERE email = 'radiologist@example.org'")
    for path in ("/analytics?days=90", f"/analytics/users/{radiologist['id']}", "/account"):
        await page.goto(path)
        await page.wait_for_load_state("networkidle") if path == "/account" else None
        await expect(page.locator("canvas").first).to_be_visible()
        results = await Axe().run(page)
        faults = [
            f"{fault['id']}: {fault['nodes'][0]['html'][:160]}"
            for fault in results.response["violations"]
            if fault["impact"] in ("serious", "critical")
        ]
        assert faults == [], path
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
