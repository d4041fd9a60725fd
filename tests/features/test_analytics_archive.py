"""Months of raw activities into files of storage and back: nothing is lost, counted twice or shown as 0, whatever is
killed on the way."""

# ruff: noqa: F811 - fixtures are asked for by their names

from __future__ import annotations

import csv
import gzip
import io
import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from archived_activities import (  # noqa: F401 - some are fixtures
    MARCH,
    add,
    archives,
    db,
    files,
    own_settings,
    own_url,
    raw,
    rolled,
    states,
    storage,
)
from mammogram_viewer.activity.models import SYSTEM
from mammogram_viewer.adapters.storage.local import LocalStorage
from mammogram_viewer.analytics import archive_queries
from mammogram_viewer.analytics.archive import PREFIX, ActivityArchives, parse_month
from mammogram_viewer.analytics.archive_check import find_archive_faults, sweep_archive_files
from mammogram_viewer.analytics.rebuild import rebuild
from mammogram_viewer.analytics.schedule import AnalyticsUpkeep
from mammogram_viewer.analytics.system_stats import update_system_stats
from mammogram_viewer.archive.removals import QUARANTINE
from mammogram_viewer.foundation.errors import Conflict, Invalid, Locked, NotFound, Unavailable
from mammogram_viewer.foundation.settings import Settings
from s3_server import Bucket, s3_server  # noqa: F401 - the latter is a fixture

APRIL = date(2025, 4, 1)


async def test_a_month_goes_and_comes_back_row_by_row_and_no_sum_moves(
    db: asyncpg.Pool, archives: ActivityArchives, storage: LocalStorage
) -> None:
    await add(db, MARCH)
    before, sums = await raw(db), await rolled(db)
    moved = await archives.archive(MARCH)
    assert moved is not None
    assert (moved.rows, await states(archives)) == (60, {"2025-02": "live", "2025-03": "archived", "2025-04": "live"})
    assert len(await raw(db)) == len(before) - 60
    assert await rolled(db) == sums
    assert await db.fetchval("SELECT to_regclass('user_activity_2025_03')") is None
    (key,) = files(storage)
    row = await db.fetchrow("SELECT * FROM activity_archives")
    assert row is not None
    assert (row["storage_key"], row["row_count"], row["byte_count"]) == (key, 60, await storage.byte_count(key))
    told = list(csv.DictReader(io.StringIO(gzip.decompress(await storage.read(key)).decode())))
    assert len(told) == 60
    assert {one["created_at"][:7] for one in told} == {"2025-03"}
    assert (await archives.restore(MARCH)).rows == 60
    assert await raw(db) == before
    assert await rolled(db) == sums
    assert (await states(archives))["2025-03"] == "restored"
    assert await db.fetchval("SELECT count(*) FROM user_activity_2025_03") == 60
    acts = await db.fetch("SELECT act, detail FROM audit_log ORDER BY id")
    assert [(one["act"], one["detail"]["month"], one["detail"]["rows"]) for one in acts] == [
        ("activity_archived", "2025-03", 60),
        ("activity_restored", "2025-03", 60),
    ]


async def test_an_archived_day_is_refused_and_its_statistics_stay(db: asyncpg.Pool, archives: ActivityArchives) -> None:
    await add(db, MARCH)
    await archives.archive(MARCH)
    day = await db.fetchrow("SELECT * FROM system_stats WHERE stat_date = '2025-03-10'")
    assert day is not None, "computed before its rows went"
    assert day["logins"] + day["uploads"] + day["views"] + day["downloads"] + day["deletes"] + day["others"] == 2
    with pytest.raises(Conflict) as refused:
        await update_system_stats(db, "2025-03-10", SYSTEM)
    assert refused.value.code == "day_archived"
    assert await db.fetchrow("SELECT * FROM system_stats WHERE stat_date = '2025-03-10'") == day
    assert await db.fetch("SELECT 1 FROM audit_log WHERE act = 'system_stats_updated'") == []
    await archives.restore(MARCH)
    again = await update_system_stats(db, "2025-03-10", SYSTEM)
    assert (again.logins, again.views, again.users_active) == (day["logins"], day["views"], day["users_active"])


async def test_facts_that_come_for_an_archived_month_are_counted_on_top_and_kept(
    db: asyncpg.Pool, archives: ActivityArchives, storage: LocalStorage
) -> None:
    await add(db, MARCH)
    await archives.archive(MARCH)
    sums = (await rolled(db))[0]
    late = "INSERT INTO user_activity (user_id, activity_type, created_at) VALUES (77, 'login', '2025-03-15 12:01Z')"
    await db.execute(late)
    everything = await raw(db)
    assert _logins(await rolled(db)) == _logins([sums]) + 1
    await rebuild(db, lambda _: None)
    assert _logins(await rolled(db)) == _logins([sums]) + 1, "an archived month is not counted anew"
    await archives.archive(MARCH)
    assert [row["row_count"] for row in await db.fetch("SELECT row_count FROM activity_archives ORDER BY id")] == [
        60,
        1,
    ]
    assert len(await raw(db)) == len(everything) - 1
    await db.execute(late)
    assert (await archives.restore(MARCH)).rows == 61
    assert len(files(storage)) == 2
    assert await db.fetchval("SELECT count(*) FROM user_activity_2025_03") == 62
    after = await rolled(db)
    assert _logins(after) == _logins([sums]) + 2
    await rebuild(db, lambda _: None)
    assert await rolled(db) == after, "what was added up is what a count of all rows tells"


