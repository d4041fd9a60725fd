"""Administrators drive the queues: counts, pause, resume, drain, retry, remove, concurrency; every act is audited."""

from __future__ import annotations

import pytest
import redis

from builders import dicom_bytes, png_bytes
from product import Product

SEED = iter(range(9000, 10000))


def stats(product: Product, queue: str) -> dict:
    answer = product.client("admin").get("/api/admin/queue/stats")
    assert answer.status_code == 200, answer.text
    return next(one for one in answer.json()["queues"] if one["name"] == queue)


def act(product: Product, path: str, method: str = "post", **body: object):
    return product.client("admin").request(method, f"/api/admin/queue/{path}", json=body or None)


@pytest.fixture
def paused(product: Product):
    """The queue of pictures, paused for the length of a test."""
    assert act(product, "thumbnail/pause").json() == {"queue": "thumbnail", "jobs": None, "changed": True}
    yield
    act(product, "thumbnail/resume")


def upload(product: Product) -> dict:
    return product.upload_one(png_bytes(seed=next(SEED)), "a.png")


def test_an_idle_installation_counts_nothing_and_shows_its_worker(product):
    answer = product.wait_until(
        lambda: (found := product.client("admin").get("/api/admin/queue/stats").json())["workers"] and found,
        "the worker gave a sign of life",
    )
    assert [queue["name"] for queue in answer["queues"]] == ["dicom-conversion", "thumbnail", "maintenance"]
    (worker,) = [worker for worker in answer["workers"] if worker["alive"]]
    assert worker["pid"] == product.processes["worker"].pid
    assert worker["queues"] == {"dicom-conversion": 3, "thumbnail": 5, "maintenance": 1}
    assert worker["memoryBytes"] > 10_000_000
    assert answer["redis"] == "ok"
    assert stats(product, "thumbnail")["workers"] == 1


async def test_a_paused_queue_takes_uploads_and_renders_them_after_it_is_resumed(product, paused):
    image = upload(product)
    product.wait_until(lambda: stats(product, "thumbnail")["waiting"] == 1, "it waits")
    queue = stats(product, "thumbnail")
    assert (queue["paused"], queue["pausedByName"]) == (True, "Admin Example")
    assert queue["pausedAt"] is not None
    assert queue["oldestWaitingSeconds"] >= 0
    assert product.image(image["id"])["status"] == "pending"
    # Other queues go on.
    assert product.wait_for(product.upload_one(dicom_bytes(seed=next(SEED)))["id"])["status"] == "ready"
    assert act(product, "thumbnail/pause").json()["changed"] is False
    assert act(product, "thumbnail/resume").json()["changed"] is True
    assert product.wait_for(image["id"])["status"] == "ready"
    assert stats(product, "thumbnail")["pausedAt"] is None
    rows = await product.fetch("SELECT act FROM audit_log WHERE act LIKE 'queue_%' ORDER BY id DESC LIMIT 2")
    assert {row["act"] for row in rows} == {"queue_paused", "queue_resumed"}


async def test_a_pause_survives_a_redis_that_has_forgotten_everything(product, paused):

    client = redis.Redis.from_url(product.redis_url)
    client.flushall()
    product.wait_until(lambda: client.hget("bull:thumbnail:meta", "paused"), "Redis has been told again")
    client.close()
    image = upload(product)
    product.wait_until(lambda: stats(product, "thumbnail")["waiting"] == 1, "it waits")
    assert product.image(image["id"])["status"] == "pending"
    act(product, "thumbnail/resume")
    assert product.wait_for(image["id"])["status"] == "ready"


async def test_a_removed_job_leaves_its_image_to_be_retried(product, paused):
    image = upload(product)
    job_id = image["jobId"]
    assert act(product, f"jobs/{job_id}", "delete").status_code == 204
    shown = product.image(image["id"])
    assert (shown["status"], shown["reasonCode"]) == ("failed", "cancelled")
    assert product.client().get(f"/api/jobs/{job_id}").json()["state"] == "cancelled"
    again = act(product, f"jobs/{job_id}", "delete")
    assert (again.status_code, again.json()["code"]) == (409, "not_cancellable")
    act(product, "thumbnail/resume")
    assert product.client().post(f"/api/jobs/{job_id}/retry").status_code == 202
    assert product.wait_for(image["id"])["status"] == "ready"


async def test_draining_takes_out_what_waits_and_nothing_else(product, paused):
    images = [upload(product) for _ in range(3)]
    assert act(product, "thumbnail/drain").json() == {"queue": "thumbnail", "jobs": 3, "changed": None}
    assert [product.image(image["id"])["status"] for image in images] == ["failed"] * 3
    product.wait_until(lambda: stats(product, "thumbnail")["waiting"] == 0, "nothing waits")
    assert act(product, "thumbnail/drain").json()["jobs"] == 0


async def test_everything_that_failed_is_retried_at_once_but_nothing_that_was_rejected(product):
    ready = [product.wait_for(upload(product)["id"]) for _ in range(3)]
    broken = product.wait_for(product.upload_one(png_bytes(seed=next(SEED))[:200], "broken.png")["id"])
    assert broken["status"] == "rejected"
    ids = [image["id"] for image in ready]
    await product.fetch("UPDATE images SET status = 'failed' WHERE id = ANY($1::bigint[])", ids)
    await product.fetch(
        "UPDATE job_queue SET status = 'failed', error_code = 'unexpected' WHERE image_id = ANY($1::bigint[])", ids
    )
    answer = act(product, "thumbnail/retry-failed")
    assert (answer.status_code, answer.json()["jobs"]) == (202, 3)
    for image_id in ids:
        product.wait_until(lambda i=image_id: product.image(i)["status"] == "ready", "it was retried")
    assert product.image(broken["id"])["status"] == "rejected"


