"""Results and failures reach the uploader: the list of what ended, its read mark, and what leads out of the house."""

from __future__ import annotations

import asyncpg
import pytest

from event_streams import listening, page_of, read_up_to, upload
from mammogram_viewer.notifications import queries
from product import Product

# --- the list ---------------------------------------------------------------------------------------------------


def test_what_ended_is_listed_with_its_reason_newest_first(product: Product) -> None:
    good = upload(product)
    product.wait_for(good["id"])
    bad = upload(product, broken=True)
    product.wait_for(bad["id"])
    first, second = page_of(product, limit=2)["notifications"]
    assert (first["jobId"], first["imageId"], first["state"]) == (bad["jobId"], bad["id"], "rejected")
    assert first["reasonCode"] == "picture_broken"
    assert first["reason"].startswith("The picture cannot be read")
    assert first["fileName"] == "a canary.png"
    assert (second["jobId"], second["state"], second["reason"]) == (good["jobId"], "ready", None)
    assert first["unread"]
    assert second["unread"]


def test_a_read_mark_moves_forward_only(product: Product) -> None:
    for _ in range(2):
        product.wait_for(upload(product, "technologist")["id"])
    newest, older = page_of(product, "technologist")["notifications"][:2]
    assert page_of(product, "technologist")["unread"] == 2
    assert read_up_to(product, older["at"], "technologist") == 1
    shown = page_of(product, "technologist")["notifications"]
    assert [one["unread"] for one in shown[:2]] == [True, False]
    assert read_up_to(product, newest["at"], "technologist") == 0
    assert read_up_to(product, older["at"], "technologist") == 0
    # The future cannot be marked: what ends later is unread all the same.
    assert read_up_to(product, "9999-12-31T23:59:59Z", "technologist") == 0
    product.wait_for(upload(product, "technologist", broken=True)["id"])
    assert page_of(product, "technologist")["unread"] == 1


@pytest.mark.parametrize("up_to", ["yesterday", "0001-01-01T00:00:00+14:00", None])
def test_a_read_mark_that_is_no_time_is_refused(product: Product, up_to: object) -> None:
    answer = product.client().post("/api/notifications/read", json={"upTo": up_to})
    assert answer.status_code in (400, 422), answer.text


def test_pages_in_both_directions_hold_every_end_once(product: Product) -> None:
    sent = [upload(product, "other") for _ in range(7)]
    for image in sent:
        product.wait_for(image["id"])
    forward, cursor = [], None
    while True:
        page = page_of(product, "other", limit=3, **({"cursor": cursor} if cursor else {}))
        forward += [one["jobId"] for one in page["notifications"]]
        if (cursor := page["nextCursor"]) is None:
            break
    assert sorted(forward) == sorted(image["jobId"] for image in sent)
    back = page_of(product, "other", limit=7, cursor=page["prevCursor"], direction="prev")
    assert [one["jobId"] for one in back["notifications"]] == forward[: len(back["notifications"])]


async def test_a_retry_takes_the_failure_from_the_list_and_brings_the_new_end(product: Product) -> None:
    image = upload(product)
    product.wait_for(image["id"])
    await product.fetch(
        "UPDATE job_queue SET status = 'failed', error_code = 'unexpected', error = 'x' WHERE id = $1", image["jobId"]
    )
    await product.fetch("UPDATE images SET status = 'failed' WHERE id = $1", image["id"])
    (shown,) = [one for one in page_of(product)["notifications"] if one["jobId"] == image["jobId"]]
    assert (shown["state"], shown["reasonCode"]) == ("failed", "unexpected")
    with listening(product) as stream:
        assert product.client().post(f"/api/jobs/{image['jobId']}/retry").status_code == 202
        stream.wait_state(image["jobId"], "completed")
    assert page_of(product)["notifications"][0]["state"] == "ready"


def test_a_job_that_an_administrator_took_out_is_told_as_failed(product: Product) -> None:
    admin = product.client("admin")
    assert admin.post("/api/admin/queue/thumbnail/pause").status_code == 200
    try:
        image = upload(product)
        with listening(product) as stream:
            assert admin.delete(f"/api/admin/queue/jobs/{image['jobId']}").status_code == 204
            stream.wait_state(image["jobId"], "cancelled")
    finally:
        admin.post("/api/admin/queue/thumbnail/resume")
    assert page_of(product)["notifications"][0]["reasonCode"] == "cancelled"


