"""X-Ray Radiation Dose SR of a mammography unit: which objects are one, and their numbers (PS3.16 TID 10001 family).

Numbers come with a UCUM unit and are converted from it; a number in another kind of unit, or two that differ where
one belongs, is left out with a warning. The work is bounded, whatever the tree of content items looks like."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pydicom.dataset import Dataset

from mammogram_viewer.dicom import values
from mammogram_viewer.dicom.read_technique import is_plausible
from mammogram_viewer.dicom.view_codes import SIDE_CODES, VIEW_CODES, code_of

DOSE_SR_SOP_CLASS = "1.2.840.10008.5.1.4.1.1.88.67"
# Enhanced, Comprehensive, Comprehensive 3D and Extensible SR: some units send their dose report as one of these.
_OTHER_SR_SOP_CLASSES = frozenset({f"1.2.840.10008.5.1.4.1.1.88.{end}" for end in ("22", "33", "34", "35")})
MAX_EVENTS = 512
MAX_CONTENT_ITEMS = 20_000  # of a screening exam's four to ten events, each has about fifty

_REPORT, _EVENT = "113701", "113706"
_ACCUMULATED_DOSE = "111637"
_LATERALITY, _TARGET_REGION, _IMAGE_VIEW = ("272741003", "G-C171"), "123014", "111031"
_EVENT_UID, _STARTED = "113769", "111526"


@dataclass(frozen=True)
class _Number:
    """A NUM content item (its DCM code), the unit it may have, and how many of ours make one of that unit."""

    code: str
    unit: str
    per_unit: float


_NUMBERS = {
    "average_glandular_dose_mgy": _Number("111631", "Gy", 1e3),
    "entrance_exposure_mgy": _Number("111636", "Gy", 1e3),
    "compression_thickness_mm": _Number("111633", "m", 1e3),
    "compression_force_n": _Number("111647", "N", 1),
    "half_value_layer_mm_al": _Number("111634", "m", 1e3),
    "kvp_kv": _Number("113733", "V", 1e-3),
    "exposure_mas": _Number("113736", r"A\.?s", 1e3),
}
# The same quantity in an image's header, whose range it shares.
_SHARED_RANGES = {
    "average_glandular_dose_mgy": "organ_dose_mgy",
    "entrance_exposure_mgy": "entrance_dose_mgy",
    "compression_thickness_mm": "body_part_thickness_mm",
}
_PREFIXES = {"": 1.0, "k": 1e3, "da": 10.0, "d": 1e-1, "c": 1e-2, "m": 1e-3, "u": 1e-6, "n": 1e-9}


@dataclass(frozen=True, kw_only=True)
class AccumulatedDose:
    """Accumulated Average Glandular Dose (TID 10005) of one breast."""

    laterality: str | None  # R, L or B
    average_glandular_dose_mgy: float


@dataclass(frozen=True, kw_only=True)
class DoseEvent:
    """One irradiation event (TID 10003); None where the report is silent. `implausible` as in `Technique`."""

    irradiation_event_uid: str | None = None
    started_at: datetime | None = None  # local to the unit, no zone
    laterality: str | None = None
    view_position: str | None = None
    average_glandular_dose_mgy: float | None = None
    entrance_exposure_mgy: float | None = None
    compression_thickness_mm: float | None = None
    compression_force_n: float | None = None
    half_value_layer_mm_al: float | None = None
    kvp_kv: float | None = None
    exposure_mas: float | None = None
    implausible: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DoseReport:
    """What a report says; `warnings` hold `report_cut` when it was longer than what is read."""

    accumulated: tuple[AccumulatedDose, ...] = ()
    events: tuple[DoseEvent, ...] = ()
    warnings: tuple[str, ...] = ()


def is_dose_report(dataset: Dataset, sop_class_uid: str | None) -> bool:
    """Whether it is an X-Ray Radiation Dose SR, by its class, or by template or title in a general SR class."""
    if sop_class_uid == DOSE_SR_SOP_CLASS:
        return True
    if sop_class_uid not in _OTHER_SR_SOP_CLASSES:
        return False
    templates = (
        values.text(item, "TemplateIdentifier")
        for item in values.items(dataset, "ContentTemplateSequence")
        if values.code_string(item, "MappingResource") == "DCMR"
    )
    return _concept(dataset) == _REPORT or "10001" in templates


def read_dose_report(dataset: Dataset) -> DoseReport:
    """The doses and events of a report; never raises for a strange value, never reads more than the limits."""
    return _Reader().run(dataset)


class _Reader:
    """State of one reading: the warnings, and how many content items may still be looked at."""

    def __init__(self) -> None:
        self.left = MAX_CONTENT_ITEMS
        self.warnings: list[str] = []

    def run(self, dataset: Dataset) -> DoseReport:
        accumulated: list[AccumulatedDose] = []
        events: list[DoseEvent] = []
        pending = self._children(dataset)
        while pending:
            item = pending.pop()
            concept = _concept(item)
            if concept == _EVENT:
                if len(events) == MAX_EVENTS:
                    self.warnings.append("report_cut")
                    break
                events.append(self._event(item))
                continue
            children = self._children(item)
            if concept == _ACCUMULATED_DOSE:
                dose = self._value(item, _NUMBERS["average_glandular_dose_mgy"], "accumulated_average_glandular_dose")
                if dose is not None:
                    accumulated.append(AccumulatedDose(laterality=_side(children), average_glandular_dose_mgy=dose))
            pending += children
        sides = [dose.laterality for dose in accumulated]
        if len(sides) > len(set(sides)):
            self.warnings.append("repeated_accumulated_dose")
        return DoseReport(
            accumulated=tuple(accumulated), events=tuple(events), warnings=tuple(dict.fromkeys(self.warnings))
        )

    def _children(self, item: Dataset) -> list[Dataset]:
        """The content items right below, last one first: `pop` then gives them in file order."""
        found = values.items(item, "ContentSequence")
        if len(found) > self.left:
            self.warnings.append("report_cut")
        found = found[: self.left]
        self.left -= len(found)
        return found[::-1]

    def _below(self, item: Dataset) -> Iterator[Dataset]:
        """Every content item below, in file order."""
        pending = self._children(item)
        while pending:
            one = pending.pop()
            yield one
            pending += self._children(one)

    def _event(self, container: Dataset) -> DoseEvent:
        content = list(self._below(container))
        by_code: dict[str, list[Dataset]] = {}
        for item in content:
            by_code.setdefault(_concept(item), []).append(item)
        numbers = {name: self._number(by_code.get(number.code, []), number, name) for name, number in _NUMBERS.items()}
        uid = _first_text(by_code.get(_EVENT_UID, []), "UID")
        started = by_code.get(_STARTED, [])
        views = {VIEW_CODES.get(code_of(value)) for value in _coded_values(by_code.get(_IMAGE_VIEW, []))} - {None}
        return DoseEvent(
            irradiation_event_uid=uid if uid and re.fullmatch(r"[0-9.]{1,64}", uid) else None,
            started_at=values.date_time(started[0], "DateTime") if started else None,
            laterality=_side(content),
            view_position=views.pop() if len(views) == 1 else None,
            implausible=tuple(
                name
                for name, number in numbers.items()
                if number is not None and not is_plausible(_SHARED_RANGES.get(name, name), number)
            ),
            **numbers,
        )

    def _number(self, items: list[Dataset], number: _Number, name: str) -> float | None:
        found = [value for item in items if (value := self._value(item, number, name)) is not None]
        if found and not all(math.isclose(value, found[0], rel_tol=1e-6) for value in found):
            self.warnings.append(f"several_{name}")
            return None
        return found[0] if found else None

    def _value(self, item: Dataset, number: _Number, name: str) -> float | None:
        """The measured value (PS3.3 C.18.1) in the unit of `name`; None with a warning where that is not certain."""
        measured = values.items(item, "MeasuredValueSequence")
        if not measured:
            return None  # an empty sequence says that nothing was measured
        value = values.real(measured[0], "FloatingPointValue")
        if value is None:
            value = values.real(measured[0], "NumericValue")
        factor = _unit_factor(measured[0], number.unit)
        if value is None or factor is None or value < 0:
            self.warnings.append(f"unreadable_{name}")
            return None
        return value * factor * number.per_unit


def _concept(item: Dataset) -> str:
    """The code of what a content item is about; of DICOM's own codes or SNOMED's, else nothing."""
    for name in values.items(item, "ConceptNameCodeSequence")[:1]:
        if values.code_string(name, "CodingSchemeDesignator") == "DCM":
            return values.code_string(name, "CodeValue")
        return code_of(name)
    return ""


def _unit_factor(measured: Dataset, unit: str) -> float | None:
    """How many `unit` make one of the stated UCUM unit, such as 0.001 for mGy; None when it is of another kind."""
    for item in values.items(measured, "MeasurementUnitsCodeSequence")[:1]:
        if values.code_string(item, "CodingSchemeDesignator") != "UCUM":
            return None
        # UCUM is case sensitive; curly braces hold remarks, as in mm{Al}.
        stated = re.sub(r"\{[^}]*\}", "", values.text(item, "CodeValue") or "")
        match = re.fullmatch(rf"(k|da|d|c|m|u|n)?{unit}", stated)
        return _PREFIXES[match[1] or ""] if match else None
    return None


def _coded_values(items: list[Dataset]) -> Iterator[Dataset]:
    for item in items:
        yield from values.items(item, "ConceptCodeSequence")[:1]


def _side(content: list[Dataset]) -> str | None:
    """The one side that Laterality and Target Region items name (CID 244, 6022)."""
    about = [item for item in content if _concept(item) in (*_LATERALITY, _TARGET_REGION)]
    sides = {SIDE_CODES.get(code_of(value)) for value in _coded_values(about)} - {None}
    return sides.pop() if len(sides) == 1 else None


def _first_text(items: list[Dataset], keyword: str) -> str | None:
    return next((found for item in items if (found := values.text(item, keyword))), None)
