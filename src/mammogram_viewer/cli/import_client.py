"""The API as `import` uses it: small files together, large ones resumable, both tried again while the line is away."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from mammogram_viewer.foundation.errors import MammogramViewerError, StorageFull, Unauthenticated, Unavailable

TUS = {"tus-resumable": "1.0.0"}
_RESUMABLE = "/api/uploads/resumable"
_CHUNK_BYTES = 1024 * 1024
_PIECE_BYTES = 64 * 1024 * 1024  # of one request: what a refusal in the middle costs at most
_SHORTEST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 15.0
_LATER = {423, 429, 502, 503, 504}
_DIGESTS_AT_ONCE = 1000


@dataclass(frozen=True)
class Answer:
    """What the server made of a request: `images` and `rejected` as `POST /api/images` answers them."""

    images: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class SmallFile:
    """Whole in memory; the name is as the server will say it."""

    name: str
    content: bytes


class ImportClient:
    """One signed-in client. Unavailable once the server has been away for `patience_seconds`; StorageFull and
    Unauthenticated at once: there is no use in going on."""

    def __init__(self, client: httpx.AsyncClient, patience_seconds: float) -> None:
        self._client = client
        self._patience_seconds = patience_seconds
        self._unfinished: dict[tuple[str, int], str] = {}

    async def look_around(self) -> None:
        """Which large files of an earlier run may go on."""
        answer = await self._patiently(lambda: self._client.get(_RESUMABLE))
        for upload in _demand_ok(answer).json()["uploads"]:
            digest = upload["metadata"].get("sha256")
            if digest is not None and not upload["busy"] and upload["offset"] is not None:
                self._unfinished[digest, upload["byteCount"]] = f"{_RESUMABLE}/{upload['id']}"

    async def known(self, digests: list[str]) -> set[str]:
        """Those of these that the server has of this person."""
        known: set[str] = set()
        for start in range(0, len(digests), _DIGESTS_AT_ONCE):
            body = {"sha256": digests[start : start + _DIGESTS_AT_ONCE]}
            answer = await self._patiently(lambda body=body: self._client.post("/api/uploads/known", json=body))
            known |= {image["sha256"] for image in _demand_ok(answer).json()["known"]}
        return known

    async def send_small(self, files: list[SmallFile]) -> Answer:
        """In one request."""
        parts = [("files", (file.name, file.content)) for file in files]
        answer = await self._patiently(lambda: self._client.post("/api/images?bulk=true", files=parts))
        return _answer(answer)

    async def send_large(
        self, path: Path, name: str, digest: str, byte_count: int, tell: Callable[[int], None]
    ) -> Answer:
        """Resumable; `tell` hears how many bytes are on the server. OSError when the file cannot be read."""
        where = self._unfinished.pop((digest, byte_count), None)
        offset = 0 if where is None else await self._offset(where)
        if where is None or offset is None:
            where, refusal = await self._create(name, digest, byte_count)
            if where is None:
                return _answer(refusal)
            offset = 0
        deadline = self._deadline()
        while True:
            tell(offset)
            try:
                answer = await self._send_piece(where, path, offset, byte_count)
                if answer.status_code not in (204, 409, *_LATER):
                    return _answer(answer)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == 204:
                offset, deadline = int(answer.headers["upload-offset"]), self._deadline()
                if offset == byte_count:
                    tell(offset)
                    return await self._outcome(where)
                continue
            if asyncio.get_running_loop().time() > deadline:
                raise _away()
            await asyncio.sleep(_SHORTEST_PAUSE_SECONDS)
            come = await self._offset(where)
            if come is None:
                return Answer(rejected=[{"name": name, "detail": "The server lost what was sent of it. Try again."}])
            deadline = self._deadline() if come > offset else deadline
            offset = come

    async def _create(self, name: str, digest: str, byte_count: int) -> tuple[str | None, httpx.Response]:
        values = {"filename": name, "sha256": digest}
        metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())
        headers = {**TUS, "upload-length": str(byte_count), "upload-metadata": metadata}
        answer = await self._patiently(lambda: self._client.post(f"{_RESUMABLE}?bulk=true", headers=headers))
        return (answer.headers["location"] if answer.status_code == 201 else None), answer

    async def _send_piece(self, where: str, path: Path, offset: int, byte_count: int) -> httpx.Response:
        length = min(_PIECE_BYTES, byte_count - offset)
        headers = {
            **TUS,
            "content-type": "application/offset+octet-stream",
            "upload-offset": str(offset),
            "content-length": str(length),
        }
        answer = await self._client.patch(where, content=_read(path, offset, length), headers=headers)
        _demand_use(answer)
        return answer

    async def _offset(self, where: str) -> int | None:
        """How much the server has; None when it has it no longer."""
        answer = await self._patiently(lambda: self._client.head(where, headers=TUS))
        return int(answer.headers["upload-offset"]) if answer.status_code == 200 else None

    async def _outcome(self, where: str) -> Answer:
        return _answer(await self._patiently(lambda: self._client.get(where)))

    async def _patiently(self, ask: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
        """Ask until something else comes than silence or "later"."""
        deadline, pause = self._deadline(), _SHORTEST_PAUSE_SECONDS
        while True:
            try:
                answer = await ask()
                _demand_use(answer)
                if answer.status_code not in _LATER:
                    return answer
            except httpx.TransportError:
                pass  # silence; it is asked again
            if asyncio.get_running_loop().time() > deadline:
                raise _away()
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self._patience_seconds


async def _read(path: Path, offset: int, length: int) -> AsyncIterator[bytes]:
    """That part of the file; a file that has become shorter breaks the request off."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        end = offset + length
        while offset < end:
            chunk = await asyncio.to_thread(os.pread, descriptor, min(_CHUNK_BYTES, end - offset), offset)
            if not chunk:
                raise OSError(0, "it has become shorter while it was read")
            offset += len(chunk)
            yield chunk
    finally:
        os.close(descriptor)


def _demand_use(answer: httpx.Response) -> None:
    """Answers after which nothing else will fare better."""
    if answer.status_code in (401, 403):
        raise Unauthenticated(f"The server does not let us in: {_detail(answer)}")
    if answer.status_code == 507:
        raise StorageFull(f"{_detail(answer)} What was sent so far is kept; run the same command again.")


def _demand_ok(answer: httpx.Response) -> httpx.Response:
    if not answer.is_success:
        raise MammogramViewerError(f"The server answered {answer.status_code}: {_detail(answer)}")
    return answer


def _answer(answer: httpx.Response) -> Answer:
    """Also of a refusal, which names the files; one that names none is about all of them."""
    try:
        body = answer.json()
    except ValueError:
        body = {}
    if "images" in body and "rejected" in body:
        return Answer(body["images"], body["rejected"])
    return Answer(rejected=[{"name": None, "detail": _detail(answer)}])


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"the answer was {answer.status_code}."


def _away() -> Unavailable:
    return Unavailable(
        "The server does not answer. Start `mammogram-viewer serve`, then run the same command again: what was sent "
        "so far is kept, and nothing is sent twice."
    )
