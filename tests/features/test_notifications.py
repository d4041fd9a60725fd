"""Results and failures reach the uploader: the list, its read mark, and events as they happen."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from builders import dicom_bytes, png_bytes
from conftest import Servers
from product import Product, running

SEED = iter(range(30_000, 40_000))


class Stream:
    """One event stream, read by a thread of its own. `events` grows; `ended` says how it ended."""

    def __init__(self, product: Product, who: str = "user", *, query: str = "", last_event_id: str = "") -> None:
        self.events: list[tuple[str, dict[str, Any], float]] = []
        self.last_id = ""
        self.ended: str | None = None
        cookies = dict(product.client(who).cookies)
        headers = {"last-event-id": last_event_id} if last_event_id else {}
        self._client = httpx.Client(base_url=product.base_url, cookies=cookies, headers=headers, timeout=60)
        self._thread = threading.Thread(target=self._read, args=(f"/api/events{query}",), daemon=True)
        self._thread.start()

    def _read(self, path: str) -> None:
        try:
            with self._client.stream("GET", path) as answer:
                if answer.status_code != 200:
                    self.ended = str(answer.status_code)
                    return
                assert answer.headers["content-type"].startswith("text/event-stream")
                name = ""
                for line in answer.iter_lines():
                    field, _, value = line.partition(": ")
                    if field == "event":
                        name = value
                    elif field == "id":
                        self.last_id = value
                    elif field == "data":
                        self.events.append((name, json.loads(value), time.monotonic()))
            self.ended = "closed"
        except (httpx.HTTPError, httpx.StreamError) as problem:
            self.ended = type(problem).__name__

    def of(self, name: str) -> list[dict[str, Any]]:
        return [body for kind, body, _ in list(self.events) if kind == name]

    def states(self, job_id: str) -> list[str]:
        return [job["state"] for job in self.of("job") if job["id"] == job_id]

    def wait(self, name: str, seconds: float = 20) -> dict[str, Any]:
        return Product.wait_until(lambda: self.of(name), f"an event {name!r} comes ({self.ended})", seconds)[-1]

    def wait_state(self, job_id: str, state: str, seconds: float = 30) -> None:
        Product.wait_until(lambda: state in self.states(job_id), f"{job_id} is told to be {state}", seconds)

    def close(self) -> None:
        self._client.close()


@contextlib.contextmanager
def listening(product: Product, who: str = "user", **wanted: str) -> Iterator[Stream]:
    stream = Stream(product, who, **wanted)
    try:
        stream.wait("snapshot")
        yield stream
    finally:
        stream.close()


def upload(product: Product, who: str = "user", *, broken: bool = False) -> dict[str, Any]:
    body = png_bytes(seed=next(SEED))
    return product.upload_one(body[:200] if broken else body, "canary name.png", who=who)


def test_a_transition_is_told_within_a_second_and_the_list_has_it(product: Product) -> None:
    with listening(product) as stream:
        image = product.upload_one(dicom_bytes(seed=next(SEED)), "canary.dcm")
        stream.wait_state(image["jobId"], "completed")
        (ended,) = [one for one in stream.of("job") if one["state"] == "completed"]
        assert ended["imageId"] == image["id"]
        assert (ended["progress"], ended["reasonCode"]) == (1.0, None)
        stream.wait("unread")
    page = product.client().get("/api/notifications").json()
    print(page)
    assert page["notifications"][0]["fileName"] == "canary.dcm"
