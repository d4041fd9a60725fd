"""A delayed job on an idle worker runs when its time has come.

redis-py's own socket time-out breaks BullMQ's blocking reads without any error: a job delayed by 8 s had then not run
after 110 s. `adapters/redis/connection.py` keeps that time-out off; whoever brings it back is told here."""

from __future__ import annotations

import asyncio
import time

import pytest
import redis
from bullmq import Queue

from builders import png_bytes
from mammogram_viewer.adapters.redis.connection import bullmq_connection
from product import Product

DELAY_SECONDS = 8
SLACK_SECONDS = 2


def test_no_time_out_lies_on_what_bullmq_reads() -> None:
    for url in ("redis://127.0.0.1:6379/0", "unix:///tmp/redis.sock"):
        assert bullmq_connection(url)["socket_timeout"] is None


@pytest.mark.slow
async def test_a_job_delayed_by_eight_seconds_runs_within_ten_on_an_idle_worker(product: Product) -> None:
    # The worker has done something and idles: it sits in the blocking read that must not break.
    image = product.wait_for(product.upload_one(png_bytes(seed=47_001), "a.png")["id"])
    job_id = f"thumbnail-{image['id']}"
    # The row waits again, and only the delayed entry wakes a worker for it, not the reconciler.
    await product.fetch(
        """UPDATE job_queue SET status = 'delayed', finished_at = NULL, updated_at = now() + interval '1 hour'
           WHERE id = $1""",
        job_id,
    )
    queue = Queue("thumbnail", {"connection": bullmq_connection(product.redis_url)})
    try:
        await queue.remove(job_id)
        added_at = time.monotonic()
        await queue.add("render_picture", {"imageId": image["id"]}, {"jobId": job_id, "delay": DELAY_SECONDS * 1000})
        assert await queue.getJobState(job_id) == "delayed"
    finally:
        await queue.close()

    async def state() -> str:
        return (await product.fetch("SELECT status FROM job_queue WHERE id = $1", job_id))[0]["status"]

    while await state() == "delayed":
        assert time.monotonic() - added_at < DELAY_SECONDS + SLACK_SECONDS, "it has not run"
        await asyncio.sleep(0.1)
    assert time.monotonic() - added_at > DELAY_SECONDS - 1, "it ran before its time"
    assert product.wait_for(image["id"])["status"] == "ready"
    with redis.Redis.from_url(product.redis_url) as client:
        assert client.zcard("bull:thumbnail:delayed") == 0
