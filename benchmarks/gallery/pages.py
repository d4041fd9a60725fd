"""Which pages are measured: a list, its filters and a place in it; as a path of the API and as a call of our code."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from mammogram_viewer.foundation.keyset import Cursor, PageRequest, cursor_text

LIMIT = 20
Kind = Literal["none", "filter", "pair", "sparse", "q", "exams", "users"]
FIRST, MIDDLE, LAST = "first", "middle", "last"


@dataclass(frozen=True)
class Target:
    """Milliseconds at most: of the slowest place at the database (medians), and of the 95th percentile at the API."""

    database_ms: float | None
    api_p95_ms: float


TARGETS: dict[Kind, Target] = {
    "none": Target(1.0, 5.0),
    "filter": Target(1.0, 5.0),
    "pair": Target(1.0, 5.0),
    "sparse": Target(50.0, 50.0),
    "q": Target(50.0, 50.0),
    "exams": Target(None, 5.0),
    "users": Target(None, 5.0),
}


@dataclass(frozen=True)
class Page:
    """`read` makes our own code read it from a pool, a connection or an Explainer."""

    filters: str
    kind: Kind
    place: str
    path: str
    read: Callable[[Any], Awaitable[object]]


def path_of(base: str, parameters: dict[str, Any], request: PageRequest) -> str:
    """The page's address, as a client would ask for it."""
    asked = {**parameters, "limit": request.limit}
    if request.cursor is not None:
        asked["cursor"] = cursor_text(request.cursor.created_at, request.cursor.id)
    if request.direction == "prev":
        asked["direction"] = "prev"
    return f"{base}?{urlencode(asked)}"


def requests_at(middle: Cursor | None, last: Cursor | None) -> dict[str, PageRequest]:
    """The first page, the middle and the last one in both directions, and the oldest page by `prev` alone."""
    requests = {FIRST: PageRequest(limit=LIMIT), "oldest": PageRequest(direction="prev", limit=LIMIT)}
    for name, cursor in ((MIDDLE, middle), (LAST, last)):
        if cursor is not None:
            requests[name] = PageRequest(cursor=cursor, limit=LIMIT)
            requests[f"back from {name}"] = PageRequest(cursor=cursor, direction="prev", limit=LIMIT)
    return requests
