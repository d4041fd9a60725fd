"""Filling large tables in a minute: secondary indexes, unique constraints and foreign keys go before the rows and come
back, word for word, after them; all of it in the caller's transaction, so that a failure leaves them as they were."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import asyncpg

# Unique constraints and foreign keys in the order in which they can go; primary keys stay, others refer to them.
_CONSTRAINTS = """
SELECT c.conrelid::regclass::text AS table_name, quote_ident(c.conname) AS name, pg_get_constraintdef(c.oid) AS words
FROM pg_constraint c WHERE c.conrelid = ANY ($1::text[]::regclass[]) AND c.contype IN ('u', 'f')
ORDER BY c.contype DESC, c.conname"""
_INDEXES = """
SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS words
FROM pg_index i
WHERE i.indrelid = ANY ($1::text[]::regclass[])
  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
ORDER BY 1"""
_BUILD_MEMORY = "512MB"


@contextlib.asynccontextmanager
async def without_indexes(connection: asyncpg.Connection, tables: list[str]) -> AsyncIterator[None]:
    """Within a transaction, on a database that nobody else uses meanwhile (the tables are locked whole)."""
    indexes = await connection.fetch(_INDEXES, tables)
    constraints = await connection.fetch(_CONSTRAINTS, tables)
    for index in indexes:
        await connection.execute(f"DROP INDEX {index['name']}")
    for constraint in constraints:
        await connection.execute(f"ALTER TABLE {constraint['table_name']} DROP CONSTRAINT {constraint['name']}")
    yield
    await connection.execute(f"SET LOCAL maintenance_work_mem = '{_BUILD_MEMORY}'")
    # Unique ones first: foreign keys of other tables may lean on them.
    for constraint in sorted(constraints, key=lambda one: one["words"].startswith("FOREIGN KEY")):
        await connection.execute(
            f"ALTER TABLE {constraint['table_name']} ADD CONSTRAINT {constraint['name']} {constraint['words']}",
            timeout=300,
        )
    for index in indexes:
        await connection.execute(index["words"], timeout=300)
