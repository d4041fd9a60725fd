"""Reads that may lag come from a streaming replica: two real servers, the second one a copy of the first by
pg_basebackup, whose replay stops and goes on as a test wants."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import asyncpg
import pytest

from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.reads import ReadDatabase
from mammogram_viewer.activity.service import record_audit
from mammogram_viewer.adapters.children import stop, wait_until_ready
from mammogram_viewer.adapters.database.binaries import find_bin_dir, find_launcher
from mammogram_viewer.adapters.database.embedded import PORT, USER, EmbeddedPostgres
from mammogram_viewer.adapters.database.migrate import apply_migrations
from mammogram_viewer.adapters.database.pool import open_idle_pool, open_pool
from mammogram_viewer.adapters.database.replica import Replica
from mammogram_viewer.cli.doctor import check_replica
from mammogram_viewer.foundation.keyset import Cursor, PageRequest
from mammogram_viewer.foundation.settings import Settings
from product import Product, add_people, running

_QUICK = {"fsync": "off", "shared_buffers": "32MB"}
_COUNT = "SELECT count(*) FROM images"
_ADD_IMAGE = """
INSERT INTO images (user_id, file_type, original_name, byte_count, sha256, storage_key)
VALUES ($1, 'png', $2::text, 1, sha256(convert_to($2::text, 'UTF8')), $2::text)
"""
WHO = 1


@contextmanager
def server(postgres: EmbeddedPostgres) -> Iterator[EmbeddedPostgres]:
    postgres.prepare()
    with (postgres.data_dir / "server.log").open("wb") as output:
        process = postgres.start(output)
        try:
            wait_until_ready(postgres, process)
            yield postgres
        finally:
            # At once: a fast shutdown waits for whoever follows, paused or gone.
            stop(process, signal.SIGQUIT, grace_seconds=10)
            with suppress(OSError):
                rmtree(postgres.socket_dir)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    made = Path(mkdtemp(prefix="mammogram viewer replica "))
    yield made
    rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
async def primary(folder: Path) -> AsyncIterator[EmbeddedPostgres]:
    with server(EmbeddedPostgres(folder / "primary", options=_QUICK)) as postgres:
        await postgres.ensure_database()
        await apply_migrations(postgres.dsn)
        await add_people(postgres.dsn)
        yield postgres


def copy_of(primary: EmbeddedPostgres, data_dir: Path) -> EmbeddedPostgres:
    """A hot standby that follows the primary."""
    copied = EmbeddedPostgres(data_dir, options=_QUICK)
    data_dir.mkdir()
    bin_dir = find_bin_dir()
    launcher = find_launcher(bin_dir)
    source = ["-h", primary.socket_dir, "-p", str(PORT), "-U", USER]
    options = ["-R", "-X", "stream", "-c", "fast"]
    subprocess.run(
        [*launcher.prefix, bin_dir / "pg_basebackup", "-D", copied.cluster_dir, *options, *source],
        user=launcher.account,
        check=True,
        timeout=60,
    )
    return copied


@pytest.fixture(scope="module")
def standby(primary: EmbeddedPostgres, folder: Path) -> Iterator[EmbeddedPostgres]:
    with server(copy_of(primary, folder / "standby")) as postgres:
        yield postgres


@dataclass
class Time:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Pair:
    """Both servers, with a clock that tests move, and a look at both when a test wants one."""

    db: asyncpg.Pool
    copy: asyncpg.Pool
    replica: Replica
    reads: ReadDatabase
    clock: Time

    async def add_image(self, name: str) -> None:
        await self.db.execute(_ADD_IMAGE, WHO, name)

    async def caught_up(self) -> None:
        """Wait until the copy has replayed all that is written now."""
        position = await self.db.fetchval("SELECT pg_current_wal_lsn()::text")
        while not await self.copy.fetchval("SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn", position):
            pass

    async def in_use(self) -> None:
        """Look until the copy has caught up; a server writes a little to its log now and then."""
        while not self.replica.usable:
            await self.replica.look()

    async def counts(self) -> tuple[int, int]:
        """What a read sees, and what is true."""
        seen = await self.reads.read(WHO, lambda db: db.fetchval(_COUNT))
        return seen, await self.db.fetchval(_COUNT)


@pytest.fixture
async def pair(primary: EmbeddedPostgres, standby: EmbeddedPostgres) -> AsyncIterator[Pair]:
    db = await open_pool(primary.dsn, size=3, application_name="tests")
    copy = await open_idle_pool(standby.dsn, size=3, timeout_seconds=5, application_name="tests")
    clock = Time()
    replica = Replica(db, copy, max_lag_seconds=5, clock=clock)
    made = Pair(db, copy, replica, ReadDatabase(db, replica, max_lag_seconds=5), clock)
    # Acts of the test before are no longer recent.
    await db.execute(
        "SET session_replication_role = replica; UPDATE audit_log SET at = at - interval '1 hour'; RESET ALL"
    )
    await made.caught_up()
    yield made
    with suppress(asyncpg.ObjectNotInPrerequisiteStateError):
        await copy.execute("SELECT pg_wal_replay_resume()")
    copy.terminate()
    await db.close()


async def paused(pair: Pair) -> None:
    await pair.copy.execute("SELECT pg_wal_replay_pause()")
    while await pair.copy.fetchval("SELECT pg_get_wal_replay_pause_state()") != "paused":
        pass


async def test_a_list_comes_from_the_replica_and_may_lag(pair: Pair) -> None:
    await pair.in_use()
    await paused(pair)
    await pair.add_image("unseen")
    seen, true = await pair.counts()
    assert seen == true - 1


async def test_a_replica_further_behind_than_the_setting_is_not_asked_until_it_has_caught_up(pair: Pair) -> None:
    await pair.in_use()
    await paused(pair)
    await pair.add_image("late")
    for _ in range(7):
        pair.clock.now += 1
        await pair.replica.look()
    assert not pair.replica.usable
    seen, true = await pair.counts()
    assert seen == true
    await pair.copy.execute("SELECT pg_wal_replay_resume()")
    await pair.in_use()


async def test_an_idle_pair_stays_usable_and_one_that_nobody_looks_at_does_not(pair: Pair) -> None:
    await pair.in_use()
    for _ in range(20):
        pair.clock.now += 1
        await pair.replica.look()
        assert pair.replica.usable
    pair.clock.now += 6
    assert not pair.replica.usable


async def test_who_has_changed_something_sees_it_at_once_and_others_may_lag(pair: Pair) -> None:
    await pair.in_use()
    await paused(pair)
    async with pair.db.acquire() as connection, connection.transaction():
        await pair.add_image("own")
        await record_audit(connection, Actor(user_id=WHO), "image_uploaded", "image", 1)
    seen, true = await pair.counts()
    assert seen == true
    assert await pair.reads.read(WHO + 1, lambda db: db.fetchval(_COUNT)) == true - 1


async def test_looking_at_images_does_not_send_ones_reads_to_the_primary(pair: Pair) -> None:
    await pair.in_use()
    async with pair.db.acquire() as connection:
        await record_audit(connection, Actor(user_id=WHO), "image_viewed", "image", 1)
    await pair.caught_up()
    await paused(pair)
    await pair.add_image("unseen by a looker")
    seen, true = await pair.counts()
    assert seen == true - 1


@pytest.mark.parametrize(
    ("age_seconds", "direction", "from_replica"),
    [(3600, "next", True), (3, "next", False), (3600, "prev", False)],
)
async def test_a_page_beside_recent_rows_comes_from_the_primary(
    pair: Pair, age_seconds: int, direction: str, from_replica: bool
) -> None:
    await pair.in_use()
    await paused(pair)
    await pair.add_image(f"page {age_seconds} {direction}")
    cursor = Cursor(created_at=datetime.now(UTC) - timedelta(seconds=age_seconds), id=1)
    request = PageRequest(cursor=cursor, direction=direction)  # pyright: ignore[reportArgumentType] - one of the two
    seen = await pair.reads.read_page(WHO, request, lambda db: db.fetchval(_COUNT))
    assert (seen < await pair.db.fetchval(_COUNT)) == from_replica


async def test_a_server_that_follows_nobody_is_refused(pair: Pair) -> None:
    beside = Replica(pair.db, pair.db, max_lag_seconds=5)
    await beside.look()
    assert not beside.usable


async def test_doctor_tells_a_replica_from_a_server_that_is_none(
    primary: EmbeddedPostgres, standby: EmbeddedPostgres, database_url: str
) -> None:
    def found(replica_url: str) -> list[tuple[bool, str]]:
        chosen = Settings(database_url=primary.dsn, database_replica_url=replica_url)
        return [(finding.good, finding.text.rpartition(" at ")[2]) for finding in check_replica(chosen)]

    told = await asyncio.to_thread(found, standby.dsn)
    assert [good for good, _ in told] == [True, True]
    assert told[0][1].endswith("follows the primary")
    assert (await asyncio.to_thread(found, primary.dsn))[0][1].endswith("is no standby")
    other = (await asyncio.to_thread(found, database_url))[0]
    assert other[0] is False
    assert other[1].endswith("belongs to another installation")
    assert found("") == [(True, "none is used (DATABASE_REPLICA_URL is empty)")]


async def test_a_question_that_the_replica_cannot_answer_is_put_to_the_primary(pair: Pair) -> None:
    await pair.in_use()
    await paused(pair)
    await pair.db.execute("CREATE TABLE IF NOT EXISTS of_a_newer_version ()")
    assert await pair.reads.read(WHO, lambda db: db.fetchval("SELECT count(*) FROM of_a_newer_version")) == 0
    assert pair.replica.usable, "one question says nothing about the next"


def ids_of(product: Product, pages: list[dict[str, str]]) -> list[list[int]]:
    answers = [product.client("admin").get("/api/images", params=page) for page in pages]
    assert [answer.status_code for answer in answers] == [200] * len(pages)
    return [[image["id"] for image in answer.json()["images"]] for answer in answers]


async def pause_and_add(primary: str, standby: str) -> None:
    """A row that the standby does not show."""
    copy, db = await asyncpg.connect(standby), await asyncpg.connect(primary)
    try:
        await copy.execute("SELECT pg_wal_replay_pause()")
        while await copy.fetchval("SELECT pg_get_wal_replay_pause_state()") != "paused":
            pass
        await db.execute(_ADD_IMAGE, WHO, "not on the replica")
    finally:
        await copy.close()
        await db.close()


async def test_lists_go_on_when_the_replica_dies_and_the_log_says_so_once(
    primary: EmbeddedPostgres, folder: Path, redis_url: str
) -> None:
    data_dir = folder / "product"
    data_dir.mkdir()
    mortal = copy_of(primary, folder / "mortal")
    product = Product(
        data_dir,
        primary.dsn,
        redis_url,
        settings={"DATABASE_REPLICA_URL": mortal.dsn, "MAMMOGRAM_VIEWER_REPLICA_MAX_LAG_SECONDS": "60"},
    )
    pages = [{"useCursor": "true"}, {"page": "1"}]
    with running(product, "api"):
        with server(mortal):
            product.wait_until(lambda: "replica_in_use" in product.log("api"), "the replica is used")
            before = ids_of(product, pages)
            await pause_and_add(primary.dsn, mortal.dsn)
            assert ids_of(product, pages) == before, "both kinds of list are read from the replica"
            assert product.client("admin").get("/api/studies").status_code == 200
            assert product.client("admin").get("/api/admin/users").status_code == 200
            told = product.log("api").count("replica_not_in_use")
        for _ in range(5):
            answers = [product.client("admin").get("/api/images", params=page) for page in pages]
            assert [answer.status_code for answer in answers] == [200, 200]
        product.wait_until(lambda: product.log("api").count("replica_not_in_use") > told, "the log tells")
        with server(mortal):
            product.wait_until(lambda: product.log("api").count("replica_in_use") == 2, "it is used again")
        assert product.log("api").count("replica_not_in_use") <= told + 2, "a line each time that it goes"
