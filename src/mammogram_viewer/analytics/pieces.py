"""Spans of time cut into what the roll-ups hold: whole UTC days, hours and quarters of an hour, and what is left over,
which raw rows tell. Pure.

In a zone of whole hours a local day is 23 to 25 hours; where clocks stand at :30 or :45 it is mostly hours, with
quarters at its ends. Raw rows are met only where a span ends in the middle of a quarter: a comparison with the part of
yesterday that today has seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

DAY, HOUR, QUARTER = timedelta(days=1), timedelta(hours=1), timedelta(minutes=15)
END = datetime(9999, 1, 1, tzinfo=UTC)  # later than everything
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Pieces:
    """Half-open spans of one grain, and the slot that each counts for; three columns, as `unnest` takes them."""

    slots: list[int] = field(default_factory=list)
    begins: list[datetime] = field(default_factory=list)
    ends: list[datetime] = field(default_factory=list)

    def add(self, slot: int, begin: datetime, end: datetime) -> None:
        self.slots.append(slot)
        self.begins.append(begin)
        self.ends.append(end)

    @property
    def columns(self) -> tuple[list[int], list[datetime], list[datetime]]:
        return self.slots, self.begins, self.ends


@dataclass(frozen=True)
class Cut:
    """Pieces by grain."""

    days: Pieces = field(default_factory=Pieces)
    hours: Pieces = field(default_factory=Pieces)
    quarters: Pieces = field(default_factory=Pieces)
    raw: Pieces = field(default_factory=Pieces)


Span = tuple[int, datetime, datetime]


def cut(spans: Iterable[Span], *, by_days: Iterable[Span] = ()) -> Cut:
    """Spans (slot, begin, end) into pieces of the largest grain that fits, hours at most, those of `by_days` days."""
    made = Cut()
    by_step = {DAY: made.days, HOUR: made.hours, QUARTER: made.quarters}
    for wanted, steps in ((spans, (HOUR, QUARTER)), (by_days, (DAY, HOUR, QUARTER))):
        for slot, begin, end in wanted:
            for step, from_at, to_at in _pieces(begin, end, steps):
                (made.raw if step is None else by_step[step]).add(slot, from_at, to_at)
    return made


def _pieces(
    begin: datetime, end: datetime, steps: tuple[timedelta, ...]
) -> Iterator[tuple[timedelta | None, datetime, datetime]]:
    if begin >= end:
        return
    if not steps:
        yield None, begin, end
        return
    step, finer = steps[0], steps[1:]
    first, last = -(-(begin - _EPOCH) // step) * step + _EPOCH, floor(end, step)
    if first >= last:
        yield from _pieces(begin, end, finer)
        return
    yield from _pieces(begin, first, finer)
    yield step, first, last
    yield from _pieces(last, end, finer)


def floor(at: datetime, step: timedelta) -> datetime:
    """The last whole step at or before an instant."""
    return at - (at - _EPOCH) % step
