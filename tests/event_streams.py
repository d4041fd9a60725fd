"""Event streams and notifications of a running product, as its pages read them."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx

from builders import png_bytes
from product import Product


class Stream:
    """One event stream, read by a thread of its own. `events` grows; `ended` says how it ended."""

    def __init__(
        self,
        product: Product,
        who: str = "user",
        *,
        query: str = "",
        last_event_id: str = "",
        token: str = "",
        path: str = "/api/events",
    ) -> None:
        self.events: list[tuple[str, dict[str, Any], float]] = []
        self.last_id = ""
        self.ended: str | None = None
        cookies = {} if token else dict(product.client(who).cookies)
        headers = {"last-event-id": last_event_id} if last_event_id else {}
        if token:
            headers["authorization"] = f"Bearer {token}"
        self._client = httpx.Client(base_url=product.base_url, cookies=cookies, headers=headers, timeout=60)
        self._thread = threading.Thread(target=self._read, args=(f"{path}{query}",), daemon=True)
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


SEED = iter(range(30_000, 40_000))


def upload(product: Product, who: str = "user", *, broken: bool = False) -> dict[str, Any]:
    body = png_bytes(seed=next(SEED))
    return product.upload_one(body[:200] if broken else body, "a canary.png", who=who)


def page_of(product: Product, who: str = "user", **query: Any) -> dict[str, Any]:
    answer = product.client(who).get("/api/notifications", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def read_up_to(product: Product, at: str, who: str = "user") -> int:
    answer = product.client(who).post("/api/notifications/read", json={"upTo": at})
    assert answer.status_code == 200, answer.text
    return answer.json()["unread"]
