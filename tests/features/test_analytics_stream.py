"""Live totals: at once and again within a second or two of what happens; never more than a user may have, never for
somebody who may no longer read, never longer than the process."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from builders import png_bytes
from conftest import Servers
from event_streams import Stream
from product import Product, running

PATH = "/api/analytics/stream"
PLACES = 8
# One channel is enough for all streams of a process; the other listener of a process is that of jobs.
LISTENERS = """SELECT count(*) AS n FROM pg_stat_activity
               WHERE query = 'LISTEN analytics' OR query LIKE 'LISTEN "analytics"'"""
seeds = itertools.count(60_000)


@pytest.fixture(scope="module")
def product(people_database: str, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """With heartbeats that a test can wait for; the API folds by itself."""
    wanted = {"MAMMOGRAM_VIEWER_EVENT_HEARTBEAT_SECONDS": "1", "MAMMOGRAM_VIEWER_EVENT_STREAMS_PER_USER": str(PLACES)}
    folder = tmp_path_factory.mktemp("product data")
    with running(Product(folder, people_database, servers.redis_url, settings=wanted), "api") as started:
        yield started


@contextlib.contextmanager
def listening(product: Product, who: str = "admin", **wanted: str) -> Iterator[Stream]:
    with contextlib.ExitStack() as stack:

        def enter() -> Stream | None:
            return stack.enter_context(maybe_listening(product, who, **wanted))

        yield product.wait_until(enter, "a stream begins")


def upload(product: Product, name: str = "canary.png") -> dict[str, Any]:
    return product.upload_one(png_bytes(seed=next(seeds)), name)


def test_totals_come_first_and_follow_what_happens(product: Product) -> None:
    product.client("user")
    with listening(product, query="?tz=Asia/Kathmandu") as stream:
        first = stream.of("totals")[0]
        assert set(first) == {
            "images", "users", "activeToday", "viewsToday", "uploadsToday", "storageBytes", "asOf",
        }  # fmt: skip
        image = upload(product)
        product.wait_until(lambda: stream.of("totals")[-1]["images"] == first["images"] + 1, "the image is counted")
        last = stream.of("totals")[-1]
        assert last["uploadsToday"] == first["uploadsToday"] + 1
        assert last["storageBytes"] == first["storageBytes"] + product.image(image["id"])["byteCount"]
        assert (last["users"], last["activeToday"]) == (5, 2)  # the administrator has signed in, too
        product.wait_until(
            lambda: [one for event in stream.of("activity") for one in event["activities"] if one["type"] == "upload"],
            "the upload is told",
        )
        told = [one for event in stream.of("activity") for one in event["activities"] if one["type"] == "upload"]
        assert (told[-1]["resourceId"], told[-1]["userEmail"]) == (image["id"], "user@example.org")
        # As the dashboard says it.
        summary = product.client("admin").get("/api/analytics/dashboard?tz=Asia/Kathmandu").json()["summary"]
        assert summary["images"]["value"] == last["images"]


def test_many_things_at_once_are_at_most_one_update_a_second(product: Product) -> None:
    with listening(product) as stream:
        before = stream.of("totals")[-1]["images"]
        began = len(stream.of("totals"))
        for _ in range(40):
            upload(product)
        product.wait_until(lambda: stream.of("totals")[-1]["images"] == before + 40, "all are counted")
        times = [at for name, _, at in stream.events if name == "totals"][began:]
        # What comes after a pause of a round may only come later than that.
        assert all(later - earlier > 0.5 for earlier, later in itertools.pairwise(times))


async def test_all_streams_of_a_process_share_one_listening_connection(product: Product) -> None:
    with contextlib.ExitStack() as stack:
        # Those of earlier tests may take a moment to be gone.
        assert 1 <= take_all_places(product, stack) <= PLACES
        rows = await product.fetch(LISTENERS)
        assert rows[0]["n"] == 1
        refused = product.client("admin").get(PATH)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
        # Streams of jobs are counted apart.
        jobs = Stream(product, "admin")
        assert jobs.wait("snapshot")
        jobs.close()


def test_a_bad_zone_and_others_than_administrators_are_refused(product: Product) -> None:
    answer = product.client("admin").get(PATH, params={"tz": "Mars/Olympus"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_time_zone")
    for who in ("radiologist", "technologist", "user"):
        assert product.client(who).get(PATH).status_code == 403
    assert httpx.get(f"{product.base_url}{PATH}").status_code == 401


async def test_after_a_gap_of_the_listener_every_stream_starts_from_what_is_true(product: Product) -> None:
    with listening(product) as stream:
        upload(product)
        product.wait_until(lambda: stream.of("activity"), "the stream hears")
        told = len(stream.of("totals"))
        await product.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mammogram-viewer events'"
        )
        image = upload(product)
        product.wait_until(lambda: len(stream.of("totals")) > told, "totals come again")
        product.wait_until(
            lambda: [
                one
                for event in stream.of("activity")
                for one in event["activities"]
                if one["type"] == "upload" and one["resourceId"] == image["id"]
            ],
            "what was missed is told",
        )


def take_all_places(product: Product, stack: contextlib.ExitStack) -> int:
    """How many streams could be opened before one was refused."""
    for opened in range(PLACES + 1):
        if stack.enter_context(maybe_listening(product)) is None:
            return opened
    return PLACES + 1


@contextlib.contextmanager
def maybe_listening(product: Product, who: str = "admin", **wanted: str) -> Iterator[Stream | None]:
    """A stream, or None where it was refused: those of earlier tests may take a moment to be gone."""
    stream = Stream(product, who, path=PATH, **wanted)
    try:
        product.wait_until(lambda: stream.of("totals") or stream.ended, "the stream answers")
        yield None if stream.ended else stream
    finally:
        stream.close()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE users SET role = 'user' WHERE id = $1",
        "UPDATE users SET status = 'disabled' WHERE id = $1",
        "DELETE FROM sessions WHERE user_id = $1",
    ],
)
async def test_a_stream_ends_with_the_session_and_with_the_role(product: Product, change: str) -> None:
    who = f"admin{abs(hash(change)) % 10**8}"
    await product.fetch(
        """INSERT INTO users (email, name, role, status, password_hash)
           SELECT $1 || '@example.org', $1, 'admin', 'active', password_hash FROM users
           WHERE email = 'admin@example.org'""",
        who,
    )
    with listening(product, who) as stream:
        (row,) = await product.fetch("SELECT id FROM users WHERE name = $1", who)
        await product.fetch(change, row["id"])
        assert stream.wait("end") == {"reason": "signed_out"}
        product.wait_until(lambda: stream.ended == "closed", "the stream is closed")


def test_a_stopping_process_does_not_wait_for_its_streams(product: Product) -> None:
    with listening(product) as stream:
        began = time.monotonic()
        process = product.processes.pop("api")
        process.terminate()
        process.wait(15)  # uvicorn would wait for twenty seconds
        assert stream.wait("end") == {"reason": "again"}
        assert time.monotonic() - began < 15
    product.start("api")
