"""The sweep of storage: a database that is new, another or older never costs an original."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg
import pytest

from builders import png_bytes
from mammogram_viewer.adapters.database.migrate import apply_migrations
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.adapters.storage.local import LocalStorage
from mammogram_viewer.archive.removals import purge_quarantine
from mammogram_viewer.archive.verify import find_foreign_storage, find_quarantined
from mammogram_viewer.cli.verify import verify
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.jobs.control import QueueControl
from mammogram_viewer.jobs.service import QueueService
from mammogram_viewer.jobs.wakeup import WakeUp
from mammogram_viewer.worker import maintenance as maintenance_module
from mammogram_viewer.worker.maintenance import Maintenance
from mammogram_viewer.worker.reconciler import Reconciler

NewPool = Callable[[], Awaitable[tuple[str, asyncpg.Pool]]]


@dataclass
class Yard:
    """A database with one image, storage with its original, and an orphan of each kind."""

    db: asyncpg.Pool
    storage: LocalStorage
    settings: Settings
    maintenance: Maintenance
    reconciler: Reconciler

    def keys(self, prefix: str) -> list[str]:
        return sorted(self.storage.list_keys(prefix, older_than_seconds=-1))

    def put(self, key: str, body: bytes = b"x") -> None:
        path = self.storage.local_copy(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)

    async def faults(self) -> list[str]:
        found = [f.fault async for f in find_foreign_storage(self.db, self.storage)]
        return found + [f.fault async for f in find_quarantined(self.storage)]


@pytest.fixture
async def new_pool(new_database: Callable[[], Awaitable[str]]) -> AsyncIterator[NewPool]:
    """Opens pools on new, migrated databases; answers the address as well."""
    pools = []

    async def make() -> tuple[str, asyncpg.Pool]:
        url = await new_database()
        await apply_migrations(url)
        pools.append(await open_pool(url, size=2, application_name="tests"))
        return url, pools[-1]

    yield make
    for pool in pools:
        await pool.close()


@pytest.fixture
async def yard(
    new_pool: NewPool,
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Callable[..., Awaitable[Yard]]]:
    """Files of any age count as old. Asked again, it gives the same storage with another, new database."""
    monkeypatch.setattr(maintenance_module, "_ORPHAN_SECONDS", -1)
    settings = Settings(data_dir=tmp_path / "data dir", reconcile_interval_seconds=0.01)
    settings.spool_dir.mkdir(parents=True)
    wake_up = WakeUp(redis_url, settings)

    async def make(*, knows_the_original: bool) -> Yard:
        url, db = await new_pool()
        storage = LocalStorage(settings.storage_dir)
        maintenance = Maintenance(db, storage, wake_up, settings)
        queue, control = QueueService(db, wake_up, settings), QueueControl(db, wake_up)
        reconciler = Reconciler(db, storage, queue, control, maintenance, settings)
        if knows_the_original:
            await db.execute("INSERT INTO users (email) VALUES ('a@example.org')")
            await db.execute(
                """INSERT INTO images (user_id, file_type, original_name, byte_count, sha256, storage_key)
                   VALUES (1, 'png', 'a.png', 1, sha256('x'), 'originals/aa/known')"""
            )
        return Yard(db, storage, replace(settings, database_url=url), maintenance, reconciler)

    yield make
    await wake_up.close()


def add_files(yard: Yard) -> None:
    yard.put("originals/aa/known")
    yard.put("originals/bb/orphan", png_bytes(seed=1))
    yard.put("renditions/cc/orphan")


ALL = ["originals/aa/known", "originals/bb/orphan", "renditions/cc/orphan"]


async def test_an_orphan_original_goes_into_quarantine_and_an_orphan_rendition_goes(yard) -> None:
    place: Yard = await yard(knows_the_original=True)
    add_files(place)
    await place.maintenance.sweep()
    assert place.keys("originals") == ["originals/aa/known"]
    assert place.keys("renditions") == []
    kept = place.keys("quarantine")
    assert len(kept) == 1
    assert kept[0].endswith("/originals/bb/orphan")
    assert await place.storage.read(kept[0]) == png_bytes(seed=1)
    assert await place.faults() == ["quarantined"]
    # Kept for its time, and no longer.
    await place.maintenance.sweep()
    assert place.keys("quarantine") == kept
    assert await purge_quarantine(place.storage, days=-1) == 1
    assert place.keys("quarantine") == []


async def test_a_new_database_over_an_archive_touches_nothing(yard, caplog: pytest.LogCaptureFixture) -> None:
    before: Yard = await yard(knows_the_original=True)
    await before.maintenance.sweep()
    add_files(before)
    after: Yard = await yard(knows_the_original=False)
    await after.maintenance.sweep()
    assert after.keys("originals") + after.keys("renditions") == ALL
    assert after.keys("quarantine") == []
    assert await after.faults() == ["other_installation"]
    assert "storage_of_another_installation" in caplog.messages
    # The database that belongs to it still does.
    assert await before.faults() == []
    await before.maintenance.sweep()
    assert before.keys("originals") == ["originals/aa/known"]


async def test_an_archive_without_identity_is_not_swept_by_a_database_that_knows_none_of_it(yard) -> None:
    place: Yard = await yard(knows_the_original=False)
    add_files(place)
    await place.maintenance.sweep()
    assert place.keys("originals") + place.keys("renditions") == ALL
    assert place.keys("installation") == []
    assert await place.faults() == ["other_installation"]


async def test_fresh_storage_gets_the_identity_of_its_database(yard) -> None:
    place: Yard = await yard(knows_the_original=False)
    assert await place.faults() == []
    await place.maintenance.sweep()
    written = uuid.UUID((await place.storage.read("installation")).decode().strip())
    assert written == await place.db.fetchval("SELECT id FROM installation")
    assert list(place.settings.spool_dir.iterdir()) == []


async def test_a_slow_sweep_of_the_spool_does_not_delay_the_walk(yard, monkeypatch: pytest.MonkeyPatch) -> None:
    place: Yard = await yard(knows_the_original=True)
    sweeping, walked = asyncio.Event(), asyncio.Event()

    async def endless() -> None:
        sweeping.set()
        await asyncio.Event().wait()

    async def walk() -> None:
        if sweeping.is_set():
            walked.set()
        await asyncio.sleep(0)

    monkeypatch.setattr(place.reconciler, "sweep_spool", endless)
    monkeypatch.setattr(place.reconciler, "walk", walk)
    running = asyncio.create_task(place.reconciler.run_forever())
    await asyncio.wait_for(walked.wait(), 5)
    running.cancel()
    await asyncio.wait([running])


async def test_the_event_loop_goes_on_while_storage_is_walked(yard, monkeypatch: pytest.MonkeyPatch) -> None:
    place: Yard = await yard(knows_the_original=True)
    go_on = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow_disk(prefix: str, *, older_than_seconds: float):
        # Ends only once the loop has answered: a walk on the loop itself would wait in vain.
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(5)
        yield from ()

    monkeypatch.setattr(place.storage, "list_keys", slow_disk)
    sweeping = asyncio.create_task(place.maintenance.sweep())
    await asyncio.sleep(0.05)
    go_on.set()
    await asyncio.wait_for(sweeping, 5)


async def test_verify_tells_of_quarantine_and_of_foreign_storage(yard, capsys: pytest.CaptureFixture[str]) -> None:
    place: Yard = await yard(knows_the_original=False)
    place.put("quarantine/2026-01-31/originals/bb/orphan")
    assert await verify(place.settings)
    assert "quarantined: quarantine/2026-01-31/originals/bb/orphan" in capsys.readouterr().out
    place.put("originals/bb/orphan")
    assert not await verify(place.settings)
    assert "other_installation: installation" in capsys.readouterr().out
