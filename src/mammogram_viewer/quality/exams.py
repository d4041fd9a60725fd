"""The exams behind a point, a bar or a number, newest first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite
from typing import Any

import msgspec

from mammogram_viewer.archive.exam_models import counts_of
from mammogram_viewer.archive.exam_views import SLOTS, is_mammographic, views_of
from mammogram_viewer.foundation.errors import Invalid, Malformed
from mammogram_viewer.foundation.keyset import DEFAULT_LIMIT, MAX_LIMIT
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.quality import queries, schemas
from mammogram_viewer.quality.models import Selection
from mammogram_viewer.quality.selections import HEADER_VALUES
from mammogram_viewer.quality.service import range_of

_ANY = "any"
_OUTCOMES = ("rejected", "failed")
_BETWEEN = {
    "thickness": "body_part_thickness_mm",
    "dose": "organ_dose_mgy",
    "force": "compression_force_n",
    "kv": "kvp_kv",
}


@dataclass(frozen=True, kw_only=True)
class Behind:
    """What the exams have in common. Ranges are half-open, as bins are; an empty text is what no header tells."""

    between: dict[str, tuple[float | None, float | None]]
    target: str | None = None
    filter: str | None = None
    month: str | None = None
    lacks: str | None = None
    implausible: str | None = None
    outcome: str | None = None
    missing: str | None = None
    repeated: str | None = None

    def check(self) -> None:
        """Invalid `invalid_selection`."""
        for name, ends in self.between.items():
            if any(end is not None and not isfinite(end) for end in ends):
                raise _wrong(f"{name} must be a number")
        if self.month is not None and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", self.month, re.ASCII):
            raise _wrong("month must be as 2026-11")
        for name in ("target", "filter", "repeated"):
            if "\0" in (getattr(self, name) or ""):
                raise _wrong(f"{name} holds no NUL")
        for name, allowed in (
            ("lacks", tuple(HEADER_VALUES)),
            ("implausible", tuple(HEADER_VALUES)),
            ("outcome", _OUTCOMES),
            ("missing", (*SLOTS, _ANY)),
        ):
            if getattr(self, name) not in (None, *allowed):
                raise _wrong(f"{name} must be one of {', '.join(allowed)}")
        of_exposures = bool(self._exposure_conditions())
        of_files = any(one is not None for one in (self.lacks, self.implausible, self.outcome))
        of_views = self.missing is not None or self.repeated is not None
        if of_exposures + of_files + of_views > 1:
            raise _wrong("ask for values of exposures, for headers and outcomes of files, or for views of exams")

    @property
    def is_of_views(self) -> bool:
        return self.missing is not None or self.repeated is not None

    @property
    def is_of_files(self) -> bool:
        return any(one is not None for one in (self.lacks, self.implausible, self.outcome))

    def _exposure_conditions(self) -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = []
        for name, (least, most) in self.between.items():
            if least is not None:
                found.append((f"{_BETWEEN[name]} >= {{}}", least))
            if most is not None:
                found.append((f"{_BETWEEN[name]} < {{}}", most))
        for name in ("target", "filter"):
            if (value := getattr(self, name)) is not None:
                found.append((f"coalesce({name}, '') = {{}}", value))
        return found

    def conditions(self) -> list[tuple[str, Any]]:
        """Of files or exposures; `{}` stands for the value."""
        found = self._exposure_conditions()
        if self.month is not None:
            found.append((f"{queries.GROUPS['month']} = {{}}", self.month))
        if self.outcome is not None:
            found.append(("status = {}", self.outcome))
        elif self.is_of_files:
            found.append(("status = {} AND modality = 'MG'", "ready"))
        if self.lacks is not None:
            found.append((f"lacks_{self.lacks} = {{}}", True))
        if self.implausible is not None:
            found.append(("{} = ANY (implausible)", self.implausible))
        return found

    def fits(self, tally: dict[str, int]) -> bool:
        """Whether an exam that holds these views is one of those asked for."""
        views = views_of(counts_of(tally))
        if not is_mammographic(views):
            return False
        for asked, there in ((self.missing, views.missing), (self.repeated, views.repeated)):
            if asked is not None and not (there if asked == _ANY else asked in there):
                return False
        return True


def parse_before(cursor: str | None) -> int | None:
    """The place of the last exam shown. Malformed `invalid_cursor`."""
    if cursor is None:
        return None
    if not re.fullmatch(r"-?\d{1,18}", cursor, re.ASCII):
        raise Malformed("This cursor cannot be read. Begin at the first page.", code="invalid_cursor")
    return int(cursor)


def check_limit(limit: int | None) -> int:
    if limit is not None and not 1 <= limit <= MAX_LIMIT:
        raise Invalid(f"limit must be 1 to {MAX_LIMIT}.", code="invalid_limit")
    return DEFAULT_LIMIT if limit is None else limit


async def list_exams(
    db: Any, selection: Selection, behind: Behind, settings: Settings, *, before: int | None, limit: int
) -> schemas.QualityExams:
    if behind.is_of_views:
        rows = await _with_views(db, selection, behind, before, limit + 1)
    else:
        rows = await queries.list_exams_with_files(
            db,
            selection,
            exposures=not behind.is_of_files,
            conditions=behind.conditions(),
            before=before,
            limit=limit + 1,
            images=settings.exam_images,
        )
    more = len(rows) > limit
    return schemas.QualityExams(
        range=range_of(selection),
        exams=[_exam(row) for row in rows[:limit]],
        next_cursor=str(rows[limit - 1]["key"]) if more else None,
        has_more=more,
        limit=limit,
    )


async def _with_views(db: Any, selection: Selection, behind: Behind, before: int | None, limit: int) -> list[Any]:
    patterns = [row["views"] for row in await queries.read_exam_patterns(db, selection)]
    wanted = [pattern for pattern in patterns if behind.fits(pattern)]
    if not wanted:
        return []
    return await queries.list_exams_with_views(db, selection, wanted, behind.month, before, limit)


def _exam(row: Any) -> schemas.QualityExam:
    given = dict(row)
    views = None if given.get("views") is None else views_of(counts_of(given["views"]))
    return schemas.QualityExam(
        exam_id=given["exam_id"],
        taken_on=given["taken_on"],
        by_arrival=given["by_arrival"],
        unit=given["unit"],
        files=given.get("files", 0),
        images=msgspec.convert(given.get("images", []), list[schemas.QualityImage]),
        missing=views and views.missing,
        repeated=views and views.repeated,
    )


def _wrong(what: str) -> Invalid:
    return Invalid(f"{what[0].upper()}{what[1:]}.", code="invalid_selection")
