"""Prometheus reads how the queues and the requests go: the same from every process, in closed sets of labels, and
nothing about anybody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from builders import dicom_bytes, png_bytes
from mammogram_viewer.foundation.reasons import REASONS
from product import Product

SEED = iter(range(41_000, 42_000))


def scrape(product: Product, **headers: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = httpx.get(f"{product.base_url}/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        (sample.name.removeprefix("mammogram_viewer_"), tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(samples: dict, name: str, **labels: str) -> float:
    return samples.get((name, tuple(sorted(labels.items()))), 0.0)


@pytest.fixture
def paused(product: Product) -> Iterator[None]:
    admin = product.client("admin")
    assert admin.post("/api/admin/queue/thumbnail/pause").status_code == 200
    yield
    admin.post("/api/admin/queue/thumbnail/resume")


def test_only_this_machine_and_administrators_may_read(product: Product) -> None:
    product.wait_until(lambda: value(scrape(product), "workers") == 1, "the worker gave a sign of life")
    through_a_proxy = httpx.get(f"{product.base_url}/metrics", headers={"x-forwarded-for": "203.0.113.9"})
    assert through_a_proxy.status_code == 401
    assert product.client("user").get("/metrics").status_code == 403
    assert product.client("admin").get("/metrics").status_code == 200


def test_jobs_are_counted_by_kind_outcome_and_reason_with_their_durations(product: Product) -> None:
    before = scrape(product)
    product.wait_for(product.upload_one(dicom_bytes(seed=next(SEED)))["id"])
    product.wait_for(product.upload_one(png_bytes(seed=next(SEED)), "a.png")["id"])
    broken = product.wait_for(product.upload_one(png_bytes(seed=next(SEED))[:200], "broken.png")["id"])
    assert broken["reasonCode"] == "picture_broken"

    def grown(name: str, **labels: str) -> float:
        return value(scrape(product), name, **labels) - value(before, name, **labels)

    done = {"kind": "convert_dicom", "outcome": "completed", "reason": ""}
    rejected = {"kind": "render_picture", "outcome": "rejected", "reason": "picture_broken"}
    product.wait_until(lambda: grown("job_attempts_total", **rejected) == 1, "it was counted", 5)
    assert grown("job_attempts_total", **done) == 1
    assert grown("job_attempts_total", **rejected) == 1, "counted once, however often one looks"
    assert grown("job_attempt_duration_seconds_count", kind="convert_dicom") == 1
    assert grown("job_attempt_duration_seconds_count", kind="render_picture") == 2
    assert 0 < grown("job_attempt_duration_seconds_sum", kind="convert_dicom") < 60
    assert grown("jobs_ended_last_hour", **rejected) == 1
    assert grown("queue_jobs", queue="thumbnail", state="rejected") in (0, 1), "at most ten seconds old"


def test_depth_age_and_pause_of_a_queue(product: Product, paused: None) -> None:
    product.upload_one(png_bytes(seed=next(SEED)), "a.png")
    samples = product.wait_until(
        lambda: value(found := scrape(product), "queue_jobs", queue="thumbnail", state="waiting") == 1 and found,
        "it waits",
    )
    assert value(samples, "queue_paused", queue="thumbnail") == 1
    assert value(samples, "queue_paused", queue="dicom-conversion") == 0
    assert value(samples, "queue_oldest_waiting_seconds", queue="thumbnail") > 0
    assert value(samples, "queue_workers", queue="thumbnail") == 1
    assert value(samples, "queue_concurrency", queue="thumbnail") == 5
    assert value(samples, "up", part="queues") == 1


def test_jobs_that_redis_had_lost_are_counted_when_they_are_mended(product: Product, paused: None) -> None:
    import redis

    before = value(scrape(product), "jobs_reconciled_total")
    product.upload_one(png_bytes(seed=next(SEED)), "a.png")
    with redis.Redis.from_url(product.redis_url) as client:
        # The answer to an upload does not wait for Redis: what comes there later was never lost.
        product.wait_until(lambda: client.exists("bull:thumbnail:wait"), "Redis knows of the job")
        client.flushall()
    product.wait_until(lambda: value(scrape(product), "jobs_reconciled_total") > before, "it was added again")


def test_requests_are_counted_by_route_and_never_by_path(product: Product) -> None:
    admin = product.client("admin")
    for image_id in (999_991, 999_992):
        assert admin.get(f"/api/images/{image_id}").status_code == 404
    assert admin.request("PROPFIND", "/health/live").status_code == 405
    product.client("user").get("/canary-path-of-nobody?q=canary-query")
    samples = scrape(product)
    assert value(samples, "http_requests_total", method="GET", route="/api/images/{image_id}", status="404") >= 2
    assert value(samples, "http_requests_total", method="other", route="none", status="405") == 1
    assert value(samples, "http_request_duration_seconds_count", method="GET", route="/api/images/{image_id}") >= 2
    text = httpx.get(f"{product.base_url}/metrics").text
    for nobodys in ("999991", "PROPFIND", "canary", "example.org"):
        assert nobodys not in text


def test_build_pool_storage_and_process_are_told(product: Product) -> None:
    samples = scrape(product)
    names = {name for name, _ in samples}
    assert {"build_info", "database_connections", "database_connections_limit", "storage_free_bytes"} <= names
    assert {"redis_used_memory_bytes", "process_resident_memory_bytes", "process_cpu_seconds_total"} <= names
    assert all(value(samples, "up", part=part) == 1 for part in ("database", "redis", "storage", "queues"))
    assert value(samples, "database_connections_limit") == 10


async def test_a_reason_or_kind_of_a_foreign_hand_makes_no_label_of_its_own(product: Product) -> None:
    await product.fetch(
        """INSERT INTO job_queue (id, queue, type, status, error_code, finished_at)
           SELECT 'foreign-' || n, 'thumbnail', 'Canary Kind ' || n, 'failed', 'canary-' || n, now()
           FROM generate_series(1, 50) n"""
    )
    samples = product.wait_until(
        lambda: (
            value(found := scrape(product), "jobs_ended_last_hour", kind="other", outcome="failed", reason="other")
            == 50
            and found
        ),
        "they are counted",
    )
    known = {*REASONS, "", "other", "unexpected", "interrupted", "storage_full", "cancelled"}
    assert {dict(labels)["reason"] for _, labels in samples if "reason" in dict(labels)} <= known
    await product.fetch("DELETE FROM job_queue WHERE id LIKE 'foreign-%'")


def test_the_document_lists_what_is_told_and_nothing_else(product: Product) -> None:
    product.wait_for(product.upload_one(png_bytes(seed=next(SEED)), "a.png")["id"])
    families = text_string_to_metric_families(httpx.get(f"{product.base_url}/metrics").text)
    told = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in families
        if family.name.startswith("mammogram_viewer_")
    }
    page = (Path(__file__).parents[2] / "docs/metrics.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(mammogram_viewer_[a-z_]+)` \|", page, re.MULTILINE)) == told