def _logins(told: list[list[Any]]) -> int:
    return sum(row[1] for row in told[0])


async def test_facts_that_come_while_a_month_is_copied_are_not_lost(
    db: asyncpg.Pool, archives: ActivityArchives, storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(db, MARCH)
    adopt, came = LocalStorage.adopt, 0

    async def slow(self: LocalStorage, moved: list[tuple[Path, str]]) -> None:
        nonlocal came
        await adopt(self, moved)
        if moved[0][1].startswith(PREFIX) and came < 2:
            came += 1
            act = "INSERT INTO user_activity (activity_type, created_at) VALUES ('login', '2025-03-02Z')"
            change = """UPDATE user_activity SET user_id = 9
                        WHERE created_at = (SELECT min(created_at) FROM user_activity_2025_03)"""
            await db.execute(act if came == 1 else change)

    monkeypatch.setattr(LocalStorage, "adopt", slow)
    moved = await archives.archive(MARCH)
    assert moved is not None
    assert (moved.rows, came) == (61, 2)
    assert len(files(storage)) == 1, "the copies that were overtaken are gone"
    sums = await rolled(db)
    await archives.restore(MARCH)
    await rebuild(db, lambda _: None)
    assert await rolled(db) == sums


async def test_what_makes_no_sense_is_refused_and_changes_nothing(db: asyncpg.Pool, archives: ActivityArchives) -> None:
    await add(db, MARCH)
    before = await raw(db)
    for text in ("2025-13", "2025-3", "", "march", "2025-03-01", "２０２５-03"):
        with pytest.raises(Invalid) as refused:
            parse_month(text)
        assert refused.value.code == "invalid_month"
    with pytest.raises(NotFound) as missing:
        await archives.restore(MARCH)
    assert missing.value.code == "month_not_archived"
    with pytest.raises(Invalid) as early:
        await archives.months_before(date(2999, 1, 1))
    assert early.value.code == "month_not_over"
    assert await archives.archive(date(2024, 1, 1)) is None
    assert await archives.months_before(APRIL) == [date(2025, 2, 1), MARCH]
    async with db.acquire() as other, other.transaction():
        assert await archive_queries.lock_archives(other)
        with pytest.raises(Locked) as locked:
            await archives.archive(MARCH)
    assert locked.value.code == "archive_under_way"
    assert await raw(db) == before
    assert await db.fetchval("SELECT count(*) FROM activity_archives") == 0


async def test_a_reader_that_does_not_end_makes_archiving_give_up(
    db: asyncpg.Pool, archives: ActivityArchives, storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mammogram_viewer.analytics.archive._LOCK_ATTEMPTS", 1)
    await add(db, MARCH)
    await archive_queries.ensure_partition(db, MARCH)
    before = await raw(db)
    async with db.acquire() as reader, reader.transaction():
        await reader.fetch("SELECT 1 FROM user_activity LIMIT 1")
        with pytest.raises(Conflict) as busy:
            await archives.archive(MARCH)
    assert busy.value.code == "activity_busy"
    assert await raw(db) == before
    assert files(storage) == []


@pytest.mark.parametrize("harm", ["changed", "cut", "gone"])
async def test_a_damaged_archive_is_found_and_never_restored_in_part(
    db: asyncpg.Pool, archives: ActivityArchives, storage: LocalStorage, harm: str
) -> None:
    await add(db, MARCH)
    await archives.archive(MARCH)
    left = await raw(db)
    (key,) = files(storage)
    path = storage.local_copy(key)
    body = path.read_bytes()
    assert [f async for f in find_archive_faults(db, storage, orphans_older_than_seconds=-2)] == []
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(body[:-9] if harm == "cut" else body[:-40] + bytes([body[-40] ^ 1]) + body[-39:])
    found = [f async for f in find_archive_faults(db, storage, orphans_older_than_seconds=-2)]
    assert [(f.fault, f.storage_key) for f in found] == [
        ("missing_activities" if harm == "gone" else "changed_activities", key)
    ]
    with pytest.raises((Unavailable, NotFound)) as refused:
        await archives.restore(MARCH)
    assert refused.value.code == ("file_missing" if harm == "gone" else "file_changed")
    assert await raw(db) == left
    path.write_bytes(body)
    assert (await archives.restore(MARCH)).rows == 60


async def test_the_sweep_takes_files_that_no_row_speaks_of_and_only_those(
    db: asyncpg.Pool, archives: ActivityArchives, storage: LocalStorage
) -> None:
    await add(db, MARCH)
    await archives.archive(MARCH)
    (known,) = files(storage)
    orphan = storage.local_copy(f"{PREFIX}/2025-03/orphan.csv.gz")
    orphan.write_bytes(b"x")
    assert [f.fault async for f in find_archive_faults(db, storage, orphans_older_than_seconds=-2)] == ["orphan"]
    assert await sweep_archive_files(db, storage, older_than_seconds=3600) == 0
    assert await sweep_archive_files(db, storage, older_than_seconds=-2) == 1
    (aside,) = storage.list_keys(QUARANTINE, older_than_seconds=-2)
    assert aside.endswith("2025-03/orphan.csv.gz")
    await archives.restore(MARCH)
    assert await sweep_archive_files(db, storage, older_than_seconds=-2) == 0, "kept until there is another"
    await archives.archive(MARCH)
    assert await sweep_archive_files(db, storage, older_than_seconds=-2) == 1
    assert files(storage) != [known]
    assert (await archives.restore(MARCH)).rows == 60


async def test_the_job_heals_days_and_archives_months_that_are_old_enough(
    db: asyncpg.Pool, storage: LocalStorage, own_settings: Settings
) -> None:
    today = datetime.now(UTC).date()
    old = (today.replace(day=1) - timedelta(days=95)).replace(day=1)
    old_end = archive_queries.month_span(old)[1].date()
    await db.executemany(
        "INSERT INTO user_activity (user_id, activity_type, created_at) VALUES (1, 'login', $1)",
        [(datetime(d.year, d.month, d.day, 23, 59, 59, tzinfo=UTC),) for d in (old, today - timedelta(days=1))],
    )
    never = AnalyticsUpkeep(db, storage, replace(own_settings, activity_archive_days=0))
    days = (today - old).days
    assert await never.run() == {"partitions": 0, "days": days, "archived": []}
    assert await never.run() == {"partitions": 0, "days": 0, "archived": []}
    yesterday = await db.fetchrow("SELECT * FROM system_stats WHERE stat_date = $1", today - timedelta(days=1))
    assert yesterday is not None
    assert (yesterday["logins"], yesterday["users_active"]) == (1, 1)
    # A missed day, one that was computed too early, and one for which a fact came late.
    await db.execute("DELETE FROM system_stats WHERE stat_date = $1", today - timedelta(days=5))
    await db.execute("UPDATE system_stats SET computed_at = stat_date WHERE stat_date = $1", today - timedelta(days=6))
    await db.execute(
        "INSERT INTO user_activity (activity_type, created_at) VALUES ('view', $1)",
        datetime.now(UTC) - timedelta(days=7),
    )
    assert (await never.run())["days"] == 3
    due = AnalyticsUpkeep(db, storage, replace(own_settings, activity_archive_days=(today - old_end).days))
    assert (await AnalyticsUpkeep(db, storage, replace(own_settings, activity_archive_days=(today - old).days)).run())[
        "archived"
    ] == []
    assert (await due.run())["archived"] == [f"{old:%Y-%m}"]
    assert (await due.run()) == {"partitions": 0, "days": 0, "archived": []}
    await ActivityArchives(db, storage, own_settings).restore(old)
    assert (await due.run())["archived"] == [], "what somebody has brought back stays for a while"


async def test_a_foreign_storage_gets_no_archive(
    db: asyncpg.Pool, archives: ActivityArchives, storage: LocalStorage
) -> None:
    await add(db, MARCH)
    storage.root.joinpath("installation").write_text(str(uuid.uuid4()))
    with pytest.raises(Conflict) as refused:
        await archives.archive(MARCH)
    assert refused.value.code == "other_installation"
    assert await db.fetchval("SELECT count(*) FROM user_activity") == 66


async def test_a_bucket_holds_an_archive_as_well(
    db: asyncpg.Pool, own_settings: Settings, s3_server: str
) -> None:  # fmt: skip
    name = f"mammograms-{uuid.uuid4().hex[:12]}"
    assert httpx.put(f"{s3_server}/{name}", timeout=30).status_code == 200
    bucket = Bucket(s3_server, name)
    archives = ActivityArchives(db, bucket.storage(), own_settings)
    await add(db, MARCH)
    before, sums = await raw(db), await rolled(db)
    assert await archives.archive(MARCH) is not None
    (key,) = bucket.objects(PREFIX)
    assert key == await db.fetchval("SELECT storage_key FROM activity_archives")
    assert list(own_settings.spool_dir.glob(f"{PREFIX}*")) == []
    assert (await archives.restore(MARCH)).rows == 60
    assert (await raw(db), await rolled(db)) == (before, sums)
