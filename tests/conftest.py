"""Real servers for every test: the embedded ones in a folder with a space in its name, or, when
MAMMOGRAM_VIEWER_TEST_DATABASE_URL and MAMMOGRAM_VIEWER_TEST_REDIS_URL are set, those (`make test-external`).

The database is migrated once a session and emptied before each test that asks for it; Redis is flushed."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
import redis

from mammogram_viewer.adapters.children import Server, stop, wait_until_ready
from mammogram_viewer.adapters.database.embedded import EmbeddedPostgres
from mammogram_viewer.adapters.database.migrate import apply_migrations
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.adapters.redis.embedded import EmbeddedRedis
from mammogram_viewer.foundation.settings import Settings

EXTERNAL_DATABASE = os.environ.get("MAMMOGRAM_VIEWER_TEST_DATABASE_URL", "")
EXTERNAL_REDIS = os.environ.get("MAMMOGRAM_VIEWER_TEST_REDIS_URL", "")

# Nothing of the developer's own environment may lead a test to real data.
for _name in (
    "DATABASE_URL",
    "REDIS_URL",
    "REDIS_HOST",
    "REDIS_PORT",
    "STORAGE_URL",
    "DATA_DIR",
    "HOST",
    "PORT",
    *(name for name in os.environ if name.startswith("AWS_")),
):
    os.environ.pop(_name, None)


@dataclass(frozen=True)
class Servers:
    """Where the session's PostgreSQL and Redis are. `database_url` names one that only serves to connect."""

    database_url: str
    redis_url: str


def database_named(url: str, name: str) -> str:
    """The same server, another database."""
    parts = urlsplit(url)
    # urlunsplit drops the empty authority of "postgresql:///…"; a user name keeps it.
    return urlunsplit(parts._replace(path=f"/{name}"))


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """PostgreSQL and Valkey for the whole session. fsync is off: a test run that loses power loses nothing."""
    if EXTERNAL_DATABASE and EXTERNAL_REDIS:
        yield Servers(EXTERNAL_DATABASE, EXTERNAL_REDIS)
        return
    folder = Path(tempfile.mkdtemp(prefix="mammogram viewer tests "))
    postgres = EmbeddedPostgres(folder, options={"fsync": "off", "shared_buffers": "64MB"})
    valkey = EmbeddedRedis(folder)
    processes: list[tuple[Server, subprocess.Popen[bytes]]] = []
    with (folder / "servers.log").open("wb") as output:
        try:
            for server in (postgres, valkey):
                server.prepare()
                processes.append((server, server.start(output)))
            for server, process in processes:
                wait_until_ready(server, process)
            maintenance = database_named(postgres.dsn, "postgres")
            yield Servers(EXTERNAL_DATABASE or maintenance, EXTERNAL_REDIS or valkey.url)
        finally:
            for server, process in processes:
                stop(process, server.stop_signal, grace_seconds=10)
            with suppress(OSError):
                shutil.rmtree(postgres.socket_dir)
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
async def new_database(servers: Servers) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """Makes databases of a test's own, empty and unmigrated; all are dropped at the end of the session."""
    made: list[str] = []

    async def run(sql: str) -> None:
        connection = await asyncpg.connect(servers.database_url)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    async def make() -> str:
        name = f"mammogram_viewer_test_{uuid.uuid4().hex[:12]}"
        await run(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
        made.append(name)
        return database_named(servers.database_url, name)

    yield make
    for name in made:
        await run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
async def migrated_database(new_database: Callable[[], Awaitable[str]]) -> str:
    """The session's one migrated database. Tests ask for `database_url`, which empties it first."""
    url = await new_database()
    await apply_migrations(url)
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_REMEMBER_SEEDS)
    finally:
        await connection.close()
    return url


# Rows that migrations themselves insert come back after every emptying.
_REMEMBER_SEEDS = """
CREATE SCHEMA seeds;
DO $$
DECLARE t text; found boolean;
BEGIN
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', t) INTO found;
        IF found THEN EXECUTE format('CREATE TABLE seeds.%I AS TABLE public.%I', t, t); END IF;
    END LOOP;
END $$;
"""

# DELETE of a few rows is far cheaper than TRUNCATE of every table; the replica role leaves out foreign keys
# and the trigger that keeps audit_log append-only. Numbers start at 1 again, so that tests may name ids.
_EMPTY = """
SET session_replication_role = replica;
DO $$
DECLARE t text; s text; found boolean;
BEGIN
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', t) INTO found;
        IF found THEN EXECUTE format('DELETE FROM public.%I', t); END IF;
    END LOOP;
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'seeds' LOOP
        EXECUTE format('INSERT INTO public.%I OVERRIDING SYSTEM VALUE SELECT * FROM seeds.%I', t, t);
    END LOOP;
    FOR s IN SELECT quote_ident(schemaname) || '.' || quote_ident(sequencename) FROM pg_sequences
             WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
        EXECUTE format('ALTER SEQUENCE %s RESTART', s);
    END LOOP;
END $$;
"""

_END_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


async def empty_database(url: str) -> None:
    """Bring the database back to just after its migrations; connections left by the test before are ended."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_END_OTHERS)
        await connection.execute(_EMPTY)
    finally:
        await connection.close()


@pytest.fixture
async def database_url(migrated_database: str) -> str:
    """A migrated, emptied database."""
    await empty_database(migrated_database)
    return migrated_database


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """A pool, as the program opens it, on an emptied database."""
    pool = await open_pool(database_url, size=10, application_name="tests")
    yield pool
    try:
        await asyncio.wait_for(pool.close(), 5)
    except TimeoutError:
        pool.terminate()


@pytest.fixture
def redis_url(servers: Servers) -> str:
    """A flushed Redis."""
    client = redis.Redis.from_url(servers.redis_url)
    client.flushall()
    client.close()
    return servers.redis_url


@pytest.fixture
def settings(tmp_path: Path, database_url: str, redis_url: str) -> Settings:
    """Settings with a DATA_DIR of the test's own and the session's servers, emptied."""
    data_dir = tmp_path / "data dir"
    data_dir.mkdir()
    return Settings(data_dir=data_dir, database_url=database_url, redis_url=redis_url)
