"""Those who use the product while it breaks: senders that repeat what was not acknowledged, and a reader who looks at
what is shown. What they know is in the `Ledger`; it is what the archive is compared with."""

from __future__ import annotations

import asyncio
import hashlib
import random
import struct
import threading
import time
import zlib
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import asyncpg
import httpx

from builders import dicom_bytes, png_bytes
from mammogram_viewer.adapters.database.away import AWAY
from product import PASSWORD

LARGE = 10_000_000  # numbers from here on are files of 27 MB
TORN = 20_000_000  # … and these are broken off in the middle
_ROOT = "1.2.826.0.1.3680043.8.498."
_PLACE = f"{_ROOT}1{0:019d}"  # replaced by a UID of the same length
# Senders wait while more jobs than this are open, so that kills meet both sides of the work.
_MOST_UNFINISHED = 250
_MOST_TRIES = 200
_SHARES = {"dicom": 60, "large dicom": 16, "png": 20, "broken dicom": 4}


class Bodies:
    """Files by number, each with bytes of its own, made in no time: a few patterns with another UID in them."""

    def __init__(self, seed: int, *, large: bool) -> None:
        self._seed = seed
        self._small = [dicom_bytes(seed=seed + n, sop_instance_uid=_PLACE) for n in range(4)]
        self._medium = dicom_bytes(seed=seed, sop_instance_uid=_PLACE, rows=700, columns=600)
        self._png = png_bytes(seed=seed, side=300)
        size = {"rows": 4096, "columns": 3328} if large else {}
        self._large = dicom_bytes(seed=seed, sop_instance_uid=_PLACE, **size)

    def make(self, number: int) -> bytes:
        """The same number gives the same bytes."""
        if number >= TORN:
            return self._with_uid(self._medium, number)
        if number >= LARGE:
            return self._with_uid(self._large, number)
        chance = random.Random(f"{self._seed} {number}")
        kind = chance.choices(list(_SHARES), list(_SHARES.values()))[0]
        if kind == "png":
            return self._png[:33] + _chunk(b"tEXt", b"Comment\0" + str(number).encode()) + self._png[33:]
        small = self._with_uid(chance.choice(self._small), number)
        if kind == "broken dicom":
            return small[: len(small) // 2]
        return self._with_uid(self._medium, number) if kind == "large dicom" else small

    def _with_uid(self, body: bytes, number: int) -> bytes:
        return body.replace(_PLACE.encode(), f"{_ROOT}1{number:019d}".encode())


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@dataclass
class Ledger:
    """What the senders know. `acknowledged` maps ids to SHA-256; `unanswered` are digests of which nobody was told."""

    waiting: deque[int]
    wanted: int = 0
    acknowledged: dict[int, bytes] = field(default_factory=dict)
    unanswered: set[bytes] = field(default_factory=set)
    troubles: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _next_spare: int = 5_000_000

    def __post_init__(self) -> None:
        self.wanted = len(self.waiting)

    @property
    def is_full(self) -> bool:
        return len(self.acknowledged) >= self.wanted

    def take(self, most: int) -> list[int]:
        """Numbers to send together; a file of 27 MB goes alone. Empty when others are on the last ones."""
        with self._lock:
            taken = [self.waiting.popleft()] if self.waiting else []
            while taken and taken[0] < LARGE and len(taken) < most and self.waiting and self.waiting[0] < LARGE:
                taken.append(self.waiting.popleft())
            return taken

    def acknowledge(self, digests: list[bytes], images: list[dict[str, object]]) -> None:
        with self._lock:
            told = {bytes.fromhex(str(image["sha256"])): image for image in images}
            for digest in digests:
                image = told.get(digest)
                if image is None:
                    self.troubles.append("a file is not in the answer 202")
                elif self.acknowledged.setdefault(int(str(image["id"])), digest) != digest:
                    self.troubles.append(f"image {image['id']} was acknowledged for two files")
                elif image["duplicate"]:
                    self.answers["202 duplicate"] += 1

    def give_up(self, digests: list[bytes]) -> None:
        """A sender that goes away without an answer; somebody else sends other files in its place."""
        with self._lock:
            self.unanswered.update(digests)
            for _ in digests:
                self.waiting.append(self._next_spare)
                self._next_spare += 1

    def note(self, trouble: str) -> None:
        with self._lock:
            self.troubles.append(trouble)


def sign_in(base_url: str, who: str, tries: int = 20) -> httpx.Client:
    """A client with a session of its own."""
    client = httpx.Client(base_url=base_url, timeout=60)
    told = ""
    for _ in range(tries):
        try:
            answer = client.post("/api/auth/login", json={"email": f"{who}@example.org", "password": PASSWORD})
        except httpx.TransportError as problem:
            told = repr(problem)
        else:
            if answer.status_code == 200:
                return client
            told = f"{answer.status_code} {answer.text}"
        time.sleep(0.5)
    raise AssertionError(f"{who} could not sign in: {told}")


@dataclass
class Sender(threading.Thread):
    """Sends what waits in the ledger. Answers other than 202, and 503 while PostgreSQL is away, are troubles."""

    client: httpx.Client
    bodies: Bodies
    ledger: Ledger
    seed: int
    unfinished: Callable[[], int]
    allowed: frozenset[int] = frozenset({202, 503})

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self._random = random.Random(self.seed)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        while not self.ledger.stop.is_set():
            numbers = (
                [] if self.unfinished() > _MOST_UNFINISHED else self.ledger.take(self._random.choice((1, 1, 1, 4)))
            )
            if not numbers:
                time.sleep(0.05)
                continue
            if self._random.random() < 0.02:
                self._tear(TORN + numbers[0])
            self._send_until_acknowledged([self.bodies.make(number) for number in numbers])

    def _send_until_acknowledged(self, bodies: list[bytes]) -> None:
        digests = [hashlib.sha256(body).digest() for body in bodies]
        for _ in range(_MOST_TRIES):
            try:
                answer = self._send(bodies)
            except httpx.TransportError as problem:
                self.ledger.answers[type(problem).__name__] += 1
                if self._random.random() < 0.1:
                    self.ledger.give_up(digests)
                    return
            else:
                self.ledger.answers[str(answer.status_code)] += 1
                if answer.status_code == 202:
                    self.ledger.acknowledge(digests, answer.json()["images"])
                    return
                if answer.status_code not in self.allowed:
                    self.ledger.note(f"an upload was answered {answer.status_code}: {answer.text[:300]}")
            if self.ledger.stop.wait(self._random.uniform(0.1, 0.6)):
                break
        self.ledger.unanswered.update(digests)

    def _send(self, bodies: list[bytes]) -> httpx.Response:
        if len(bodies) == 1 and bodies[0][128:132] == b"DICM" and self._random.random() < 0.3:
            return self.client.post("/api/images", content=bodies[0], headers={"content-type": "application/dicom"})
        files = [("files", (f"{number}", body)) for number, body in enumerate(bodies)]
        return self.client.post("/api/images", files=files)

    def _tear(self, number: int) -> None:
        """Break an upload off in the middle: nobody may ever see it."""
        body = self.bodies.make(number)

        def half() -> Iterator[bytes]:
            yield body[: len(body) // 2]
            raise ConnectionResetError

        with suppress(httpx.TransportError, ConnectionResetError):
            answer = self.client.post("/api/images", content=half(), headers={"content-type": "application/dicom"})
            if answer.status_code not in self.allowed - {202}:
                self.ledger.note(f"half an upload was answered {answer.status_code}")


@dataclass
class Reader(threading.Thread):
    """Looks at the newest images while everything breaks: what is said to be ready has its pictures."""

    client: httpx.Client
    ledger: Ledger
    seed: int

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self._random = random.Random(self.seed)
        self.looked = 0

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        while not self.ledger.stop.wait(0.25):
            page = self._get("/api/images?useCursor=true&limit=40")
            if page is None:
                continue
            ready = [image for image in page.json()["images"] if image["status"] == "ready"]
            for image in self._random.sample(ready, min(3, len(ready))):
                self._look(image["id"])

    def _look(self, image_id: int) -> None:
        for name, start in (("png", b"\x89PNG"), ("thumbnail?size=256", b"RIFF"), ("file", b"")):
            answer = self._get(f"/api/images/{image_id}/{name}")
            if answer is None:
                return
            if not answer.content.startswith(start) or not answer.content:
                self.ledger.note(f"image {image_id}: /{name} is no picture")
            sent = self.ledger.acknowledged.get(image_id) if name == "file" else None
            if sent is not None and hashlib.sha256(answer.content).digest() != sent:
                self.ledger.note(f"image {image_id}: /file is not what was sent")
            self.looked += 1

    def _get(self, path: str) -> httpx.Response | None:
        try:
            answer = self.client.get(path)
        except httpx.TransportError:
            return None
        if answer.status_code not in (200, 503):
            self.ledger.note(f"GET {path.split('?')[0]} was answered {answer.status_code}: {answer.text[:200]}")
        return answer if answer.status_code == 200 else None


class Watch(threading.Thread):
    """How many jobs are open, as PostgreSQL says, twice a second."""

    def __init__(self, database_url: str, ledger: Ledger) -> None:
        super().__init__(daemon=True)
        self._database_url = database_url
        self._ledger = ledger
        self.unfinished = 0
        self.ended = 0

    def run(self) -> None:
        asyncio.run(self._watch())

    async def _watch(self) -> None:
        while not self._ledger.stop.is_set():
            with suppress(asyncpg.PostgresError, *AWAY):
                connection = await asyncpg.connect(self._database_url, timeout=5)
                try:
                    while not self._ledger.stop.is_set():
                        await self._count(connection)
                        await asyncio.sleep(0.5)
                finally:
                    connection.terminate()
            await asyncio.sleep(0.2)

    async def _count(self, connection: asyncpg.Connection) -> None:
        row = await connection.fetchrow(
            """SELECT count(*) FILTER (WHERE status IN ('pending', 'waiting', 'active', 'delayed')) AS unfinished,
                      count(*) AS stories FROM job_queue WHERE image_id IS NOT NULL""",
            timeout=5,
        )
        assert row is not None
        self.unfinished, self.ended = row["unfinished"], row["stories"] - row["unfinished"]
