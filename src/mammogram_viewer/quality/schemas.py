"""JSON of imaging quality. null is what the header does not tell, or what nothing can be said of; never 0 for it."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from mammogram_viewer.foundation.wire import Wire, WireRequest
from mammogram_viewer.quality.models import Curve, UnitKind


class QualityRange(Wire, frozen=True):
    """Local days, both included. `toAt` is the midnight after the last; `partial`: it is still to come."""

    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")
    days: int
    tz: str
    from_at: datetime
    to_at: datetime
    as_of: datetime
    partial: bool


class QualityUnit(Wire, frozen=True):
    key: str | None
    manufacturer: str | None
    files: int


class QualityOperator(Wire, frozen=True):
    """`key` asks for them; neither tells who it is."""

    key: str | None
    label: str | None
    files: int


class QualityOverview(Wire, frozen=True):
    """`phantoms` (QualityControlImage) are left out of everything else. `byArrival`: files whose header tells no
    acquisition date, dated by their arrival."""

    range: QualityRange
    by: UnitKind
    files: int
    exposures: int
    by_arrival: int
    phantoms: int
    units: list[QualityUnit]
    operators: list[QualityOperator]


class Bin(Wire, frozen=True):
    """Exposures whose value lies in [from, to)."""

    first: float = msgspec.field(name="from")
    last: float = msgspec.field(name="to")
    exposures: int


class DoseBin(Bin, frozen=True):
    p50: float
    p75: float


class DosePoint(Wire, frozen=True):
    image_id: int
    thickness_mm: float
    dose_mgy: float


class DoseByThickness(Wire, frozen=True):
    """`missing`: exposures whose header lacks dose or thickness; `implausible`: whose value no unit gives. Neither is
    charted. `sampled`: `points` are a part of the charted ones, the same part each time; `bins` hold all of them."""

    range: QualityRange
    exposures: int
    charted: int
    missing: int
    implausible: int
    by_arrival: int
    sampled: bool
    points: list[DosePoint]
    bins: list[DoseBin]
    curves: list[Curve]


class Spread(Wire, frozen=True):
    """Quartiles of what is known; null when nothing is."""

    known: int
    missing: int
    implausible: int
    p25: float | None
    p50: float | None
    p75: float | None


class CompressionGroup(Wire, frozen=True):
    key: str | None
    label: str | None
    exposures: int
    force: Spread
    thickness: Spread


class Compression(Wire, frozen=True):
    """Force in newtons, thickness in millimetres, in bins of ten of either."""

    range: QualityRange
    exposures: int
    force: Spread
    thickness: Spread
    forces: list[Bin]
    thicknesses: list[Bin]
    by_unit: list[CompressionGroup]
    by_month: list[CompressionGroup]
    by_operator: list[CompressionGroup]


class Material(Wire, frozen=True):
    """An anode's target with a filter."""

    target: str | None
    filter: str | None
    exposures: int


class TechniqueGroup(Wire, frozen=True):
    key: str | None
    label: str | None
    exposures: int
    kv: Spread
    materials: list[Material]


class TechniqueMix(Wire, frozen=True):
    range: QualityRange
    exposures: int
    kv: Spread
    kvs: list[Bin]
    materials: list[Material]
    by_unit: list[TechniqueGroup]
    by_month: list[TechniqueGroup]
    by_operator: list[TechniqueGroup]


class MissingView(Wire, frozen=True):
    view: str
    exams: int


class CompletenessGroup(Wire, frozen=True):
    """`exams` of mammograms, of which `complete` hold all four views and `withRepeats` one of them twice. `repeats` of
    `exposures` were taken of a view that there was one of. Of `files`, some are ready, rejected, failed or on their
    way. Presence, and no verdict: a breast that was removed counts as missing."""

    key: str | None
    exams: int
    complete: int
    by_arrival: int
    missing: list[MissingView]
    with_repeats: int
    exposures: int
    repeats: int
    files: int
    ready: int
    rejected: int
    failed: int


class Completeness(Wire, frozen=True):
    range: QualityRange
    total: CompletenessGroup
    by_unit: list[CompletenessGroup]
    by_month: list[CompletenessGroup]


class HeaderValue(Wire, frozen=True):
    name: str
    missing: int
    implausible: int


class HeaderGroup(Wire, frozen=True):
    key: str | None
    files: int
    values: list[HeaderValue]


class MissingInHeaders(Wire, frozen=True):
    range: QualityRange
    total: HeaderGroup
    by_unit: list[HeaderGroup]


class QualityImage(Wire, frozen=True):
    """One file behind a point; implausible values are null."""

    image_id: int
    laterality: str | None
    view_position: str | None
    status: str
    reason_code: str | None
    thickness_mm: float | None
    dose_mgy: float | None
    force_n: float | None
    kv_kv: float | None
    target: str | None
    filter: str | None


class QualityExam(Wire, frozen=True):
    """`examId` null: a file that belongs to no exam. `images` are the first of `files`, of which the point is made;
    of a question about views there are none, and `missing` and `repeated` answer it."""

    exam_id: int | None
    taken_on: date
    by_arrival: bool
    unit: str | None
    files: int
    images: list[QualityImage]
    missing: list[str] | None = None
    repeated: list[str] | None = None


class QualityExams(Wire, frozen=True):
    range: QualityRange
    exams: list[QualityExam]
    next_cursor: str | None
    has_more: bool
    limit: int


class ReferenceCurves(Wire, frozen=True):
    """`version` goes back with a change. `isDefault`: nobody has changed them yet."""

    curves: list[Curve]
    version: int
    is_default: bool
    changed_at: datetime | None
    changed_by: str | None
    may_change: bool


class ReferenceCurvesChange(WireRequest, frozen=True):
    """`curves` null: the program's own again."""

    curves: list[Curve] | None
    version: int
