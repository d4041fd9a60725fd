"""Keyset pages: lists that stay newest first in both directions and repeat or lose no row while rows come and go.

A cursor is the place of one row, `<createdAt>_<id>`, as in `2024-01-15T10:30:00.123456Z_123`, at the full stored
precision. The flow of one page, the same for images, users and jobs:

    request = parse_page_request(cursor, direction, limit)        # Malformed, Invalid
    page = await read_page(
        connection, base="SELECT … FROM users u", conditions=[Condition("u.role = {}", role)], request=request,
        created_at="u.created_at", id_column="u.id", lookup="SELECT created_at FROM users WHERE id = $1",
    )
    page.rows, page.next_cursor, page.prev_cursor, page.has_more

`next` walks to older rows, `prev` to newer ones; without a cursor, `next` begins at the newest row and `prev` at the
oldest. `has_more` speaks of the direction walked. `next_cursor` is null when no older row exists, `prev_cursor` when
no newer one does. Cost: one index range of limit + 1 rows, and, only with a cursor, one `EXISTS` for the side we came
from (the cursor's row may have been deleted since, so the cursor alone proves nothing).

A list with filters names what it filters by in `Walk`, so that one index serves exactly that page (see there); filters
for which no index was built are sifted, with a bound on the rows read: `foundation/sifting.py`.

A cursor is a place, not a promise: that of another list, of a deleted row or one made up shows the rows beyond that
place, never more than the caller may see. Only what cannot be read is refused. Cursors in whole seconds, as old clients
hold them, are found again by their id (`resolve`); if that row is gone, the end of that second is taken.

Invariant: the order is total (`created_at`, then `id`), and `created_at` of a row never changes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Generic, Literal, TypeVar

import msgspec

from mammogram_viewer.foundation.errors import Invalid, Malformed

Direction = Literal["next", "prev"]
IdKind = Literal["number", "text"]
Row = TypeVar("Row")
Other = TypeVar("Other")

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
MAX_BIGINT = 2**63 - 1

_CURSOR = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{6}))?Z_(?:(\d{1,19})|([A-Za-z0-9][A-Za-z0-9._-]{0,199}))",
    re.ASCII,
)


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """The place of a row. `whole_second`: an old client cut the fraction off; `resolve` it before use."""

    created_at: datetime
    id: int | str
    whole_second: bool = False


class PageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One page as asked for."""

    cursor: Cursor | None = None
    direction: Direction = "next"
    limit: int = DEFAULT_LIMIT


@dataclass(frozen=True)
class Condition:
    """A condition of the WHERE clause; each `{}` in `sql` stands for one of `values`, in order. `sql` is ours, never
    a caller's text."""

    sql: str
    values: tuple[Any, ...] = ()

    def __init__(self, sql: str, *values: Any) -> None:
        object.__setattr__(self, "sql", sql)
        object.__setattr__(self, "values", values)


class Walk(msgspec.Struct, frozen=True, kw_only=True):
    """The index that a page walks: it begins with `columns`, each equal to its value, then created_at and id, all in
    one direction. `since` (inclusive) and `before` (exclusive) cut the walk off.

    Such a query orders by the first column too, which changes nothing, for it is equal, and says "equal" in words that
    the planner does not see through: only the index made for this filter has that order. Asked plainly, PostgreSQL
    takes the index on created_at alone whenever it expects many matches, and then reads past everything else: 30,000
    pending images before the first `ready` one, 600,000 of others before the first of a person who has stopped
    uploading. So the first column is `= ANY` of one value, and the order names it. A second one is compared plainly:
    where most of what the first leaves would match, PostgreSQL may walk the first one's index and leave the few others
    out."""

    columns: tuple[tuple[str, Any], ...] = ()
    since: datetime | None = None
    before: datetime | None = None


EVERYTHING = Walk()


class Query(msgspec.Struct, frozen=True):
    """SQL with numbered placeholders, and their values."""

    sql: str
    values: list[Any]


class Page(msgspec.Struct, Generic[Row], frozen=True, kw_only=True):
    """Rows newest first, whatever the direction walked."""

    rows: list[Row]
    next_cursor: str | None
    prev_cursor: str | None
    has_more: bool
    limit: int

    def with_rows(self, rows: list[Other]) -> Page[Other]:
        """The same page, each row turned into something else."""
        return Page(
            rows=rows,
            next_cursor=self.next_cursor,
            prev_cursor=self.prev_cursor,
            has_more=self.has_more,
            limit=self.limit,
        )


