"""Webhooks and e-mails: signed, tried again, told once, without patients; and nowhere that they may not lead."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from email import message_from_bytes
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from builders import png_bytes
from conftest import Servers
from product import Product, free_port, running
from webhook_receiver import Receiver, receiving

SEED = iter(range(40_000, 50_000))


def link(product: Product) -> str:
    return f"http://localhost:{product.port}"


class Sink:
    """Keeps every message; `refuse` answers that many with a temporary error first."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, list[str], bytes]] = []
        self.refuse = 0

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.refuse:
            self.refuse -= 1
            return "451 4.3.0 not now"
        self.messages.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 taken"


@pytest.fixture(scope="module")
def sink() -> Iterator[tuple[Sink, int]]:
    handler = Sink()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield handler, controller.port
    controller.stop()


@pytest.fixture(scope="module")
def product(
    people_database: str, servers: Servers, tmp_path_factory: pytest.TempPathFactory, sink: tuple[Sink, int]
) -> Iterator[Product]:
    """Private receivers are allowed, back-off is short, a digest takes two seconds."""
    wanted = {
        "WEBHOOK_PRIVATE": "true",
        "NOTIFICATION_DIGEST_SECONDS": "2",
        "DELIVERY_TIMEOUT_SECONDS": "2",
        "MAINTENANCE_BACKOFF_MS": "200",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(sink[1]),
        "SMTP_TLS": "none",
        "SMTP_FROM": "viewer@clinic.example",
    }
    settings = {f"MAMMOGRAM_VIEWER_{name}": value for name, value in wanted.items()}
    folder = tmp_path_factory.mktemp("product data")
    with running(Product(folder, people_database, servers.redis_url, settings=settings), "api", "worker") as started:
        yield started


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


def change(product: Product, who: str = "user", **wishes: Any) -> dict[str, Any]:
    answer = product.client(who).patch("/api/notifications/settings", json=wishes)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(autouse=True)
def no_wishes(product: Product) -> Iterator[None]:
    yield
    change(product, webhookUrl=None, emailOn="never")


def upload(product: Product, *, broken: bool = False) -> dict[str, Any]:
    body = png_bytes(seed=next(SEED))
    image = product.upload_one(body[:200] if broken else body, "canary.png")
    product.wait_for(image["id"])
    return image


def deliveries(product: Product, who: str = "user") -> list[dict[str, Any]]:
    return product.client(who).get("/api/notifications/deliveries").json()["deliveries"]


def newest(product: Product) -> str | None:
    return next((delivery["id"] for delivery in deliveries(product)), None)


def wait_ended(product: Product, state: str, *, after: str | None) -> dict[str, Any]:
    """The newest delivery, which is another one than `after`, once it has ended so."""
    return product.wait_until(
        lambda: (found := deliveries(product)) and found[0]["id"] != after and found[0]["state"] == state and found[0],
        f"a new delivery is {state}",
    )


# --- webhooks ---------------------------------------------------------------------------------------------------


def test_a_webhook_is_called_with_a_signature_and_without_patients(product: Product, receiver: Receiver) -> None:
    settings = change(product, webhookUrl=receiver.url, webhookOn="all")
    secret = settings["webhookSecret"]
    assert secret.startswith("mvwh_")
    before = newest(product)
    image = upload(product, broken=True)
    product.wait_until(lambda: receiver.calls, "the receiver is called")
    (call,) = receiver.calls
    assert call.path == "/hook?key=a%20b"
    assert call.is_signed_with(secret)
    assert not call.is_signed_with(secret + "x")
    assert abs(int(call.headers["x-mammogram-viewer-timestamp"]) - time.time()) < 60
    assert call.headers["host"] == f"127.0.0.1:{receiver.port}"
    body = call.json
    assert body["event"] == "jobs_ended"
    (job,) = body["jobs"]
    assert (job["jobId"], job["imageId"], job["state"]) == (image["jobId"], image["id"], "rejected")
    assert job["reasonCode"] == "picture_broken"
    assert job["link"] == f"{link(product)}/images/{image['id']}"
    assert b"canary" not in call.body
    delivery = wait_ended(product, "completed", after=before)
    assert delivery["id"] == body["deliveryId"] == call.headers["x-mammogram-viewer-delivery"]
    # Shown once.
    shown = product.client().get("/api/notifications/settings").json()
    assert (shown["webhookSecret"], shown["hasWebhookSecret"]) == (None, True)
    for part in ("api", "worker"):
        assert secret not in product.log(part)
        assert "/hook" not in product.log(part)


