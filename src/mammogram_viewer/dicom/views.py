"""Side and view of a mammogram, from whichever field holds them, with the field's name beside the answer.

Vendors and decades differ, so this is a cascade: coded values first, then the defined terms, then free text.
A later field never overrules an earlier one; where two defined ones disagree, a warning says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset

from mammogram_viewer.dicom import values
from mammogram_viewer.dicom.view_codes import MODIFIER_CODES, SIDE_CODES, SPECIMEN_CODES, VIEW_CODES, code_of
from mammogram_viewer.dicom.view_text import Label, read_label, read_text

_SIDES = {"R": "R", "RIGHT": "R", "L": "L", "LEFT": "L", "B": "B", "BOTH": "B", "BILATERAL": "B"}
# Free text about this series, best first.
_SERIES_TEXTS = ("SeriesDescription", "ProtocolName", "AcquisitionDeviceProcessingDescription")
# Free text about more than this image, or about no image at all (a patient may be called Left). It counts only when
# it names side and view together, as patient ids of anonymised collections do (CBIS-DDSM).
_WIDER_TEXTS = ("ImageComments", "StudyDescription", "PatientID", "PatientName")
_CODE_MEANING = "CodeMeaning"  # of a view code whose scheme is a vendor's own
# Sources that are too weak to contradict a defined field.
_WEAK = frozenset({*_SERIES_TEXTS, *_WIDER_TEXTS, _CODE_MEANING})
# One position under two names: the label of CID 4015 that replaces the view's, and the former CID 4014 term.
_SAME_POSITION = (
    frozenset({"AT", "MLO"}), frozenset({"CV", "CC"}), frozenset({"CV", "FB"}), frozenset({"XCC", "XCCL"}),
    frozenset({"XCC", "XCCM"}),
)  # fmt: skip
# Contact views have up to 1.1, magnification stands begin at about 1.5.
_MAGNIFICATION_VIEW = (1.3, 5.0)


@dataclass(frozen=True)
class SideAndView:
    """`laterality` is R, L or B; the sources are keywords."""

    laterality: str | None
    laterality_source: str | None
    view_position: str | None
    view_position_source: str | None
    view_modifiers: tuple[str, ...]
    warnings: tuple[str, ...]


def side_and_view(dataset: Dataset) -> SideAndView:
    """The best answer for both, each with where it came from; never raises for a strange value."""
    texts = list(_texts(dataset))
    sides = [*_sides(dataset), *((label.side, source) for label, source in texts if label.side)]
    # A series of both breasts says nothing about one of its images, if anything else does.
    sides.sort(key=("B", "Laterality").__eq__)
    views = [*_views(dataset), *((label.view, source) for label, source in texts if label.view)]
    warnings = []
    if len({side for side, source in sides if source not in _WEAK and (side, source) != ("B", "Laterality")}) > 1:
        warnings.append("laterality_conflict")
    if _disagree([view for view, source in views if source not in _WEAK]):
        warnings.append("view_position_conflict")
    if not sides and (assumed := _side_by_orientation(dataset)):
        sides = [(assumed, "PatientOrientation")]
        warnings.append("laterality_assumed_from_orientation")
    side, side_source = sides[0] if sides else (None, None)
    view, view_source = views[0] if views else (None, None)
    return SideAndView(side, side_source, view, view_source, _modifiers(dataset, texts), tuple(warnings))


def _sides(dataset: Dataset) -> Iterator[tuple[str, str]]:
    anatomies = list(values.frame_items(dataset, "FrameAnatomySequence"))[:1]
    for keyword, holders in (
        ("ImageLaterality", [dataset]), ("FrameLaterality", anatomies), ("Laterality", [dataset]),
    ):  # fmt: skip
        for holder in holders:
            if side := _SIDES.get(values.code_string(holder, keyword)):
                yield side, keyword
    for holder in (dataset, *anatomies):
        for region in values.items(holder, "AnatomicRegionSequence"):
            for modifier in values.items(region, "AnatomicRegionModifierSequence"):
                if side := SIDE_CODES.get(code_of(modifier)):
                    yield side, "AnatomicRegionModifierSequence"
            if side := SIDE_CODES.get(code_of(region)):
                yield side, "AnatomicRegionSequence"
    for keyword, label in _defined_labels(dataset):
        if label.side:
            yield label.side, keyword


def _views(dataset: Dataset) -> Iterator[tuple[str, str]]:
    for item in values.items(dataset, "ViewCodeSequence"):
        if view := VIEW_CODES.get(code_of(item)):
            yield view, "ViewCodeSequence"
    for keyword, label in _defined_labels(dataset):
        if label.view:
            yield label.view, keyword


def _defined_labels(dataset: Dataset) -> Iterator[tuple[str, Label]]:
    """View Position (0018,5101), and Patient Orientation (0020,0020) where it holds a label instead of directions."""
    for keyword in ("ViewPosition", "PatientOrientation"):
        if keyword == "PatientOrientation" and len(values.values(dataset, keyword)) > 1:
            continue
        if label := read_label(values.code_string(dataset, keyword)):
            yield keyword, label


def _texts(dataset: Dataset) -> Iterator[tuple[Label, str]]:
    """What free text says, best first."""
    for item in values.items(dataset, "ViewCodeSequence")[:1]:
        if code_of(item) not in VIEW_CODES:
            yield read_text(values.text(item, _CODE_MEANING) or ""), _CODE_MEANING
    for keyword in _SERIES_TEXTS:
        yield read_text(values.text(dataset, keyword) or ""), keyword
    for keyword in _WIDER_TEXTS:
        label = read_text(values.text(dataset, keyword) or "")
        if label.side and label.view:
            yield label, keyword


def _disagree(views: list[str]) -> bool:
    return any(view != views[0] and frozenset({view, views[0]}) not in _SAME_POSITION for view in views[1:])


def _modifiers(dataset: Dataset, texts: list[tuple[Label, str]]) -> tuple[str, ...]:
    """Coded ones and those of View Position; free text speaks only where no code does."""
    found = []
    for item in values.items(dataset, "ViewCodeSequence"):
        if code_of(item) in SPECIMEN_CODES:
            found.append("specimen")
        for modifier in values.items(item, "ViewModifierCodeSequence"):
            if name := MODIFIER_CODES.get(code_of(modifier)):
                found.append(name)
    if not found:
        for label, source in texts:
            if source in (_CODE_MEANING, *_SERIES_TEXTS):
                found += label.modifiers
    for _, label in _defined_labels(dataset):
        found += label.modifiers
    least, most = _MAGNIFICATION_VIEW
    factor = values.real(dataset, "EstimatedRadiographicMagnificationFactor")
    if factor is not None and least <= factor <= most:
        found.append("magnification")
    return tuple(dict.fromkeys(found))


def _side_by_orientation(dataset: Dataset) -> str | None:
    """Side from where rows and columns run (0020,0020), assuming the usual hanging; an image turned by 180 degrees
    belies it, hence the warning.

    A left breast hung with its chest wall at the image's left has rows that run to anterior and columns that
    run to the right of the patient in CC; a right breast the mirrored pair."""
    found = [values.clean_text(value).upper() for value in values.values(dataset, "PatientOrientation")]
    if len(found) != 2:
        return None
    row, column = found
    if row == "A" and column in ("R", "FR"):
        return "L"
    if row == "P" and column in ("L", "FL"):
        return "R"
    return None


def side_in_text(text: str) -> str | None:
    """R, L or B when free text names exactly one side."""
    return read_text(text).side


def view_in_text(text: str) -> str | None:
    """The view when free text names exactly one."""
    return read_text(text).view
