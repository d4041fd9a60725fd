"""What is looked at: which days, which unit, whose exposures; and the curves that doses are shown beside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec

from mammogram_viewer.foundation.local_days import DayRange
from mammogram_viewer.foundation.wire import Wire

# What a unit is told apart by, and in which column it stands; `se` are series, `a` acquisitions.
UnitKind = Literal["station", "detector", "serial"]
UNIT_COLUMNS: dict[UnitKind, str] = {
    "station": "se.station_name",
    "detector": "a.detector_id",
    "serial": "a.device_serial_number",
}
UNKNOWN = ""  # asked for by an empty parameter: a group of its own


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Mammograms of these local days. `unit` None: of all units; `operators`: names, None for anybody's."""

    days: DayRange
    from_at: datetime
    to_at: datetime  # exclusive
    as_of: datetime
    by: UnitKind = "station"
    unit: str | None = None
    operators: list[str] | None = None

    @property
    def values(self) -> list[Any]:
        """$1 to $7 of every question in `queries.py`."""
        return [
            self.days.first,
            self.days.last,
            self.from_at,
            self.to_at,
            self.days.tz,
            self.unit,
            self.operators,
        ]


class CurvePoint(Wire, frozen=True, forbid_unknown_fields=True):
    thickness_mm: float
    dose_mgy: float


class Curve(Wire, frozen=True, forbid_unknown_fields=True):
    """A line to compare with. `source` says whose it is; no exposure is ever judged by it."""

    name: str
    source: str
    points: list[CurvePoint]


class Curves(msgspec.Struct, frozen=True, kw_only=True):
    """`version` 0: those that the program ships."""

    curves: list[Curve]
    version: int
    changed_at: datetime | None = None
    changed_by: str | None = None
