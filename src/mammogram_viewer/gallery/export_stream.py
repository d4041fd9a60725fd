"""The answer that is a ZIP: made while it is sent, with the memory of a few pieces, however large it is.

Its length is told beforehand, so whatever ends it early (a file that cannot be read, an image deleted meanwhile, a
session that has ended, a reader who takes nothing) leaves a download that the browser calls broken, never a ZIP that
looks whole."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from typing import cast
from uuid import UUID

import asyncpg
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from mammogram_viewer.accounts import sessions
from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.archive.standing import Original
from mammogram_viewer.foundation.errors import MammogramViewerError, TooManyRequests
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.foundation.tracebacks import without_messages
from mammogram_viewer.gallery.export_names import MANIFEST, manifest, names_of
from mammogram_viewer.gallery.exports import Contents, all_still_here
from mammogram_viewer.gallery.zip_stream import ZipStream, zip_length

log = logging.getLogger(__name__)
PIECE_BYTES = 256 * 1024
_ASKED_AT_ONCE = 100  # images between two questions whether the reader may go on
_READ_AHEAD = (
    4  # small originals that are fetched while an earlier one is sent: a bucket answers late, but many at once
)


class Ended(Exception):
    """The rest is not sent; `args` say why."""


class OpenExports:
    """How many ZIPs each person is downloading from this process."""

    def __init__(self) -> None:
        self._open: Counter[int] = Counter()

    @contextmanager
    def one_more(self, user_id: int) -> Iterator[None]:
        self._open[user_id] += 1
        try:
            yield
        finally:
            self._open[user_id] -= 1
            if not self._open[user_id]:
                del self._open[user_id]

    def demand_room(self, user_id: int, limit: int) -> None:
        if self._open[user_id] >= limit:
            raise TooManyRequests(
                f"You are downloading {limit} exports already; wait for one of them to end.",
                code="too_many_exports",
                retry_after_seconds=10,
            )


class ExportStream(ASGIResponse):
    """The answer to `GET /api/exports/{id}`."""

    def __init__(
        self,
        *,
        export_id: UUID,
        contents: Contents,
        db: asyncpg.Pool,
        storage: Storage,
        settings: Settings,
        principal: Principal,
        tally: OpenExports,
    ) -> None:
        super().__init__(body=b"")
        self._id = export_id
        self._originals = contents.originals
        self._names = names_of(contents.originals)
        self._manifest = manifest(contents.originals, self._names, contents.left_out)
        self._db = db
        self._storage = storage
        self._settings = settings
        self._principal = principal
        self._tally = tally
        self._coming: dict[int, asyncio.Task[bytes]] = {}

    @property
    def byte_count(self) -> int:
        """Of the whole ZIP."""
        members = [(self._names[original.id], original.byte_count) for original in self._originals]
        return zip_length([*members, (MANIFEST, len(self._manifest))])

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        with self._tally.one_more(self._principal.user_id):
            writing = asyncio.create_task(self._write(send))
            gone = asyncio.create_task(_wait_gone(receive))
            try:
                await asyncio.wait((writing, gone), return_when=asyncio.FIRST_COMPLETED)
            finally:
                tasks = (writing, gone, *self._coming.values())
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _write(self, send: Send) -> None:
        """Ends without the last piece where something is wrong: the server then closes the connection."""
        name = f"mammograms-{str(self._id)[:8]}.zip"
        headers = [
            (b"content-type", b"application/zip"),
            (b"content-length", str(self.byte_count).encode()),
            (b"content-disposition", f'attachment; filename="{name}"'.encode()),
            (b"cache-control", b"private, no-store"),
            (b"x-accel-buffering", b"no"),  # nginx would write it to its disk
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        try:
            async with aclosing(self._pieces()) as pieces:
                async for piece in pieces:
                    async with asyncio.timeout(self._settings.export_stall_seconds):
                        await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except (Ended, MammogramViewerError, OSError, TimeoutError, asyncpg.PostgresError) as problem:
            log.warning("export_broken_off", extra={"export": str(self._id), "exception": without_messages(problem)})

    async def _pieces(self) -> AsyncGenerator[bytes]:
        zipped = ZipStream()
        for number, original in enumerate(self._originals):
            if number % _ASKED_AT_ONCE == 0:
                await self._demand_allowed(self._originals[number : number + _ASKED_AT_ONCE])
            self._read_ahead(number)
            with zipped.member(self._names[original.id], original.created_at, original.byte_count) as member:
                async with aclosing(self._content(original)) as chunks:
                    async for chunk in chunks:
                        member.write(chunk)
                        if zipped.waiting_bytes >= PIECE_BYTES:
                            yield zipped.take()
        first = self._originals[0]
        with zipped.member(MANIFEST, first.created_at, len(self._manifest)) as member:
            member.write(self._manifest)
        zipped.finish()
        yield zipped.take()

    def _read_ahead(self, number: int) -> None:
        """Begin to fetch the next small originals, this one among them."""
        for original in self._originals[number : number + _READ_AHEAD]:
            if original.byte_count <= PIECE_BYTES and original.id not in self._coming:
                self._coming[original.id] = asyncio.create_task(self._storage.read(original.storage_key))

    async def _content(self, original: Original) -> AsyncGenerator[bytes]:
        """The bytes as received, or the end of everything."""
        if original.byte_count <= PIECE_BYTES:
            whole = await self._coming[original.id]
            del self._coming[original.id]
            if len(whole) != original.byte_count:
                raise Ended("an original is not as long as it was")
            yield whole
            return
        chunks = self._storage.open_range(original.storage_key, 0, original.byte_count)
        # Closed now, not when it is collected: it holds a file open.
        async with aclosing(cast(AsyncGenerator[bytes], chunks)) as generator:
            async for chunk in generator:
                yield chunk

    async def _demand_allowed(self, originals: list[Original]) -> None:
        """A download may last for hours."""
        principal = await sessions.find_again(self._db, self._settings, self._principal)
        if principal is None:
            raise Ended("the session has ended")
        if not await all_still_here(self._db, originals, principal):
            raise Ended("an image was deleted meanwhile")


async def _wait_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