# --- cursors as text ------------------------------------------------------------------------------------------


def instant_text(at: datetime) -> str:
    """ISO 8601 UTC with all six digits, also when they are zero; `at` must know its time zone."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def cursor_text(created_at: datetime, row_id: int | str) -> str:
    """The cursor of one row, as clients get it."""
    return f"{instant_text(created_at)}_{row_id}"


def parse_cursor(text: str, *, id_kind: IdKind = "number") -> Cursor:
    """Read a client's cursor strictly; anything else is Malformed `invalid_cursor`."""
    match = _CURSOR.fullmatch(text)
    if match is None:
        raise _malformed()
    seconds, fraction, number, word = match.groups()
    try:
        created_at = datetime.fromisoformat(f"{seconds}.{fraction or '000000'}+00:00")
    except ValueError:  # 30 February, 25 o'clock, year 0
        raise _malformed() from None
    row_id = _row_id(number, word, id_kind)
    return Cursor(created_at=created_at, id=row_id, whole_second=fraction is None)


def _row_id(number: str | None, word: str | None, id_kind: IdKind) -> int | str:
    if id_kind == "text":
        return number or word or ""
    if number is None or int(number) > MAX_BIGINT or (number[0] == "0" and number != "0"):
        raise _malformed()
    return int(number)


def _malformed() -> Malformed:
    return Malformed(
        "The cursor cannot be read. Take it unchanged from nextCursor or prevCursor, or leave it out to begin again.",
        code="invalid_cursor",
    )


def parse_page_request(
    cursor: str | None, direction: str | None = None, limit: int | None = None, *, id_kind: IdKind = "number"
) -> PageRequest:
    """The three query parameters of every cursor list."""
    if direction not in (None, "next", "prev"):
        raise Invalid("direction must be next or prev.", code="invalid_direction")
    chosen_limit = DEFAULT_LIMIT if limit is None else limit
    if not 1 <= chosen_limit <= MAX_LIMIT:
        raise Invalid(f"limit must lie between 1 and {MAX_LIMIT}.", code="invalid_limit")
    return PageRequest(
        cursor=None if cursor is None else parse_cursor(cursor, id_kind=id_kind),
        direction="prev" if direction == "prev" else "next",
        limit=chosen_limit,
    )


def resolve(cursor: Cursor, created_at_of_its_row: datetime | None) -> Cursor:
    """A whole-second cursor at full precision: the place of its row, else the end of that second. A row that lies in
    another second is not the one the cursor was made from and counts as gone."""
    found = created_at_of_its_row
    if found is not None and found.replace(microsecond=0) == cursor.created_at:
        return Cursor(created_at=found, id=cursor.id)
    # Nothing of that second is strictly beyond this place when walking to older rows, so nothing is lost.
    return Cursor(created_at=_shifted(cursor.created_at, timedelta(seconds=1)), id=_least_id(cursor.id))


# --- SQL ------------------------------------------------------------------------------------------------------


def page_query(
    base: str,
    conditions: Sequence[Condition],
    request: PageRequest,
    *,
    created_at: str,
    id_column: str,
    around: str = "",
    walk: Walk = EVERYTHING,
) -> Query:
    """Up to limit + 1 rows strictly beyond the cursor, nearest first. `base` is `SELECT … FROM …` without WHERE.

    `around` shows more of the rows that `base` found: a SELECT with `{found}` where those rows stand and `{any_behind}`
    for the answer to `behind_query`, in which created_at and id have the same names. Its joins then meet limit + 1 rows
    by construction, not by the planner's luck, and one round trip does both."""
    values: list[Any] = []
    parts = numbered(conditions, values)
    parts += ends(request, walk, values, created_at, id_column)
    order = order_of(request, walk, created_at, id_column)
    # The limit is part of the text: as a parameter it hides from the planner that only a few rows are wanted, and
    # PostgreSQL then plans anew each time (measured: 2.0 ms a page instead of 0.25).
    sql = f"{base}{where(parts)} ORDER BY {order} LIMIT {int(request.limit) + 1}"
    if around:
        behind = "false"
        if request.cursor is not None:
            behind = _behind(base, conditions, request, created_at, id_column, walk, values)
        sql = around.format(found=sql, any_behind=behind) + f" ORDER BY {order}"
    return Query(sql, values)


