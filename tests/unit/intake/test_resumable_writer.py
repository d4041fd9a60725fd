"""What is written of a body whose writing fails or is given up half-way."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mammogram_viewer.foundation.errors import StorageFull
from mammogram_viewer.foundation.settings import MIB
from mammogram_viewer.intake.resumable_folder import Writer, run

START = 16 * MIB + 500_000  # so that the space is looked at before a whole mebibyte, and not before less
MORE_THAN_THERE_IS = 2**62


@pytest.fixture
def descriptor(tmp_path: Path) -> Iterator[int]:
    opened = os.open(tmp_path / "upload", os.O_RDWR | os.O_CREAT)
    os.ftruncate(opened, START)
    yield opened
    os.close(opened)


async def test_nothing_is_written_behind_a_gap(descriptor: int, tmp_path: Path) -> None:
    writer = Writer(descriptor, START, tmp_path, min_free_bytes=MORE_THAN_THERE_IS)
    writer.gather(b"a" * MIB)
    await writer.drain()
    writer.gather(b"b" * 100_000)
    with pytest.raises(StorageFull):
        await writer.settle()
    await writer.settle_durably()
    assert os.fstat(descriptor).st_size == START, "the bytes behind those that failed do not take their place"


async def test_who_is_cancelled_leaves_no_thread_at_work() -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait()
        ended.set()

    task = asyncio.create_task(run(work))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
