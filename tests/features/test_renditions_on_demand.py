"""Other grey scales, frames and 16 bits are made when somebody asks for them, and then kept."""

from __future__ import annotations

import io

import httpx
import numpy as np
import pytest
from PIL import Image

from builders import dicom_bytes, png_bytes
from product import Product


@pytest.fixture(scope="module")
def image_id(product: Product) -> int:
    """One with three windows, of which the first is the default."""
    return product.wait_for(product.upload_one(dicom_bytes(seed=6201, voi="sigmoid"))["id"])["id"]


def pixels(answer: httpx.Response) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(answer.content)))


def fetch(product: Product, path: str, who: str = "user") -> httpx.Response:
    """The rendition, once it has been made."""

    def made() -> httpx.Response | None:
        answer = product.client(who).get(path)
        if answer.status_code == 409:
            assert answer.json()["code"] == "not_ready"
            assert answer.headers["retry-after"] == "1"
            return None
        return answer

    return product.wait_until(made, f"{path} has been made")


def test_another_window_is_made_once_and_then_served_at_once(product, image_id):
    candidates = product.image(image_id)["acquisition"]["voiCandidates"]
    assert [one["id"] for one in candidates] == ["window-1", "window-2", "window-3"]
    assert [one["explanation"] for one in candidates] == ["NORMAL", "HARDER", "SOFTER"]
    assert [one["isDefault"] for one in candidates] == [True, False, False]
    path = f"/api/images/{image_id}/png?voi=window-2"
    first = product.client().get(path)
    assert first.status_code == 409
    job_id = first.json()["jobId"]
    assert job_id.startswith(f"rendition-{image_id}-")
    harder = fetch(product, path)
    assert harder.status_code == 200
    assert product.client().get(f"/api/jobs/{job_id}").json()["state"] == "completed"
    assert product.client().get(path).headers["etag"] == harder.headers["etag"]
    default = pixels(product.client().get(f"/api/images/{image_id}/png"))
    assert default.shape == pixels(harder).shape
    assert (default != pixels(harder)).any()
    assert product.image(image_id)["status"] == "ready"


def test_asking_for_the_default_by_its_name_makes_nothing_new(product, image_id):
    frame = f"/api/images/{image_id}/png?voi=window-1&frame=1&overlays=true"
    answer = product.client().get(frame)
    assert answer.status_code == 200
    assert answer.content == product.client().get(f"/api/images/{image_id}/png").content


def test_a_thumbnail_of_another_window_follows(product, image_id):
    answer = fetch(product, f"/api/images/{image_id}/thumbnail?size=256&voi=window-3")
    assert answer.headers["content-type"] == "image/webp"
    default = product.client().get(f"/api/images/{image_id}/thumbnail?size=256")
    assert pixels(answer).shape == pixels(default).shape
    assert answer.content != default.content


def test_sixteen_bits_carry_the_modality_values(product, image_id):
    answer = fetch(product, f"/api/images/{image_id}/png?bits=16")
    assert answer.headers["content-type"] == "image/png"
    assert pixels(answer).dtype.itemsize >= 2
    assert int(pixels(answer).max()) > 255


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("voi=window-9", 422, "unknown_voi"),
        ("voi=../../etc", 422, "unknown_voi"),
        ("frame=0", 422, "invalid_frame"),
        ("frame=2", 422, "invalid_frame"),
        ("bits=12", 422, "invalid_bits"),
    ],
)
async def test_what_the_image_does_not_offer_is_refused_and_no_job_is_made(product, image_id, query, status, code):
    before = await product.fetch("SELECT count(*) FROM job_queue")
    answer = product.client().get(f"/api/images/{image_id}/png?{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await product.fetch("SELECT count(*) FROM job_queue") == before


async def test_somebody_elses_image_is_absent_and_no_job_is_made(product, image_id):
    before = await product.fetch("SELECT count(*) FROM job_queue")
    assert product.client("other").get(f"/api/images/{image_id}/png?voi=window-3").status_code == 404
    assert await product.fetch("SELECT count(*) FROM job_queue") == before


def test_a_coloured_picture_has_no_sixteen_bits(product):
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (40, 30, 3), np.uint8)).save(buffer, "PNG")
    picture = product.wait_for(product.upload_one(buffer.getvalue(), "colour.png")["id"])
    answer = product.client().get(f"/api/images/{picture['id']}/png?bits=16")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_rendition")


def test_a_picture_that_offers_no_voi_says_so(product):
    picture = product.wait_for(product.upload_one(png_bytes(seed=6202), "grey.png")["id"])
    answer = product.client().get(f"/api/images/{picture['id']}/png?voi=window-1")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_voi")


async def test_renditions_on_demand_go_with_their_image(product):
    image_id = product.wait_for(product.upload_one(dicom_bytes(seed=6203))["id"])["id"]
    fetch(product, f"/api/images/{image_id}/png?bits=16")
    rows = await product.fetch("SELECT storage_key FROM renditions WHERE image_id = $1 AND kind = 'png16'", image_id)
    kept = product.data_dir / "storage" / rows[0]["storage_key"]
    assert kept.exists()
    assert product.client().delete(f"/api/images/{image_id}").status_code in (200, 204)
    await product.end_undo()
    product.wait_until(lambda: not kept.exists(), "the 16-bit PNG is gone")


async def test_a_rendition_whose_file_was_lost_is_ordered_again(product):
    image_id = product.wait_for(product.upload_one(dicom_bytes(seed=6204))["id"])["id"]
    path = f"/api/images/{image_id}/png?bits=16"
    content = fetch(product, path).content
    await product.fetch("DELETE FROM renditions WHERE image_id = $1 AND kind = 'png16'", image_id)
    assert fetch(product, path).content == content


async def test_a_failed_order_answers_with_its_reason_until_a_person_retries(product):
    image_id = product.wait_for(product.upload_one(dicom_bytes(seed=6205))["id"])["id"]
    path = f"/api/images/{image_id}/png?voi=window-2"
    job_id = product.client().get(path).json()["jobId"]
    fetch(product, path)
    await product.fetch("DELETE FROM renditions WHERE image_id = $1 AND kind LIKE 'png8.%'", image_id)
    await product.fetch(
        "UPDATE job_queue SET status = 'failed', error_code = 'decoder_timeout', error = 'Too slow.' WHERE id = $1",
        job_id,
    )
    answer = product.client().get(path)
    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (410, "decoder_timeout", "Too slow.")
    assert product.image(image_id)["status"] == "ready"
    assert product.client().post(f"/api/jobs/{job_id}/retry").status_code == 202
    assert product.image(image_id)["status"] == "ready"
    assert fetch(product, path).status_code == 200