def _plain_page_query(base: str, request: PageRequest, place: tuple[str, str], around: str, walk: Walk) -> Query:
    """`page_query` of a walk that only the cursor cuts off: its text is the same for every request of one shape."""
    cursor = request.cursor
    values = [value for _, value in walk.columns]
    shape = tuple((name, isinstance(value, str)) for name, value in walk.columns)
    id_is_text = None
    if cursor is not None:
        values += (cursor.created_at, cursor.id)
        id_is_text = isinstance(cursor.id, str)
    sql = _plain_page_sql(base, place, around, request.direction, request.limit, shape, id_is_text)
    return Query(sql, values)


@lru_cache(maxsize=512)
def _plain_page_sql(
    base: str,
    place: tuple[str, str],
    around: str,
    direction: Direction,
    limit: int,
    columns: tuple[tuple[str, bool], ...],
    id_is_text: bool | None,
) -> str:
    """Written for stand-ins that are all different objects, so that each has a placeholder of its own, in order."""
    stand_ins: list[int | str] = [f"value {n}" if is_text else 10**9 + n for n, (_, is_text) in enumerate(columns)]
    cursor = None
    if id_is_text is not None:
        cursor = Cursor(created_at=datetime.max.replace(tzinfo=UTC), id="cursor" if id_is_text else -(10**9))
    walk = Walk(columns=tuple((name, value) for (name, _), value in zip(columns, stand_ins, strict=True)))
    request = PageRequest(cursor=cursor, direction=direction, limit=limit)
    query = page_query(base, (), request, created_at=place[0], id_column=place[1], around=around, walk=walk)
    assert query.values == stand_ins + ([] if cursor is None else [cursor.created_at, cursor.id])
    return query.sql


def behind_query(
    base: str,
    conditions: Sequence[Condition],
    request: PageRequest,
    *,
    created_at: str,
    id_column: str,
    walk: Walk = EVERYTHING,
) -> Query:
    """Whether a row lies on the side that we came from, the cursor's own place included.

    A page holds the nearest rows beyond the cursor, so this is the same as rows before the page's first row."""
    values: list[Any] = []
    numbered(conditions, values)
    return Query(f"SELECT {_behind(base, conditions, request, created_at, id_column, walk, values)}", values)


def _behind(
    base: str,
    conditions: Sequence[Condition],
    request: PageRequest,
    created_at: str,
    id_column: str,
    walk: Walk,
    values: list[Any],
) -> str:
    """`values` begin with those of the conditions."""
    parts = numbered(conditions, [])
    parts += ends(request, walk, values, created_at, id_column, backwards=True)
    # Ordered, so that the planner walks the index from the cursor; it would read the table from its start instead.
    order = order_of(request, walk, created_at, id_column, backwards=True)
    return f"EXISTS (SELECT FROM ({base}{where(parts)} ORDER BY {order} LIMIT 1) behind)"


def numbered(conditions: Sequence[Condition], values: list[Any]) -> list[str]:
    """The conditions as SQL, their values appended to `values`."""
    parts: list[str] = []
    for condition in conditions:
        first = len(values) + 1
        values.extend(condition.values)
        parts.append("(" + condition.sql.format(*(f"${n}" for n in range(first, len(values) + 1))) + ")")
    return parts


def ends(
    request: PageRequest, walk: Walk, values: list[Any], created_at: str, id_column: str, *, backwards: bool = False
) -> list[str]:
    """Where the walk ends on either side: of the cursor and `since` or `before` only the nearer one, because PostgreSQL
    begins its walk at one of two, not always at the better. `backwards`: from the cursor's own place, itself included,
    to where the caller came from."""
    parts = [f"{name} = ANY(ARRAY[{_number(value, values)}::{_type_of(value)}])" for name, value in walk.columns[:1]]
    parts += [f"{name} = {_number(value, values)}" for name, value in walk.columns[1:]]
    for upper in (True, False):
        limit = walk.before if upper else walk.since
        cursor = request.cursor if upper == ((request.direction == "next") != backwards) else None
        if cursor is not None and (
            limit is None or (cursor.created_at < limit if upper else cursor.created_at >= limit)
        ):
            sign = ("<" if upper else ">") + ("=" if backwards else "")
            parts.append(f"({created_at}, {id_column}) {sign} ({', '.join(_place(cursor, values))})")
        elif limit is not None:
            parts.append(f"{created_at} {'<' if upper else '>='} {_number(limit, values)}::timestamptz")
    return parts


def _place(cursor: Cursor, values: list[Any]) -> list[str]:
    return [
        f"{_number(cursor.created_at, values)}::timestamptz",
        f"{_number(cursor.id, values)}::{_type_of(cursor.id)}",
    ]


