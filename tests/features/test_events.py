"""What happens to one's uploads, as server-sent events: at once, to nobody else, and whatever breaks in between."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import time
from collections.abc import Iterator

import asyncpg
import httpx
import pytest

from builders import dicom_bytes
from conftest import Servers
from event_streams import SEED, Stream, listening, page_of, read_up_to, upload
from product import Product, running

LISTENERS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'mammogram-viewer events'"


@pytest.fixture(scope="module")
def product(people_database: str, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """With heartbeats that a test can wait for."""
    wanted = {"MAMMOGRAM_VIEWER_EVENT_HEARTBEAT_SECONDS": "1", "MAMMOGRAM_VIEWER_EVENT_STREAMS_PER_USER": "15"}
    folder = tmp_path_factory.mktemp("product data")
    with running(Product(folder, people_database, servers.redis_url, settings=wanted), "api", "worker") as started:
        yield started


async def test_a_transition_is_told_within_a_second(product: Product) -> None:
    with listening(product) as stream:
        image = product.upload_one(dicom_bytes(seed=next(SEED)), "a canary.dcm")
        stream.wait_state(image["jobId"], "completed")
        (heard_at,) = [at for name, body, at in stream.events if name == "job" and body["state"] == "completed"]
        age = time.monotonic() - heard_at
        (row,) = await product.fetch(
            "SELECT extract(epoch FROM clock_timestamp() - finished_at)::float8 AS age FROM job_queue WHERE id = $1",
            image["jobId"],
        )
        assert row["age"] - age < 1.0
        (ended,) = [one for one in stream.of("job") if one["state"] == "completed"]
        assert (ended["imageId"], ended["progress"], ended["reasonCode"]) == (image["id"], 1.0, None)
        before = stream.of("snapshot")[0]["unread"]
        product.wait_until(
            lambda: [one for one in stream.of("unread") if one["unread"] > before], "the count of unread ones grows"
        )
        read_up_to(product, page_of(product)["notifications"][0]["at"])
        product.wait_until(lambda: stream.of("unread")[-1]["unread"] == 0, "other pages hear of the read mark")
        text = str(stream.events)
        assert "canary" not in text


def test_nobody_hears_of_anothers_jobs(product: Product) -> None:
    with contextlib.ExitStack() as streams:
        others = [
            streams.enter_context(listening(product, who)) for who in ("other", "admin", "radiologist", "technologist")
        ]
        own = streams.enter_context(listening(product))
        image = upload(product)
        own.wait_state(image["jobId"], "completed")
        time.sleep(0.3)  # longer than the hub gathers
        for stream in others:
            assert stream.of("job") == []
            assert image["jobId"] not in str(stream.events)
    for who in ("other", "admin", "radiologist", "technologist"):
        assert image["jobId"] not in str(page_of(product, who))


def test_a_stream_without_a_session_is_refused(product: Product) -> None:
    assert httpx.get(f"{product.base_url}/api/events").status_code == 401


def test_a_reload_loses_nothing(product: Product) -> None:
    with listening(product) as stream:
        last_id = stream.last_id
    image = upload(product, broken=True)
    product.wait_for(image["id"])
    for wanted in ({"last_event_id": last_id}, {"query": f"?lastEventId={last_id}"}, {}, {"last_event_id": "x y"}):
        with listening(product, **wanted) as stream:
            snapshot = stream.of("snapshot")[0]
            (job,) = [one for one in snapshot["jobs"] if one["id"] == image["jobId"]]
            assert (job["state"], job["reasonCode"]) == ("rejected", "picture_broken")
            assert snapshot["complete"]
            assert snapshot["unread"] >= 1


async def test_what_ended_meanwhile_is_told_even_when_newer_jobs_crowd_it_out(product: Product) -> None:
    image = upload(product, "technologist")
    with listening(product, "technologist") as stream:
        stream.wait_state(image["jobId"], "completed") if image["jobId"] not in str(stream.events) else None
        last_id = stream.last_id
    (user,) = await product.fetch("SELECT id FROM users WHERE email = 'technologist@example.org'")
    await product.fetch("UPDATE job_queue SET created_at = '2020-01-01' WHERE id = $1", image["jobId"])
    await product.fetch(
        """INSERT INTO job_queue (id, queue, type, status, image_id, user_id)
           SELECT 'crowd-' || n, 'nowhere', 'remake_renditions', 'completed', 1, $1 FROM generate_series(1, 250) n""",
        user["id"],
    )
    with listening(product, "technologist") as stream:
        assert image["jobId"] not in str(stream.of("snapshot")[0])
    with listening(product, "technologist", last_event_id=last_id) as stream:
        assert image["jobId"] in str(stream.of("snapshot")[0])
    await product.fetch("DELETE FROM job_queue WHERE queue = 'nowhere'")


def test_fifty_streams_hold_no_connection_and_all_hear(product: Product) -> None:
    people = ("user", "other", "admin", "technologist", "radiologist")
    streams = [Stream(product, who) for who in people for _ in range(10)]
    try:
        for stream in streams:
            stream.wait("snapshot", seconds=30)
        images = {who: upload(product, who) for who in people if who != "radiologist"}
        for number, stream in enumerate(streams):
            who = people[number // 10]
            if who in images:
                stream.wait_state(images[who]["jobId"], "completed", seconds=60)
        # The pool holds ten: streams that kept one each would leave nothing for this.
        assert product.client().get("/api/auth/me").status_code == 200
    finally:
        for stream in streams:
            stream.close()


async def test_one_connection_listens_for_all_streams(product: Product) -> None:
    with listening(product), listening(product, "other"):
        assert len(await product.fetch(LISTENERS)) == 1


def refusal(product: Product, who: str) -> str | None:
    """The code with which one more stream is refused, None when it is let in; it ends at once."""
    with product.client(who).stream("GET", "/api/events") as answer:
        if answer.status_code == 200:
            return None
        answer.read()
        return str(answer.json()["code"])


def test_a_user_has_only_so_many_streams(product: Product) -> None:
    with contextlib.ExitStack() as stack:
        opened, code = 0, None
        # Streams of earlier tests may not have noticed their end yet: these are then refused sooner.
        while code is None and opened <= 15:
            stream = Stream(product, "radiologist")
            stack.callback(stream.close)
            product.wait_until(lambda s=stream: s.of("snapshot") or s.ended, "it is let in or refused")
            opened += 1
            code = refusal(product, "radiologist")
        assert code == "too_many_streams"
        with listening(product, "other"):
            pass

    def admitted() -> bool:
        with product.client("radiologist").stream("GET", "/api/events") as answer:
            return answer.status_code == 200

    product.wait_until(admitted, "closed streams make room")


async def test_a_listening_connection_that_is_killed_comes_back_and_loses_nothing(product: Product) -> None:
    with listening(product) as stream:
        killed = await product.fetch(f"SELECT pg_terminate_backend(pid) FROM ({LISTENERS}) listeners")
        assert len(killed) == 1
        image = upload(product)

        def told() -> bool:
            in_snapshots = [
                one for snapshot in stream.of("snapshot") for one in snapshot["jobs"] if one["id"] == image["jobId"]
            ]
            return any(one["state"] == "completed" for one in in_snapshots + stream.of("job"))

        product.wait_until(told, "the end is told after all")
        product.wait_until(lambda: len(stream.of("snapshot")) > 1, "a snapshot follows the gap")
        again = upload(product)
        stream.wait_state(again["jobId"], "completed")
        assert stream.ended is None


def test_heartbeats_come_and_the_session_is_looked_at(product: Product) -> None:
    with listening(product) as stream:
        stream.wait("heartbeat")
        count = len(stream.of("heartbeat"))
        product.wait_until(lambda: len(stream.of("heartbeat")) > count, "another heartbeat comes")


def test_a_stream_ends_with_its_session(product: Product) -> None:
    with listening(product, "other") as stream:
        product.client("other").post("/api/auth/logout")
        assert stream.wait("end") == {"reason": "signed_out"}
        product.wait_until(lambda: stream.ended == "closed", "the stream is closed")
    product.clients.pop("other").close()


async def test_a_stream_ends_when_its_user_is_disabled(product: Product) -> None:
    with listening(product, "other") as stream:
        await product.fetch("UPDATE users SET status = 'disabled' WHERE email = 'other@example.org'")
        assert stream.wait("end") == {"reason": "signed_out"}
        await product.fetch("UPDATE users SET status = 'active' WHERE email = 'other@example.org'")


async def test_administrators_alone_watch_the_queues(product: Product) -> None:
    with listening(product, "admin", query="?scope=queues") as stream:
        counts = stream.wait("queues")
        assert [queue["name"] for queue in counts["queues"]] == ["dicom-conversion", "thumbnail", "maintenance"]
        before = {queue["name"]: queue["completed"] for queue in counts["queues"]}
        product.wait_for(upload(product)["id"])
        product.wait_until(
            lambda: stream.of("queues")[-1]["queues"][1]["completed"] > before["thumbnail"], "the counts follow", 20
        )
        for who in ("user", "technologist", "radiologist"):
            assert product.client(who).get("/api/events", params={"scope": "queues"}).status_code == 403
        await product.fetch("UPDATE users SET role = 'user' WHERE email = 'admin@example.org'")
        try:
            assert stream.wait("end") == {"reason": "signed_out"}
        finally:
            await product.fetch("UPDATE users SET role = 'admin' WHERE email = 'admin@example.org'")


def test_a_stream_with_a_token_ends_when_the_token_is_revoked(product: Product) -> None:
    made = product.client().post("/api/auth/tokens", json={"name": "t", "scopes": ["read"]}).json()
    with listening(product, token=made["token"]) as stream:
        stream.wait("heartbeat")
        (token,) = [one for one in product.client().get("/api/auth/tokens").json()["apiTokens"] if one["name"] == "t"]
        assert product.client().delete(f"/api/auth/tokens/{token['id']}").status_code == 204
        assert stream.wait("end") == {"reason": "signed_out"}


def test_the_api_stops_at_once_although_streams_are_open_and_they_find_everything_after_it(product: Product) -> None:
    with listening(product) as stream, listening(product, "other"):
        last_id = stream.last_id
        started = time.monotonic()
        product.kill("api", signal.SIGTERM)
        assert time.monotonic() - started < 10
        assert stream.wait("end") == {"reason": "again"}
    product.start("api")
    with listening(product, last_event_id=last_id) as stream:
        image = upload(product)
        stream.wait_state(image["jobId"], "completed")
    unread = page_of(product)["unread"]
    assert read_up_to(product, page_of(product)["notifications"][0]["at"]) == 0
    product.kill("api", signal.SIGKILL)
    product.start("api")
    assert (unread > 0, page_of(product)["unread"]) == (True, 0)


async def test_a_reader_that_takes_nothing_is_cut_off_and_nobody_else_notices(product: Product) -> None:
    """It fills its own socket and the server's buffer; then its mailbox overflows or its write takes too long."""
    (user,) = await product.fetch("SELECT id FROM users WHERE email = 'user@example.org'")
    await product.fetch(
        """INSERT INTO job_queue (id, queue, type, status, image_id, user_id)
           SELECT 'flood-' || n, 'nowhere', 'remake_renditions', 'active', 1, $1 FROM generate_series(1, 2000) n""",
        user["id"],
    )
    cookies = "; ".join(f"{name}={value}" for name, value in product.client().cookies.items())
    with socket.socket() as lazy, listening(product, "other") as other:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.connect(("127.0.0.1", product.port))
        lazy.sendall(
            f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{product.port}\r\nCookie: {cookies}\r\n\r\n".encode()
        )
        deadline = time.monotonic() + 60
        while "slow_stream_cut" not in product.log("api"):
            assert time.monotonic() < deadline
            for state in ("delayed", "active"):
                await product.fetch("UPDATE job_queue SET status = $1 WHERE queue = 'nowhere'", state)
        image = upload(product, "other")
        other.wait_state(image["jobId"], "completed")
    await product.fetch("DELETE FROM job_queue WHERE queue = 'nowhere'")
    with listening(product) as again:
        assert again.of("snapshot")[0]["complete"]


