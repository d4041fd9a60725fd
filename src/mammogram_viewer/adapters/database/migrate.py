"""Applies the numbered files of `migrations/`. Each file is complete in itself (its own BEGIN and COMMIT, its
own row in schema_migrations), so that `psql -f` does the same; this runner adds order, a lock and checksums.

**Invariants:** one runner at a time, on however many machines; an applied file never changes."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path

import asyncpg

from mammogram_viewer.adapters.database.connect import connect
from mammogram_viewer.foundation.errors import Conflict, NotFound, StartupProblem, Unavailable

_LOCK = 0x6D616D6D6F  # "mammo"; an advisory lock's name is a number
_LOCK_TIMEOUT_SECONDS = 300
_NO_TRANSACTION = re.compile(r"^\s*--\s*no-transaction\s*$", re.MULTILINE)

_CREATE_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    migration_name text PRIMARY KEY,
    checksum text NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)"""


@dataclass(frozen=True)
class Migration:
    """One file: its name without `.sql`, and its text."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


@dataclass(frozen=True)
class MigrationState:
    """One line of `migrate --status`: pending, applied, changed (edited afterwards) or unknown (of a newer
    version)."""

    name: str
    state: str
    applied_at: datetime | None = None


def list_migrations(folder: Path | None = None) -> list[Migration]:
    """The files in their order; by default those of this package."""
    root = folder or resources.files("mammogram_viewer").joinpath("migrations")
    files = sorted((entry for entry in root.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)
    return [Migration(entry.name.removesuffix(".sql"), entry.read_text(encoding="utf-8")) for entry in files]


async def apply_migrations(dsn: str, *, folder: Path | None = None) -> list[str]:
    """Apply what is pending and return its names. Safe to run twice and from two machines at once."""
    connection = await connect(dsn)
    try:
        async with _only_runner(connection):
            applied = await _applied(connection)
            migrations = list_migrations(folder)
            _refuse_changed(migrations, applied)
            pending = [migration for migration in migrations if migration.name not in applied]
            for migration in pending:
                await _apply(connection, migration)
            await _fill_checksums(connection, migrations)
            return [migration.name for migration in pending]
    finally:
        await connection.close(timeout=5)


async def status(dsn: str, *, folder: Path | None = None) -> list[MigrationState]:
    """Every migration that this version or the database knows, in order. Changes nothing."""
    connection = await connect(dsn)
    try:
        applied = await _applied(connection)
    finally:
        await connection.close(timeout=5)
    known = {migration.name: migration for migration in list_migrations(folder)}
    states = []
    for name in sorted(known.keys() | applied.keys()):
        row = applied.get(name)
        if row is None:
            states.append(MigrationState(name, "pending"))
        elif name not in known:
            states.append(MigrationState(name, "unknown", row["applied_at"]))
        else:
            changed = row["checksum"] is not None and row["checksum"] != known[name].checksum
            states.append(MigrationState(name, "changed" if changed else "applied", row["applied_at"]))
    return states


async def mark(dsn: str, name: str, *, folder: Path | None = None) -> None:
    """Record a migration that somebody applied by hand; its present text counts as the applied one."""
    name = name.removesuffix(".sql")
    found = next((migration for migration in list_migrations(folder) if migration.name == name), None)
    if found is None:
        raise NotFound(f"There is no migration {name!r}. `mammogram-viewer migrate --status` lists them.")
    connection = await connect(dsn)
    try:
        async with _only_runner(connection):
            await connection.execute(_CREATE_TABLE)
            await connection.execute(
                "INSERT INTO schema_migrations (migration_name, checksum) VALUES ($1, $2) "
                "ON CONFLICT (migration_name) DO UPDATE SET checksum = EXCLUDED.checksum",
                found.name,
                found.checksum,
            )
    finally:
        await connection.close(timeout=5)


@asynccontextmanager
async def _only_runner(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """Hold the session lock. It is polled: a *waiting* pg_advisory_lock keeps a snapshot open, and a CREATE
    INDEX CONCURRENTLY of the other runner would wait for that snapshot: a deadlock."""
    deadline = time.monotonic() + _LOCK_TIMEOUT_SECONDS
    while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
        if time.monotonic() > deadline:
            raise Unavailable("Another `migrate` has been running for five minutes. Let it end, then run this again.")
        await asyncio.sleep(0.1)
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.fetchval("SELECT pg_advisory_unlock($1)", _LOCK)


async def _applied(connection: asyncpg.Connection) -> dict[str, asyncpg.Record]:
    if await connection.fetchval("SELECT to_regclass('schema_migrations')") is None:
        return {}
    rows = await connection.fetch("SELECT migration_name, checksum, applied_at FROM schema_migrations")
    return {row["migration_name"]: row for row in rows}


def _refuse_changed(migrations: list[Migration], applied: dict[str, asyncpg.Record]) -> None:
    for migration in migrations:
        row = applied.get(migration.name)
        if row is not None and row["checksum"] is not None and row["checksum"] != migration.checksum:
            raise Conflict(
                f"Migration {migration.name} was edited after it had been applied; nothing was changed. "
                "Restore the file and "
                "put the change into a new migration, or accept it with `mammogram-viewer migrate --mark "
                f"{migration.name}`.",
                code="migration_changed",
            )


async def _apply(connection: asyncpg.Connection, migration: Migration) -> None:
    """Run one file. A failing one is rolled back as a whole, unless it is marked `-- no-transaction`."""
    try:
        if _NO_TRANSACTION.search(migration.sql):
            for statement in split_statements(migration.sql):
                await connection.execute(statement)
        else:
            await connection.execute(migration.sql)
    except asyncpg.PostgresError as trouble:
        if not connection.is_closed():
            await connection.execute("ROLLBACK")
        raise StartupProblem(
            f"Migration {migration.name} failed: {trouble}. It can be run again once that is mended."
        ) from trouble
    finished = await connection.fetchval(
        "UPDATE schema_migrations SET checksum = $2 WHERE migration_name = $1 RETURNING true",
        migration.name,
        migration.checksum,
    )
    if not finished:
        raise StartupProblem(
            f"Migration {migration.name} does not end by inserting its own row into schema_migrations."
        )


async def _fill_checksums(connection: asyncpg.Connection, migrations: list[Migration]) -> None:
    """Give rows that `psql -f` wrote their checksum, so that later edits of those files are noticed too."""
    await connection.executemany(
        "UPDATE schema_migrations SET checksum = $2 WHERE migration_name = $1 AND checksum IS NULL",
        [(migration.name, migration.checksum) for migration in migrations],
    )


# One piece of SQL that may hold a semicolon without ending the statement, or one other character.
_TOKEN = re.compile(
    r"""--[^\n]* | /\*.*?\*/ | '(?:[^']|'')*' | "(?:[^"]|"")*" | (\$\w*\$).*?\1 | .""", re.VERBOSE | re.DOTALL
)


def split_statements(sql: str) -> Iterator[str]:
    """The statements of a file, one by one: PostgreSQL puts several sent together into one transaction."""
    statement = ""
    for token in _TOKEN.finditer(sql):
        if token[0] == ";":
            if statement.strip():
                yield statement.strip()
            statement = ""
        elif not token[0].startswith(("--", "/*")):
            statement += token[0]
    if statement.strip():
        yield statement.strip()