def _type_of(value: int | str) -> str:
    return "text" if isinstance(value, str) else "bigint"


def _number(value: Any, values: list[Any]) -> str:
    """The placeholder of a value: of the very object that is there already, else of a new one."""
    for number, known in enumerate(values, 1):
        if known is value:
            return f"${number}"
    values.append(value)
    return f"${len(values)}"


def order_of(request: PageRequest, walk: Walk, created_at: str, id_column: str, *, backwards: bool = False) -> str:
    """The columns of ORDER BY, nearest to the cursor first."""
    word = "DESC" if (request.direction == "next") != backwards else "ASC"
    return ", ".join(f"{column} {word}" for column in (*(name for name, _ in walk.columns[:1]), created_at, id_column))


def where(parts: list[str]) -> str:
    """` WHERE …`, or nothing."""
    return " WHERE " + " AND ".join(parts) if parts else ""


# --- pages ----------------------------------------------------------------------------------------------------


def page_from(
    rows: Sequence[Row],
    request: PageRequest,
    *,
    any_behind: bool,
    place: Callable[[Row], tuple[datetime, int | str]],
) -> Page[Row]:
    """The page from the answers to `page_query` (`rows`, in its order) and `behind_query` (`any_behind`)."""
    has_more = len(rows) > request.limit
    kept = list(rows[: request.limit])
    ahead = cursor_text(*place(kept[-1])) if has_more else None
    behind = _cursor_back(kept, request, place) if any_behind else None
    if request.direction == "prev":
        kept.reverse()
        ahead, behind = behind, ahead
    return Page(rows=kept, next_cursor=ahead, prev_cursor=behind, has_more=has_more, limit=request.limit)


def _cursor_back(
    kept: list[Row], request: PageRequest, place: Callable[[Row], tuple[datetime, int | str]]
) -> str | None:
    if kept:
        return cursor_text(*place(kept[0]))
    # An empty page: turn round just beyond the cursor, so that the row at the cursor itself comes again.
    cursor = request.cursor
    assert cursor is not None
    step = timedelta(0) if request.direction == "next" else timedelta(microseconds=1)
    return cursor_text(_shifted(cursor.created_at, step), _least_id(cursor.id))


def _shifted(at: datetime, step: timedelta) -> datetime:
    """`at + step`, or the last instant that exists."""
    try:
        return at + step
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _least_id(like: int | str) -> int | str:
    """Less than every id: ids in the database begin at 1, and text ids with a letter."""
    return "0" if isinstance(like, str) else 0


async def at_full_precision(connection: Any, request: PageRequest, lookup: str | Query) -> PageRequest:
    """The request, a cursor in whole seconds found again: `lookup` gives the created_at of the id `$1`, its own values
    follow, and it must find no row that the caller may not see."""
    if request.cursor is None or not request.cursor.whole_second:
        return request
    if isinstance(lookup, str):
        lookup = Query(lookup, [])
    found = await connection.fetchval(lookup.sql, request.cursor.id, *lookup.values)
    return PageRequest(cursor=resolve(request.cursor, found), direction=request.direction, limit=request.limit)


async def read_page(
    connection: Any,
    *,
    base: str,
    conditions: Sequence[Condition],
    request: PageRequest,
    lookup: str | Query,
    created_at: str = "created_at",
    id_column: str = "id",
    row_keys: tuple[str, str] = ("created_at", "id"),
    around: str = "",
    walk: Walk = EVERYTHING,
) -> Page[Any]:
    """One page of `base`, over a connection or pool of asyncpg (this module knows no database).

    `lookup` gives the created_at of one id (`$1`), for cursors in whole seconds; `row_keys` are the names under which
    `base` answers created_at and id; `around` is that of `page_query`, and answers `any_behind` beside them."""
    request = await at_full_precision(connection, request, lookup)
    if not conditions and walk.since is None and walk.before is None:
        query = _plain_page_query(base, request, (created_at, id_column), around, walk)
    else:
        names = {"created_at": created_at, "id_column": id_column}
        query = page_query(base, conditions, request, **names, around=around, walk=walk)
    rows = await connection.fetch(query.sql, *query.values)
    any_behind = False
    if around and rows:
        any_behind = rows[0]["any_behind"]
    elif request.cursor is not None:
        behind = behind_query(base, conditions, request, created_at=created_at, id_column=id_column, walk=walk)
        any_behind = await connection.fetchval(behind.sql, *behind.values)
    return page_from(rows, request, any_behind=any_behind, place=lambda row: (row[row_keys[0]], row[row_keys[1]]))
