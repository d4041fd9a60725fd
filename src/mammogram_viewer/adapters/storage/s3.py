"""A bucket of S3, or of a store that speaks its protocol, as storage: one object a file.

S3 shows an object once all of it has arrived and been accepted, so an upload needs no temporary name: cut off, it
leaves nothing that anybody could see (docs/decisions/0010-files-in-a-bucket.md). Credentials, region and endpoint come
from the usual AWS_* variables, which obstore reads itself; nothing here holds or logs them."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.store import S3Store

from mammogram_viewer.adapters.storage.port import FILE_CHANGED, Storage, StorageSpace, checked_key
from mammogram_viewer.adapters.storage.s3_errors import S3_ERRORS, translated, unavailable
from mammogram_viewer.adapters.storage.spooled import SpooledCopy
from mammogram_viewer.foundation.errors import NotFound, Unavailable
from mammogram_viewer.foundation.settings import Settings

if TYPE_CHECKING:
    from obstore.store import S3Config

log = logging.getLogger(__name__)
# What a reader gets at once, and what is fetched ahead of it: a slow one never makes us hold more than three.
PIECE_BYTES = 1024 * 1024
_PIECES_AHEAD = 1
_PARTS_AT_ONCE = 2  # of one file; with s3_transfers this bounds memory to transfers x 2 x part bytes
_PARTS_AHEAD = 1
_PROBE_KEY = ".probe"  # one name for everybody: a probe that a crash left behind is replaced by the next
_PROBE_KEPT_SECONDS = 5.0  # /health may be asked every second, and each probe is two requests that cost money
_DELETE_BATCH = 1000


class S3Storage(Storage):
    """Objects below `prefix` of one bucket."""

    def __init__(self, url: str, settings: Settings, *, endpoint: str = "") -> None:
        """`url` is `s3://bucket/prefix`; `endpoint` the address of a store other than Amazon's, or empty."""
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        self.bucket = bucket
        self._settings = settings
        self._transfers = asyncio.Semaphore(settings.s3_transfers)
        self._etags_are_digests = True
        self._probed_at = -_PROBE_KEPT_SECONDS
        # Each request, each part of a large one too, carries a digest that the server compares.
        config: S3Config = {"checksum_algorithm": "SHA256"}
        if endpoint:
            config["endpoint"] = endpoint
        self._store = S3Store(
            bucket,
            prefix=prefix.strip("/") or None,
            config=config,
            client_options={
                "allow_http": endpoint.startswith("http://"),
                "timeout": timedelta(seconds=settings.s3_request_seconds),
                "connect_timeout": timedelta(seconds=settings.s3_connect_seconds),
            },
            retry_config={
                "max_retries": settings.s3_retries,
                "retry_timeout": timedelta(seconds=settings.s3_retry_seconds),
                "backoff": {
                    "init_backoff": timedelta(milliseconds=100),
                    "max_backoff": timedelta(seconds=5),
                    "base": 2,
                },
            },
        )

    async def adopt(self, files: list[tuple[Path, str]]) -> None:
        try:
            async with asyncio.timeout(self._settings.s3_adopt_seconds), asyncio.TaskGroup() as tasks:
                for source, key in files:
                    tasks.create_task(self._upload(source, checked_key(key)))
        except ExceptionGroup as group:
            # The first one ended the others; callers know single errors.
            raise group.exceptions[0] from None
        except TimeoutError:
            raise unavailable(
                f"S3 did not take the files within {self._settings.s3_adopt_seconds:.0f} s; nothing was kept. Send "
                "fewer at once."
            ) from None

    async def _upload(self, source: Path, key: str) -> None:
        async with self._transfers:
            part_bytes = self._settings.s3_part_bytes
            expected = await asyncio.to_thread(self._expected_etag, source)
            try:
                put = await obstore.put_async(
                    self._store, key, source, chunk_size=part_bytes, max_concurrency=_PARTS_AT_ONCE
                )
            except S3_ERRORS as problem:
                raise _not_a_missing_file(problem, "put") from None
            if put["e_tag"] is None or put["e_tag"].strip('"') != expected:
                await self._compare(source, key)
            await asyncio.to_thread(source.unlink)

    def _expected_etag(self, source: Path) -> str:
        """The ETag of these bytes: their MD5, or for an object sent in parts the MD5 of the parts' MD5s and their
        number (that is how S3 makes them, unless it encrypts with keys of KMS)."""
        part_bytes = self._settings.s3_part_bytes
        digests: list[bytes] = []
        with source.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            while not digests or file.tell() < size:
                digests.append(_md5(file.read(part_bytes)))
        if size <= part_bytes:
            return digests[0].hex()
        return f"{_md5(b''.join(digests)).hex()}-{len(digests)}"

    async def _compare(self, source: Path, key: str) -> None:
        """An ETag that is not the digest: the bytes have changed, or this bucket's ETags are something else (as with
        keys of AWS KMS). The first time all is read back; from then on the digests that S3 itself compares, and the
        size, have to do."""
        if self._etags_are_digests:
            digest = hashlib.sha256()
            async for chunk in self._pieces(key, 0, await self.byte_count(key), PIECE_BYTES, _PIECES_AHEAD):
                await asyncio.to_thread(digest.update, chunk)
            same = digest.digest() == await asyncio.to_thread(_sha256, source)
            if same:
                log.info("s3_etags_are_no_digests")
                self._etags_are_digests = False
        else:
            same = await self.byte_count(key) == (await asyncio.to_thread(source.stat)).st_size
        if not same:
            raise unavailable("S3 keeps other bytes than were sent; nothing was kept. Try again.")

    async def open_range(self, key: str, start: int, stop: int) -> AsyncIterator[bytes]:
        async for piece in self._pieces(checked_key(key), start, stop, PIECE_BYTES, _PIECES_AHEAD):
            yield piece

    async def _pieces(self, key: str, start: int, stop: int, piece_bytes: int, ahead: int) -> AsyncIterator[bytes]:
        """The range in order. Each piece is a request of its own, so that a reader who takes an hour runs into no
        time limit, and what he has not asked for is not fetched but for `ahead` pieces."""
        starts = iter(range(start, stop, piece_bytes))
        coming: deque[asyncio.Task[bytes]] = deque()
        try:
            while True:
                while len(coming) <= ahead and (at := next(starts, None)) is not None:
                    coming.append(asyncio.create_task(self._piece(key, at, min(at + piece_bytes, stop))))
                if not coming:
                    return
                yield await coming.popleft()
        finally:
            for task in coming:
                task.cancel()
            await asyncio.gather(*coming, return_exceptions=True)

    async def _piece(self, key: str, start: int, stop: int) -> bytes:
        try:
            piece = bytes(await obstore.get_range_async(self._store, key, start=start, end=stop))
        except S3_ERRORS as problem:
            if "416 Range Not Satisfiable" in str(problem):
                raise _shorter() from None
            raise translated(problem, "get") from None
        if len(piece) != stop - start:
            raise _shorter()
        return piece

    async def read(self, key: str) -> bytes:
        try:
            answer = await obstore.get_async(self._store, checked_key(key))
            return bytes(await answer.bytes_async())
        except S3_ERRORS as problem:
            raise translated(problem, "get") from None

    async def byte_count(self, key: str) -> int:
        try:
            return (await obstore.head_async(self._store, checked_key(key)))["size"]
        except S3_ERRORS as problem:
            error = translated(problem, "head")
        if isinstance(error, NotFound):
            # HEAD has no body: without a bucket, too, it is a plain 404. Listing tells them apart.
            await asyncio.to_thread(next, self.list_keys(key, older_than_seconds=0), None)
        raise error

    async def delete(self, keys: list[str]) -> None:
        unique = [checked_key(key) for key in dict.fromkeys(keys)]
        for at in range(0, len(unique), _DELETE_BATCH):
            try:
                await obstore.delete_async(self._store, unique[at : at + _DELETE_BATCH])
            except S3_ERRORS as problem:
                error = translated(problem, "delete")
                if not isinstance(error, NotFound):
                    raise error from None

    async def move(self, old_key: str, new_key: str) -> None:
        """A copy inside of S3, then a deletion. Copied objects count as new, as renamed files do."""
        try:
            await obstore.copy_async(self._store, checked_key(old_key), checked_key(new_key))
        except S3_ERRORS as problem:
            raise translated(problem, "copy") from None
        await self.delete([old_key])

    @asynccontextmanager
    async def on_disk(
        self, key: str, folder: Path, *, byte_count: int, sha256: bytes | None = None
    ) -> AsyncIterator[Path]:
        path = folder / f"original-{uuid.uuid4().hex}"
        try:
            async with self._transfers:
                await self._fetch(checked_key(key), path, byte_count, sha256)
            yield path
        finally:
            await asyncio.to_thread(path.unlink, missing_ok=True)

    async def _fetch(self, key: str, path: Path, byte_count: int, sha256: bytes | None) -> None:
        if await self.byte_count(key) != byte_count:
            raise _other_file()
        async with SpooledCopy(path) as copy:
            async for piece in self._pieces(key, 0, byte_count, self._settings.s3_part_bytes, _PARTS_AHEAD):
                await copy.write(piece)
        if sha256 is not None and copy.sha256 != sha256:
            raise _other_file()

    def list_keys(self, prefix: str, *, older_than_seconds: float) -> Iterator[str]:
        # S3 refuses requests of clocks that are wrong by a quarter of an hour, so its and ours are close enough here.
        before = datetime.fromtimestamp(time.time() - older_than_seconds, UTC)
        try:
            for chunk in obstore.list(self._store, checked_key(prefix) if prefix else None, chunk_size=1000):
                for found in chunk:
                    if found["last_modified"] < before:
                        yield found["path"]
        except S3_ERRORS as problem:
            raise _not_a_missing_file(problem, "list") from None

    async def space(self) -> StorageSpace:
        return StorageSpace(used_bytes=None, free_bytes=None)

    async def check_writable(self) -> None:
        if time.monotonic() - self._probed_at < _PROBE_KEPT_SECONDS:
            return
        try:
            await obstore.put_async(self._store, _PROBE_KEY, b"probe")
            await obstore.delete_async(self._store, _PROBE_KEY)
        except S3_ERRORS as problem:
            raise _not_a_missing_file(problem, "probe") from None
        self._probed_at = time.monotonic()


def _not_a_missing_file(problem: Exception, operation: str) -> Exception:
    """For requests to which "no such object" is no sensible answer: then the address leads to something else."""
    error = translated(problem, operation)
    if isinstance(error, NotFound):
        return unavailable("Nothing at AWS_ENDPOINT_URL takes files for the bucket of STORAGE_URL; correct them.")
    return error


def _md5(content: bytes) -> bytes:
    return hashlib.md5(content, usedforsecurity=False).digest()


def _sha256(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _shorter() -> Unavailable:
    return Unavailable("The stored file is shorter than it was. Run `mammogram-viewer verify`.", code=FILE_CHANGED)


def _other_file() -> Unavailable:
    return Unavailable(
        "The stored file is not the one that was received. Run `mammogram-viewer verify`.", code=FILE_CHANGED
    )
