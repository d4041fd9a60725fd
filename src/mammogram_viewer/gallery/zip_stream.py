"""A ZIP that is written while it is sent: the standard library's, into memory that is emptied as it fills.

Files are stored as they are, for compressed pixels do not compress; so the length of the whole is known before its
first byte. Sizes and checksums follow each file, and stand in the directory at the end, as every unpacking program that
can seek expects them; from 2 GiB on by ZIP64."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import IO, cast

# Of the format (APPNOTE.TXT 4.3.7, 4.3.9, 4.3.12, 4.3.14 to 4.3.16), in bytes.
_LOCAL_HEADER, _LOCAL_ZIP64 = 30, 20
_DESCRIPTOR, _DESCRIPTOR_ZIP64 = 16, 24
_DIRECTORY_ENTRY, _EXTRA_HEADER, _EXTRA_FIELD = 46, 4, 8
_END, _END_ZIP64 = 22, 56 + 20
_EARLIEST_YEAR = 1980


class ZipStream:
    """Writes members one behind the other; `take` answers what is ready to be sent."""

    def __init__(self) -> None:
        self._sink = _Sink()
        self._zip = zipfile.ZipFile(cast(IO[bytes], self._sink), "w", zipfile.ZIP_STORED)

    @contextmanager
    def member(self, name: str, at: datetime, byte_count: int) -> Iterator[IO[bytes]]:
        """A file to write `byte_count` bytes into."""
        info = zipfile.ZipInfo(name, max(at.timetuple()[:6], (_EARLIEST_YEAR, 1, 1, 0, 0, 0)))
        info.file_size = byte_count
        info.external_attr = 0o644 << 16
        with self._zip.open(info, "w") as file:
            yield file

    def finish(self) -> None:
        """Write the directory; without it no program takes what was sent for a ZIP."""
        self._zip.close()

    @property
    def waiting_bytes(self) -> int:
        return self._sink.byte_count

    def take(self) -> bytes:
        """Everything that was written since the last time."""
        return self._sink.take()


class _Sink:
    """What `zipfile` needs of a file that cannot seek."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.byte_count = 0

    def write(self, part: bytes) -> int:
        self._parts.append(bytes(part))
        self.byte_count += len(part)
        return len(part)

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> bytes:
        whole = b"".join(self._parts)
        self._parts.clear()
        self.byte_count = 0
        return whole


def zip_length(members: list[tuple[str, int]]) -> int:
    """Bytes of the whole ZIP of these names and sizes, in their order, as `ZipStream` writes it."""
    limit = zipfile.ZIP64_LIMIT
    offset = directory = 0
    for name, byte_count in members:
        name_bytes = len(name.encode())
        large = byte_count * 1.05 > limit  # as zipfile decides
        fields = (2 if byte_count > limit else 0) + (1 if offset > limit else 0)
        directory += _DIRECTORY_ENTRY + name_bytes + (_EXTRA_HEADER + _EXTRA_FIELD * fields if fields else 0)
        offset += _LOCAL_HEADER + name_bytes + byte_count
        offset += _LOCAL_ZIP64 + _DESCRIPTOR_ZIP64 if large else _DESCRIPTOR
    many = len(members) > zipfile.ZIP_FILECOUNT_LIMIT or offset > limit or directory > limit
    return offset + directory + _END + (_END_ZIP64 if many else 0)
