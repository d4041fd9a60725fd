"""What every storage adapter promises (adapters/storage/port.py). A further adapter joins the fixture's parameters."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from mammogram_viewer.adapters.storage.keys import new_original_key
from mammogram_viewer.adapters.storage.local import LocalStorage
from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.foundation.errors import NotFound


@pytest.fixture(params=["local", "local across devices"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """`across devices`: spool and storage on different file systems, so that publishing must copy."""
    if request.param == "local across devices":
        other = Path("/dev/shm")
        if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("NO SECOND FILE SYSTEM: /dev/shm is needed to test publishing across devices")
        folder = other / f"mammogram-viewer-{os.getpid()}-{time.monotonic_ns()}"
        request.addfinalizer(lambda: _remove(folder))
        return LocalStorage(folder)
    return LocalStorage(tmp_path / "storage")


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder)


def written(folder: Path, body: bytes) -> Path:
    path = folder / f"spooled-{time.monotonic_ns()}"
    path.write_bytes(body)
    return path


async def read_range(storage: Storage, key: str, start: int, stop: int) -> bytes:
    return b"".join([chunk async for chunk in storage.open_range(key, start, stop)])


async def test_adopted_files_are_read_back_whole_and_in_ranges(storage: Storage, tmp_path: Path) -> None:
    bodies = {new_original_key(): os.urandom(size) for size in (1, 70_000, 600_000)}
    sources = [written(tmp_path, body) for body in bodies.values()]
    await storage.adopt(list(zip(sources, bodies, strict=True)))
    assert not any(source.exists() for source in sources)
    for key, body in bodies.items():
        assert await storage.read(key) == body
        assert await storage.byte_count(key) == len(body)
        assert storage.local_copy(key).read_bytes() == body
        middle = len(body) // 2
        assert await read_range(storage, key, middle, len(body)) == body[middle:]
        assert await read_range(storage, key, 0, len(body)) == body


async def test_an_absent_key_is_not_found_and_its_deletion_no_error(storage: Storage) -> None:
    key = new_original_key()
    with pytest.raises(NotFound):
        await storage.read(key)
    with pytest.raises(NotFound):
        await storage.byte_count(key)
    with pytest.raises(NotFound):
        await read_range(storage, key, 0, 1)
    await storage.delete([key])


async def test_deleted_files_are_gone_and_only_they(storage: Storage, tmp_path: Path) -> None:
    keep, drop = new_original_key(), new_original_key()
    await storage.adopt([(written(tmp_path, b"keep"), keep), (written(tmp_path, b"drop"), drop)])
    await storage.delete([drop, drop])
    assert await storage.read(keep) == b"keep"
    with pytest.raises(NotFound):
        await storage.read(drop)


async def test_keys_are_listed_by_prefix_and_age(storage: Storage, tmp_path: Path) -> None:
    key = new_original_key()
    await storage.adopt([(written(tmp_path, b"x"), key)])
    assert list(storage.list_keys("originals", older_than_seconds=-1)) == [key]
    assert list(storage.list_keys("originals", older_than_seconds=60)) == []
    assert list(storage.list_keys("renditions", older_than_seconds=-1)) == []


async def test_a_moved_file_is_whole_under_its_new_key_alone(storage: Storage, tmp_path: Path) -> None:
    old, new = new_original_key(), f"quarantine/2026-01-31/{new_original_key()}"
    await storage.adopt([(written(tmp_path, b"x"), old)])
    await storage.move(old, new)
    assert await storage.read(new) == b"x"
    assert list(storage.list_keys("", older_than_seconds=-1)) == [new]
    with pytest.raises(NotFound):
        await storage.move(old, new)
    assert await storage.read(new) == b"x"


@pytest.mark.parametrize("key", ["../outside", "/etc/passwd", "originals/../../outside"])
async def test_a_key_never_leaves_the_storage(storage: Storage, key: str) -> None:
    with pytest.raises(ValueError, match="leaves the storage"):
        await storage.read(key)


async def test_storage_tells_its_space_and_that_it_can_be_written(storage: Storage) -> None:
    space = await storage.space()
    assert space.free_bytes > 0
    assert space.used_bytes > 0
    await storage.check_writable()
    assert list(storage.list_keys("", older_than_seconds=-1)) == []
