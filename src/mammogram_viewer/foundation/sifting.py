"""Keyset pages for combinations of filters that no index was built for, and for text: rare or frequent, near or far.

PostgreSQL would guess how many rows match and then either walk from the cursor until the page is full, past a million
rows when it guessed wrong, or collect all that match, half of the table when it guessed wrong the other way. Here
neither is left to a guess:

1. **near**: the nearest SIFT_ROWS rows of one index (`Walk`) are looked at. What is frequent fills its page there.
2. **gathered**: only when that was not enough, all matches are found through the search index (GIN, an intersection of
   short lists), and the nearest of them are sorted out. What is frequent seldom comes here: it would have to be missing
   among the nearest SIFT_ROWS rows.

So the cost is bounded by SIFT_ROWS rows, or by the number of matches. The second step runs on one snapshot with what
the first found missing, so that nothing falls between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from mammogram_viewer.foundation.keyset import (
    EVERYTHING,
    Condition,
    Page,
    PageRequest,
    Query,
    Walk,
    at_full_precision,
    ends,
    numbered,
    order_of,
    page_from,
    page_query,
    read_page,
    where,
)

SIFT_ROWS = 2_000

# For this transaction: the values decide, not what they are on average, and the search index is used whatever the
# planner expects of values that exclude each other.
_PLAN_FOR_THESE_VALUES = "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL enable_seqscan = off"


class Sieve(msgspec.Struct, frozen=True, kw_only=True):
    """A list and what is wanted of it, in the words of `keyset.page_query`; `base` answers every column that
    `conditions` name, and has one FROM. `conditions` are those that `walk` does not hold."""

    base: str
    conditions: Sequence[Condition]
    created_at: str = "created_at"
    id_column: str = "id"
    around: str = ""
    walk: Walk = EVERYTHING

    @property
    def _alias(self) -> str:
        return self.created_at.partition(".")[0] if "." in self.created_at else "sifted"

    @property
    def _from(self) -> str:
        return self.base[self.base.index(" FROM ") :]

    def near(self, request: PageRequest, rows: int, *, backwards: bool = False) -> Query:
        """Up to `rows` matches among the nearest SIFT_ROWS."""
        values: list[Any] = []
        return Query(self._near(request, rows, values, backwards=backwards), values)

    def _near(self, request: PageRequest, rows: int, values: list[Any], *, backwards: bool) -> str:
        if not values:
            numbered(self.conditions, values)
        order = order_of(request, self.walk, self.created_at, self.id_column, backwards=backwards)
        walked = ends(request, self.walk, values, self.created_at, self.id_column, backwards=backwards)
        return (
            f"SELECT * FROM ({self.base}{where(walked)} ORDER BY {order} LIMIT {SIFT_ROWS}) {self._alias}"
            f"{where(numbered(self.conditions, []))} ORDER BY {order} LIMIT {int(rows)}"
        )

    def first_try(self, request: PageRequest) -> Query:
        """The page among the nearest rows, and whether a row is known to lie behind the cursor: mostly the one that
        the cursor was made from."""
        values: list[Any] = []
        sql = self._near(request, request.limit + 1, values, backwards=False)
        if not self.around:
            return Query(sql, values)
        behind = "false"
        if request.cursor is not None:
            behind = f"EXISTS (SELECT FROM ({self._near(request, 1, values, backwards=True)}) behind)"
        return Query(self._shown(sql, behind, request), values)

    def _shown(self, found: str, any_behind: str, request: PageRequest) -> str:
        if not self.around:
            return found
        order = order_of(request, EVERYTHING, self.created_at, self.id_column)
        return self.around.format(found=found, any_behind=any_behind) + f" ORDER BY {order}"

    def count_near(self, request: PageRequest, *, backwards: bool = False) -> Query:
        """How many rows there are to look at: fewer than SIFT_ROWS when the walk comes to its end."""
        values: list[Any] = []
        order = order_of(request, self.walk, self.created_at, self.id_column, backwards=backwards)
        walked = where(ends(request, self.walk, values, self.created_at, self.id_column, backwards=backwards))
        return Query(
            f"SELECT count(*) FROM (SELECT{self._from}{walked} ORDER BY {order} LIMIT {SIFT_ROWS}) near", values
        )

    def gathered(self, request: PageRequest, rows: int, *, backwards: bool = False) -> Query:
        """Up to `rows` matches among all. MATERIALIZED keeps the order out of the search, or it would be walked."""
        values: list[Any] = []
        conditions = [*(Condition(f"{name} = {{}}", value) for name, value in self.walk.columns), *self.conditions]
        parts = numbered(conditions, values)
        uncut = Walk(since=self.walk.since, before=self.walk.before)
        parts += ends(request, uncut, values, self.created_at, self.id_column, backwards=backwards)
        order = order_of(request, EVERYTHING, self.created_at, self.id_column, backwards=backwards)
        nearest = order_of(request, EVERYTHING, "at", "id", backwards=backwards)
        places = f"SELECT {self.created_at} AS at, {self.id_column} AS id{self._from}{where(parts)}"
        return Query(
            f"{self.base} WHERE {self.id_column} = ANY(ARRAY(WITH gathered AS MATERIALIZED ({places})"
            f" SELECT id FROM gathered ORDER BY {nearest} LIMIT {int(rows)})) ORDER BY {order}",
            values,
        )

    async def all_of(self, connection: Any, request: PageRequest) -> list[Any]:
        """The page's rows and one more, wherever they lie. Within a transaction of one snapshot."""
        query = await self._surely(connection, request, request.limit + 1, backwards=False)
        return await connection.fetch(self._shown(query.sql, "false", request), *query.values)

    async def any_behind(self, connection: Any, request: PageRequest) -> bool:
        """Whether any row lies where the caller came from. Within a transaction of one snapshot."""
        query = await self._surely(connection, request, 1, backwards=True)
        return await connection.fetchval(f"SELECT EXISTS (SELECT FROM ({query.sql}) behind)", *query.values)

    async def _surely(self, connection: Any, request: PageRequest, rows: int, *, backwards: bool) -> Query:
        count = self.count_near(request, backwards=backwards)
        if await connection.fetchval(count.sql, *count.values) < SIFT_ROWS:
            return self.near(request, rows, backwards=backwards)
        return self.gathered(request, rows, backwards=backwards)


