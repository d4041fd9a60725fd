"""What a page costs PostgreSQL: our own code runs on a stand-in that explains each statement and then answers it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg


@dataclass(frozen=True)
class Measured:
    """One page: its statements' execution time together, what their plans are made of, and how many blocks of the
    cache they touched (the same on every machine, busy or not)."""

    milliseconds: float
    nodes: frozenset[str]
    blocks: int

    @property
    def indexes(self) -> set[str]:
        """Names of the indexes that were walked."""
        return {node.rpartition(" ")[2] for node in self.nodes if "Scan " in node}


class Explainer:
    """Stands where a service expects a pool or a connection."""

    def __init__(self, db: asyncpg.Pool | asyncpg.Connection) -> None:
        self._db = db
        self.statements: list[tuple[str, tuple[Any, ...]]] = []
        self._milliseconds = 0.0
        self._nodes: set[str] = set()
        self._blocks = 0

    @property
    def measured(self) -> Measured:
        return Measured(self._milliseconds, frozenset(self._nodes), self._blocks)

    @contextlib.asynccontextmanager
    async def acquire(self) -> AsyncIterator[Explainer]:
        yield self

    @contextlib.asynccontextmanager
    async def transaction(self, **_: Any) -> AsyncIterator[None]:
        """Of readers alone: there is nothing to hold together."""
        yield

    async def fetch(self, sql: str, *values: Any) -> Sequence[asyncpg.Record]:
        await self._explain(sql, values)
        return await self._db.fetch(sql, *values)

    async def fetchrow(self, sql: str, *values: Any) -> asyncpg.Record | None:
        await self._explain(sql, values)
        return await self._db.fetchrow(sql, *values)

    async def fetchval(self, sql: str, *values: Any) -> Any:
        await self._explain(sql, values)
        return await self._db.fetchval(sql, *values)

    async def execute(self, sql: str, *values: Any) -> str:
        """Settings of the transaction, which explain nothing."""
        return await self._db.execute(sql, *values)

    async def _explain(self, sql: str, values: Sequence[Any]) -> None:
        self.statements.append((sql, tuple(values)))
        told: Any = await self._db.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {sql}", *values)
        (explained,) = json.loads(told)
        self._milliseconds += explained["Execution Time"]
        self._blocks += explained["Plan"]["Shared Hit Blocks"] + explained["Plan"]["Shared Read Blocks"]
        _collect(explained["Plan"], self._nodes)


def _collect(plan: dict[str, Any], nodes: set[str]) -> None:
    index = plan.get("Index Name")
    nodes.add(plan["Node Type"] + (f" {index}" if index else ""))
    for inner in plan.get("Plans", []):
        _collect(inner, nodes)
