"""Archiving, restoring and folding that are killed on the way: nothing is lost, and another run ends it."""

# ruff: noqa: F811 - fixtures are asked for by their names

from __future__ import annotations

import asyncio
import contextlib
import gzip
import multiprocessing
import os
import random
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
from mammogram_viewer.analytics.fold import fold_all
from mammogram_viewer.analytics.rebuild import rebuild
from mammogram_viewer.foundation.errors import Conflict, NotFound
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


# --- folding, killed and crowded ------------------------------------------------------------------------------------


def _fold_until_killed(url: str) -> None:
    async def run() -> None:
        db = await open_pool(url, size=1, application_name="dies")
        with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            while True:
                await db.fetchval("SELECT fold_activity(7)")
        os._exit(0)

    asyncio.run(run())


RAW = """
SELECT date_trunc('day', created_at AT TIME ZONE 'UTC')::date AS day, count(*) FILTER (WHERE activity_type = 'login'),
       count(*) FILTER (WHERE activity_type = 'view'), count(*) FILTER (WHERE activity_type = 'note'), count(*),
       count(DISTINCT user_id)
FROM user_activity GROUP BY 1 ORDER BY 1
"""
FOLDED = """
SELECT (h.bucket AT TIME ZONE 'UTC')::date AS day, sum(logins), sum(views), sum(others),
       sum(logins + uploads + views + downloads + deletes + others), coalesce(bit_count(d.users), 0)
FROM {} h LEFT JOIN analytics_day_users d ON d.bucket = day_of(h.bucket)
GROUP BY 1, d.users HAVING sum(logins + uploads + views + downloads + deletes + others) > 0 ORDER BY 1
"""


async def compare_with_raw(db: asyncpg.Pool) -> None:
    """Day by day, in SQL that knows nothing of folding."""
    assert await fold_all(db, max_runs=200)
    expected = [tuple(row) for row in await db.fetch(RAW)]
    for table in ("analytics_quarters", "analytics_hours"):
        assert [tuple(row) for row in await db.fetch(FOLDED.format(table))] == expected, table


@pytest.mark.parametrize("how", ["the process is killed", "the connection is ended"])
async def test_folders_that_are_killed_count_each_fact_once(db: asyncpg.Pool, own_settings: Settings, how: str) -> None:
    dice = random.Random(how)
    for _ in range(8):
        folders = [
            multiprocessing.get_context("fork").Process(target=_fold_until_killed, args=(own_settings.database_url,))
            for _ in range(2)
        ]
        for folder in folders:
            folder.start()
        while await db.fetchval("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dies'") < 2:
            await asyncio.sleep(0.002)
        for _ in range(dice.randint(1, 4)):
            await add(db, MARCH, count=dice.randint(1, 80))
        if how == "the connection is ended":
            await db.execute(
                """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE application_name = 'dies' AND datname = current_database()"""
            )
        for folder in folders:
            folder.kill()
            await asyncio.to_thread(folder.join, 30)
        await all_gone(db)
    assert await db.fetchval("SELECT count(*) FROM user_activity") > 200
    await compare_with_raw(db)


async def test_archiving_restoring_and_deriving_anew_beside_writers_and_folders_count_each_fact_once(
    db: asyncpg.Pool, own_settings: Settings, storage: LocalStorage
) -> None:
    archives = ActivityArchives(db, storage, own_settings)
    await add(db, MARCH)

    async def write() -> None:
        for _ in range(40):
            await add(db, MARCH, count=10)
            # A month that is not archived: whose rows are not there cannot be counted anew.
            await db.execute(
                """DELETE FROM user_activity WHERE id IN (
                       SELECT id FROM user_activity WHERE created_at >= '2025-04-01' ORDER BY id LIMIT 1)"""
            )
            await db.fetchval("SELECT fold_activity(11)")

    writers = [asyncio.create_task(write()) for _ in range(2)]
    moved = 0
    while not moved or not all(writer.done() for writer in writers):
        # Facts may come faster than they are copied; then the month stays where it is.
        with contextlib.suppress(Conflict):
            assert await archives.archive(MARCH) is not None
            moved += 1
            await rebuild(db, lambda _: None)
            await archives.restore(MARCH)
    await asyncio.gather(*writers)
    with contextlib.suppress(NotFound):  # it is back already
        await archives.restore(MARCH)
    assert moved
    await compare_with_raw(db)
    sums = await rolled(db)
    await rebuild(db, lambda _: None)
    assert await rolled(db) == sums
