"""The page of one exam: what hangs where, what is missing, and which studies are one exam."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Locator, Page, expect

from builders import dicom_bytes
from product import Product

pytestmark = pytest.mark.browser
CC = (("R", "CC"), ("L", "CC"))
MLO = (("R", "MLO"), ("L", "MLO"))
TAKEN = (("StudyDate", "20260310"), ("StudyTime", "091500"))


def send_exam(product: Product, seed: int, views: tuple[tuple[str, str], ...], **wanted: Any) -> int:
    """Uploads the views as one study; answers the id of its exam once every image is ready."""
    images = [
        product.upload_one(
            dicom_bytes(seed=seed, laterality=side, view=view, instance_number=number, **wanted),
            f"{seed} {side} {view}.dcm",
            who="technologist",
        )
        for number, (side, view) in enumerate(views, start=1)
    ]
    ended = [product.wait_for(image["id"]) for image in images]
    assert [image["status"] for image in ended] == ["ready"] * len(views)
    return ended[0]["studyId"]


def two_halves(product: Product, seed: int) -> tuple[int, int]:
    """The CC views as one study, the MLO views as another, of one patient on one day."""
    patient = f"HALF-{seed}"
    first = send_exam(product, seed, CC, patient_id=patient, patient_name="Half^Two", changes=TAKEN)
    second = send_exam(product, seed + 1, MLO, patient_id=patient, patient_name="Half^Two", changes=TAKEN)
    assert first != second
    return first, second


def panes(page: Page) -> Locator:
    return page.get_by_role("list", name="The four standard views").get_by_role("listitem")


async def open_exam(page: Page, study_id: int) -> None:
    await page.goto(f"/studies/{study_id}")
    await panes(page).first.wait_for()


async def assert_accessible(page: Page, where: str) -> None:
    results = await Axe().run(page)
    faults = [
        f"{fault['id']} ({fault['impact']}): {fault['nodes'][0]['html'][:160]}"
        for fault in results.response["violations"]
        if fault["impact"] in {"serious", "critical"}
    ]
    assert faults == [], f"{where}: " + "\n".join(faults)


async def test_the_four_views_hang_with_the_chest_walls_in_the_middle_and_the_rest_beside_them(
    visit: Callable[..., Any], product: Product
) -> None:
    exam = send_exam(product, 73_000, (*CC, *MLO, ("L", "ML"), ("R", "CC")))
    page = await (await visit()).sign_in("technologist")
    await open_exam(page, exam)
    await expect(page.get_by_role("heading", level=1)).to_contain_text("SYN-073000")
    await expect(panes(page)).to_have_text(["R CC", "L CC", "R MLO", "L MLO"])
    await expect(panes(page).locator("img")).to_have_count(4)
    boxes = [await panes(page).nth(number).bounding_box() for number in range(4)]
    right_cc, left_cc, right_mlo, left_mlo = [box for box in boxes if box is not None]
    assert right_cc["x"] + right_cc["width"] == pytest.approx(left_cc["x"], abs=1)
    assert right_mlo["x"] == right_cc["x"] and left_mlo["x"] == left_cc["x"]
    assert right_cc["y"] == left_cc["y"] < right_mlo["y"] == left_mlo["y"]
    positions = await panes(page).locator("img").evaluate_all("all => all.map(i => getComputedStyle(i).objectPosition)")
    assert positions == ["100% 50%", "0% 50%", "100% 50%", "0% 50%"]

    beside = page.get_by_role("list", name="Further images").get_by_role("listitem")
    await expect(beside).to_have_count(2)
    await expect(beside.filter(has_text="L ML")).to_have_count(1)
    await expect(page.get_by_test_id("exam-image")).to_have_count(6)
    facts = page.get_by_role("region", name="Exam")
    await expect(facts).to_contain_text("6 images: 6 ready")
    await expect(facts).to_contain_text("Technologist Example")
    assert "SYN-" not in await page.title()  # patients are nobody's business who looks at the tabs
    await panes(page).nth(3).get_by_role("link").click()
    await page.get_by_role("heading", name="L MLO").wait_for()
    await page.go_back()
    await expect(panes(page)).to_have_count(4)


async def test_a_view_that_is_missing_is_named_and_appears_by_itself_when_it_comes(
    visit: Callable[..., Any], product: Product
) -> None:
    exam = send_exam(product, 73_010, (*CC, ("R", "MLO")))
    page = await (await visit()).sign_in("technologist")
    await open_exam(page, exam)
    await expect(panes(page).nth(3)).to_have_text(re.compile("L MLO.*No picture of this view"))
    await expect(page.get_by_role("region", name="Exam")).to_contain_text(re.compile("Missing *L MLO"))
    late = dicom_bytes(seed=73_010, laterality="L", view="MLO", instance_number=4)
    product.upload_one(late, "late.dcm", who="technologist")
    # Nobody reloads anything.
    await expect(panes(page).nth(3).locator("img")).to_be_visible(timeout=30_000)
    await expect(page.get_by_test_id("exam-image")).to_have_count(4)


async def test_an_image_of_the_exam_that_was_rejected_says_why_and_offers_a_retry(
    visit: Callable[..., Any], product: Product
) -> None:
    exam = send_exam(product, 73_020, CC)
    # Its header names the study; its picture cannot be decoded, for there is less of it than the header says.
    broken = dicom_bytes(seed=73_020, laterality="R", view="MLO", instance_number=3, changes=(("Rows", 5000),))
    image = product.wait_for(product.upload_one(broken, "broken.dcm", who="technologist")["id"])
    assert (image["status"], image["studyId"]) == ("rejected", exam)
    page = await (await visit()).sign_in("technologist")
    await open_exam(page, exam)
    row = page.get_by_test_id("exam-image").filter(has_text="broken.dcm")
    await expect(row).to_contain_text("Rejected")
    await expect(row).to_contain_text(image["reason"])
    await expect(page.get_by_text("Some images have trouble")).to_be_visible()
    await row.get_by_role("button", name="Retry broken.dcm").click()
    began = len(image["job"]["timeline"])
    product.wait_until(lambda: len(product.image(image["id"])["job"]["timeline"]) > began, "it was tried again")
    product.wait_for(image["id"])
    await expect(row).to_contain_text("Rejected", timeout=30_000)


async def test_a_suggested_exam_is_grouped_at_once_and_ctrl_z_takes_it_apart(
    visit: Callable[..., Any], product: Product
) -> None:
    first, second = two_halves(product, 73_030)
    page = await (await visit()).sign_in("technologist")
    await open_exam(page, first)
    notice = page.get_by_role("status").filter(has_text="These two studies look like one exam")
    await expect(notice).to_contain_text("together they have all four views")
    await notice.get_by_role("button", name="Group").click()
    await expect(page.get_by_test_id("member")).to_have_count(2)
    await expect(panes(page).locator("img")).to_have_count(4)
    undo = page.get_by_test_id("undo-toast")
    await expect(undo).to_contain_text(re.compile(r"2 studies grouped as one exam.*\d+ s"))
    await page.keyboard.press("Control+z")
    await expect(page.get_by_test_id("member")).to_have_count(0)
    await expect(panes(page).locator("img")).to_have_count(2)
    await expect(undo).to_have_count(0)

    await notice.get_by_role("button", name="Dismiss").click()
    await expect(notice).to_have_count(0)
    await undo.get_by_role("button", name="Undo").click()
    await expect(notice).to_be_visible()
    await expect(page.get_by_text("Suggested again.")).to_be_visible()
    assert product.client("admin").get(f"/api/studies/{second}").json()["id"] == second


async def test_exams_are_grouped_by_hand_and_a_study_is_taken_out_again(
    visit: Callable[..., Any], product: Product
) -> None:
    first, second = two_halves(product, 73_040)
    page = await (await visit()).sign_in("technologist")
    await open_exam(page, first)
    await page.get_by_role("button", name="Group with another exam").click()
    dialog = page.get_by_role("dialog", name="Group with another exam")
    await expect(dialog.get_by_label(re.compile("Patient id"))).to_have_value("HALF-73040")
    found = dialog.get_by_test_id("found-exam")
    await expect(found).to_have_count(1)
    await expect(found).to_contain_text("R MLO, L MLO")
    await assert_accessible(page, "the dialog of grouping")
    await found.get_by_role("button", name=re.compile("^Group with")).click()
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_test_id("member")).to_have_count(2)

    # The other one's address leads to the exam that both are now.
    await page.goto(f"/studies/{second}")
    await page.wait_for_url(f"**/studies/{first}")
    await page.get_by_role("button", name=re.compile("^Take out again")).click()
    await expect(page.get_by_test_id("member")).to_have_count(0)
    await page.get_by_test_id("undo-toast").get_by_role("button", name="Undo").click()
    await expect(page.get_by_test_id("member")).to_have_count(2)


async def test_a_reader_downloads_an_exam_but_may_not_group_and_a_strangers_exam_does_not_exist(
    visit: Callable[..., Any], product: Product
) -> None:
    exam = send_exam(product, 73_050, CC)
    reader = await (await visit()).sign_in("radiologist")
    await open_exam(reader, exam)
    await expect(reader.get_by_role("button", name="Group with another exam")).to_have_count(0)
    async with reader.expect_download() as begun:
        await reader.get_by_role("button", name="Download exam").click()
    assert (await (await begun.value).path()).stat().st_size > 100_000
    await expect(reader.get_by_text(re.compile("^The ZIP of 2 images"))).to_be_visible()
    stranger = await (await visit()).sign_in("other")
    for path in (f"/studies/{exam}", "/studies/999999999", "/studies/nonsense"):
        await stranger.goto(path)
        await expect(stranger.get_by_role("heading", level=2)).to_have_text(
            "This exam does not exist or you may not see it"
        )


async def test_an_exam_that_cannot_be_read_says_so_and_is_read_again(
    visit: Callable[..., Any], product: Product
) -> None:
    exam = send_exam(product, 73_060, (("R", "CC"),))
    page = await (await visit()).sign_in("technologist")

    async def fail(route: Any) -> None:
        await route.fulfill(status=503, content_type="application/problem+json", body='{"detail": "It is away."}')

    await page.route(re.compile(r"/api/studies/\d+"), fail)
    await page.goto(f"/studies/{exam}")
    await expect(page.get_by_text("The exam could not be read")).to_be_visible(timeout=30_000)
    await page.unroute(re.compile(r"/api/studies/\d+"))
    await page.get_by_role("button", name="Try again").click()
    await expect(panes(page)).to_have_count(4)


@pytest.mark.parametrize("size", ["desk", "phone"])
async def test_the_exam_page_has_no_serious_fault(visit: Callable[..., Any], product: Product, size: str) -> None:
    first, _ = two_halves(product, 73_070)  # sent twice: the same exam is found again
    page = await (await visit(size)).sign_in("technologist")
    await open_exam(page, first)
    await page.wait_for_load_state("networkidle")
    await expect(page.get_by_role("heading", level=1)).to_have_count(1)
    await assert_accessible(page, "the exam")
    width = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0  # nothing scrolls sideways but tables and strips
    await page.goto("/studies/999999999")
    await page.get_by_role("heading", level=2).wait_for()
    await assert_accessible(page, "no exam")
