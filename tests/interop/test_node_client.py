"""Node's BullMQ client puts jobs into our queues and reads their results; redis-cli sees what waits."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from builders import dicom_bytes
from mammogram_viewer.imaging.order import RECIPE_VERSION


def test_a_node_client_has_an_image_rendered_again_and_reads_the_result(product, node_client):
    image = product.wait_for(product.upload_one(dicom_bytes(seed=7101))["id"])

    seen = node_client("dicom-conversion", "convert_dicom", {"imageId": image["id"]}, attempts=3)

    assert seen["returnvalue"] == {"state": "completed", "imageId": image["id"], "recipeVersion": RECIPE_VERSION}
    assert seen["state"] == "completed"
    assert product.image(image["id"])["status"] == "ready"


@pytest.mark.parametrize(
    ("payload", "code"),
    [({}, "malformed_payload"), ({"imageId": "7"}, "malformed_payload"), ({"imageId": 999_999}, "unknown_image")],
)
def test_what_cannot_be_meant_fails_at_once_with_a_code(node_client, payload, code):
    seen = node_client("dicom-conversion", "convert_dicom", payload, attempts=3)

    assert (seen["state"], seen["failedReason"], seen["attemptsMade"]) == ("failed", code, 1)


def test_redis_shows_what_waits_and_carries_nothing_but_ids(product, node):
    product.client("admin").post("/api/admin/queue/dicom-conversion/pause").raise_for_status()
    images = [product.upload_one(dicom_bytes(seed=seed), f"SMITH^JANE-{seed}.dcm") for seed in (7102, 7103)]
    client = redis.Redis.from_url(product.redis_url, decode_responses=True)
    try:
        product.wait_until(lambda: client.llen("bull:dicom-conversion:wait") == 2, "both wait in Redis")
        entry: Any = client.hgetall(f"bull:dicom-conversion:{images[0]['jobId']}")
        user_id = product.client().get("/api/auth/me").json()["user"]["id"]
        assert entry["name"] == "convert_dicom"
        assert entry["data"] == f'{{"imageId":{images[0]["id"]},"userId":{user_id}}}'
        everything = "".join(map(str, entry.items()))
        assert "SMITH" not in everything and ".dcm" not in everything and str(product.data_dir) not in everything
    finally:
        product.client("admin").post("/api/admin/queue/dicom-conversion/resume").raise_for_status()
        client.close()
    assert [product.wait_for(image["id"])["status"] for image in images] == ["ready", "ready"]
