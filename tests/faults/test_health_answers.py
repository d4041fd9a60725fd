"""/health is open to all: many who ask must not make the disk work for each."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from mammogram_viewer.adapters.redis.connection import open_client
from mammogram_viewer.adapters.storage.local import LocalStorage
from mammogram_viewer.operations import health
from mammogram_viewer.operations.health import check_health


class CountingStorage(LocalStorage):
    probes = 0

    async def check_writable(self) -> None:
        self.probes += 1
        await super().check_writable()


async def test_the_answer_is_kept_for_a_moment_and_then_asked_for_anew(
    db: asyncpg.Pool, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = CountingStorage(tmp_path)
    async with open_client(redis_url) as client:
        answers = await asyncio.gather(*(check_health(db, client, storage, "1") for _ in range(50)))
        answers.append(await check_health(db, client, storage, "1"))
        assert {answer.status for answer in answers} == {"ok"}
        assert storage.probes == 1
        monkeypatch.setattr(health, "_KEEP_SECONDS", 0.0)
        assert (await check_health(db, client, storage, "1")).status == "ok"
        assert storage.probes == 2


async def test_one_who_goes_away_does_not_end_the_question_of_the_others(
    db: asyncpg.Pool, redis_url: str, tmp_path: Path
) -> None:
    storage = CountingStorage(tmp_path)
    async with open_client(redis_url) as client:
        asking = [asyncio.create_task(check_health(db, client, storage, "1")) for _ in range(2)]
        await asyncio.sleep(0)
        asking[0].cancel()
        assert (await asking[1]).status == "ok"
