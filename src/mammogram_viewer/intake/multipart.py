"""Multipart bodies (RFC 7578) straight into spool files, through python-multipart's callbacks.

A form parser that hands over whole files would write every byte twice; here a part's bytes go to their spool
file as they arrive. A file that is refused early costs no disk: its remaining bytes are skipped."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from mammogram_viewer.foundation.errors import Malformed, MammogramViewerError, StorageFull, TooLarge, Unavailable
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.intake.models import RefusedFile
from mammogram_viewer.intake.names import clean_name
from mammogram_viewer.intake.spool import SpoolFile, size_text

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FIELD = "files"
_KEEP_YOUNG_SECONDS = 60
_MAX_HEADER_BYTES = 16 * 1024


class _Part:
    """Header of the part being read, and what becomes of its body."""

    def __init__(self) -> None:
        self.headers: dict[str, bytes] = {}
        self.header_name = b""
        self.header_value = b""
        self.spool: SpoolFile | None = None


class MultipartReceiver:
    """Feeds one request body through the parser; `spooled` and `refused` are the outcome, in order."""

    def __init__(self, content_type: str, settings: Settings) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise Malformed("The multipart body has no boundary.", code="malformed_multipart")
        self._settings = settings
        self.spooled: list[SpoolFile] = []
        self.refused: list[RefusedFile] = []
        self._finished: list[SpoolFile] = []
        self._part = _Part()
        self._ended = False
        self._kept_young_at = time.monotonic()
        self._parser = MultipartParser(boundary, self._callbacks())

    def _callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._on_part_begin,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_part_data": self._on_part_data,
            "on_part_end": self._on_part_end,
            "on_end": self._on_end,
        }

    async def receive(self, chunks: AsyncIterator[bytes]) -> None:
        """Read the whole body. Raises Malformed for a broken one; the caller discards `spooled` on any error."""
        received = 0
        async for chunk in chunks:
            received += len(chunk)
            if received > self._settings.max_request_bytes:
                raise TooLarge(
                    f"The request is larger than {size_text(self._settings.max_request_bytes)}; nothing was kept. "
                    "Send the files in several requests."
                )
            self._feed(chunk)
            if self._part.spool is not None:
                await self._part.spool.drain()
            await self._finish_parts()
            self._keep_young()
        if not self._ended:
            raise Malformed(
                "The upload broke off before its end; nothing was kept. Send it again.", code="incomplete_upload"
            )

    def _keep_young(self) -> None:
        if time.monotonic() - self._kept_young_at > _KEEP_YOUNG_SECONDS:
            self._kept_young_at = time.monotonic()
            for spool in self.spooled:
                spool.keep_young()

    def _feed(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except MultipartParseError:
            raise Malformed(
                "The multipart body cannot be read; nothing was kept.", code="malformed_multipart"
            ) from None

    async def _finish_parts(self) -> None:
        finished, self._finished = self._finished, []
        for spool in finished:
            try:
                await spool.finish()
            except (StorageFull, Unavailable):
                raise  # nothing that this file could help, and the next one would fare no better
            except MammogramViewerError as error:
                await self._refuse(spool, error)

    async def _refuse(self, spool: SpoolFile, error: MammogramViewerError) -> None:
        self.spooled.remove(spool)
        self.refused.append(RefusedFile(spool.name, error))
        await spool.discard()

    # Callbacks of the parser, in the order in which they come for each part.

    def _on_part_begin(self) -> None:
        self._part = _Part()

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._part.header_name += data[start:end]
        self._limit_headers()

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._part.header_value += data[start:end]
        self._limit_headers()

    def _limit_headers(self) -> None:
        if len(self._part.header_name) + len(self._part.header_value) > _MAX_HEADER_BYTES:
            raise Malformed("A part's header is too long; nothing was kept.", code="malformed_multipart")

    def _on_header_end(self) -> None:
        part = self._part
        name = part.header_name.decode("latin-1").lower()
        part.headers[name] = part.header_value
        part.header_name = part.header_value = b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._part.headers.get("content-disposition", b""))
        field = options.get(b"name", b"").decode("utf-8", "replace")
        if field != FIELD or b"filename" not in options:
            return
        if len(self.spooled) + len(self.refused) >= self._settings.max_files_per_request:
            raise TooLarge(
                f"More than {self._settings.max_files_per_request} files in one request; nothing was kept. "
                "Send them in several requests.",
                code="too_many_files",
            )
        self._part.spool = SpoolFile(self._settings, clean_name(options[b"filename"]))
        self.spooled.append(self._part.spool)

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        spool = self._part.spool
        if spool is None or spool.refusal is not None:
            return
        spool.gather(data[start:end])

    def _on_part_end(self) -> None:
        if self._part.spool is not None:
            self._finished.append(self._part.spool)
        self._part = _Part()

    def _on_end(self) -> None:
        self._ended = True
