"""Every exposure of a selection as CSV, however many: rows are read from PostgreSQL as the reader takes them.

A reader who stops reading keeps a connection no longer than `quality_csv_seconds`; the answer then lacks its end, which
a browser calls a broken download."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from asyncpg import Pool
from litestar import Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from mammogram_viewer.accounts.event_stream import wait_gone
from mammogram_viewer.foundation.errors import TooManyRequests
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.quality.csv_panels import BOM, exposures_csv
from mammogram_viewer.quality.models import Selection
from mammogram_viewer.quality.operators import read_operators

log = logging.getLogger(__name__)
_running: set[ASGIResponse] = set()


class ExposuresCsv(Response[None]):
    """Lets a handler that promises JSON give a stream. TooManyRequests `too_many_exports`."""

    def __init__(self, db: Pool, settings: Settings, selection: Selection, headers: dict[str, str]) -> None:
        super().__init__(None)
        if len(_running) >= settings.quality_csv_streams:
            raise TooManyRequests(
                f"{settings.quality_csv_streams} such exports leave this server already "
                "(MAMMOGRAM_VIEWER_QUALITY_CSV_STREAMS). Wait for one of them to end.",
                code="too_many_exports",
                retry_after_seconds=10,
            )
        self._stream = _Stream(db, settings.quality_csv_seconds, selection, headers)

    def to_asgi_response(self, *_args: Any, **_kwargs: Any) -> ASGIResponse:
        return self._stream


class _Stream(ASGIResponse):
    def __init__(self, db: Pool, seconds: float, selection: Selection, headers: dict[str, str]) -> None:
        super().__init__(body=b"")
        self._db, self._seconds, self._selection, self._told = db, seconds, selection, headers

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        _running.add(self)
        writing = asyncio.create_task(self._write(send))
        gone = asyncio.create_task(wait_gone(receive))
        try:
            done, _ = await asyncio.wait((writing, gone), timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                log.warning("quality_export_cut", extra={"seconds": self._seconds})
            elif writing in done:
                writing.result()
        finally:
            for task in (writing, gone):
                task.cancel()
            await asyncio.gather(writing, gone, return_exceptions=True)
            _running.discard(self)

    async def _write(self, send: Send) -> None:
        operators = await read_operators(self._db)
        headers = [(name.encode(), value.encode()) for name, value in self._told.items()]
        async with self._db.acquire() as connection, connection.transaction(readonly=True):
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": BOM.encode(), "more_body": True})
            async for piece in exposures_csv(connection, self._selection, operators):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
