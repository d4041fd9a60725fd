"""The page of one image: other grey scales, corrections by a person, 16 bits, frames, dose reports."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.async_api import Page, expect

from builders import dicom_bytes
from mammogram_viewer.synthetic.dose_report import SyntheticDoseReport, build_dose_report
from mammogram_viewer.synthetic.tomosynthesis import SyntheticTomosynthesis, build_tomosynthesis
from product import Product

pytestmark = pytest.mark.browser
_SHOWN = '[data-testid="pane"][data-loaded]'
# The grey of every hundredth pixel of the picture that has arrived.
_SAMPLES = """picture => {
    const canvas = new OffscreenCanvas(picture.naturalWidth, picture.naturalHeight)
    const context = canvas.getContext('2d')
    context.drawImage(picture, 0, 0)
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height)
    return Array.from({ length: Math.ceil(data.length / 400) }, (_, index) => data[index * 400])
}"""


def bytes_of(data_set: Any) -> bytes:
    buffer = io.BytesIO()
    data_set.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


async def shown_pixels(page: Page) -> list[int]:
    """What the browser shows, once all of it is there."""
    await page.locator(_SHOWN).wait_for(timeout=30_000)
    picture = page.locator('[data-testid="pane"] img')
    await expect(picture).to_have_count(1)
    return await picture.evaluate(_SAMPLES)


def served_pixels(product: Product, path: str) -> list[int]:
    """The same samples out of the server's answer."""
    answer = product.client("admin").get(path)
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("L")).ravel()[::100].tolist()


@pytest.fixture(scope="module")
def several(product: Product) -> int:
    """A ready mammogram of `user` with three LUTs, three windows and an overlay."""
    body = dicom_bytes(seed=301, laterality="L", view="MLO", voi="several", overlays=1, rows=512, columns=400)
    image = product.wait_for(product.upload_one(body, "L MLO.dcm")["id"])
    assert image["status"] == "ready", image["reason"]
    return image["id"]


async def test_another_grey_scale_shows_other_pixels_and_the_back_button_brings_the_default(
    visit: Callable[..., Any], product: Product, several: int
) -> None:
    page = await (await visit()).sign_in()
    await page.goto(f"/images/{several}")
    default = await shown_pixels(page)
    assert default == served_pixels(product, f"/api/images/{several}/png")

    await page.get_by_role("button", name=re.compile("^Grey scale: LUT 1")).click()
    await page.get_by_role("menuitemradio", name=re.compile("^LUT 2")).click()
    await expect(page).to_have_url(re.compile(r"voi=lut-2"))
    await expect(page.get_by_test_id("marks")).to_contain_text("LUT 2 · HARDER", timeout=30_000)
    other = await shown_pixels(page)
    assert other != default
    assert other == served_pixels(product, f"/api/images/{several}/png?voi=lut-2")

    await page.reload()  # the address alone brings the same picture
    assert await shown_pixels(page) == other
    await page.go_back()
    await expect(page.get_by_role("button", name=re.compile("^Grey scale: LUT 1"))).to_be_visible()
    assert await shown_pixels(page) == default


async def test_keys_step_through_grey_scales_and_overlays(
    visit: Callable[..., Any], product: Product, several: int
) -> None:
    page = await (await visit()).sign_in()
    await page.goto(f"/images/{several}")
    default = await shown_pixels(page)
    await page.keyboard.press("[")
    await expect(page.get_by_role("button", name="Grey scale: SOFTER")).to_be_visible()
    await page.keyboard.press("]")
    await expect(page.get_by_role("button", name=re.compile("Grey scale: LUT 1"))).to_be_visible()
    await page.keyboard.press("o")
    await expect(page).to_have_url(re.compile("overlays=true"))
    await expect(page.get_by_test_id("marks")).to_contain_text("overlays", timeout=30_000)
    drawn = await shown_pixels(page)
    assert drawn != default
    assert drawn == served_pixels(product, f"/api/images/{several}/png?overlays=true")


async def test_a_picture_that_cannot_be_made_says_why_and_the_default_is_a_step_away(
    visit: Callable[..., Any], several: int
) -> None:
    visitor = await visit()
    page = await visitor.sign_in()
    problem = {"title": "Gone", "status": 410, "code": "decoder_error", "detail": "It is damaged.", "jobId": "a-job"}

    async def refuse(route: Any) -> None:
        await route.fulfill(status=410, content_type="application/problem+json", body=json.dumps(problem))

    await page.route(re.compile(r"/png\?.*voi=window-3"), refuse)
    await page.goto(f"/images/{several}?voi=window-3")
    refused = page.get_by_test_id("picture-refused")
    await expect(refused).to_contain_text("It is damaged.")
    await expect(refused.get_by_role("button", name="Retry")).to_be_visible()
    await expect(page.locator('[data-testid="pane"] img')).to_have_count(0)
    await refused.get_by_role("button", name="Show the default picture").click()
    await page.locator(_SHOWN).wait_for()
    await expect(refused).to_have_count(0)