def test_a_deleted_image_keeps_its_line_without_a_name(product: Product) -> None:
    image = upload(product)
    product.wait_for(image["id"])
    assert product.client().delete(f"/api/images/{image['id']}").status_code == 204
    (shown,) = [one for one in page_of(product)["notifications"] if one["jobId"] == image["jobId"]]
    assert (shown["state"], shown["fileName"]) == ("ready", None)


async def test_the_list_and_the_count_walk_an_index(product: Product) -> None:
    """The planner must recognise the index's condition in ours; a table of a few rows it would read whole."""
    condition = f"user_id = 1 AND {queries._IS_NEWS}"
    connection = await asyncpg.connect(product.database_url)
    try:
        await connection.execute("SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off; BEGIN")
        await connection.execute(
            """INSERT INTO job_queue (id, queue, type, status, user_id, created_at, finished_at)
               SELECT 'plan-' || n, 'thumbnail', CASE WHEN n % 10 = 0 THEN 'render_picture' ELSE 'sweep_storage' END,
                      'completed', 1 + n % 2, now() - n * interval '1 s', now() - n * interval '1 s'
               FROM generate_series(1, 20000) n"""
        )
        await connection.execute("ANALYZE job_queue")
        for sql in (
            f"SELECT * FROM job_queue WHERE {condition} ORDER BY finished_at DESC, id DESC LIMIT 21",
            f"SELECT count(*) FROM (SELECT FROM job_queue WHERE {condition} AND finished_at > now() LIMIT 9) unread",
        ):
            plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {sql}"))
            assert "job_queue_notifications_idx" in plan
            assert "Sort" not in plan
    finally:
        await connection.close()


# --- beside the page ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://receiver.example/", "invalid_webhook"),
        ("http://127.0.0.1/", "invalid_webhook"),
        ("https://127.0.0.1/", "webhook_refused"),
        ("https://localhost:3000/", "webhook_refused"),
        ("https://[::1]/", "webhook_refused"),
        ("https://[::ffff:10.0.0.1]/", "webhook_refused"),
        ("https://2130706433/", "webhook_refused"),
        ("https://169.254.169.254/latest/meta-data/", "webhook_refused"),
        ("https://192.168.0.1/", "webhook_refused"),
        ("https://no-such-name.invalid/", "webhook_refused"),
    ],
)
def test_a_webhook_leads_neither_home_nor_next_door(product: Product, url: str, code: str) -> None:
    answer = product.client().patch("/api/notifications/settings", json={"webhookUrl": url, "webhookOn": "all"})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert product.client().get("/api/notifications/settings").json()["webhookUrl"] is None


async def test_an_address_that_has_become_private_is_refused_at_the_call_and_not_tried_again(product: Product) -> None:
    (user,) = await product.fetch("SELECT id FROM users WHERE email = 'user@example.org'")
    await product.fetch(
        """INSERT INTO notification_settings (user_id, webhook_url, webhook_secret, webhook_on)
           VALUES ($1, 'https://127.0.0.1:1/', 'x', 'failures')
           ON CONFLICT (user_id) DO UPDATE SET webhook_url = excluded.webhook_url, webhook_on = excluded.webhook_on,
               webhook_secret = excluded.webhook_secret""",
        user["id"],
    )
    upload(product, broken=True)
    client = product.client()
    (delivery,) = product.wait_until(
        lambda: (
            (found := client.get("/api/notifications/deliveries").json()["deliveries"])
            and found[0]["state"] == "failed"
            and found
        ),
        "the delivery is refused",
    )
    assert (delivery["errorCode"], delivery["attemptsMade"]) == ("delivery_refused", 1)
    assert client.patch("/api/notifications/settings", json={"webhookUrl": None}).json()["webhookOn"] == "never"


def test_without_a_mail_server_nobody_can_wish_for_mail(product: Product) -> None:
    assert product.client().get("/api/notifications/settings").json()["emailAvailable"] is False
    answer = product.client().patch("/api/notifications/settings", json={"emailOn": "all"})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_mail_server")