async def test_a_receiver_that_fails_is_called_again_and_the_story_shows_it(
    product: Product, receiver: Receiver
) -> None:
    receiver.answers = [500, 503]
    before = newest(product)
    change(product, webhookUrl=receiver.url, webhookOn="failures")
    upload(product, broken=True)
    delivery = wait_ended(product, "completed", after=before)
    assert len(receiver.calls) == 3
    assert len({call.json["deliveryId"] for call in receiver.calls}) == 1
    story = product.client().get(f"/api/jobs/{delivery['id']}").json()
    assert story["attemptsMade"] == 3
    details = [event["detail"] for event in story["timeline"] if event["event"] == "failed"]
    assert details == ["The receiver answered 500.", "The receiver answered 503."]
    assert product.client("other").get(f"/api/jobs/{delivery['id']}").status_code == 404
    rows = await product.fetch(
        "SELECT input::text || result::text AS text FROM job_queue WHERE id = $1", delivery["id"]
    )
    assert "canary" not in rows[0]["text"]


def test_a_receiver_that_never_recovers_ends_as_failed_after_four_attempts(
    product: Product, receiver: Receiver
) -> None:
    receiver.answers = [500] * 10
    before = newest(product)
    change(product, webhookUrl=receiver.url, webhookOn="failures")
    upload(product, broken=True)
    delivery = wait_ended(product, "failed", after=before)
    assert (delivery["attemptsMade"], delivery["errorCode"]) == (4, "not_delivered")
    assert len(receiver.calls) == 4
    # It can be tried once more by its owner, like any job of theirs.
    receiver.answers = []
    assert product.client().post(f"/api/jobs/{delivery['id']}/retry").status_code == 202
    wait_ended(product, "completed", after=before)
    # A delivery is no news of its own.
    assert "notify-" not in product.client().get("/api/notifications").text


def test_a_receiver_that_redirects_is_not_followed(product: Product, receiver: Receiver) -> None:
    with receiving() as elsewhere:
        receiver.answers, receiver.location = [302], elsewhere.url
        change(product, webhookUrl=receiver.url)
        tested = product.client().post("/api/notifications/webhook/test").json()
        assert (tested["delivered"], tested["status"]) == (False, 302)
        assert elsewhere.calls == []


def test_a_receiver_that_hangs_is_given_up(product: Product, receiver: Receiver) -> None:
    receiver.hang = threading.Event()
    change(product, webhookUrl=receiver.url)
    started = time.monotonic()
    tested = product.client().post("/api/notifications/webhook/test").json()
    assert time.monotonic() - started < 6
    assert tested == {"delivered": False, "status": None, "detail": "The receiver did not answer within 2 seconds."}


def test_the_test_button_calls_at_once_and_says_what_became_of_it(product: Product, receiver: Receiver) -> None:
    secret = change(product, webhookUrl=receiver.url)["webhookSecret"]
    tested = product.client().post("/api/notifications/webhook/test").json()
    assert tested == {"delivered": True, "status": 204, "detail": "The receiver answered 204."}
    (call,) = receiver.calls
    assert (call.json["event"], call.json["jobs"]) == ("test", [])
    assert call.is_signed_with(secret)
    renewed = product.client().post("/api/notifications/webhook/secret").json()["webhookSecret"]
    assert renewed != secret
    product.client().post("/api/notifications/webhook/test")
    assert receiver.calls[1].is_signed_with(renewed)
    assert not receiver.calls[1].is_signed_with(secret)
    unreachable = f"http://127.0.0.1:{free_port()}/"
    change(product, webhookUrl=unreachable)
    tested = product.client().post("/api/notifications/webhook/test").json()
    assert (tested["delivered"], tested["detail"]) == (False, "The receiver cannot be reached.")


def test_a_bulk_upload_is_a_few_calls_that_tell_every_end_once(product: Product, receiver: Receiver) -> None:
    change(product, webhookUrl=receiver.url, webhookOn="all")
    files = [(f"{number}.png", png_bytes(seed=next(SEED))) for number in range(40)]
    images = product.upload(*files).json()["images"]
    product.wait_until(lambda: len(receiver.told()) >= 40, "all ends are told", 60)
    assert sorted(receiver.told()) == sorted(image["jobId"] for image in images)
    assert len(receiver.calls) < 15