async def read_filtered_page(
    connection: Any,
    sieve: Sieve,
    request: PageRequest,
    lookup: str | Query,
    *,
    row_keys: tuple[str, str] = ("created_at", "id"),
) -> Page[Any]:
    """One page over a connection of asyncpg that is in no transaction: walked when the index leaves nothing to sift.
    `lookup` and `row_keys` as for `keyset.read_page`."""
    if not sieve.conditions:
        return await read_page(
            connection,
            base=sieve.base,
            conditions=(),
            request=request,
            lookup=lookup,
            created_at=sieve.created_at,
            id_column=sieve.id_column,
            row_keys=row_keys,
            around=sieve.around,
            walk=sieve.walk,
        )
    request = await at_full_precision(connection, request, lookup)
    query = sieve.first_try(request)
    rows = await connection.fetch(query.sql, *query.values)
    is_full = len(rows) > request.limit
    any_behind = request.cursor is not None and bool(sieve.around and rows and rows[0]["any_behind"])
    behind_is_known = request.cursor is None or any_behind
    if not (is_full and behind_is_known):
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.execute(_PLAN_FOR_THESE_VALUES)
            if not is_full:
                rows = await sieve.all_of(connection, request)
            if not behind_is_known:
                any_behind = await sieve.any_behind(connection, request)
    return page_from(rows, request, any_behind=any_behind, place=lambda row: (row[row_keys[0]], row[row_keys[1]]))


async def read_nearest(connection: Any, sieve: Sieve, request: PageRequest) -> Any | None:
    """The one row next to the cursor, which is at full precision; None at the end of the list. Over a connection of
    asyncpg that is in no transaction."""
    assert request.limit == 1 and request.cursor is not None and not request.cursor.whole_second
    if not sieve.conditions:
        place = {"created_at": sieve.created_at, "id_column": sieve.id_column}
        query = page_query(sieve.base, (), request, walk=sieve.walk, **place)
        rows = await connection.fetch(query.sql, *query.values)
        return rows[0] if rows else None
    query = sieve.near(request, 1)
    rows = await connection.fetch(query.sql, *query.values)
    if not rows:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.execute(_PLAN_FOR_THESE_VALUES)
            rows = await sieve.all_of(connection, request)
    return rows[0] if rows else None
