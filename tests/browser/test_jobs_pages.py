"""The pages of jobs, of one's own uploads and of notifications, as administrators and uploaders use them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from builders import dicom_bytes
from product import Product

pytestmark = pytest.mark.browser
SEED = iter(range(71_000, 72_000))


@pytest.fixture
def going(product: Product) -> Any:
    """Whatever a test has paused goes on after it."""
    yield
    for queue in ("dicom-conversion", "thumbnail", "maintenance"):
        assert product.client("admin").post(f"/api/admin/queue/{queue}/resume").is_success


def write_mammogram(folder: Path, name: str, cut: int = 0) -> Path:
    body = dicom_bytes(seed=next(SEED), laterality="L", view="CC", rows=256, columns=200)
    path = folder / name
    path.write_bytes(body[: len(body) - cut])
    return path


def card(page: Page, queue: str = "dicom-conversion") -> Locator:
    return page.get_by_test_id(f"queue-{queue}")


def count(page: Page, label: str) -> Locator:
    return card(page).get_by_role("listitem").filter(has_text=label)


def sent(page: Page, name: str) -> Locator:
    return page.get_by_test_id("sent-row").filter(has_text=name)


async def test_an_upload_waits_in_a_paused_queue_and_is_ready_after_it_is_resumed(
    visit: Callable[..., Any], product: Product, going: None, tmp_path: Path
) -> None:
    office = await (await visit()).sign_in("admin")
    await office.keyboard.press("g")
    await office.keyboard.press("j")
    await office.get_by_role("heading", name="Jobs", level=1).wait_for()
    await card(office).get_by_role("button", name="Pause").click()
    await expect(card(office)).to_contain_text(re.compile(r"Since .+, by Admin Example"))

    page = await (await visit()).sign_in()
    await page.get_by_role("link", name="Uploads").click()
    await page.get_by_role("heading", name="My uploads").wait_for()
    await page.get_by_test_id("upload-files").set_input_files(write_mammogram(tmp_path, "waits.dcm"))
    await expect(sent(page, "waits.dcm")).to_contain_text("Queued")
    await expect(count(office, "Waiting")).to_have_text(re.compile(r"^1"))
    story = sent(page, "waits.dcm")
    await story.get_by_role("button", name="What happened").click()
    await expect(story.get_by_test_id("timeline")).to_contain_text("waits for a worker")

    await card(office).get_by_role("button", name="Resume").click()
    # Nobody reloads anything.
    await expect(story).to_contain_text("Ready", timeout=30_000)
    await expect(story.get_by_test_id("timeline")).to_contain_text(re.compile(r"Completed by attempt 1, after .+ m?s"))
    await expect(story.locator("img")).to_be_visible()
    await expect(card(office)).not_to_contain_text("Since")
    await expect(count(office, "Waiting")).to_have_text(re.compile(r"^0"))


async def test_a_failed_job_is_retried_from_the_page_of_jobs(
    visit: Callable[..., Any], product: Product, going: None, tmp_path: Path
) -> None:
    """Its original is away for a while, as on a share that was not mounted."""
    assert product.client("admin").post("/api/admin/queue/dicom-conversion/pause").is_success
    known = set(product.stored_files())
    image = product.upload_one(write_mammogram(tmp_path, "lost.dcm").read_bytes(), "lost.dcm")
    (original,) = set(product.stored_files()) - known
    away = original.rename(tmp_path / "away")
    assert product.client("admin").post("/api/admin/queue/dicom-conversion/resume").is_success
    assert product.wait_for(image["id"])["status"] == "failed"
    away.rename(original)

    page = await (await visit()).sign_in("admin")
    await page.goto("/admin/jobs?state=failed")
    row = page.get_by_test_id("job-row").filter(has_text=image["jobId"])
    await expect(row).to_contain_text("3 of 3")
    await row.get_by_role("button", name=image["jobId"], exact=True).click()
    dialog = page.get_by_role("dialog", name=image["jobId"])
    await expect(dialog.get_by_test_id("timeline")).to_contain_text(re.compile("Attempt 3 failed, after"))
    await page.keyboard.press("Escape")
    await row.get_by_role("button", name=f"Retry {image['jobId']}").click()
    await expect(page.get_by_text(f"{image['jobId']} starts anew.")).to_be_visible()
    await expect(row).to_have_count(0)  # it has not failed any more
    await expect(page.get_by_role("heading", name="No job fits these filters")).to_be_visible()
    assert product.wait_for(image["id"])["status"] == "ready"


async def test_draining_says_how_many_jobs_it_takes_out_and_they_can_be_retried(
    visit: Callable[..., Any], product: Product, going: None, tmp_path: Path
) -> None:
    assert product.client("admin").post("/api/admin/queue/dicom-conversion/pause").is_success
    images = [product.upload_one(write_mammogram(tmp_path, f"{n}.dcm").read_bytes(), f"{n}.dcm") for n in range(2)]
    page = await (await visit()).sign_in("admin")
    await page.goto("/admin/jobs")
    await expect(count(page, "Waiting")).to_have_text(re.compile(r"^2"))
    await page.get_by_role("button", name="More for dicom-conversion").click()
    await page.get_by_role("menuitem", name="Drain").click()
    dialog = page.get_by_role("alertdialog")
    await expect(dialog).to_contain_text("cannot be undone")
    await dialog.get_by_role("button", name="Take out 2 jobs").click()
    await expect(page.get_by_text("2 jobs taken out of dicom-conversion.")).to_be_visible()
    await expect(count(page, "Taken out")).to_have_text(re.compile(r"^2"), timeout=20_000)

    uploader = await (await visit()).sign_in()
    await uploader.goto("/uploads")
    for number in range(2):
        await expect(sent(uploader, f"{number}.dcm")).to_contain_text("Taken out")
    assert product.client("admin").post("/api/admin/queue/dicom-conversion/resume").is_success
    await uploader.get_by_role("button", name="Retry 1.dcm").click()
    await expect(sent(uploader, "1.dcm")).to_contain_text("Ready", timeout=30_000)
    assert product.image(images[0]["id"])["status"] == "failed"


async def test_concurrency_is_changed_and_follows_the_settings_again(
    visit: Callable[..., Any], product: Product, going: None
) -> None:
    page = await (await visit()).sign_in("admin")
    await page.goto("/admin/jobs")
    await page.get_by_role("button", name="More for thumbnail").click()
    await page.get_by_role("menuitem", name="Change concurrency").click()
    dialog = page.get_by_role("dialog", name="Concurrency of thumbnail")
    await dialog.get_by_label("Jobs at once").fill("2")
    await dialog.get_by_role("button", name="Save").click()
    await expect(card(page, "thumbnail")).to_contain_text("1 × 2", timeout=30_000)
    await page.get_by_role("button", name="More for thumbnail").click()
    await page.get_by_role("menuitem", name="Change concurrency").click()
    await dialog.get_by_role("button", name="Follow the workers’ settings").click()
    await expect(card(page, "thumbnail")).to_contain_text("1 × 5", timeout=30_000)


async def test_a_rejected_upload_is_told_by_the_bell_and_survives_a_reload(
    visit: Callable[..., Any], product: Product, tmp_path: Path
) -> None:
    page = await (await visit()).sign_in("technologist")
    bell = page.get_by_role("button", name=re.compile("^Notifications"))
    await expect(bell).to_have_accessible_name("Notifications")
    await page.get_by_test_id("upload-files").set_input_files(write_mammogram(tmp_path, "cut off.dcm", cut=5000))
    await expect(page.get_by_test_id("unread")).to_have_text("1", timeout=30_000)
    await expect(page.get_by_test_id("troubles")).to_contain_text("cut off.dcm: was rejected")

    await page.reload()
    await expect(bell).to_have_accessible_name("Notifications, 1 unread one")
    await page.keyboard.press("n")
    line = page.get_by_test_id("news-line").filter(has_text="cut off.dcm")
    await expect(line).to_contain_text("cut off on the way")
    await expect(line.get_by_role("button", name="Retry cut off.dcm")).to_be_visible()
    await page.get_by_role("button", name="Mark all as read").click()
    await expect(page.get_by_text("All read")).to_be_visible()
    await expect(page.get_by_test_id("unread")).to_have_count(0)
    await page.keyboard.press("Escape")
    await expect(bell).to_be_focused()

    await page.reload()
    await expect(bell).to_have_accessible_name("Notifications")
    await page.keyboard.press("n")
    await expect(line).to_be_visible()  # read, and still there
    await expect(page.get_by_test_id("unread")).to_have_count(0)
    await line.get_by_role("link", name="cut off.dcm").click()
    await expect(page.get_by_role("heading", name="This file cannot be shown")).to_be_visible()


async def test_without_the_event_stream_the_pages_ask_by_themselves(
    visit: Callable[..., Any], product: Product, tmp_path: Path
) -> None:
    visitor = await visit()
    problem = {"title": "Too Many Requests", "status": 429, "code": "too_many_streams", "detail": "Close a page."}

    async def refuse(route: Any) -> None:
        await route.fulfill(status=429, content_type="application/problem+json", body=json.dumps(problem))

    await visitor.context.route(re.compile(r"/api/events"), refuse)
    page = await visitor.sign_in("other")
    await page.goto("/uploads")
    await page.get_by_role("heading", name="You have not uploaded anything yet").wait_for()
    product.upload_one(write_mammogram(tmp_path, "quiet.dcm").read_bytes(), "quiet.dcm", who="other")
    await expect(sent(page, "quiet.dcm")).to_contain_text("Ready", timeout=40_000)
    await expect(page.get_by_test_id("unread")).to_have_text("1", timeout=20_000)


async def test_a_page_of_jobs_that_cannot_be_read_says_so_and_keeps_what_it_knew(
    visit: Callable[..., Any], product: Product
) -> None:
    visitor = await visit()

    async def fail(route: Any) -> None:
        await route.fulfill(status=503, content_type="application/problem+json", body='{"detail": "It is away."}')

    await visitor.context.route(re.compile(r"/api/events"), fail)
    page = await visitor.sign_in("admin")
    await page.goto("/admin/jobs")
    await expect(card(page)).to_be_visible()
    await page.route(re.compile(r"/api/admin/queue/"), fail)
    await expect(page.get_by_text("The queues could not be read")).to_be_visible(timeout=30_000)
    await expect(page.get_by_text("The list could not be read")).to_be_visible(timeout=30_000)
    await expect(card(page)).to_be_visible()
    await page.unroute(re.compile(r"/api/admin/queue/"))
    await expect(page.get_by_text("The queues could not be read")).to_have_count(0, timeout=30_000)


async def test_the_webhooks_secret_is_shown_once(visit: Callable[..., Any], product: Product) -> None:
    page = await (await visit()).sign_in("radiologist")
    await page.goto("/account")
    form = page.get_by_role("form", name="Webhook")
    await form.get_by_label("Address").fill("http://127.0.0.1:9/inside")
    await form.get_by_role("button", name="Save webhook").click()
    await expect(form.get_by_role("alert")).to_be_visible()  # neither https nor on the internet

    saved = {"webhookUrl": "https://hooks.example.org/x", "webhookOn": "failures", "hasWebhookSecret": True}
    rest = {"emailOn": "never", "email": "r@example.org", "emailAvailable": False, "webhookPrivate": False}

    async def accept(route: Any) -> None:
        # No test leaves this machine: the server would ask for the receiver's address.
        secret = "mvwh_shown-once" if route.request.method == "PATCH" else None
        await route.fulfill(json={**saved, **rest, "webhookSecret": secret})

    await page.route(re.compile(r"/api/notifications/settings"), accept)
    await form.get_by_label("Address").fill(saved["webhookUrl"])
    await form.get_by_label("Call it").select_option("failures")
    await form.get_by_role("button", name="Save webhook").click()
    await expect(page.get_by_test_id("webhook-secret")).to_have_text("mvwh_shown-once")
    await page.get_by_role("button", name="Done").click()
    await expect(page.get_by_test_id("webhook-secret")).to_have_count(0)
    await page.reload()
    await expect(form.get_by_role("button", name="New secret")).to_be_visible()
    await expect(page.get_by_text("mvwh_")).to_have_count(0)
