"""Where files lie. Keys are ours (`originals/ab/<uuid>`), never a name from outside.

A file is whole under its key or absent: adapters write to a temporary place, make it durable, then publish it.
Today there is one adapter, `LocalStorage`; tests/conformance holds the suite that a further one has to pass."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StorageSpace:
    """Bytes on the device, as an operator reads them."""

    used_bytes: int
    free_bytes: int


class Storage(ABC):
    """The port. All methods may raise StorageFull or Unavailable; reading an absent key raises NotFound."""

    @abstractmethod
    async def adopt(self, files: list[tuple[Path, str]]) -> None:
        """Make each local file durable and publish it under its key; the local name is gone afterwards.

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
        """Give a file another key, durably, without copying it; nothing may lie under the new one."""

    @abstractmethod
    def local_copy(self, key: str) -> Path:
        """A local path for a decoder child to read. Never to be written to."""

    @abstractmethod
    def list_keys(self, prefix: str, *, older_than_seconds: float) -> Iterator[str]:
        """Keys below a prefix whose files have not changed for that long; blocking, for maintenance alone."""

    @abstractmethod
    async def space(self) -> StorageSpace: ...

    @abstractmethod
    async def check_writable(self) -> None:
        """Write, make durable and remove a small probe."""
