"""Acts on many things at once, as people do them: everything that can be undone is done at once, and undone."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Locator, Page, expect

from builders import dicom_bytes
from product import Product

pytestmark = pytest.mark.browser
SEED = iter(range(76_000, 77_000))


def send(product: Product, *names: str, who: str = "user", **wanted: Any) -> list[int]:
    ids = [product.upload_one(dicom_bytes(seed=next(SEED), **wanted), f"{name}.dcm", who=who)["id"] for name in names]
    assert [product.wait_for(image_id)["status"] for image_id in ids] == ["ready"] * len(ids)
    return ids


def tile(page: Page, name: str) -> Locator:
    return page.get_by_role("link", name=re.compile(rf"{name}\.dcm"))


async def select(page: Page, *names: str) -> Locator:
    """Ticks the images; answers the bar of acts."""
    for name in names:
        await tile(page, name).hover()
        await page.get_by_role("checkbox", name=f"Select {name}.dcm").click()
    bar = page.get_by_role("toolbar", name="Selected images")
    await expect(bar).to_contain_text(f"{len(names)} selected")
    return bar


def exists(product: Product, image_id: int) -> bool:
    return product.client("admin").get(f"/api/images/{image_id}").status_code == 200


async def assert_accessible(page: Page, where: str) -> None:
    results = await Axe().run(page)
    faults = [
        f"{fault['id']} ({fault['impact']}): {fault['nodes'][0]['html'][:160]}"
        for fault in results.response["violations"]
        if fault["impact"] in {"serious", "critical"}
    ]
    assert faults == [], f"{where}: " + "\n".join(faults)


async def test_a_selection_is_deleted_at_once_and_ctrl_z_brings_it_back(
    visit: Callable[..., Any], product: Product
) -> None:
    ids = send(product, "back one", "back two")
    page = await (await visit()).sign_in()
    bar = await select(page, "back one", "back two")
    await bar.get_by_role("button", name="Delete").click()
    undo = page.get_by_test_id("undo-toast")
    await expect(undo).to_contain_text(re.compile(r"2 images deleted\..*\d+ s"))
    await expect(tile(page, "back one")).to_have_count(0)
    await expect(bar).to_have_count(0)
    assert not any(exists(product, image_id) for image_id in ids)
    await page.keyboard.press("Control+z")
    await expect(page.get_by_text("2 images are back.")).to_be_visible()
    await expect(tile(page, "back one")).to_be_visible()
    await expect(tile(page, "back two").locator("img")).to_be_visible()
    assert all(exists(product, image_id) for image_id in ids)


async def test_the_offer_to_undo_counts_down_and_leaving_the_page_keeps_the_deletion(
    visit: Callable[..., Any], product: Product
) -> None:
    (image_id,) = send(product, "gone")
    page = await (await visit()).sign_in()
    await page.clock.install()
    await select(page, "gone")
    await page.keyboard.press("Delete")
    undo = page.get_by_test_id("undo-toast")
    await expect(undo).to_contain_text("gone.dcm deleted.")
    await page.get_by_role("link", name="Uploads").click()
    await page.get_by_role("heading", name="My uploads").wait_for()
    await expect(undo).to_be_visible()  # it follows from page to page
    await page.clock.fast_forward(4000)
    await expect(undo).to_contain_text(re.compile("[1-6] s"))
    await page.clock.fast_forward(7000)
    await expect(undo).to_have_count(0)
    assert not exists(product, image_id)


async def test_what_could_not_be_deleted_is_told_and_stays_selected(
    visit: Callable[..., Any], product: Product
) -> None:
    (own,) = send(product, "mine", who="technologist")
    (foreign,) = send(product, "theirs", who="user")
    page = await (await visit()).sign_in("technologist")
    bar = await select(page, "mine", "theirs")
    await bar.get_by_role("button", name="Delete").click()
    await expect(page.get_by_text(re.compile(r"^1 of 2 images could not be deleted: \w+"))).to_be_visible()
    await expect(page.get_by_test_id("undo-toast")).to_contain_text(re.compile("deleted"))
    await expect(bar).to_contain_text("1 selected")
    await expect(tile(page, "theirs")).to_be_visible()
    assert (exists(product, own), exists(product, foreign)) == (False, True)


async def test_an_image_is_deleted_on_its_page_and_undoing_leads_back_to_it(
    visit: Callable[..., Any], product: Product
) -> None:
    (image_id,) = send(product, "single")
    page = await (await visit()).sign_in()
    await page.goto(f"/images/{image_id}")
    await page.get_by_role("button", name="Delete").click()
    await expect(page.get_by_test_id("undo-toast")).to_contain_text("single.dcm deleted.")
    await expect(page).not_to_have_url(re.compile(f"/images/{image_id}$"))
    await page.get_by_test_id("undo-toast").get_by_role("button", name="Undo").click()
    await page.wait_for_url(f"**/images/{image_id}")
    await page.wait_for_function("() => [...document.images].some(i => i.src.includes('/png') && i.naturalWidth > 0)")
    assert exists(product, image_id)


async def test_side_and_view_of_a_selection_are_corrected_and_set_back(
    visit: Callable[..., Any], product: Product
) -> None:
    wrong, right = send(product, "turned", laterality="L", view="MLO") + send(product, "straight", laterality="R")
    page = await (await visit()).sign_in()
    bar = await select(page, "turned", "straight")
    await bar.get_by_role("button", name="More for the selection").click()
    await page.get_by_role("menuitem", name="Correct side and view").click()
    dialog = page.get_by_role("dialog", name="Correct side and view of 2 images")
    await expect(dialog).to_contain_text("1 × L, left (from Image Laterality)")
    await expect(dialog.get_by_role("button", name="Correct")).to_be_disabled()
    await dialog.get_by_label("Side").select_option("R")
    await assert_accessible(page, "the dialog of corrections")
    await dialog.get_by_role("button", name="Correct").click()
    await expect(page.get_by_test_id("undo-toast")).to_contain_text("2 images corrected.")
    assert [product.image(image_id)["laterality"] for image_id in (wrong, right)] == ["R", "R"]
    await expect(page.get_by_role("link", name=re.compile("^right MLO, turned"))).to_be_visible()
    await page.get_by_test_id("undo-toast").get_by_role("button", name="Undo").click()
    await expect(page.get_by_text("As it was before.")).to_be_visible()
    assert [product.image(image_id)["laterality"] for image_id in (wrong, right)] == ["L", "R"]
    assert product.image(wrong)["corrections"] == []


async def test_a_selection_is_downloaded_as_one_zip_whose_size_is_told(
    visit: Callable[..., Any], product: Product, tmp_path: Path
) -> None:
    send(product, "zip one", "zip two")
    page = await (await visit()).sign_in()
    bar = await select(page, "zip one", "zip two")
    await expect(bar).to_contain_text(re.compile(r"2 selected\s*0\.\d\sMB"))
    async with page.expect_download() as begun:
        await bar.get_by_role("button", name="Download as ZIP").click()
    await expect(page.get_by_text(re.compile(r"^The ZIP of 2 images, 0\.\d\sMB, is being downloaded"))).to_be_visible()
    await (await begun.value).save_as(tmp_path / "selection.zip")
    with zipfile.ZipFile(tmp_path / "selection.zip") as packed:
        assert packed.testzip() is None
        assert len([name for name in packed.namelist() if name.endswith(".dcm")]) == 2


async def test_a_zip_that_the_server_refuses_is_told_and_the_page_stays(
    visit: Callable[..., Any], product: Product
) -> None:
    send(product, "refused")
    page = await (await visit()).sign_in()
    bar = await select(page, "refused")
    detail = '{"detail": "20 images at once are the most."}'

    async def refuse(route: Any) -> None:
        await route.fulfill(status=422, content_type="application/problem+json", body=detail)

    await page.route(re.compile("/api/exports"), refuse)
    await bar.get_by_role("button", name="Download as ZIP").click()
    await expect(page.get_by_text("20 images at once are the most.")).to_be_visible()
    await expect(bar.get_by_role("button", name="Download as ZIP")).to_be_enabled()


async def test_the_pictures_of_a_selection_are_made_again(visit: Callable[..., Any], product: Product) -> None:
    send(product, "again one", "again two")
    page = await (await visit()).sign_in()
    bar = await select(page, "again one", "again two")
    await bar.get_by_role("button", name="More for the selection").click()
    await page.get_by_role("menuitem", name="Make the pictures again").click()
    await expect(page.get_by_text(re.compile("^2 images queued: their pictures are made again"))).to_be_visible()


async def test_failed_images_of_a_selection_are_retried_together(
    visit: Callable[..., Any], product: Product, tmp_path: Path
) -> None:
    """Their originals are away for a while, as on a share that was not mounted."""
    assert product.client("admin").post("/api/admin/queue/dicom-conversion/pause").is_success
    known = set(product.stored_files())
    names = ("lost one", "lost two")
    ids = [product.upload_one(dicom_bytes(seed=next(SEED)), f"{name}.dcm")["id"] for name in names]
    away = {path: path.rename(tmp_path / path.name) for path in set(product.stored_files()) - known}
    assert product.client("admin").post("/api/admin/queue/dicom-conversion/resume").is_success
    assert [product.wait_for(image_id)["status"] for image_id in ids] == ["failed"] * 2
    for path, kept in away.items():
        kept.rename(path)
    page = await (await visit()).sign_in()
    bar = await select(page, *names)
    await bar.get_by_role("button", name="Retry 2 failed").click()
    await expect(page.get_by_text("2 images queued again.")).to_be_visible()
    # Nobody reloads anything.
    await expect(tile(page, "lost one").locator("img")).to_be_visible(timeout=30_000)
    assert [product.wait_for(image_id)["status"] for image_id in ids] == ["ready"] * 2


async def add_people(product: Product, *names: str, status: str = "pending") -> list[int]:
    rows = await product.fetch(
        """INSERT INTO users (email, name, role, status, password_hash)
           SELECT replace(n, ' ', '.') || '@crowd.example', n, 'user', $2,
                  (SELECT password_hash FROM users WHERE email = 'user@example.org')
           FROM unnest($1::text[]) n RETURNING id""",
        list(names),
        status,
    )
    return [row["id"] for row in rows]


async def statuses(product: Product, ids: list[int]) -> set[str]:
    rows = await product.fetch("SELECT DISTINCT status FROM users WHERE id = ANY($1::bigint[])", ids)
    return {row["status"] for row in rows}


async def test_users_are_approved_in_bulk_and_disabled_after_a_question_and_both_are_undone(
    visit: Callable[..., Any], product: Product
) -> None:
    ids = await add_people(product, "crowd a", "crowd b", "crowd c")
    page = await (await visit()).sign_in("admin")
    await page.goto("/admin/users?q=crowd%20")
    row = page.get_by_test_id("user-row")
    await expect(row).to_have_count(3)
    await page.get_by_role("checkbox", name="Select crowd a").click()
    await page.get_by_role("checkbox", name="Select crowd c").click(modifiers=["Shift"])
    bar = page.get_by_role("toolbar", name="Selected users")
    await expect(bar).to_contain_text("3 selected")
    await bar.get_by_role("button", name="Approve 3").click()
    undo = page.get_by_test_id("undo-toast")
    await expect(undo).to_contain_text("3 users approved.")
    await expect(row.filter(has_text="active")).to_have_count(3)
    await expect(bar).to_have_count(0)
    assert await statuses(product, ids) == {"active"}
    await page.keyboard.press("Control+z")
    await expect(page.get_by_text("who was pending is disabled now")).to_be_visible()
    await expect(row.filter(has_text="disabled")).to_have_count(3)
    assert await statuses(product, ids) == {"disabled"}

    await product.fetch("UPDATE users SET status = 'active' WHERE id = ANY($1::bigint[])", ids)
    await page.reload()
    await page.get_by_role("checkbox", name="Select all users of this page").click()
    await bar.get_by_role("button", name="Disable 3").click()
    question = page.get_by_role("alertdialog", name="Disable 3 users?")
    await expect(question).to_contain_text("signed out everywhere at once")
    assert await statuses(product, ids) == {"active"}
    await question.get_by_role("button", name="Disable 3 users").click()
    await expect(row.filter(has_text="disabled")).to_have_count(3)
    await undo.get_by_role("button", name="Undo").click()
    await expect(row.filter(has_text="active")).to_have_count(3)
    assert await statuses(product, ids) == {"active"}


async def test_ten_thousand_users_are_read_page_by_page_and_ticks_stay_from_page_to_page(
    visit: Callable[..., Any], product: Product
) -> None:
    await product.fetch(
        """INSERT INTO users (email, name, role, status, password_hash, created_at)
           SELECT 'many' || n || '@many.example', 'Many ' || n, 'user', 'active',
                  (SELECT password_hash FROM users WHERE email = 'user@example.org'),
                  now() - interval '1 year' - n * interval '1 second'
           FROM generate_series(1, 10000) n"""
    )
    page = await (await visit()).sign_in("admin")
    await page.goto("/admin/users?q=many&status=active")
    row = page.get_by_test_id("user-row")
    await expect(row).to_have_count(50)
    await page.get_by_role("checkbox", name="Select all users of this page").click()
    for number in range(1, 4):
        await page.keyboard.press("]")
        await expect(row.first).to_contain_text(f"Many {number * 50 + 1}")
        await expect(row).to_have_count(50)
    await page.get_by_role("checkbox", name="Select Many 151", exact=True).click()
    await expect(page.get_by_role("toolbar", name="Selected users")).to_contain_text("51 selected")
    await page.reload()  # the place is in the address
    await expect(row.first).to_contain_text("Many 151")
    await page.keyboard.press("[")
    await expect(row.first).to_contain_text("Many 101")
    await page.go_back()
    await expect(row.first).to_contain_text("Many 151")


@pytest.mark.parametrize("size", ["desk", "phone"])
async def test_bars_and_messages_of_bulk_acts_have_no_serious_fault(
    visit: Callable[..., Any], product: Product, size: str
) -> None:
    names = [f"{size} one", f"{size} two"]
    send(product, *names)
    page = await (await visit(size)).sign_in("user")
    bar = await select(page, names[0])
    await assert_accessible(page, "the bar of a selection")
    await bar.get_by_role("button", name="Delete").click()
    await page.get_by_test_id("undo-toast").wait_for()
    await assert_accessible(page, "the offer to undo")
    office = await (await visit(size)).sign_in("admin")
    await office.goto("/admin/users")
    await office.get_by_role("checkbox", name="Select all users of this page").click()
    await office.get_by_role("toolbar", name="Selected users").wait_for()
    await assert_accessible(office, "the bar of users")
