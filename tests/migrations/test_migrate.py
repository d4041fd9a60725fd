"""The migration runner on a real database."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path

import asyncpg
import pytest

from mammogram_viewer.adapters.database.binaries import find_bin_dir
from mammogram_viewer.adapters.database.migrate import (
    apply_migrations,
    list_migrations,
    mark,
    split_statements,
    status,
)
from mammogram_viewer.foundation.errors import Conflict, NotFound, StartupProblem, Unavailable

PACKAGED = Path(__file__).parents[2] / "src/mammogram_viewer/migrations"
NAMES = [migration.name for migration in list_migrations()]


@pytest.fixture
def folder(tmp_path):
    """A copy of the migrations that a test may edit."""
    return Path(shutil.copytree(PACKAGED, tmp_path / "migrations"))


def add(folder: Path, name: str, sql: str) -> None:
    (folder / f"{name}.sql").write_text(sql, encoding="utf-8")


async def fetch(url: str, sql: str):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(sql)
    finally:
        await connection.close()


async def test_pending_migrations_are_applied_once(new_database):
    url = await new_database()
    assert await apply_migrations(url) == NAMES
    assert await apply_migrations(url) == []
    assert {state.state for state in await status(url)} == {"applied"}


async def test_every_applied_migration_has_its_checksum_and_time(new_database):
    url = await new_database()
    await apply_migrations(url)
    rows = await fetch(url, "SELECT migration_name, checksum, applied_at FROM schema_migrations ORDER BY 1")
    assert [(row["migration_name"], row["checksum"]) for row in rows] == [
        (migration.name, migration.checksum) for migration in list_migrations()
    ]
    assert all(row["applied_at"] for row in rows)


async def test_runners_that_start_together_apply_everything_once(new_database):
    url = await new_database()
    answers = await asyncio.gather(*(apply_migrations(url) for _ in range(5)))
    assert sorted(answers, key=len) == [[], [], [], [], NAMES]


async def test_an_edited_migration_is_refused_and_nothing_is_applied(new_database, folder):
    url = await new_database()
    await apply_migrations(url, folder=folder)
    edited = folder / f"{NAMES[1]}.sql"
    edited.write_text(edited.read_text() + "-- one more thought\n", encoding="utf-8")
    add(
        folder,
        "9001_later",
        "BEGIN; CREATE TABLE later (); INSERT INTO schema_migrations VALUES ('9001_later'); COMMIT;",
    )
    with pytest.raises(Conflict, match=f"{NAMES[1]} was edited"):
        await apply_migrations(url, folder=folder)
    assert {state.name: state.state for state in await status(url, folder=folder)}[NAMES[1]] == "changed"
    assert (await fetch(url, "SELECT to_regclass('later') AS found"))[0]["found"] is None


async def test_a_marked_migration_counts_as_applied_with_its_present_text(new_database, folder):
    url = await new_database()
    await apply_migrations(url, folder=folder)
    edited = folder / f"{NAMES[0]}.sql"
    edited.write_text(edited.read_text() + "-- harmless\n", encoding="utf-8")
    await mark(url, NAMES[0], folder=folder)
    assert await apply_migrations(url, folder=folder) == []
    with pytest.raises(NotFound):
        await mark(url, "0000_nobody", folder=folder)


async def test_files_applied_by_hand_with_psql_are_skipped_and_get_their_checksum(new_database):
    psql = shutil.which("psql") or find_bin_dir() / "psql"
    url = await new_database()
    for path in sorted(PACKAGED.glob("*.sql"))[:2]:
        command = [psql, "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-q", "-d", url, "-f", path]
        subprocess.run(command, check=True, timeout=60, capture_output=True)
    assert await apply_migrations(url) == NAMES[2:]
    assert await fetch(url, "SELECT 1 FROM schema_migrations WHERE checksum IS NULL") == []


async def test_a_failing_migration_is_rolled_back_and_can_be_run_again(new_database, folder):
    url = await new_database()
    good = "CREATE TABLE half (id bigint); "
    end = "INSERT INTO schema_migrations VALUES ('9001_half'); COMMIT;"
    add(folder, "9001_half", f"BEGIN; {good} SELECT 1/0; {end}")
    with pytest.raises(StartupProblem, match="9001_half failed"):
        await apply_migrations(url, folder=folder)
    assert (await fetch(url, "SELECT to_regclass('half') AS found"))[0]["found"] is None
    add(folder, "9001_half", f"BEGIN; {good} {end}")
    assert await apply_migrations(url, folder=folder) == ["9001_half"]


async def test_a_migration_that_does_not_record_itself_is_refused(new_database, folder):
    url = await new_database()
    add(folder, "9001_silent", "SELECT 1;")
    with pytest.raises(StartupProblem, match="own row"):
        await apply_migrations(url, folder=folder)


async def test_two_runners_can_build_an_index_concurrently(new_database, folder):
    """A waiting runner that held a snapshot would stop CREATE INDEX CONCURRENTLY for ever."""
    url = await new_database()
    add(
        folder,
        "9001_index",
        "-- no-transaction\n"
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS users_name_idx ON users (name);\n"
        "-- a comment; with a semicolon\n"
        "INSERT INTO schema_migrations (migration_name) VALUES ('9001_index');\n",
    )
    async with asyncio.timeout(30):
        answers = await asyncio.gather(*(apply_migrations(url, folder=folder) for _ in range(3)))
    assert sorted(answers, key=len) == [[], [], [*NAMES, "9001_index"]]


async def test_a_migration_of_a_newer_version_is_shown_and_left_alone(new_database, folder):
    url = await new_database()
    await apply_migrations(url)
    await fetch(url, "INSERT INTO schema_migrations VALUES ('9999_future')")
    assert {state.name: state.state for state in await status(url)}["9999_future"] == "unknown"
    assert await apply_migrations(url) == []


async def test_a_missing_database_is_named_with_the_command_that_makes_it(servers):
    url = servers.database_url.replace("/postgres?", "/absent?").replace("@", ":canary-secret@", 1)
    with pytest.raises(StartupProblem, match="createdb absent") as caught:
        await apply_migrations(url)
    assert "canary-secret" not in caught.value.detail


async def test_an_unreachable_server_is_named_without_its_password():
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1/absent") as caught:
        await apply_migrations("postgresql://someone:canary-secret@127.0.0.1:1/absent")
    assert "canary-secret" not in caught.value.detail


def test_statements_are_split_only_where_they_end():
    sql = """
    -- first; not a statement
    CREATE TABLE a (b text DEFAULT 'x;''y'); /* c; */
    CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $body$ BEGIN PERFORM ';'; END; $body$;
    SELECT "odd;name" FROM a
    """
    assert [statement.split()[0:2] for statement in split_statements(sql)] == [
        ["CREATE", "TABLE"],
        ["CREATE", "FUNCTION"],
        ["SELECT", '"odd;name"'],
    ]
