"""Archiving, restoring and folding that are killed on the way: nothing is lost, and another run ends it."""

# ruff: noqa: F811 - fixtures are asked for by their names

from __future__ import annotations

import asyncio
import gzip
import multiprocessing
import os
from typing import Any

import asyncpg
import pytest

from archived_activities import (  # noqa: F401 - some are fixtures
    MARCH,
    add,
    db,
    files,
    own_settings,
    own_url,
    raw,
    rolled,
    storage,
)
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.adapters.storage.local import LocalStorage
from mammogram_viewer.analytics.archive import ActivityArchives
from mammogram_viewer.analytics.archive_check import sweep_archive_files
from mammogram_viewer.foundation.settings import Settings


def _die_at(step: int, settings: Settings, act: str) -> None:
    """In a process of its own: archive or restore, and end as by kill -9 before the given step. Steps are what is said
    to PostgreSQL and to storage."""
    done = 0

    def counted(function: Any) -> Any:
        async def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal done
            done += 1
            if done == step:
                os._exit(137)
            return await function(*args, **kwargs)

        return call

    for name in ("execute", "fetch", "fetchval", "fetchrow", "copy_from_query", "copy_to_table"):
        setattr(asyncpg.Connection, name, counted(getattr(asyncpg.Connection, name)))
    for name in ("adopt", "byte_count", "delete"):
        setattr(LocalStorage, name, counted(getattr(LocalStorage, name)))

    async def run() -> None:
        db = await open_pool(settings.database_url, size=3, application_name="dies")
        archives = ActivityArchives(db, LocalStorage(settings.storage_dir), settings)
        await (archives.archive(MARCH) if act == "archive" else archives.restore(MARCH))
        os._exit(0)

    asyncio.run(run())


async def all_gone(db: asyncpg.Pool) -> None:
    """PostgreSQL has noticed that the killed ones are gone, and given up their locks."""
    left = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'dies' AND datname = current_database()"
    while await db.fetch(left):
        await asyncio.sleep(0.002)


async def _drill(db: asyncpg.Pool, settings: Settings, storage: LocalStorage, act: str) -> None:
    archives = ActivityArchives(db, storage, settings)
    await add(db, MARCH, count=12)
    before, sums = await raw(db), await rolled(db)
    step, deaths = 0, 0
    while True:
        step += 1
        if act == "restore":
            await archives.archive(MARCH)
        process = multiprocessing.get_context("fork").Process(target=_die_at, args=(step, settings, act))
        process.start()
        await asyncio.to_thread(process.join, 30)
        await all_gone(db)
        archived = await db.fetch("SELECT storage_key FROM activity_archives WHERE restored_at IS NULL")
        here = await raw(db)
        assert (len(here), len(archived)) in ((len(before), 0), (len(before) - 12, 1)), step
        for row in archived:
            assert gzip.decompress(await storage.read(row["storage_key"])).count(b"2025-03") >= 12
        if act == "archive" and not archived:
            assert await archives.archive(MARCH) is not None
        if act == "archive" or archived:
            await archives.restore(MARCH)
        assert await raw(db) == before, step
        assert await rolled(db) == sums, step
        await sweep_archive_files(db, storage, older_than_seconds=-2)
        assert len(files(storage)) == 1
        if process.exitcode == 0:
            break
        assert process.exitcode == 137, step
        deaths += 1
    assert deaths > 8


@pytest.mark.parametrize("act", ["archive", "restore"])
async def test_killed_at_any_step_nothing_is_lost_and_another_run_ends_it(
    db: asyncpg.Pool, own_settings: Settings, storage: LocalStorage, act: str
) -> None:
    await _drill(db, own_settings, storage, act)
