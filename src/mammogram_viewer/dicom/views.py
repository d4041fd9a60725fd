"""Side and view of a mammogram, from whichever field holds them, with the field's name beside the answer.

Vendors and decades differ, so this is a cascade: coded values first, then the defined terms, then free text.
A later field never overrules an earlier one; where two disagree, a warning says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from pydicom.dataset import Dataset

from mammogram_viewer.dicom import values

# View code sequence (0054,0220), CID 4014, in SCT and in SRT; SNM3 used the same codes as SRT.
_VIEW_CODES = {
    "399162004": "CC", "R-10242": "CC",
    "399368009": "MLO", "R-10226": "MLO",
    "399260004": "ML", "R-10224": "ML",
    "399352003": "LM", "R-10228": "LM",
    "399099002": "LMO", "R-10230": "LMO",
    "399196006": "FB", "R-10244": "FB",
    "399188001": "SIO", "R-102D0": "SIO",
    "441555000": "ISO", "R-40AAA": "ISO",
    "399192008": "XCCL", "R-1024A": "XCCL",
    "399101009": "XCCM", "R-1024B": "XCCM",
}  # fmt: skip
# View modifier code sequence (0054,0222), CID 4015.
_MODIFIER_CODES = {
    "399209000": "implant_displaced", "R-102D5": "implant_displaced",
    "399055006": "spot_compression", "R-102D7": "spot_compression",
    "399163009": "magnification", "R-102D6": "magnification",
    "399110001": "tangential", "R-102C2": "tangential",
    "399161006": "cleavage", "R-102D2": "cleavage",
    "399011000": "axillary_tail", "R-102D1": "axillary_tail",
    "442580003": "axillary_tissue", "R-40AB2": "axillary_tissue",
    "399197002": "rolled_lateral", "R-102D3": "rolled_lateral",
    "399226006": "rolled_medial", "R-102D4": "rolled_medial",
    "414493004": "rolled_inferior", "R-102CA": "rolled_inferior",
    "415670009": "rolled_superior", "R-102C9": "rolled_superior",
    "441752004": "anterior_compression", "P2-00161": "anterior_compression",
    "442581004": "nipple_in_profile", "R-40AB3": "nipple_in_profile",
    "442593008": "infra_mammary_fold", "R-40ABE": "infra_mammary_fold",
}  # fmt: skip
# Laterality codes, CID 244: in anatomic region modifiers.
_SIDE_CODES = {"24028007": "R", "G-A100": "R", "7771000": "L", "G-A101": "L", "51440002": "B", "G-A102": "B"}
_CODE_SCHEMES = frozenset({"SCT", "SRT", "SNM3", "99SDM", "SNOMED-CT"})
_SIDES = {"R": "R", "RIGHT": "R", "L": "L", "LEFT": "L", "B": "B", "BOTH": "B", "BILATERAL": "B"}
_VIEWS = frozenset({"CC", "MLO", "ML", "LM", "LMO", "FB", "SIO", "ISO", "XCC", "XCCL", "XCCM", "AT", "CV"})
# In free text only the views that are no ordinary word or unit ("ML", "AT", "FB" are).
_TEXT_VIEWS = {
    "CC": "CC", "MLO": "MLO", "LMO": "LMO", "XCC": "XCC", "XCCL": "XCCL", "XCCM": "XCCM", "SIO": "SIO",
    "CRANIOCAUDAL": "CC", "MEDIOLATERAL OBLIQUE": "MLO", "MEDIOLATERALOBLIQUE": "MLO",
}  # fmt: skip
_COMPOUND = re.compile(r"(R|L)(CC|MLO|ML|LM|LMO|XCC|XCCL|XCCM)(ID|S|M|SPOT|MAG)?|(CC|MLO|ML|LM|XCCL)(R|L)")
# Free text, best first. Patient id and name hold the side in collections that were anonymised (CBIS-DDSM).
_TEXT_KEYWORDS = (
    "SeriesDescription", "ProtocolName", "AcquisitionDeviceProcessingDescription", "ImageComments",
    "StudyDescription", "PatientID", "PatientName",
)  # fmt: skip


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
    """The best answer for both, each with where it came from."""
    sides = list(_sides(dataset))
    views = list(_views(dataset))
    warnings = []
    # Free text is no reason to doubt a defined field, so only the structured fields are compared.
    if len({side for side, source in sides if source not in _TEXT_KEYWORDS}) > 1:
        warnings.append("laterality_conflict")
    if len({view for view, source in views if source not in _TEXT_KEYWORDS}) > 1:
        warnings.append("view_position_conflict")
    side, side_source = sides[0] if sides else (None, None)
    view, view_source = views[0] if views else (None, None)
    return SideAndView(side, side_source, view, view_source, tuple(_modifiers(dataset)), tuple(warnings))


def _sides(dataset: Dataset) -> Iterator[tuple[str, str]]:
    for keyword, holder in (
        ("ImageLaterality", dataset), ("FrameLaterality", _frame_anatomy(dataset)), ("Laterality", dataset),
    ):  # fmt: skip
        if holder is not None and (side := _SIDES.get(values.code_string(holder, keyword))):
            yield side, keyword
    for region in values.items(dataset, "AnatomicRegionSequence"):
        for modifier in values.items(region, "AnatomicRegionModifierSequence"):
            if side := _SIDE_CODES.get(_code(modifier)):
                yield side, "AnatomicRegionModifierSequence"
    position = re.fullmatch(_COMPOUND, values.code_string(dataset, "ViewPosition"))
    if position:
        yield position[1] or position[5], "ViewPosition"
    if side := _side_by_orientation(dataset):
        yield side, "PatientOrientation"
    for keyword in _TEXT_KEYWORDS:
        if side := side_in_text(values.text(dataset, keyword) or ""):
            yield side, keyword


def _views(dataset: Dataset) -> Iterator[tuple[str, str]]:
    for item in values.items(dataset, "ViewCodeSequence"):
        if view := _VIEW_CODES.get(_code(item)):
            yield view, "ViewCodeSequence"
    for keyword in ("ViewPosition", "PatientOrientation"):
        term = "".join(values.code_string(dataset, keyword).split())
        compound = re.fullmatch(_COMPOUND, term)
        if compound:
            yield compound[2] or compound[4], keyword
        elif term in _VIEWS and not (keyword == "PatientOrientation" and len(values.values(dataset, keyword)) > 1):
            yield term, keyword
    for keyword in _TEXT_KEYWORDS:
        if view := view_in_text(values.text(dataset, keyword) or ""):
            yield view, keyword


def _modifiers(dataset: Dataset) -> Iterator[str]:
    for item in values.items(dataset, "ViewCodeSequence"):
        for modifier in values.items(item, "ViewModifierCodeSequence"):
            if name := _MODIFIER_CODES.get(_code(modifier)):
                yield name


def _code(item: Dataset) -> str:
    scheme = values.code_string(item, "CodingSchemeDesignator")
    return values.code_string(item, "CodeValue") if scheme in _CODE_SCHEMES else ""


def _frame_anatomy(dataset: Dataset) -> Dataset | None:
    """Frame anatomy of an enhanced object (tomosynthesis), shared by all frames or of the first."""
    for keyword in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        for group in values.items(dataset, keyword)[:1]:
            for anatomy in values.items(group, "FrameAnatomySequence")[:1]:
                return anatomy
    return None


def _side_by_orientation(dataset: Dataset) -> str | None:
    """Side from where the nipple and the medial side point (0020,0020); only when both agree with the usual
    hanging.

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


def _words(text: str) -> list[str]:
    return re.findall(r"[A-Z]+", text.upper())


def side_in_text(text: str) -> str | None:
    """R, L or B when free text names exactly one side; letters alone count only joined to a view (RCC)."""
    words = _words(text)
    found = {_SIDES[word] for word in words if len(word) > 1 and word in _SIDES}
    found |= {match[1] or match[5] for word in words if (match := _COMPOUND.fullmatch(word))}
    found |= {before for before, after in pairwise(words) if before in "RL" and after in _TEXT_VIEWS}
    return found.pop() if len(found) == 1 else None


def view_in_text(text: str) -> str | None:
    """The view when free text names exactly one."""
    words = _words(text)
    found = {_TEXT_VIEWS[word] for word in words if word in _TEXT_VIEWS}
    found |= {match[2] or match[4] for word in words if (match := _COMPOUND.fullmatch(word))}
    return found.pop() if len(found) == 1 else None