def test_who_wants_failures_hears_of_failures_alone(product: Product, receiver: Receiver) -> None:
    change(product, webhookUrl=receiver.url, webhookOn="failures")
    upload(product)
    bad = upload(product, broken=True)
    product.wait_until(lambda: receiver.calls, "the failure is told")
    assert receiver.told() == [bad["jobId"]]


async def test_what_is_no_longer_wanted_is_not_sent(product: Product, receiver: Receiver) -> None:
    change(product, webhookUrl=receiver.url, webhookOn="all")
    before = newest(product)
    image = upload(product)  # a ready one waits for the digest
    change(product, webhookOn="never")
    delivery = wait_ended(product, "completed", after=before)
    rows = await product.fetch("SELECT result::text AS result FROM job_queue WHERE id = $1", delivery["id"])
    assert rows[0]["result"] == '{"skipped": true}'
    assert image["jobId"] not in receiver.told()


# --- e-mail -----------------------------------------------------------------------------------------------------


def test_an_email_tells_reasons_and_links_and_no_names(product: Product, sink: tuple[Sink, int]) -> None:
    sent, _ = sink
    sent.messages.clear()
    settings = change(product, emailOn="failures")
    assert (settings["emailAvailable"], settings["email"]) == (True, "user@example.org")
    upload(product)
    image = upload(product, broken=True)
    product.wait_until(lambda: sent.messages, "the mail server gets a message")
    (sender, recipients, raw) = sent.messages[0]
    assert (sender, recipients) == ("viewer@clinic.example", ["user@example.org"])
    message = message_from_bytes(raw)
    assert message["Subject"] == "Mammogram Viewer: 1 rejected"
    assert message["Auto-Submitted"] == "auto-generated"
    text = message.get_payload(decode=True).decode()
    assert f"Image {image['id']}: rejected. The picture cannot be read" in text
    assert f"{link(product)}/images/{image['id']}" in text
    assert "canary" not in raw.decode()


def test_an_email_that_is_not_taken_is_sent_again_under_the_same_message_id(
    product: Product, sink: tuple[Sink, int]
) -> None:
    sent, _ = sink
    sent.messages.clear()
    sent.refuse = 2
    before = newest(product)
    change(product, emailOn="all")
    upload(product, broken=True)
    delivery = wait_ended(product, "completed", after=before)
    assert delivery["attemptsMade"] == 3
    assert message_from_bytes(sent.messages[0][2])["Message-ID"] == f"<{delivery['id']}@clinic.example>"
    story = product.client().get(f"/api/jobs/{delivery['id']}").json()
    assert "The mail server did not take the message. It answered 451." in [e["detail"] for e in story["timeline"]]
    assert "user@example.org" not in product.log("worker")


# --- wishes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "ftp://receiver.example/",
        "https://",
        "https:///path",
        "https://user:password@receiver.example/",
        "https://receiver.example/#part",
        "https://receiver.example:99999/",
        "https://receiver.example:0/",
        "https://receiver example/",
        "https://receiver.example/\r\nx: y",
        "https://receiver.example\\@127.0.0.1/",
        "https://receivér.example/",
        "javascript:alert(1)",
        "",
        "https://receiver.example/" + "a" * 2000,
    ],
)
def test_what_is_no_address_of_a_receiver_is_refused(product: Product, url: str) -> None:
    answer = product.client().patch("/api/notifications/settings", json={"webhookUrl": url})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_webhook")


def test_a_webhook_that_is_not_there_can_neither_be_wanted_nor_tested(product: Product) -> None:
    client = product.client()
    for answer in (
        client.patch("/api/notifications/settings", json={"webhookOn": "all"}),
        client.post("/api/notifications/webhook/test"),
        client.post("/api/notifications/webhook/secret"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "no_webhook")


async def test_changes_are_audited_without_the_address(product: Product, receiver: Receiver) -> None:
    change(product, webhookUrl=receiver.url, webhookOn="failures")
    rows = await product.fetch(
        """SELECT detail::text AS detail FROM audit_log WHERE act = 'notification_settings_changed'
           ORDER BY id DESC LIMIT 1"""
    )
    assert json.loads(rows[0]["detail"]) == {"webhook": True, "webhookOn": "failures", "emailOn": "never"}


def test_wishes_are_ones_own(product: Product, receiver: Receiver) -> None:
    change(product, webhookUrl=receiver.url, webhookOn="all")
    assert product.client("other").get("/api/notifications/settings").json()["webhookUrl"] is None
    assert deliveries(product, "other") == []
