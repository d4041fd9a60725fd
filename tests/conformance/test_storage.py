"""What every storage adapter promises (adapters/storage/port.py). A further adapter joins the fixture's parameters."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import time
from pathlib import Path

import pytest

from mammogram_viewer.adapters.storage.keys import new_original_key
from mammogram_viewer.adapters.storage.local import LocalStorage
from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.foundation.errors import NotFound, Unavailable
from mammogram_viewer.foundation.settings import MIB


@pytest.fixture(params=["local", "local across devices", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """`across devices`: spool and storage on different file systems, so that publishing must copy."""
    if request.param == "s3":
        return request.getfixturevalue("bucket").storage()
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
        async with storage.on_disk(key, tmp_path, byte_count=len(body), sha256=hashlib.sha256(body).digest()) as path:
            assert path.read_bytes() == body
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
    assert list(storage.list_keys("originals", older_than_seconds=-2)) == [key]
    assert list(storage.list_keys("originals", older_than_seconds=60)) == []
    assert list(storage.list_keys("renditions", older_than_seconds=-2)) == []
    assert list(storage.list_keys("original", older_than_seconds=-2)) == []  # part of a name is no prefix


async def test_a_moved_file_is_whole_under_its_new_key_alone(storage: Storage, tmp_path: Path) -> None:
    old, new = new_original_key(), f"quarantine/2026-01-31/{new_original_key()}"
    await storage.adopt([(written(tmp_path, b"x"), old)])
    await storage.move(old, new)
    assert await storage.read(new) == b"x"
    assert list(storage.list_keys("", older_than_seconds=-2)) == [new]
    with pytest.raises(NotFound):
        await storage.move(old, new)
    assert await storage.read(new) == b"x"


@pytest.mark.parametrize("key", ["../outside", "/etc/passwd", "originals/../../outside"])
async def test_a_key_never_leaves_the_storage(storage: Storage, key: str) -> None:
    with pytest.raises(ValueError, match="leaves the storage"):
        await storage.read(key)


async def test_storage_tells_its_space_and_that_it_can_be_written(storage: Storage) -> None:
    space = await storage.space()
    if isinstance(storage, LocalStorage):
        assert space.free_bytes
        assert space.used_bytes
    else:
        assert (space.free_bytes, space.used_bytes) == (None, None)
    await storage.check_writable()
    assert list(storage.list_keys("", older_than_seconds=-2)) == []


async def test_a_large_file_is_read_back_in_any_range(storage: Storage, tmp_path: Path) -> None:
    key, body = new_original_key(), random.Random(7).randbytes(11 * MIB + 1)
    await storage.adopt([(written(tmp_path, body), key)])
    assert await storage.byte_count(key) == len(body)
    # The limits of parts (5 MiB) and pieces (1 MiB), and wherever chance leads.
    chance = random.Random(11)
    limits = [0, 1, MIB - 1, MIB, MIB + 1, 5 * MIB - 1, 5 * MIB, 10 * MIB, len(body) - 1, len(body)]
    ranges = [(a, b) for a in limits for b in limits if b - a in (1, 2, MIB, MIB + 1, 5 * MIB, len(body))]
    ranges += [tuple(sorted(chance.sample(range(len(body)), 2))) for _ in range(15)]
    assert len(ranges) > 20
    for start, stop in ranges:
        assert await read_range(storage, key, start, stop) == body[start:stop]
    async with storage.on_disk(key, tmp_path, byte_count=len(body), sha256=hashlib.sha256(body).digest()) as path:
        assert path.read_bytes() == body


async def test_a_file_without_bytes_is_a_file(storage: Storage, tmp_path: Path) -> None:
    key = new_original_key()
    await storage.adopt([(written(tmp_path, b""), key)])
    assert await storage.read(key) == b""
    assert await storage.byte_count(key) == 0


async def test_a_range_beyond_the_end_is_an_error_and_never_a_short_answer(storage: Storage, tmp_path: Path) -> None:
    key = new_original_key()
    await storage.adopt([(written(tmp_path, b"twelve bytes"), key)])
    with pytest.raises(Unavailable, match="shorter"):
        await read_range(storage, key, 6, 13)
    with pytest.raises(Unavailable, match="shorter"):
        await read_range(storage, key, 20, 25)


async def test_a_file_adopted_under_a_key_in_use_takes_its_place_whole(storage: Storage, tmp_path: Path) -> None:
    key = new_original_key()
    await storage.adopt([(written(tmp_path, b"the older and longer one"), key)])
    await storage.adopt([(written(tmp_path, b"the newer"), key)])
    assert await storage.read(key) == b"the newer"


async def test_many_files_adopted_at_once_are_all_whole(storage: Storage, tmp_path: Path) -> None:
    bodies = {new_original_key(): os.urandom(1000 + size) for size in range(40)}
    files = [(written(tmp_path, body), key) for key, body in bodies.items()]
    await asyncio.gather(*(storage.adopt(files[at : at + 8]) for at in range(0, 40, 8)))
    for key, body in bodies.items():
        assert await storage.read(key) == body
    assert set(storage.list_keys("originals", older_than_seconds=-2)) == set(bodies)


async def test_files_adopted_under_one_key_at_once_leave_one_of_them_whole(storage: Storage, tmp_path: Path) -> None:
    key, bodies = new_original_key(), [bytes([n]) * 300_000 for n in range(8)]
    await asyncio.gather(*(storage.adopt([(written(tmp_path, body), key)]) for body in bodies))
    assert await storage.read(key) in bodies


async def test_a_thousand_keys_are_deleted_at_once_absent_ones_among_them(storage: Storage, tmp_path: Path) -> None:
    key = new_original_key()
    await storage.adopt([(written(tmp_path, b"x"), key)])
    await storage.delete([*(new_original_key() for _ in range(1100)), key])
    assert list(storage.list_keys("", older_than_seconds=-2)) == []


async def test_an_absent_file_is_never_on_disk(storage: Storage, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        async with storage.on_disk(new_original_key(), tmp_path, byte_count=1):
            pass
