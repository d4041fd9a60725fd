"""The file that a month of activities becomes: CSV with a header, as PostgreSQL's COPY writes it, in gzip.

Whoever has the file alone can read it (`zcat`). Written and read in pieces of a mebibyte, whatever a month holds."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mammogram_viewer.adapters.storage.port import FILE_CHANGED, Storage
from mammogram_viewer.foundation.errors import Unavailable

_PIECE_BYTES = 1024 * 1024
_LEVEL = 6
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, kw_only=True)
class Written:
    """What was written: bytes of the file and their digest, and the digest of the text inside."""

    byte_count: int
    sha256: bytes
    text_sha256: bytes


class ArchiveWriter:
    """Takes the text piece by piece; `finish` tells what became of it."""

    def __init__(self, path: Path) -> None:
        self._file = _Digested(path)
        # No name and no time inside: the same rows make the same bytes.
        self._gzip = gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=self._file, mtime=0)
        self._text = hashlib.sha256()
        self._gathered = bytearray()

    async def write(self, text: bytes) -> None:
        self._gathered += text
        if len(self._gathered) >= _PIECE_BYTES:
            await asyncio.to_thread(self._compress)

    async def finish(self) -> Written:
        """Everything is in the file; durable it becomes by `Storage.adopt`."""
        await asyncio.to_thread(self._end)
        return Written(
            byte_count=self._file.byte_count, sha256=self._file.digest.digest(), text_sha256=self._text.digest()
        )

    def close(self) -> None:
        """Give the descriptor back, finished or not. Safe to repeat."""
        self._file.close()

    def _compress(self) -> None:
        self._text.update(self._gathered)
        self._gzip.write(self._gathered)
        self._gathered.clear()

    def _end(self) -> None:
        self._compress()
        self._gzip.close()
        self._file.close()


class _Digested:
    """The file below gzip: counts and digests what goes in."""

    def __init__(self, path: Path) -> None:
        self._file: IO[bytes] = path.open("xb")
        self.byte_count = 0
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.byte_count += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()


async def read_text(storage: Storage, key: str, *, byte_count: int, sha256: bytes) -> AsyncIterator[bytes]:
    """The text of a file in storage, in pieces. Only once it has ended without Unavailable (`file_changed`) are its
    bytes known to be those that were written. NotFound (`file_missing`) when it is gone."""
    if await storage.byte_count(key) != byte_count:
        raise _changed()
    digest, inflate = hashlib.sha256(), zlib.decompressobj(_GZIP)
    async for chunk in storage.open_range(key, 0, byte_count):
        digest.update(chunk)
        left = chunk
        while left and not inflate.eof:
            try:
                text = await asyncio.to_thread(inflate.decompress, left, _PIECE_BYTES)
            except zlib.error:
                raise _changed() from None
            left = inflate.unconsumed_tail
            yield text
    if digest.digest() != sha256 or not inflate.eof:
        raise _changed()


async def read_back(storage: Storage, key: str, written: Written) -> None:
    """Read the file from storage and compare it with what was written; Unavailable when it differs."""
    text = hashlib.sha256()
    async for piece in read_text(storage, key, byte_count=written.byte_count, sha256=written.sha256):
        text.update(piece)
    if text.digest() != written.text_sha256:
        raise _changed()


def _changed() -> Unavailable:
    return Unavailable(
        "The file of archived activities is not what was written. Run `mammogram-viewer verify`.", code=FILE_CHANGED
    )
