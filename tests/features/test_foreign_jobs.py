"""Other programs put jobs into our queues: good ones are done, the rest ends at once and harms nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from bullmq import Queue

from builders import dicom_bytes
from mammogram_viewer.adapters.redis.connection import bullmq_connection
from mammogram_viewer.imaging.order import RECIPE_VERSION
from product import Product


async def ended(product: Product, payload: Any, **options: Any) -> Any:
    """What BullMQ says of the job once it has completed or failed."""
    queue = Queue("dicom-conversion", {"connection": bullmq_connection(product.redis_url)})
    try:
        job = await queue.add("convert_dicom", payload, {"attempts": 3, **options})
        async with asyncio.timeout(30):
            while await queue.getJobState(job.id) not in ("completed", "failed"):
                await asyncio.sleep(0.05)
        found = await queue.getJob(job.id)
        assert found is not None
        return found
    finally:
        await queue.close()


async def test_a_job_that_names_an_image_makes_its_renditions_again_and_tells_the_result(product):
    image = product.wait_for(product.upload_one(dicom_bytes(seed=6401))["id"])
    before = await product.fetch("SELECT id FROM renditions WHERE image_id = $1 ORDER BY id", image["id"])
    job = await ended(product, {"imageId": image["id"]})
    assert job.returnvalue == {"state": "completed", "imageId": image["id"], "recipeVersion": RECIPE_VERSION}
    after = await product.fetch("SELECT id FROM renditions WHERE image_id = $1 ORDER BY id", image["id"])
    assert len(after) == len(before)
    assert after != before
    (row,) = await product.fetch("SELECT status, user_id FROM job_queue WHERE id LIKE $1", f"foreign-{image['id']}-%")
    assert row["status"] == "completed"
    assert product.image(image["id"])["status"] == "ready"


@pytest.mark.parametrize(
    "payload",
    [{}, {"imageId": "1"}, {"imageId": True}, {"imageId": -1}, {"imageId": 2**70}, {"imageId": None}, [1], "x", 5],
    ids=repr,
)
async def test_a_payload_that_cannot_be_meant_ends_at_once_and_leaves_no_row(product, payload):
    before = await product.fetch("SELECT count(*) FROM job_queue")
    job = await ended(product, payload)
    assert (job.failedReason, job.attemptsMade) == ("malformed_payload", 1)
    assert await product.fetch("SELECT count(*) FROM job_queue") == before


async def test_an_image_that_does_not_exist_ends_at_once(product):
    job = await ended(product, {"imageId": 999_999})
    assert (job.failedReason, job.attemptsMade) == ("unknown_image", 1)


async def test_an_id_of_any_shape_gets_a_row_of_a_plain_one(product):
    image = product.wait_for(product.upload_one(dicom_bytes(seed=6402))["id"])
    job = await ended(product, {"imageId": image["id"]}, jobId="../../<script>alert(1)</script> and more")
    assert job.returnvalue["state"] == "completed"
    (row,) = await product.fetch("SELECT id FROM job_queue WHERE image_id = $1 AND id LIKE 'foreign%'", image["id"])
    assert "<" not in row["id"] and "/" not in row["id"]


async def test_a_retry_by_bullmqs_own_command_makes_the_image_after_all(product):
    """The whole way: failed for want of its file, mended, retried by BullMQ's own command."""
    before = set(product.stored_files())
    product.client("admin").post("/api/admin/queue/dicom-conversion/pause").raise_for_status()
    image = product.upload_one(dicom_bytes(seed=6601))
    (original,) = set(product.stored_files()) - before
    aside = original.rename(original.with_name("aside"))
    product.client("admin").post("/api/admin/queue/dicom-conversion/resume").raise_for_status()
    assert product.wait_for(image["id"])["status"] == "failed"
    aside.rename(original)
    bull = Queue("dicom-conversion", {"connection": bullmq_connection(product.redis_url)})
    try:
        while await bull.getJobState(image["jobId"]) != "failed":
            continue
        job = await bull.getJob(image["jobId"])
        assert job is not None
        await job.retry("failed")
        product.wait_until(lambda: product.image(image["id"])["status"] == "ready", "it was made after all")
    finally:
        await bull.close()


async def test_the_worker_lives_on(product):
    assert product.processes["worker"].poll() is None
    assert product.wait_for(product.upload_one(dicom_bytes(seed=6403))["id"])["status"] == "ready"
