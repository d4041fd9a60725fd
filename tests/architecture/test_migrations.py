"""Each migration is complete in itself, so that `psql -f` does what `migrate` does."""

from __future__ import annotations

import re

import pytest

from mammogram_viewer.adapters.database.migrate import Migration, list_migrations

MIGRATIONS = list_migrations()
each_migration = pytest.mark.parametrize("migration", MIGRATIONS, ids=lambda migration: migration.name)


def _is_one_transaction(migration: Migration) -> bool:
    return "-- no-transaction" not in migration.sql


def test_migrations_are_numbered_without_gaps():
    assert len(MIGRATIONS) >= 4
    assert [int(migration.name.split("_")[0]) for migration in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))
    assert all(re.fullmatch(r"\d{4}_[a-z0-9_]+", migration.name) for migration in MIGRATIONS)


@each_migration
def test_a_migration_ends_by_inserting_its_own_row(migration: Migration):
    statement = f"INSERT INTO schema_migrations (migration_name) VALUES ('{migration.name}');"
    end = [statement, "COMMIT;"] if _is_one_transaction(migration) else [statement]
    assert migration.sql.strip().splitlines()[-len(end) :] == end


@each_migration
def test_a_migration_waits_for_no_lock_for_ever(migration: Migration):
    wanted = r"^SET (LOCAL )?{} = '\d+m?s';$"
    for limit in ("lock_timeout", "statement_timeout"):
        assert re.search(wanted.format(limit), migration.sql, re.MULTILINE), limit


@each_migration
def test_a_migration_begins_by_saying_what_it_is_for(migration: Migration):
    assert migration.sql.startswith("-- ")
    if _is_one_transaction(migration):
        assert re.search(r"^BEGIN;$", migration.sql, re.MULTILINE)
