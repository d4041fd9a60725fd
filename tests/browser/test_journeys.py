"""A few journeys through the page, as people make them."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from conftest import Servers
from mammogram_viewer.accounts.setup import create_setup_link
from mammogram_viewer.adapters.database.migrate import apply_migrations
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.foundation.settings import Settings
from product import PASSWORD, Product, running

pytestmark = pytest.mark.browser


async def drop(page: Page, path: Path) -> None:
    """Let go of a file over the middle of the page, as the browser tells the page of it."""
    transfer = await page.evaluate_handle(
        """([name, bytes]) => {
            const transfer = new DataTransfer()
            transfer.items.add(new File([Uint8Array.from(atob(bytes), c => c.charCodeAt(0))], name))
            return transfer
        }""",
        [path.name, base64.b64encode(path.read_bytes()).decode()],
    )
    for event in ("dragenter", "dragover", "drop"):
        await page.dispatch_event("main", event, {"dataTransfer": transfer})


async def test_a_dropped_mammogram_appears_in_the_gallery_opens_and_can_be_deleted(
    visit: Callable[..., Any], mammogram: Path
) -> None:
    page = await (await visit()).sign_in()
    await drop(page, mammogram)
    tile = page.get_by_role("link", name=re.compile("R MLO")).first
    await expect(tile.locator("img")).to_be_visible(timeout=30_000)
    await tile.click()
    picture = page.get_by_role("img", name=re.compile("R MLO|R\\.? ?MLO", re.I)).first
    await expect(picture).to_be_visible()
    await page.wait_for_function(
        "() => [...document.images].some(i => i.src.includes('/png') && i.naturalWidth === 400)"
    )
    await expect(page.get_by_text("from Image Laterality")).to_be_visible()
    await page.get_by_role("button", name=re.compile("DICOM header")).click()
    await expect(page.get_by_text("PatientID").or_(page.get_by_text("Patient ID")).first).to_be_visible()
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Delete").first.click()
    await expect(page.get_by_test_id("undo-toast")).to_contain_text("R MLO.dcm deleted.")
    await page.get_by_role("heading", name="Gallery").wait_for()
    # The upload tray may still name what it has sent.
    await expect(page.get_by_role("main").get_by_role("link", name=re.compile("R MLO"))).to_have_count(0)


async def test_a_file_that_is_no_image_fails_in_the_tray_with_its_reason(
    visit: Callable[..., Any], tmp_path: Path
) -> None:
    page = await (await visit()).sign_in()
    report = tmp_path / "report.pdf"
    report.write_bytes(b"%PDF-1.7" + b"x" * 2000)
    await page.get_by_test_id("upload-files").set_input_files(report)
    await expect(page.get_by_text(re.compile("PDF document")).first).to_be_visible()


async def test_a_truncated_mammogram_says_why_and_offers_a_retry(
    visit: Callable[..., Any], mammogram: Path, product: Product
) -> None:
    page = await (await visit()).sign_in()
    mammogram.write_bytes(mammogram.read_bytes()[:-5000])
    await page.get_by_test_id("upload-files").set_input_files(mammogram)
    await expect(page.get_by_text(re.compile("Rejected")).first).to_be_visible(timeout=30_000)
    await page.get_by_role("link", name=re.compile("R MLO.dcm, Rejected")).first.click()
    await expect(page.get_by_role("button", name=re.compile("Retry|Try again")).first).to_be_visible()
    await expect(page.get_by_text(re.compile("cut off on the way")).first).to_be_visible()


async def test_a_wrong_password_says_what_to_do_and_keeps_the_address(visit: Callable[..., Any]) -> None:
    page = await (await visit()).go("/login")
    await page.get_by_label("E-mail").fill("user@example.org")
    await page.get_by_label("Password", exact=True).fill("not the password at all")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert").first).to_be_visible()
    await expect(page.get_by_label("E-mail")).to_have_value("user@example.org")


async def test_an_expired_session_leads_to_sign_in_and_back_to_where_one_was(
    visit: Callable[..., Any], product: Product
) -> None:
    visitor = await visit()
    page = await visitor.sign_in("admin")
    await page.goto("/admin/users")
    await page.get_by_role("heading", name="Users").wait_for()
    await visitor.context.clear_cookies()
    await page.goto("/admin/users")
    await page.get_by_label("E-mail").wait_for()
    await page.get_by_label("E-mail").fill("admin@example.org")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("heading", name="Users").wait_for()


async def test_a_lost_connection_is_said_and_the_upload_goes_on_when_it_is_back(
    visit: Callable[..., Any], mammogram: Path
) -> None:
    visitor = await visit()
    page = await visitor.sign_in()
    await visitor.context.set_offline(True)
    await page.get_by_test_id("upload-files").set_input_files(mammogram)
    await expect(page.get_by_text(re.compile("connection", re.I)).first).to_be_visible()
    await visitor.context.set_offline(False)
    await expect(page.get_by_role("link", name=re.compile("R MLO")).first.locator("img")).to_be_visible(timeout=40_000)


async def test_a_registered_person_waits_until_an_administrator_approves(visit: Callable[..., Any]) -> None:
    stranger = await (await visit()).go("/register")
    await stranger.get_by_label("E-mail").fill("new@example.org")
    await stranger.get_by_label("Name").fill("New Person")
    await stranger.get_by_label(re.compile("^Password")).first.fill(PASSWORD)
    await stranger.get_by_role("button", name=re.compile("Ask|Register|Send")).click()
    await expect(stranger.get_by_text(re.compile("administrator", re.I)).first).to_be_visible()

    administrator = await (await visit()).sign_in("admin")
    await administrator.goto("/admin/users?status=pending")
    row = administrator.get_by_role("row", name=re.compile("New Person"))
    await row.get_by_role("button", name="Approve").click()
    await expect(administrator.get_by_role("row", name=re.compile("New Person.*pending"))).to_have_count(0)

    welcome = await (await visit()).go("/login")
    await welcome.get_by_label("E-mail").fill("new@example.org")
    await welcome.get_by_label("Password", exact=True).fill(PASSWORD)
    await welcome.get_by_role("button", name="Sign in").click()
    await welcome.get_by_role("heading", name="Gallery").wait_for()


async def test_the_set_up_link_makes_the_first_administrator_once(
    new_database: Callable[[], Any], servers: Servers, tmp_path: Path, visit: Callable[..., Any]
) -> None:
    url = await new_database()
    await apply_migrations(url)
    db = await open_pool(url, size=1, application_name="tests")
    secret = await create_setup_link(db, Settings(data_dir=tmp_path))
    await db.close()
    with running(Product(tmp_path, url, servers.redis_url), "api") as fresh:
        page = await (await visit(base_url=fresh.base_url)).go(f"/setup?token={secret}")
        await page.get_by_label("E-mail").fill("first@example.org")
        await page.get_by_label("Name").fill("First Administrator")
        await page.get_by_label(re.compile("^Password")).first.fill(PASSWORD)
        await page.get_by_role("button", name=re.compile("Create|Make|Set up|Start")).click()
        await page.get_by_role("heading", name="Gallery").wait_for()
        again = await (await visit(base_url=fresh.base_url)).go(f"/setup?token={secret}")
        await expect(again.get_by_role("heading").first).to_be_visible()
        await expect(again.get_by_text(re.compile("used|expired|valid", re.I)).first).to_be_visible()
        await expect(again.get_by_label("E-mail")).to_have_count(0)