async def test_a_side_is_corrected_by_hand_and_taken_back(visit: Callable[..., Any], product: Product) -> None:
    image_id = product.upload_one(dicom_bytes(seed=302, laterality="L", view="CC"))["id"]
    product.wait_for(image_id)
    page = await (await visit()).sign_in()
    await page.goto(f"/images/{image_id}")
    await page.get_by_role("button", name="Correct side or view").click()
    form = page.get_by_role("form", name="Correct side or view")
    await expect(form.get_by_role("button", name="Save")).to_be_disabled()
    await form.get_by_label("Side", exact=True).select_option("R")
    await form.get_by_role("button", name="Save").click()
    facts = page.get_by_role("complementary", name="Facts")
    await expect(facts).to_contain_text(
        re.compile(r"R, right\s*corrected by User Example on .+; the file says L \(Image Laterality\)")
    )
    await expect(page.get_by_role("heading", level=1)).to_have_text("R CC")
    assert product.image(image_id)["laterality"] == "R"

    await page.get_by_role("button", name="Back to what the file says").click()
    await expect(facts).to_contain_text(re.compile(r"L, left\s*from Image Laterality"))
    assert product.image(image_id)["lateralitySource"] == "ImageLaterality"
    await page.get_by_role("button", name="Undo").last.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("R CC")


async def test_tags_are_added_and_removed(visit: Callable[..., Any], product: Product, several: int) -> None:
    page = await (await visit()).sign_in()
    await page.goto(f"/images/{several}")
    await page.get_by_label("Add a tag").fill("teaching")
    await page.keyboard.press("Enter")
    tag = page.get_by_test_id("tags").get_by_role("button", name=re.compile("teaching"))
    await expect(tag).to_be_visible()
    await expect(page.get_by_label("Add a tag")).to_have_value("")
    assert product.image(several)["tags"] == ["teaching"]
    await tag.click()
    await expect(tag).to_have_count(0)
    assert product.image(several)["tags"] == []


async def test_a_radiologist_reads_corrections_and_makes_none(visit: Callable[..., Any], several: int) -> None:
    page = await (await visit()).sign_in("radiologist")
    await page.goto(f"/images/{several}?voi=lut-3")
    await shown_pixels(page)
    await expect(page.get_by_text("from Image Laterality")).to_be_visible()
    await expect(page.get_by_role("button", name="Correct side or view")).to_have_count(0)
    await expect(page.get_by_label("Add a tag")).to_have_count(0)


async def test_the_16_bit_png_is_made_and_downloaded(visit: Callable[..., Any], several: int, tmp_path: Path) -> None:
    page = await (await visit()).sign_in()
    await page.goto(f"/images/{several}")
    async with page.expect_download(timeout=30_000) as coming:
        await page.get_by_role("button", name="16-bit PNG (modality values)").click()
    download = await coming.value
    assert download.suggested_filename == f"{several}-16-bit.png"
    path = tmp_path / "values.png"
    await download.save_as(path)
    assert path.read_bytes()[24] == 16  # bit depth in IHDR


async def test_frames_are_stepped_through_by_key_and_number(visit: Callable[..., Any], product: Product) -> None:
    body = bytes_of(build_tomosynthesis(SyntheticTomosynthesis(seed=3, rows=96, columns=64, frames=5)))
    image_id = product.upload_one(body, "tomo.dcm")["id"]
    assert product.wait_for(image_id)["status"] == "ready"
    page = await (await visit()).sign_in()
    await page.goto(f"/images/{image_id}")
    middle = await shown_pixels(page)
    await expect(page.get_by_test_id("marks")).to_contain_text("frame 3 of 5")
    await page.keyboard.press(".")
    await expect(page.get_by_test_id("marks")).to_contain_text("frame 4 of 5", timeout=30_000)
    assert await shown_pixels(page) != middle
    field = page.get_by_label("Frame, 1 to 5")
    await field.fill("99")
    await field.press("Enter")
    await expect(page.get_by_test_id("marks")).to_contain_text("frame 5 of 5", timeout=30_000)
    await expect(page).to_have_url(re.compile("frame=5"))
    assert await shown_pixels(page) == served_pixels(product, f"/api/images/{image_id}/png?frame=5")


async def test_a_dose_report_opens_with_its_header_and_without_a_picture(
    visit: Callable[..., Any], product: Product
) -> None:
    image_id = product.upload_one(bytes_of(build_dose_report(SyntheticDoseReport(seed=9))), "dose.dcm")["id"]
    assert product.wait_for(image_id)["objectKind"] == "dose_report"
    page = await (await visit()).sign_in()
    tile = page.get_by_role("link", name="Dose report, dose.dcm, Ready")
    await expect(tile).to_contain_text("Dose report", timeout=20_000)
    await expect(tile.locator("img")).to_have_count(0)
    await tile.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Dose report")
    await expect(page.get_by_test_id("pane")).to_have_count(0)
    await expect(page.locator("article img")).to_have_count(0)
    await page.get_by_label(re.compile("^Search .* elements")).fill("StudyInstanceUID")
    await expect(page.get_by_role("cell", name="StudyInstanceUID")).to_be_visible()
    links = await page.locator("article a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert [link for link in links if "/png" in link or "/thumbnail" in link] == []
    await expect(page.get_by_role("button", name=re.compile("16-bit"))).to_have_count(0)
