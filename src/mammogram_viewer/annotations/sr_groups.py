"""Measurement groups of a report (PS3.16 TID 1410 and 1501). Imports highdicom: import it late."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import TypeVar

import highdicom.sr as sr
import numpy as np
from pydicom.sr.codedict import codes

from mammogram_viewer.annotations.measure import Measurement
from mammogram_viewer.annotations.models import Annotation, KeyImage, MeasuredImage, Point
from mammogram_viewer.annotations.schemas import measurements_of
from mammogram_viewer.annotations.sr_texts import free_text, person_name
from mammogram_viewer.dicom.geometry import SpacingBasis

Referred = TypeVar("Referred")
SCHEME = "99MAMMOVIEW"
_COMMENT = sr.CodedConcept("121106", "DCM", "Comment")
_OF_INTEREST = sr.CodedConcept("113000", "DCM", "Of Interest")
_GREY_VALUE = sr.CodedConcept("modality-value", SCHEME, "Grey value after the Modality LUT")
_PIXELS = sr.CodedConcept("{pixels}", "UCUM", "pixels")
_NAMES = {
    "length": sr.CodedConcept("410668003", "SCT", "Length"),
    "area": sr.CodedConcept("42798000", "SCT", "Area"),
    "perimeter": sr.CodedConcept("131191004", "SCT", "Perimeter"),
    "angle": sr.CodedConcept("1483009", "SCT", "Angle"),
}
_DERIVATIONS = {
    "mean": sr.CodedConcept("373098007", "SCT", "Mean"),
    "standardDeviation": sr.CodedConcept("386136009", "SCT", "Standard Deviation"),
    "minimum": sr.CodedConcept("255605001", "SCT", "Minimum"),
    "maximum": sr.CodedConcept("56851009", "SCT", "Maximum"),
}
_UNITS = {
    "mm": sr.CodedConcept("mm", "UCUM", "millimeter"),
    "mm2": sr.CodedConcept("mm2", "UCUM", "square millimeter"),
    "px": _PIXELS,
    "px2": _PIXELS,
    "deg": sr.CodedConcept("deg", "UCUM", "degree"),
    "1": sr.CodedConcept("1", "UCUM", "no units"),
}
_METHODS: dict[SpacingBasis, str] = {
    "detector": "Millimeters at the detector",
    "magnification_corrected": "Millimeters corrected for magnification",
    "calibrated": "Millimeters calibrated in the patient",
    "scanned_film": "Millimeters on the scanned film",
    "none": "Pixels, spacing is not known",
}
_SIDES = {
    "R": sr.CodedConcept("24028007", "SCT", "Right"),
    "L": sr.CodedConcept("7771000", "SCT", "Left"),
    "B": sr.CodedConcept("51440002", "SCT", "Right and left"),
}
_BREAST = sr.CodedConcept("76752008", "SCT", "Breast")
Group = sr.PlanarROIMeasurementsAndQualitativeEvaluations | sr.MeasurementsAndQualitativeEvaluations
_REGIONS = {"ellipse": "ELLIPSE", "freehand": "POLYLINE", "arrow": "POLYLINE", "text": "POINT"}


def annotation_group(one: Annotation, image: MeasuredImage) -> Group:
    """A shape with its numbers. What lies partly outside of the frame cannot be a SCOORD of it (PS3.3 C.18.6.1.2):
    then the points stand in a comment, rather than others that the numbers are not of."""
    tracking = sr.TrackingIdentifier(uid=f"2.25.{one.annotation_id.int}", identifier=f"{one.kind} {one.annotation_id}")
    inside = _lies_inside(one.points, image)
    numbers = [_number(number, one, image, inside) for number in measurements_of(one)]
    if inside and one.kind in _REGIONS:
        region = sr.ImageRegion(_REGIONS[one.kind], _graphic(one), _source(sr.SourceImageForRegion, image, one.frame))
        group: Group = sr.PlanarROIMeasurementsAndQualitativeEvaluations(
            tracking, referenced_region=region, finding_sites=_sites(image), measurements=numbers or None
        )
    else:
        group = _plain_group(tracking, image, one.frame, numbers, None)
    _say_who(group, one.user_name, one.user_id)
    if one.text and free_text(one.text):
        _comment(group, free_text(one.text))
    if not inside:
        points = " ".join(f"({x:g}, {y:g})" for x, y in one.points)
        _comment(group, f"Drawn partly outside of the frame, so without coordinates. Points, column and row: {points}")
    return group


def key_image_group(mark: KeyImage, image: MeasuredImage) -> Group:
    """A marked frame: a finding "Of Interest", as a Key Object Selection would say (PS3.16 CID 7010)."""
    told = f"{image.sop_instance_uid} {mark.image_id} {mark.frame} {mark.user_id}"
    uid = uuid.uuid5(uuid.NAMESPACE_OID, told)
    tracking = sr.TrackingIdentifier(uid=f"2.25.{uid.int}", identifier=f"key image {uid}")
    group = _plain_group(tracking, image, mark.frame, [], _OF_INTEREST)
    _say_who(group, mark.user_name, mark.user_id)
    return group


def observer(name: str, user_id: int) -> sr.ObserverContext:
    """A person (PS3.16 TID 1003); one without a name has a number."""
    person = sr.PersonObserverIdentifyingAttributes(person_name(name) or f"User {user_id}")
    return sr.ObserverContext(codes.DCM.Person, person)


def _plain_group(
    tracking: sr.TrackingIdentifier,
    image: MeasuredImage,
    frame: int,
    numbers: list[sr.Measurement],
    finding: sr.CodedConcept | None,
) -> Group:
    return sr.MeasurementsAndQualitativeEvaluations(
        tracking,
        finding_type=finding,
        finding_sites=_sites(image),
        measurements=numbers or None,
        source_images=[_source(sr.SourceImageForMeasurementGroup, image, frame)],
    )


def _lies_inside(points: Sequence[Point], image: MeasuredImage) -> bool:
    return all(0 <= x <= (image.columns or 0) and 0 <= y <= (image.rows or 0) for x, y in points)


def _graphic(one: Annotation) -> np.ndarray:
    """Columns and rows, a pair a line; a freehand polygon ends where it began (PS3.3 C.18.6.1.2)."""
    points = [*one.points, one.points[0]] if one.kind == "freehand" else one.points
    return np.array(points, dtype=np.float64)


def _source(kind: Callable[[str, str, list[int] | None], Referred], image: MeasuredImage, frame: int) -> Referred:
    frames = [frame] if (image.number_of_frames or 1) > 1 else None
    return kind(image.sop_class_uid or "", image.sop_instance_uid or "", frames)


def _sites(image: MeasuredImage) -> list[sr.FindingSite]:
    return [sr.FindingSite(_BREAST, laterality=_SIDES.get(image.laterality or ""))]


def _number(number: Measurement, one: Annotation, image: MeasuredImage, inside: bool) -> sr.Measurement:
    line = inside and one.kind in ("length", "angle")
    source = _source(sr.SourceImageForRegion, image, one.frame)
    basis = one.spacing.basis
    is_grey = number.name in _DERIVATIONS
    return sr.Measurement(
        name=_GREY_VALUE if is_grey else _NAMES[number.name],
        value=number.value,
        unit=_UNITS[number.unit],
        derivation=_DERIVATIONS.get(number.name),
        method=None if is_grey else sr.CodedConcept(f"spacing-{basis.replace('_', '-')}", SCHEME, _METHODS[basis]),
        referenced_coordinates=[sr.CoordinatesForMeasurement("POLYLINE", _graphic(one), source)] if line else None,
    )


def _say_who(group: Group, name: str, user_id: int) -> None:
    for item in observer(name, user_id):
        item.RelationshipType = "HAS OBS CONTEXT"
        group[0].ContentSequence.append(item)


def _comment(group: Group, text: str) -> None:
    group[0].ContentSequence.append(sr.TextContentItem(_COMMENT, text, relationship_type="CONTAINS"))