def test_concurrency_follows_within_seconds_and_goes_back_to_the_settings(product):
    assert act(product, "thumbnail", "patch", concurrency=2).status_code == 200
    product.wait_until(lambda: stats(product, "thumbnail")["runningConcurrency"] == 2, "the worker follows")
    assert stats(product, "thumbnail")["concurrency"] == 2
    answer = product.client("admin").patch("/api/admin/queue/thumbnail", json={"concurrency": None})
    assert answer.status_code == 200
    product.wait_until(lambda: stats(product, "thumbnail")["runningConcurrency"] == 5, "the worker goes back")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("post", "nonsense/pause", None, 404, "no_such_queue"),
        ("post", "nonsense/retry-failed", None, 404, "no_such_queue"),
        ("post", "nonsense/drain", None, 404, "no_such_queue"),
        ("patch", "thumbnail", {"concurrency": 0}, 422, "invalid_concurrency"),
        ("patch", "thumbnail", {"concurrency": 65}, 422, "invalid_concurrency"),
        ("patch", "thumbnail", {"concurrency": "many"}, 422, "invalid"),
        ("patch", "thumbnail", {}, 422, "invalid"),
        ("get", "jobs?queue=nonsense", None, 404, "no_such_queue"),
        ("get", "jobs?state=nonsense", None, 422, "invalid"),
        ("get", "jobs?cursor=nonsense", None, 400, "invalid_cursor"),
        ("get", "jobs?limit=0", None, 422, "invalid_limit"),
        ("delete", "jobs/dicom-999999", None, 404, "not_found"),
        ("post", "jobs/dicom-999999/retry", None, 404, "not_found"),
    ],
)
def test_what_makes_no_sense_is_refused(product, method, path, body, status, code):
    answer = product.client("admin").request(method, f"/api/admin/queue/{path}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_lists_of_jobs_page_in_both_directions_under_every_filter(product):
    images = [product.wait_for(upload(product)["id"]) for _ in range(5)]
    client = product.client("admin")
    wanted = [f"thumbnail-{image['id']}" for image in reversed(images)]
    query = "queue=thumbnail&state=completed&limit=2"
    page = client.get(f"/api/admin/queue/jobs?{query}").json()
    walked = [job["id"] for job in page["jobs"]]
    assert page["prevCursor"] is None
    while page["hasMore"] and len(walked) < 5:
        page = client.get(f"/api/admin/queue/jobs?{query}&cursor={page['nextCursor']}").json()
        walked += [job["id"] for job in page["jobs"]]
    assert walked[:5] == wanted
    back = client.get(f"/api/admin/queue/jobs?{query}&direction=prev&cursor={page['prevCursor']}").json()
    assert [job["id"] for job in back["jobs"]] == walked[2:4]
    one = client.get(f"/api/admin/queue/jobs?imageId={images[0]['id']}").json()
    assert [job["id"] for job in one["jobs"]] == [wanted[-1]]
    assert client.get("/api/admin/queue/jobs?reason=picture_broken&state=completed").json()["jobs"] == []


def test_ones_own_uploads_show_their_jobs_and_nobody_elses(product):
    mine = product.wait_for(upload(product)["id"])
    page = product.client().get("/api/uploads?limit=1").json()
    (first,) = page["uploads"]
    assert first["image"]["id"] == mine["id"]
    assert first["job"]["state"] == "completed"
    assert page["hasMore"] is True
    assert product.client("other").get("/api/uploads").json()["uploads"] == []
    assert product.client("admin").get("/api/uploads").json()["uploads"] == []
    assert product.client().get("/api/uploads?status=failed&limit=100").status_code == 200


def test_the_schedule_runs_maintenance_and_tells_its_story(product):
    def swept() -> list:
        jobs = product.client("admin").get("/api/admin/queue/jobs?queue=maintenance&state=completed").json()["jobs"]
        return [job for job in jobs if job["name"] == "sweep_storage"]

    (job, *_) = product.wait_until(swept, "storage was swept")
    assert job["imageId"] is None
    assert stats(product, "maintenance")["completed"] >= 1


async def test_a_scheduled_check_tells_of_originals_that_are_missing_or_changed(product):
    def last_check() -> dict | None:
        jobs = product.client("admin").get("/api/admin/queue/jobs?queue=maintenance").json()["jobs"]
        return next((job for job in jobs if job["name"] == "verify_storage" and job["state"] != "active"), None)

    first = product.wait_until(last_check, "originals were checked")
    damaged = product.wait_for(upload(product)["id"])
    (row,) = await product.fetch("SELECT storage_key FROM images WHERE id = $1", damaged["id"])
    (product.data_dir / "storage" / row["storage_key"]).unlink()
    # The next run comes in a day; Redis forgetting everything brings it now.
    client = redis.Redis.from_url(product.redis_url)
    client.flushall()
    client.close()
    second = product.wait_until(
        lambda: (job := last_check()) and job["id"] != first["id"] and job["state"] == "failed" and job,
        "the damage was found",
        seconds=60,
    )
    assert second["errorCode"] == "storage_damaged"
    assert str(damaged["id"]) in second["error"]
    assert product.client().delete(f"/api/images/{damaged['id']}").status_code == 204
