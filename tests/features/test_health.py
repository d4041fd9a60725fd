"""`/health` tells everybody whether it works, and nobody anything else."""

from __future__ import annotations

import json
from pathlib import Path

import httpx

from builders import png_bytes
from conftest import Servers
from product import Product, running


def health(product: Product) -> dict:
    answer = httpx.get(f"{product.base_url}/health")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


def test_everything_well_is_told_with_numbers_and_without_secrets(product: Product) -> None:
    product.wait_until(lambda: health(product)["queues"]["workersAlive"] == 1, "the worker gave a sign of life")
    shown = health(product)
    assert shown["status"] == "ok"
    assert shown["queues"] == {"status": "ok", "oldestWaitingSeconds": None, "workersAlive": 1}
    assert shown["database"]["latencyMs"] > 0
    assert (shown["redis"]["status"], shown["redis"]["problem"]) == ("ok", None)
    assert shown["redis"]["usedMemoryBytes"] > 0
    assert shown["storage"]["freeBytes"] > 0
    text = json.dumps(shown)
    for secret in ("/", "redis:", "postgresql", "example.org", str(product.port)):
        assert secret not in text


async def test_degraded_while_jobs_wait_and_nobody_works(own_database: str, servers: Servers, tmp_path: Path) -> None:
    with running(Product(tmp_path, own_database, f"{servers.redis_url}?db=12"), "api") as product:
        assert health(product)["status"] == "ok", "nothing is to be done, so nobody is missed"
        image = product.upload_one(png_bytes(seed=51_001), "a.png")
        shown = product.wait_until(
            lambda: (found := health(product))["status"] == "degraded" and found, "the answer is a second old at most"
        )
        assert (shown["queues"]["status"], shown["queues"]["workersAlive"]) == ("down", 0)
        assert shown["queues"]["oldestWaitingSeconds"] > 0
        assert httpx.get(f"{product.base_url}/health/ready").json() == {"status": "degraded"}
        product.start("worker")
        assert product.wait_for(image["id"])["status"] == "ready"
        product.wait_until(lambda: health(product)["status"] == "ok", "it is well again")
        # Another queue's worker is no help: jobs wait for one that serves theirs.
        product.kill("worker")
        await product.fetch("UPDATE workers SET seen_at = now() - interval '1 minute'")
        await product.fetch(
            """INSERT INTO workers (id, host, pid, version, queues, memory_bytes)
               VALUES (gen_random_uuid(), 'h', 1, '1', '{"dicom-conversion": 3}', 1)"""
        )
        product.upload_one(png_bytes(seed=51_002), "b.png")
        shown = product.wait_until(
            lambda: (found := health(product))["status"] == "degraded" and found, "nobody serves its queue"
        )
        assert shown["queues"]["workersAlive"] == 1
