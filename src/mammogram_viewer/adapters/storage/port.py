"""Where files lie. Keys are ours (`originals/ab/<uuid>`), never a name from outside.

A file is whole under its key or absent: adapters write where nobody looks, make it durable, then publish it.
There are two adapters, `LocalStorage` (a folder) and `S3Storage` (a bucket); tests/conformance holds the suite that
both pass, and that a further one has to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

# Codes of errors, by which those who called tell what has happened.
STORAGE_UNAVAILABLE = "storage_unavailable"
FILE_MISSING = "file_missing"
FILE_CHANGED = "file_changed"


@dataclass(frozen=True)
class StorageSpace:
    """Bytes on the device, as an operator reads them. None where there is no device: a bucket has no size, and only
    listing all of it would tell what it holds."""

    used_bytes: int | None
    free_bytes: int | None


class Storage(ABC):
    """The port. All methods may raise StorageFull or Unavailable; reading an absent key raises NotFound."""

    @abstractmethod
    async def adopt(self, files: list[tuple[Path, str]]) -> None:
        """Make each local file durable and publish it under its key; the local name is gone afterwards. What lay
        under the key before is replaced at once and whole, so that it is safe to repeat.

        Takes less than an hour, or is Unavailable: the sweep of orphans takes an older file for lost.
        All or nothing for the caller: on an error some keys may exist, and none is referenced by a row."""

    @abstractmethod
    def open_range(self, key: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes `start` up to but not including `stop`, in chunks."""

    @abstractmethod
    async def read(self, key: str) -> bytes: ...

    @abstractmethod
    async def byte_count(self, key: str) -> int: ...

    @abstractmethod
    async def delete(self, keys: list[str]) -> None:
        """Remove the files; an absent key is no error, so that it is safe to repeat."""

    @abstractmethod
    async def move(self, old_key: str, new_key: str) -> None:
        """Give a file another key, durably; nothing but the same file may lie under the new one. Interrupted, the
        file lies whole under the old key, and perhaps under the new one too: then it is moved again."""

    @abstractmethod
    def on_disk(
        self, key: str, folder: Path, *, byte_count: int, sha256: bytes | None = None
    ) -> AbstractAsyncContextManager[Path]:
        """A local path for a decoder child to read, as long as the block lasts. Never to be written to.

        Where files lie elsewhere, a copy is made in `folder` and removed afterwards; one that is not `byte_count`
        long, or has another digest than the one given, is Unavailable. A local file is given out as it is."""

    @abstractmethod
    def list_keys(self, prefix: str, *, older_than_seconds: float) -> Iterator[str]:
        """Keys below a prefix whose files have not changed for that long; blocking, for maintenance alone."""

    @abstractmethod
    async def space(self) -> StorageSpace: ...

    @abstractmethod
    async def check_writable(self) -> None:
        """Write, make durable and remove a small probe."""


def checked_key(key: str) -> str:
    """The key; ValueError for one that leads out of the storage. Keys are ours, yet a stray `..` must do no harm."""
    if key.startswith("/") or any(part in ("", ".", "..") for part in key.split("/")):
        raise ValueError("storage key leaves the storage")
    return key
