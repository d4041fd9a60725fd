"""What PostgreSQL knows of time zones: their names, their today, and the instants at which local days begin.

One source for all of them, so that a sum over instants and `AT TIME ZONE` in a query never disagree."""

from __future__ import annotations

from datetime import date, datetime
from weakref import WeakKeyDictionary

from asyncpg import Pool

from mammogram_viewer.foundation.errors import Invalid

_MAX_KEPT = 512
# By pool: another server may know other zones. The view of names takes tens of milliseconds to read.
_names: WeakKeyDictionary[Pool, frozenset[str]] = WeakKeyDictionary()
_bounds: WeakKeyDictionary[Pool, dict[tuple[str, date, date], list[datetime]]] = WeakKeyDictionary()


async def check_time_zone(db: Pool, tz: str) -> str:
    """The same name, known to be one of the IANA's; Invalid `invalid_time_zone` otherwise."""
    if (names := _names.get(db)) is None:
        rows = await db.fetch("SELECT name FROM pg_timezone_names WHERE name NOT LIKE 'posix%'")
        names = _names[db] = frozenset(row["name"] for row in rows)
    if tz not in names:
        raise Invalid("tz must be a time zone's IANA name, such as Europe/Berlin.", code="invalid_time_zone")
    return tz


async def today_in(db: Pool, tz: str) -> date:
    """Today's date in a zone that `check_time_zone` has let through."""
    today: date = await db.fetchval("SELECT (now() AT TIME ZONE $1)::date", tz)
    return today


async def day_bounds(db: Pool, tz: str, first: date, last: date) -> list[datetime]:
    """The instants at which the days from `first` to `last` begin, and the one at which `last` ends: n + 1, ascending
    (UTC). Days are as long as the zone made them, 23 or 25 hours too."""
    kept = _bounds.setdefault(db, {})
    key = (tz, first, last)
    if (bounds := kept.get(key)) is None:
        if len(kept) >= _MAX_KEPT:
            kept.clear()
        bounds = kept[key] = await db.fetchval("SELECT local_day_bounds($1, $2, $3)", tz, first, last)
    return bounds
