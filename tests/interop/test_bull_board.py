"""Bull Board on our queues: what it shows is right, and what it is told to do ends in our rows."""

from __future__ import annotations

import redis
from bullmq import Queue

from builders import dicom_bytes, png_bytes
from mammogram_viewer.adapters.redis.connection import bullmq_connection


def stats(product, queue):
    answer = product.client("admin").get("/api/admin/queue/stats").json()
    return next(one for one in answer["queues"] if one["name"] == queue)


async def last_acts(product, count):
    rows = await product.fetch(
        "SELECT act, actor_user_id, detail FROM audit_log WHERE act <> 'jobs_reconciled' ORDER BY id DESC LIMIT $1",
        count,
    )
    return [(row["act"], row["actor_user_id"], row["detail"]) for row in rows]


def test_it_lists_the_three_queues_and_counts_as_we_do(product, board):
    image = product.wait_for(product.upload_one(dicom_bytes(seed=7201))["id"])

    assert board.names() == ["dicom-conversion", "thumbnail", "maintenance"]
    queue = product.wait_until(
        lambda: (found := board.queue("dicom-conversion"))["counts"]["completed"] and found, "it has completed"
    )
    assert queue["counts"]["completed"] == 1
    assert queue["counts"]["failed"] == queue["counts"]["waiting"] == queue["counts"]["active"] == 0
    assert queue["isPaused"] is False
    (listed,) = queue["jobs"]
    assert (listed["id"], listed["name"]) == (f"dicom-{image['id']}", "convert_dicom")
    shown = board.job("dicom-conversion", listed["id"])
    assert shown["status"] == "completed"
    assert shown["job"]["returnValue"]["state"] == "completed"
    assert shown["job"]["data"].keys() == {"imageId", "userId"}


async def test_a_job_that_failed_is_retried_in_bull_board_as_if_by_a_person(product, board):
    product.client("admin").post("/api/admin/queue/dicom-conversion/pause").raise_for_status()
    before = set(product.stored_files())
    image = product.upload_one(dicom_bytes(seed=7202))
    (original,) = set(product.stored_files()) - before
    aside = original.with_name("aside")
    original.rename(aside)
    product.client("admin").post("/api/admin/queue/dicom-conversion/resume").raise_for_status()
    assert product.wait_for(image["id"])["status"] == "failed"
    job = f"dicom-conversion/{image['jobId']}"
    product.wait_until(lambda: board.job(*job.split("/"))["status"] == "failed", "BullMQ knows that it failed")
    assert board.queue("dicom-conversion")["counts"]["failed"] == 1
    aside.rename(original)

    board.put(f"{job}/retry")

    product.wait_until(lambda: product.image(image["id"])["status"] == "ready", "it was made after all")
    (row,) = await product.fetch("SELECT status, attempts_made FROM job_queue WHERE id = $1", image["jobId"])
    assert (row["status"], row["attempts_made"]) == ("completed", 1)
    ((act, actor, detail),) = await last_acts(product, 1)
    assert (act, actor) == ("job_retried", None)
    assert '"from": "redis"' in detail
    product.wait_until(lambda: board.job(*job.split("/"))["status"] == "completed", "BullMQ knows it too")


async def test_a_pause_made_in_bull_board_stays_until_somebody_ends_it(product, board):
    board.put("thumbnail/pause")
    image = product.upload_one(png_bytes(seed=7203), "a.png")
    queue = product.wait_until(lambda: (found := stats(product, "thumbnail"))["paused"] and found, "the row follows")
    assert (queue["pausedByName"], queue["pausedAt"] is not None) == (None, True)
    assert (await last_acts(product, 1))[0][:2] == ("queue_paused", None)
    assert product.image(image["id"])["status"] == "pending"

    board.put("thumbnail/resume")

    assert product.wait_for(image["id"])["status"] == "ready"
    product.wait_until(lambda: not stats(product, "thumbnail")["paused"], "the row follows again")
    # And from one side to the other.
    board.put("thumbnail/pause")
    product.wait_until(lambda: stats(product, "thumbnail")["paused"], "the row follows")
    product.client("admin").post("/api/admin/queue/thumbnail/resume").raise_for_status()
    assert board.queue("thumbnail")["isPaused"] is False


async def test_a_delayed_job_that_is_promoted_runs_now(product, board):
    image = product.wait_for(product.upload_one(dicom_bytes(seed=7204))["id"])
    queue = Queue("dicom-conversion", {"connection": bullmq_connection(product.redis_url)})
    try:
        job = await queue.add("convert_dicom", {"imageId": image["id"]}, {"delay": 3_600_000})
    finally:
        await queue.close()
    assert board.queue("dicom-conversion")["counts"]["delayed"] == 1

    board.put(f"dicom-conversion/{job.id}/promote")

    product.wait_until(lambda: board.job("dicom-conversion", job.id)["status"] == "completed", "it ran")


async def test_cleaning_forgets_what_ended_in_redis_and_not_in_our_rows(product, board):
    image = product.wait_for(product.upload_one(dicom_bytes(seed=7206))["id"])

    def clean() -> bool:
        board.put("dicom-conversion/clean/completed")  # Bull Board spares what ended within its last five seconds
        return board.queue("dicom-conversion")["counts"]["completed"] == 0

    product.wait_until(clean, "it has forgotten them")
    (row,) = await product.fetch("SELECT status FROM job_queue WHERE id = $1", image["jobId"])
    assert row["status"] == "completed"


def test_a_waiting_job_that_is_thrown_away_in_bull_board_is_done_all_the_same(product, board):
    product.client("admin").post("/api/admin/queue/dicom-conversion/pause").raise_for_status()
    image = product.upload_one(dicom_bytes(seed=7205))
    client = redis.Redis.from_url(product.redis_url)
    product.wait_until(lambda: client.llen("bull:dicom-conversion:wait") == 1, "it waits")

    board.put(f"dicom-conversion/{image['jobId']}/clean")

    product.client("admin").post("/api/admin/queue/dicom-conversion/resume").raise_for_status()
    client.close()
    assert product.wait_for(image["id"])["status"] == "ready"
