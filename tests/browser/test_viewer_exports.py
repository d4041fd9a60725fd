"""Ways into the viewer and out of it: what opens it, what leaves it as files, and for how long it says it was read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pydicom
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Download, Page, Request, Route, expect
from pydicom.dataset import Dataset

from builders import dicom_bytes
from mammogram_viewer.synthetic.dose_report import SyntheticDoseReport, build_dose_report
from product import Product
from viewer_client import ready, saved

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("usual_viewer")]
SIZE = {"rows": 400, "columns": 300, "pixel_spacing_mm": 0.5}


def exam(product: Product, seed: int) -> list[dict[str, Any]]:
    slots = (("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO"))
    return [
        ready(
            product,
            dicom_bytes(seed=seed, laterality=side, view=view, instance_number=number, **SIZE),  # type: ignore[arg-type] - its fields
            f"{side} {view}.dcm",
            "technologist",
        )
        for number, (side, view) in enumerate(slots, start=1)
    ]


@pytest.fixture(scope="module")
def hung(product: Product) -> list[dict[str, Any]]:
    return exam(product, 95_000)


async def is_read(page: Page) -> None:
    await page.locator("main[data-state=full]").wait_for()


async def test_images_and_exams_are_read_by_the_same_key_from_page_and_tile(
    visit: Callable[..., Any], product: Product, hung: list[dict[str, Any]]
) -> None:
    first = hung[0]["id"]
    page = await (await visit()).sign_in("technologist")
    await page.goto(f"/images/{first}?laterality=R")
    await page.get_by_role("link", name="Read", exact=True).wait_for()
    await page.keyboard.press("v")
    await is_read(page)
    await page.keyboard.press("Escape")
    await expect(page).to_have_url(f"{product.base_url}/images/{first}?laterality=R")
    await page.get_by_role("link", name="Read", exact=True).click()
    await is_read(page)
    await page.goto("/")
    await page.locator(f'[data-id="{first}"] a').focus()
    await page.keyboard.press("v")
    await is_read(page)
    assert f"/images/{first}/read" in page.url
    await page.goto("/?show=exams")
    study = hung[0]["study"]["id"]
    await page.locator(f'[data-id="{study}"] a').focus()
    await page.keyboard.press("v")
    await is_read(page)
    assert f"/studies/{study}/read" in page.url


async def test_the_next_exam_is_the_next_of_the_list_that_one_comes_from(
    visit: Callable[..., Any], product: Product
) -> None:
    """Between the two that fit stands one that does not."""
    studies = []
    for seed, view in ((95_500, "ML"), (95_501, "LM"), (95_502, "ML")):
        body = dicom_bytes(seed=seed, laterality="R", view=view, **SIZE)  # type: ignore[arg-type] - its fields
        studies.append(ready(product, body, "a.dcm", "technologist")["study"]["id"])
    first, between, last = studies
    page = await (await visit()).sign_in("technologist")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto("/?show=exams&view=ML")
    await page.locator(f'[data-id="{last}"] a').focus()
    asked.clear()
    await page.keyboard.press("v")
    await is_read(page)
    await expect(page.get_by_role("button", name="Exam before")).to_be_disabled()
    await expect(page.get_by_role("button", name="Next exam")).to_be_enabled()
    await page.keyboard.press("n")
    await page.wait_for_url(f"**/studies/{first}/read?*")
    await is_read(page)
    assert not [url for url in asked if "/api/studies?" in url], "no list is walked"
    await page.keyboard.press("Escape")
    await page.get_by_role("link", name="Read", exact=True).wait_for()
    await page.keyboard.press("v")
    await is_read(page)
    await page.keyboard.press("p")
    await page.wait_for_url(f"**/studies/{last}/read?view=ML")
    await page.goto("/?show=exams&view=ML")
    await page.locator(f'[data-id="{last}"] a').click()
    await page.wait_for_url(f"**/studies/{last}?view=ML")
    await page.goto(f"/studies/{last}/read")
    await is_read(page)
    await expect(page.get_by_role("button", name="Next exam")).to_be_enabled()
    await page.keyboard.press("n")
    await page.wait_for_url(f"**/studies/{between}/read")


async def test_what_has_no_picture_by_its_nature_is_not_read(visit: Callable[..., Any], product: Product) -> None:
    report = ready(product, saved(build_dose_report(SyntheticDoseReport())), "dose.dcm", "technologist")
    page = await (await visit()).sign_in("technologist")
    await page.locator(f'[data-id="{report["id"]}"] a').focus()
    await page.keyboard.press("v")
    await expect(page.get_by_text("A dose report has no picture to read")).to_be_visible()
    await page.keyboard.press("Enter")
    await page.get_by_test_id("dose-report").wait_for()
    await expect(page.get_by_role("link", name="Read", exact=True)).to_have_count(0)


async def test_reading_time_of_an_exam_is_told_once_and_by_the_tab_that_is_looked_at(
    visit: Callable[..., Any], hung: list[dict[str, Any]]
) -> None:
    """The clock of both tabs is ours; a real tab in the background is hidden, which this browser does not say."""
    visitor = await visit()
    seen = await visitor.sign_in("technologist")
    hidden = await visitor.context.new_page()
    told: dict[Page, list[dict[str, Any]]] = {seen: [], hidden: []}

    def note(page: Page) -> Callable[[Request], None]:
        def keep(request: Request) -> None:
            if "/views/heartbeat" in request.url:
                told[page].append({"path": request.url.rsplit("/api", 1)[1], **json.loads(request.post_data or "{}")})

        return keep

    await visitor.context.clock.install()
    for page in (seen, hidden):
        page.on("request", note(page))
        await page.goto(f"/studies/{hung[0]['study']['id']}/read")
        await is_read(page)
    await hidden.evaluate(
        """() => {
            Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' })
            document.dispatchEvent(new Event('visibilitychange'))
        }"""
    )
    before = sum(one["seconds"] for one in told[hidden])
    await visitor.context.clock.run_for(31_000)
    assert sum(one["seconds"] for one in told[hidden]) == before
    assert sum(one["seconds"] for one in told[seen]) in range(30, 45), "once, whatever the number of images"
    for one in told[seen]:
        assert one["path"] == "/images/views/heartbeat"
        assert sorted(one["imageIds"]) == sorted(image["id"] for image in hung)


async def length_on(page: Page, pane: str) -> None:
    """A length across the middle of a pane."""
    before = await page.locator("g[data-state=saved]").count()
    box = await page.locator(f"[data-pane='{pane}']").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await page.keyboard.press("d")
    await page.mouse.move(x - 40, y)
    await page.mouse.down()
    await page.mouse.move(x + 40, y + 20, steps=3)
    await page.mouse.up()
    await expect(page.locator("g[data-state=saved]")).to_have_count(before + 1)


def content_of(item: Dataset) -> Iterator[Dataset]:
    """The tree of a structured report, from above."""
    for child in item.get("ContentSequence", []):
        yield child
        yield from content_of(child)


async def saved_by(page: Page, act: Callable[[], Any]) -> tuple[str, bytes]:
    """Name and bytes of what the act gives the browser to save."""
    async with page.expect_download() as coming:
        await act()
    file: Download = await coming.value
    return file.suggested_filename, (await file.path()).read_bytes()


async def test_the_menu_saves_the_measurements_as_they_were_drawn_and_the_view(
    visit: Callable[..., Any], product: Product
) -> None:
    images = exam(product, 95_100)
    study = images[0]["study"]["id"]
    page = await (await visit()).sign_in("technologist")
    await page.goto(f"/studies/{study}/read")
    await is_read(page)
    for pane in ("R CC", "L MLO"):
        await length_on(page, pane)
    await page.keyboard.press("Escape")
    button = page.get_by_role("button", name="Export")
    await button.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menuitem")).to_have_text(
        ["View as picture (PNG)s", "Measurements as table (CSV)C", "Measurements as DICOM SRD"]
    )
    await expect(page.get_by_role("menuitem").first).to_be_focused()
    seen = await Axe().run(page)
    assert [one["id"] for one in seen.response["violations"] if one["impact"] in ("serious", "critical")] == []
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("menuitem").nth(1)).to_be_focused()
    name, body = await saved_by(page, lambda: page.keyboard.press("Enter"))
    assert name == f"measurements-of-exam-{study}.csv"
    drawn = product.client("technologist").get(f"/api/studies/{study}/annotations").json()["annotations"]
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))
    assert {(row["imageId"], row["kind"], row["annotationId"]) for row in rows} == {
        (str(one["imageId"]), "length", one["id"]) for one in drawn
    }
    assert {int(row["imageId"]) for row in rows} == {images[0]["id"], images[3]["id"]}
    told = {one["id"]: one["measurements"][0]["value"] for one in drawn}
    assert all(float(row["value"]) == pytest.approx(told[row["annotationId"]]) for row in rows)
    name, body = await saved_by(page, lambda: page.keyboard.press("D"))
    assert name.endswith(".dcm")
    report = pydicom.dcmread(io.BytesIO(body))
    assert report.Modality == "SR" and report.StudyInstanceUID == images[0]["study"]["studyInstanceUid"]
    lengths = [
        float(item.MeasuredValueSequence[0].NumericValue)
        for item in content_of(report)
        if item.ValueType == "NUM" and item.MeasuredValueSequence
    ]
    assert lengths == pytest.approx([told[one["id"]] for one in drawn], rel=1e-3)
    name, body = await saved_by(page, lambda: page.keyboard.press("s"))
    assert (name, body[:4]) == ("view.png", b"\x89PNG")


async def test_what_the_server_has_not_got_yet_is_told_and_refusals_are_words(
    visit: Callable[..., Any], product: Product
) -> None:
    images = exam(product, 95_200)
    page = await (await visit()).sign_in("technologist")
    await page.goto(f"/studies/{images[0]['study']['id']}/read")
    await is_read(page)
    await page.keyboard.press("D")
    await expect(page.get_by_role("status").filter(has_text="easure")).to_be_visible()

    async def busy(route: Route) -> None:
        if route.request.method == "PUT":
            await route.fulfill(status=503, body="{}")
        else:
            await route.continue_()

    await page.route("**/annotations/*", busy)
    await page.keyboard.press("d")
    await page.locator("[data-pane='R CC']").hover()
    await page.mouse.down()
    box = await page.locator("[data-pane='R CC']").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 50, box["y"] + 50, steps=3)
    await page.mouse.up()
    await expect(page.locator("g[data-state=unsaved]")).to_have_count(1)
    await page.keyboard.press("Escape")
    _, body = await saved_by(page, lambda: page.keyboard.press("C"))
    assert len(list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))) == 0
    await expect(page.get_by_text("1 change of yours could not be sent yet")).to_be_visible()
