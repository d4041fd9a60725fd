"""A job that kills its child each time, and jobs that are nobody's or somebody else's."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest
from bullmq import Queue

from builders import png_bytes
from mammogram_viewer.adapters.redis.connection import bullmq_connection
from product import Product

SEED = iter(range(48_000, 49_000))


@contextmanager
def every_child_is_killed(worker_pid: int) -> Iterator[list[int]]:
    """As the kernel does when memory runs out: kill -9 of each decoder child as soon as it appears."""
    killed: list[int] = []
    over = threading.Event()

    def hunt() -> None:
        while not over.wait(0.005):
            for fork_server in psutil.Process(worker_pid).children():
                with contextlib.suppress(psutil.NoSuchProcess):
                    for child in fork_server.children():
                        child.kill()
                        killed.append(child.pid)

    hunter = threading.Thread(target=hunt)
    hunter.start()
    try:
        yield killed
    finally:
        over.set()
        hunter.join()


async def test_a_job_that_kills_its_child_each_time_fails_after_two_attempts_and_the_worker_lives_on(
    product: Product,
) -> None:
    assert product.wait_for(product.upload_one(png_bytes(seed=next(SEED)), "a.png")["id"])["status"] == "ready"
    worker = product.processes["worker"]
    with every_child_is_killed(worker.pid) as killed:
        poisoned = product.upload_one(png_bytes(seed=next(SEED), side=5000), "poison.png")
        image = product.wait_for(poisoned["id"])
    assert (image["status"], image["reasonCode"]) == ("failed", "decoder_crash")
    assert len(set(killed)) >= 2
    rows = await product.fetch(
        "SELECT outcome, error_code, exit_code FROM job_attempts WHERE job_id = $1 ORDER BY id", poisoned["jobId"]
    )
    assert [(row["outcome"], row["error_code"]) for row in rows] == [("failed", "decoder_crash")] * 2
    assert worker.poll() is None
    assert product.wait_for(product.upload_one(png_bytes(seed=next(SEED)), "b.png")["id"])["status"] == "ready"
    # Nothing is wrong with the file: asked again, it passes.
    assert product.client().post(f"/api/jobs/{poisoned['jobId']}/retry").status_code == 202
    product.wait_until(lambda: product.image(image["id"])["status"] == "ready", "it was retried")


async def test_entries_of_unknown_jobs_are_passed_over(product: Product) -> None:
    before = await product.fetch("SELECT count(*) AS jobs FROM job_queue")
    queue = Queue("thumbnail", {"connection": bullmq_connection(product.redis_url)})
    try:
        for job_id in ("thumbnail-999999", "nonsense", "no:such", "dicom-1'; DROP TABLE job_queue; --"):
            with contextlib.suppress(Exception):  # what BullMQ itself refuses never arrives
                await queue.add("render_picture", {}, {"jobId": job_id})
    finally:
        await queue.close()
    assert product.wait_for(product.upload_one(png_bytes(seed=next(SEED)), "a.png")["id"])["status"] == "ready"
    assert product.processes["worker"].poll() is None
    after = await product.fetch("SELECT count(*) AS jobs FROM job_queue")
    assert after[0]["jobs"] == before[0]["jobs"] + 1


@pytest.mark.parametrize("job_id", ["dicom-999999", "thumbnail-", "nonsense", "%00", "a" * 3000, "..%2f..%2fetc"])
def test_unknown_job_ids_are_told_clearly(product: Product, job_id: str) -> None:
    for method, path in (
        ("GET", f"/api/jobs/{job_id}"),
        ("POST", f"/api/jobs/{job_id}/retry"),
        ("POST", f"/api/admin/queue/jobs/{job_id}/retry"),
        ("DELETE", f"/api/admin/queue/jobs/{job_id}"),
    ):
        answer = product.client("admin").request(method, path)
        assert answer.status_code in (400, 404, 422), (method, path, answer.text)
        assert answer.json()["code"], answer.text


def test_somebody_elses_job_is_as_good_as_unknown(product: Product) -> None:
    taken = product.upload_one(png_bytes(seed=next(SEED)), "a.png", who="user")
    product.wait_for(taken["id"])
    other = product.client("other")
    for method, path in (("GET", ""), ("POST", "/retry")):
        theirs = other.request(method, f"/api/jobs/{taken['jobId']}{path}")
        nobodys = other.request(method, f"/api/jobs/thumbnail-999999{path}")
        assert (theirs.status_code, theirs.json()["code"]) == (404, "not_found")
        assert nobodys.status_code == 404
    assert other.get(f"/api/jobs?id={taken['jobId']}").json() == {"jobs": []}
    assert product.client("user").get(f"/api/jobs/{taken['jobId']}").json()["state"] == "completed"
