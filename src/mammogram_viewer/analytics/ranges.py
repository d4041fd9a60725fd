"""A range as asked for, and the instants that it comes to: the ground of every number here.

    period = await open_period(db, settings, asked)      # folds first, so that roll-ups hold every fact
    rows = await queries.fetch_slots(db, period)         # sums by slot
    period.slot_of_day(0)                                # where the first day's sum stands

Both periods, the one asked for and the one before it, lie on one line of `edges`; a fact belongs to the slot between
two of them, so that one pass counts both.

Invariant: edges are instants at which a local day begins or ends, by PostgreSQL's own clocks, or the one instant up to
which a previous period is compared. Nothing here adds 24 hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from asyncpg import Pool

from mammogram_viewer.adapters.database.local_days import check_time_zone, day_bounds
from mammogram_viewer.analytics import queries
from mammogram_viewer.analytics.fold import fold_all
from mammogram_viewer.analytics.pieces import QUARTER, floor
from mammogram_viewer.analytics.schemas import AnalyticsRange, PreviousRange, Value
from mammogram_viewer.foundation.errors import Invalid
from mammogram_viewer.foundation.local_days import DEFAULT_DAYS, DayRange, parse_days
from mammogram_viewer.foundation.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The parameters of a range as they came."""

    days: int | None = None
    first: str | None = None
    last: str | None = None
    tz: str | None = None
    compare: str | None = None


@dataclass(frozen=True, kw_only=True)
class Previous:
    """The days before, as many as in the range. `until_at`: where counting ends."""

    range: DayRange
    bounds: list[datetime]
    until_at: datetime


@dataclass(frozen=True, kw_only=True)
class Period:
    """A range of local days with its instants. `bounds`: n + 1, for n days. `archived`: spans without raw facts."""

    range: DayRange
    bounds: list[datetime]
    as_of: datetime
    today: date
    previous: Previous | None
    known_from: datetime | None
    archived: list[tuple[datetime, datetime]]
    max_user_id: int

    @property
    def days(self) -> list[date]:
        return [self.range.first + timedelta(days=n) for n in range(self.range.days)]

    @property
    def from_at(self) -> datetime:
        return self.bounds[0]

    @property
    def to_at(self) -> datetime:
        return self.bounds[-1]

    @property
    def partial(self) -> bool:
        return self.as_of < self.to_at

    def is_partial(self, day: int) -> bool:
        """Whether the day (0: the first) had not ended; a day that the zone never had is whole."""
        return self.as_of < self.bounds[day + 1] and self.bounds[day] < self.bounds[day + 1]

    @property
    def edges(self) -> list[datetime]:
        """Ascending. Slot k lies between edge k and edge k + 1 (counted from 1), the last one has no end."""
        before = self.previous
        if before is None:
            return self.bounds
        days = [min(bound, before.until_at) for bound in before.bounds[:-1]]
        return [*days, before.until_at, *self.bounds]

    @property
    def previous_slots(self) -> range:
        return range(1, 1) if self.previous is None else range(1, self.previous.range.days + 1)

    @property
    def slots(self) -> range:
        """Of the days asked for. Between them and the previous ones lies the slot that no comparison counts."""
        first = 1 if self.previous is None else self.previous.range.days + 2
        return range(first, first + self.range.days)

    @property
    def slot_after(self) -> int:
        """Of everything that came since the range ended."""
        return self.slots.stop

    def is_known(self, to_at: datetime) -> bool:
        """Whether anything was recorded before this end of a span; nobody knows what was before."""
        return to_at > (self.known_from or self.as_of)

    def of_day(self, n: int, count: int) -> int | None:
        """What was counted on the n-th day; null where the day ended before anything was recorded."""
        return count if self.is_known(self.bounds[n + 1]) else None

    def is_archived(self, from_at: datetime, to_at: datetime) -> bool:
        """Whether raw facts of this span are in an archive alone."""
        return overlaps(self.archived, from_at, to_at)

    def value(self, now: int | None, before: int | None) -> Value:
        """A number that counts recorded facts; null where there were none yet to record."""
        previous = self.previous
        known_before = previous is not None and self.is_known(previous.until_at)
        return Value(value=now if self.is_known(self.to_at) else None, previous=before if known_before else None)

    def wire(self) -> AnalyticsRange:
        return AnalyticsRange(
            from_=self.range.first,
            to=self.range.last,
            days=self.range.days,
            tz=self.range.tz,
            from_at=self.from_at,
            to_at=self.to_at,
            as_of=self.as_of,
            partial=self.partial,
        )

    def wire_previous(self) -> PreviousRange | None:
        before = self.previous
        if before is None:
            return None
        return PreviousRange(
            from_=before.range.first,
            to=before.range.last,
            days=before.range.days,
            tz=before.range.tz,
            from_at=before.bounds[0],
            to_at=before.bounds[-1],
            as_of=self.as_of,
            partial=False,
            until_at=before.until_at,
        )


def overlaps(spans: Sequence[tuple[datetime, datetime]], from_at: datetime, to_at: datetime) -> bool:
    """Whether a half-open span shares an instant with one of `spans`."""
    return any(begin < to_at and end > from_at for begin, end in spans)


async def open_period(db: Pool, settings: Settings, asked: Asked) -> Period:
    """Checks what was asked (Invalid, with the codes of docs/analytics.md) and folds first."""
    if asked.compare not in (None, "prev", "none"):
        raise Invalid("compare must be prev or none.", code="invalid_compare")
    tz = await check_time_zone(db, settings.time_zone if asked.tz is None else asked.tz)
    await fold_all(db)
    moment = await queries.fetch_moment(db, tz, _days_in(asked))
    first, last = parse_days(
        asked.days, asked.first, asked.last, today=moment.today, max_days=settings.analytics_max_days
    )
    wanted = DayRange(first, last, tz)
    compare = asked.compare != "none"
    before = DayRange(first - timedelta(days=wanted.days), first - timedelta(days=1), tz)
    bounds = await day_bounds(db, tz, before.first if compare else first, last)
    previous = None
    if compare:
        previous_bounds, bounds = bounds[: wanted.days + 1], bounds[wanted.days :]
        until_at = _until(moment, previous_bounds, bounds[-1])
        previous = Previous(range=before, bounds=previous_bounds, until_at=until_at)
    return Period(
        range=wanted,
        bounds=bounds,
        as_of=moment.as_of,
        today=moment.today,
        previous=previous,
        known_from=moment.known_from,
        archived=moment.archived,
        max_user_id=moment.max_user_id,
    )


async def open_range(db: Pool, settings: Settings, asked: Asked) -> AnalyticsRange:
    """The range alone, for answers that compare nothing."""
    return (await open_period(db, settings, replace(asked, compare="none"))).wire()


def _days_in(asked: Asked) -> int:
    """How far back the period before lies, as far as can be said before today is known and the range is checked."""
    try:
        first, last = date.fromisoformat(asked.first or ""), date.fromisoformat(asked.last or "")
    except ValueError:
        return asked.days or DEFAULT_DAYS
    return max((last - first).days + 1, 0)


def _until(moment: queries.Moment, bounds: list[datetime], to_at: datetime) -> datetime:
    """Where the period before is cut: after as much local time as has gone by of the range, or not at all. Exact to the
    event; where raw facts are archived to the quarter of an hour, which the roll-ups still tell apart."""
    if moment.as_of >= to_at:
        return bounds[-1]
    until_at = min(max(moment.same_time_before, bounds[0]), bounds[-1])
    begins_at = floor(until_at, QUARTER)
    if overlaps(moment.archived, begins_at, until_at):
        return max(begins_at, bounds[0])
    return until_at
