"""What happened in each slot of a period, and what was there at the end of each: the arithmetic under every chart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from asyncpg import Pool, Record

from mammogram_viewer.analytics import queries
from mammogram_viewer.analytics.pieces import END, cut
from mammogram_viewer.analytics.ranges import Period

_NOW = -1  # the slot in which what is there now stands
_RANGE, _BEFORE = 0, -1  # of people: the whole range, and the one before it


@dataclass(frozen=True)
class Sums:
    """Counts by slot of one period (`queries.COUNTS`, `queries.STOCK`)."""

    period: Period
    slots: Mapping[int, Record]

    def of(self, slot: int, name: str) -> int:
        found = self.slots.get(slot)
        return 0 if found is None else found[name] or 0

    def total(self, name: str) -> int:
        return sum(self.of(slot, name) for slot in self.period.slots)

    def total_before(self, name: str) -> int:
        return sum(self.of(slot, name) for slot in self.period.previous_slots)

    def at_ends(self, kind: str) -> list[int]:
        """`images` or `bytes` that were there when each day of the range ended: what is there now, less what came
        since, with what went since."""
        there = self.of(_NOW, f"{kind}_added") - self._net(self.period.slot_after, kind)
        ends = []
        for slot in reversed(self.period.slots):
            ends.append(there)
            there -= self._net(slot, kind)
        return ends[::-1]

    def at_end_before(self, kind: str) -> int:
        """The same where the period before ends (or is cut)."""
        later = range(self.period.previous_slots.stop, self.period.slot_after + 1)
        return self.of(_NOW, f"{kind}_added") - sum(self._net(slot, kind) for slot in later)

    def _net(self, slot: int, kind: str) -> int:
        return self.of(slot, f"{kind}_added") - self.of(slot, f"{kind}_removed")


@dataclass(frozen=True)
class People:
    """How many people did something."""

    by_slot: Mapping[int, int]

    def of(self, slot: int) -> int:
        return self.by_slot.get(slot, 0)

    @property
    def in_range(self) -> int:
        return self.by_slot.get(_RANGE, 0)

    @property
    def before(self) -> int:
        return self.by_slot.get(_BEFORE, 0)


async def read_sums(db: Pool, period: Period, *, whole_before: bool = False) -> Sums:
    """Counts of every slot; one statement. `whole_before`: the days of the period before together, in its first slot,
    for answers that tell no single one of them; that halves the work."""
    edges = period.edges
    spans = [(n, begin, end) for n, (begin, end) in enumerate(zip(edges, [*edges[1:], END], strict=True), 1)]
    before = period.previous_slots
    if whole_before and before:
        spans = [(before[0], spans[0][1], spans[len(before) - 1][2]), *spans[len(before) :]]
    return Sums(period, await queries.fetch_slots(db, cut(spans)))


async def read_people(db: Pool, period: Period) -> People:
    """Distinct people of each day, of the range and of the one before; one statement."""
    before = period.previous
    spans = zip(period.slots, period.bounds, period.bounds[1:], strict=False)
    earlier = [] if before is None else [(_BEFORE, before.bounds[0], before.until_at)]
    return People(await queries.fetch_people(db, cut((), by_days=[*spans, *earlier]), period.max_user_id))
