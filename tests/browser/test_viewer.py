"""An exam is read: by the keyboard alone, and when the line, the session, the graphics card or the exam itself goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, Route, expect

from builders import dicom_bytes, png_bytes
from mammogram_viewer.synthetic.tomosynthesis import SyntheticTomosynthesis, build_tomosynthesis
from product import PASSWORD, Product
from viewer_client import ready, saved

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("usual_viewer")]
SLOTS = ["R CC", "L CC", "R MLO", "L MLO"]
SIZE = {"rows": 1200, "columns": 900, "pixel_spacing_mm": 0.2}
SERIOUS = {"serious", "critical"}


def exam(product: Product, seed: int, slots: list[str] = SLOTS, **wanted: Any) -> list[dict[str, Any]]:
    """Images of one exam, in the order of `slots`."""
    images = []
    for number, slot in enumerate(slots, start=1):
        side, view = slot.split()
        options = {**SIZE, "laterality": side, "view": view, "instance_number": number, **wanted}
        images.append(ready(product, dicom_bytes(seed=seed, **options), f"{slot}.dcm", "technologist"))
    return images


@pytest.fixture(scope="module")
def hung(product: Product) -> list[dict[str, Any]]:
    return exam(product, 91_000)


async def read(page: Page, images: list[dict[str, Any]]) -> None:
    await page.goto(f"/studies/{images[0]['study']['id']}/read")
    await page.locator("main[data-state=full]").wait_for()


async def keys(page: Page) -> list[str]:
    return await page.locator("[data-pane]").evaluate_all("all => all.map(one => one.dataset.pane)")


async def shown(page: Page) -> list[str | None]:
    return await page.locator("[data-pane]").evaluate_all("all => all.map(one => one.dataset.image ?? null)")


def step(page: Page) -> Any:
    return page.locator("header output")


async def test_a_whole_exam_is_read_without_the_mouse(
    visit: Callable[..., Any], product: Product, hung: list[dict[str, Any]]
) -> None:
    page = await (await visit()).sign_in("technologist")
    await page.goto(f"/studies/{hung[0]['study']['id']}")
    await page.get_by_role("link", name="Read", exact=True).wait_for()
    await page.keyboard.press("v")
    await page.locator("main[data-state=full]").wait_for()
    assert await keys(page) == SLOTS
    assert await shown(page) == [str(image["id"]) for image in hung]
    await page.keyboard.press("Space")
    await expect(step(page)).to_have_text("CC pair")
    assert await keys(page) == SLOTS[:2]
    await page.keyboard.press("Space")
    await expect(step(page)).to_have_text("MLO pair")
    seen = []
    for _ in range(30):
        await page.keyboard.press("Space")
        words = await step(page).inner_text()
        if "1:1" not in words:
            break
        seen.append(words)
        if len({one.split(" at ")[0] for one in seen}) == 4 and "of" in words:
            place, places = words.split("place ")[1].split(" of ")
            if place == places:
                break
    assert list(dict.fromkeys(words.split(" at ")[0] for words in seen)) == SLOTS
    assert all(sum(words.startswith(slot) for words in seen) > 1 for slot in SLOTS), "each view in several places"
    await page.keyboard.press("Backspace")
    await expect(step(page)).not_to_have_text(seen[-1])
    await page.keyboard.press("1")
    assert await keys(page) == SLOTS
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keys on this page")).to_contain_text("Invert")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.keyboard.press("Escape")
    await page.get_by_role("link", name="Read", exact=True).wait_for()


async def test_the_next_exam_and_an_earlier_one_of_the_patient_are_a_key_away(
    visit: Callable[..., Any], product: Product
) -> None:
    small = {"rows": 400, "columns": 300, "pixel_spacing_mm": 0.6}
    earlier = exam(product, 91_100, patient_id="READ-1", changes=(("StudyDate", "20230110"),), **small)
    later = exam(product, 91_200, patient_id="READ-1", changes=(("StudyDate", "20250110"),), **small)
    page = await (await visit()).sign_in("technologist")
    await read(page, later)
    await page.keyboard.press("6")
    await expect(page.locator("[data-pane='prior R CC']")).to_be_visible()
    assert await shown(page) == [str(image["id"]) for image in [*later, *earlier]]
    await expect(page.locator("[data-pane='prior L MLO']")).to_contain_text("prior 10 Jan 2023")
    await page.keyboard.press("1")
    before = page.url
    await page.keyboard.press("n")
    await expect(page).not_to_have_url(before)
    await page.locator("main[data-state=full]").wait_for()


async def test_preferences_are_remembered(visit: Callable[..., Any], hung: list[dict[str, Any]]) -> None:
    page = await (await visit()).sign_in("technologist")
    await read(page, hung)
    for key in ("2", "o", "l", "m"):
        await page.keyboard.press(key)
    await page.reload()
    await page.locator("main[data-state=full]").wait_for()
    await expect(page.get_by_role("button", name="Layout: Four views in a row")).to_be_visible()
    await expect(page.get_by_role("button", name="Words over the pictures")).to_have_attribute("aria-pressed", "false")
    await expect(page.get_by_role("button", name="Link the panes")).to_have_attribute("aria-pressed", "false")
    await expect(page.get_by_role("button", name="Drag: move")).to_have_attribute("aria-pressed", "true")


async def test_tomosynthesis_is_scrolled_and_run_through(visit: Callable[..., Any], product: Product) -> None:
    stack = SyntheticTomosynthesis(rows=200, columns=150, frames=7)
    image = ready(product, saved(build_tomosynthesis(stack)), "tomo.dcm", "technologist")
    page = await (await visit()).sign_in("technologist")
    await page.goto(f"/images/{image['id']}/read")
    await page.locator("main[data-state=full]").wait_for()
    slice_ = page.get_by_label("Slice of")
    await expect(slice_).to_have_value("4")
    await page.keyboard.press("PageDown")
    await expect(slice_).to_have_value("5")
    await page.locator("[data-pane]").hover()
    await page.mouse.wheel(0, -100)
    await expect(slice_).to_have_value("4")
    await page.keyboard.press("c")
    await expect(slice_).not_to_have_value("4")
    await page.keyboard.press("c")
    await expect(page.get_by_role("button", name="Run through the slices")).to_have_attribute("aria-pressed", "false")


async def test_a_lost_graphics_card_is_told_and_shown_past(
    visit: Callable[..., Any], hung: list[dict[str, Any]]
) -> None:
    page = await (await visit()).sign_in("technologist")
    await read(page, hung)
    await page.evaluate(
        """() => {
            const gl = document.querySelector('canvas').getContext('webgl2')
            window.taken = gl.getExtension('WEBGL_lose_context')
            window.taken.loseContext()
        }"""
    )
    await expect(page.get_by_role("alert")).to_contain_text("graphics card was taken away")
    await expect(page.locator("[data-pane] img")).to_have_count(4)
    await page.evaluate("() => window.taken.restoreContext()")
    await expect(page.get_by_role("alert")).to_have_count(0)
    await expect(page.locator("[data-pane] img")).to_have_count(0)


async def test_without_webgl_the_rendered_pictures_hang_in_the_same_places(
    visit: Callable[..., Any], hung: list[dict[str, Any]]
) -> None:
    visitor = await visit()
    await visitor.context.add_init_script(
        """const real = HTMLCanvasElement.prototype.getContext
        HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
            return kind === 'webgl2' ? null : real.call(this, kind, ...rest)
        }"""
    )
    page = await visitor.sign_in("technologist")
    await page.goto(f"/studies/{hung[0]['study']['id']}/read")
    await expect(page.get_by_role("alert")).to_contain_text("no WebGL 2")
    pictures = page.locator("[data-pane] img")
    await expect(pictures).to_have_count(4)
    boxes = [await page.locator(f"[data-pane='{slot}'] img").bounding_box() for slot in SLOTS[:2]]
    right, left = boxes
    assert right is not None and left is not None
    middle = 1440 / 2
    assert abs(right["x"] + right["width"] - middle) < 2, "the right breast's chest wall stands in the middle"
    assert abs(left["x"] - middle) < 2
    assert await pictures.evaluate_all("all => all.every(one => one.complete && one.naturalWidth > 0)")


async def test_a_line_lost_half_way_goes_on_by_itself(visit: Callable[..., Any], hung: list[dict[str, Any]]) -> None:
    page = await (await visit()).sign_in("technologist")
    refused: list[str] = []

    async def refuse(route: Route) -> None:
        refused.append(route.request.url)
        await route.abort("connectionreset")

    await page.route("**/frames/**", refuse)
    await page.goto(f"/studies/{hung[0]['study']['id']}/read")
    await expect(page.get_by_role("alert").first).to_contain_text("connection is lost")
    assert refused
    await page.unroute("**/frames/**")
    await page.locator("main[data-state=full]").wait_for()
    await expect(page.get_by_role("alert")).to_have_count(0)


async def test_a_session_that_ends_comes_back_to_the_same_place(
    visit: Callable[..., Any], hung: list[dict[str, Any]]
) -> None:
    visitor = await visit()
    page = await visitor.sign_in("technologist")
    await read(page, hung)
    await visitor.context.clear_cookies()
    await page.reload()
    await page.get_by_label("E-mail").fill("technologist@example.org")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.locator("main[data-state=full]").wait_for()
    assert await keys(page) == SLOTS


async def test_an_exam_that_is_deleted_meanwhile_says_so_and_keeps_what_is_shown(
    visit: Callable[..., Any], product: Product
) -> None:
    images = exam(product, 91_300, ["R CC"], rows=400, columns=300)
    page = await (await visit()).sign_in("technologist")
    await read(page, images)
    answer = product.client("technologist").delete(f"/api/images/{images[0]['id']}")
    assert answer.status_code < 300, answer.text
    # As when its reader comes back to the tab; otherwise it is asked every twenty seconds.
    await page.evaluate("() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
    await expect(page.get_by_text("has been deleted meanwhile")).to_be_visible()
    await expect(page.locator("[data-pane]")).to_have_count(1)


async def test_what_is_no_exam_or_no_mammogram_opens_sensibly(visit: Callable[..., Any], product: Product) -> None:
    picture = ready(product, png_bytes(seed=91_400, side=300), "a.png", "technologist")
    page = await (await visit()).sign_in("technologist")
    await page.goto(f"/images/{picture['id']}/read")
    await page.locator("main[data-state=full]").wait_for()
    await expect(page.get_by_text("no spacing in the file")).to_be_visible()
    await page.goto("/studies/999999/read")
    await expect(page.get_by_text("does not exist or you may not see it")).to_be_visible()


async def test_a_wrong_side_is_corrected_in_place_and_hangs_anew(visit: Callable[..., Any], product: Product) -> None:
    images = exam(product, 91_500, ["R CC", "L MLO"], rows=400, columns=300)
    page = await (await visit()).sign_in("technologist")
    await read(page, images)
    await page.locator("[data-pane='R CC']").focus()
    await page.keyboard.press("b")
    await page.get_by_label("View", exact=True).select_option("MLO")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator(f"[data-pane='R MLO'][data-image='{images[0]['id']}']")).to_be_visible()


async def test_axe_finds_no_serious_fault_around_the_canvas(
    visit: Callable[..., Any], hung: list[dict[str, Any]]
) -> None:
    for size in ("desk", "phone"):
        page = await (await visit(size=size)).sign_in("technologist")
        await read(page, hung)
        results = await Axe().run(page)
        faults = [fault for fault in results.response["violations"] if fault["impact"] in SERIOUS]
        assert [(fault["id"], fault["nodes"][0]["html"][:160]) for fault in faults] == []


async def test_the_gallery_loads_none_of_the_viewer(visit: Callable[..., Any]) -> None:
    visitor = await visit()
    page = await visitor.sign_in("technologist")
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    await page.reload()
    await page.get_by_role("heading", name="Gallery").wait_for()
    await page.wait_for_load_state("networkidle")
    scripts = [url for url in loaded if url.endswith((".js", ".wasm"))]
    assert scripts
    assert not [url for url in scripts if "Reading" in url or "decoder" in url or "openjph" in url]