async def test_a_job_that_moves_tells_only_for_those_who_are_watched(own_database: str) -> None:
    """Else bulk work would commit one job after the other for nobody."""
    heard: asyncio.Queue[str] = asyncio.Queue()
    connection = await asyncpg.connect(own_database)
    try:
        await connection.add_listener("job_events", lambda *told: heard.put_nowait(str(told[-1])))
        for user_id, until in ((1, "1 minute"), (2, "-1 minute")):
            await connection.execute(
                "INSERT INTO event_watchers VALUES ($1, gen_random_uuid(), now() + $2::text::interval)", user_id, until
            )
        await connection.execute(
            """INSERT INTO job_queue (id, queue, type, image_id, user_id)
               SELECT 'dicom-' || n, 'dicom-conversion', 'convert_dicom', n, n FROM generate_series(1, 3) n"""
        )
        await connection.execute("UPDATE job_queue SET status = 'waiting'")
        await connection.execute("UPDATE job_queue SET status = 'active'")
        await connection.execute("UPDATE job_queue SET status = 'active', progress = 0.5")
        await connection.execute("UPDATE job_queue SET status = 'failed'")
        await connection.execute("NOTIFY job_events, 'the last one'")
        assert await asyncio.wait_for(heard.get(), 10) == "1:dicom-1:active"
        assert await asyncio.wait_for(heard.get(), 10) == "1:dicom-1:failed"
        assert await asyncio.wait_for(heard.get(), 10) == "the last one"
    finally:
        await connection.close()
