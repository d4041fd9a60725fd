"""Which millimetres a data set states, and of what (PS3.3 10.7.1, C.8.11.4, C.8.11.7, C.7.6.16.2.1).

A wrong number of millimetres is worse than none: what is unreadable, contradicts itself or varies by frame gives no
spacing and a warning. The rules, best first:

1. Pixel Spacing with a Pixel Spacing Calibration Type is `calibrated` (10.7.1.2).
2. Pixel Spacing of a reconstruction lies in the patient (C.7.6.16.2.1, C.7.6.2): `calibrated`.
3. Pixel Spacing that differs from Imager or Nominal Scanned Pixel Spacing "has been corrected for known or assumed
   geometric magnification or calibrated" even where no type says so (10.7.1.1): `calibrated`. Magnification makes
   things larger, never smaller, so a larger Pixel Spacing contradicts the other value, and neither is used.
4. Imager Pixel Spacing is never adjusted (C.8.11.4): divided by the magnification factor where there is one.
5. Nominal Scanned Pixel Spacing is that of the film.
6. Pixel Spacing alone: "it cannot be determined whether or not correction or calibration have been performed"
   (10.7.1.1): none."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from pydicom.dataset import Dataset

from mammogram_viewer.dicom import values
from mammogram_viewer.dicom.geometry import Spacing, SpacingBasis

LEAST_MM, MOST_MM = 0.001, 10.0  # detectors and films have 0.02 to 0.2; beyond this a unit was mistaken
# Contact views have 1.0 to 1.1, magnification views up to 2; the source is never behind the patient (below 1).
MOST_MAGNIFICATION = 5.0
_SAME = 1e-3  # relative: two writings of one value differ by the rounding of a decimal string
_NEARLY_SAME = 1e-2  # relative: a quotient that the maker rounded
_CALIBRATION_TYPE = "PixelSpacingCalibrationType"
_SECONDARY_CAPTURES = "1.2.840.10008.5.1.4.1.1.7"

Pair = tuple[float, float]  # row spacing, column spacing in mm (10.7.1.3)


@dataclass
class _Reading:
    """The three values as far as they can be trusted, and what is wrong with the others."""

    imager: Pair | None = None
    nominal: Pair | None = None
    pixel: Pair | None = None
    warnings: list[str] = field(default_factory=list)


def spacing_of(dataset: Dataset) -> tuple[Spacing, tuple[str, ...]]:
    """The spacing that lengths are to be measured with, and warnings; never raises for a strange value."""
    found = _Reading()
    in_frames = list(values.frame_items(dataset, "PixelMeasuresSequence"))
    found.imager = _pair(
        found, "ImagerPixelSpacing", [dataset, *values.frame_items(dataset, "FramePixelDataPropertiesSequence")]
    )
    found.nominal = _pair(found, "NominalScannedPixelSpacing", [dataset])
    found.pixel = _pair(found, "PixelSpacing", [dataset, *in_frames])
    spacing = _choose(dataset, found, reconstructed=_is_reconstruction(dataset, in_frames))
    return spacing, tuple(dict.fromkeys(found.warnings))


def _choose(dataset: Dataset, found: _Reading, *, reconstructed: bool) -> Spacing:
    kind = values.code_string(dataset, _CALIBRATION_TYPE)
    at_source = found.imager or found.nominal
    if found.pixel and kind in ("GEOMETRY", "FIDUCIAL"):
        if at_source and _larger(found.pixel, at_source):
            found.warnings.append("calibrated_spacing_exceeds_detector")
        return _spacing(found.pixel, "calibrated")
    if kind and kind not in ("GEOMETRY", "FIDUCIAL"):
        found.warnings.append(f"unreadable_{_CALIBRATION_TYPE}")
    if found.pixel and reconstructed:
        return _spacing(found.pixel, "calibrated")
    if any(warning.endswith(("_ImagerPixelSpacing", "_NominalScannedPixelSpacing")) for warning in found.warnings):
        return Spacing()  # what the others are to be compared with is broken
    if at_source is None:
        if found.pixel:
            found.warnings.append("spacing_basis_unknown")
        return Spacing()
    uncalibrated = _from_detector(dataset, found) if found.imager else _spacing(at_source, "scanned_film")
    if found.pixel is None or _same(found.pixel, at_source, _SAME):
        return uncalibrated
    if _same(found.pixel, (uncalibrated.row_mm or 0, uncalibrated.column_mm or 0), _NEARLY_SAME):
        return uncalibrated
    if _larger(found.pixel, at_source) or _larger(
        at_source, (found.pixel[0] * MOST_MAGNIFICATION, found.pixel[1] * MOST_MAGNIFICATION)
    ):
        found.warnings.append("spacing_contradiction")
        return Spacing()
    if uncalibrated.basis == "magnification_corrected":
        found.warnings.append("calibrated_spacing_differs_from_magnification")
    return _spacing(found.pixel, "calibrated")


def _from_detector(dataset: Dataset, found: _Reading) -> Spacing:
    """Imager Pixel Spacing over the Estimated Radiographic Magnification Factor (0018,1114), SID over SOD."""
    assert found.imager is not None
    keyword = "EstimatedRadiographicMagnificationFactor"
    holders = [dataset, *values.frame_items(dataset, "XRayGeometrySequence")]
    factors = {values.real(holder, keyword) for holder in holders if values.has_value(holder, keyword)}
    if not factors:
        return _spacing(found.imager, "detector")
    known = [factor for factor in factors if factor is not None and 1 <= factor <= MOST_MAGNIFICATION]
    if len(known) < len(factors):
        found.warnings.append("implausible_magnification")
        return _spacing(found.imager, "detector")
    if max(known) > min(known) * (1 + _NEARLY_SAME):
        found.warnings.append("magnification_varies_by_frame")
        return _spacing(found.imager, "detector")
    factor = known[0] if len(known) == 1 else sum(known) / len(known)
    if factor == 1:
        return _spacing(found.imager, "detector")
    row_mm, column_mm = found.imager
    return Spacing(
        row_mm=row_mm / factor, column_mm=column_mm / factor, basis="magnification_corrected", magnification=factor
    )


def _is_reconstruction(dataset: Dataset, pixel_measures: list[Dataset]) -> bool:
    """Whether Pixel Spacing is that of slices in the patient: tomosynthesis, its old form as CT, no projection."""
    if (values.text(dataset, "SOPClassUID") or "").startswith(_SECONDARY_CAPTURES):
        return False
    if values.has_value(dataset, "ImagerPixelSpacing"):
        return False
    if any(values.has_value(item, "PixelSpacing") for item in pixel_measures):
        return True
    return len(values.reals(dataset, "ImageOrientationPatient")) == 6


def _pair(found: _Reading, keyword: str, holders: Iterable[Dataset]) -> Pair | None:
    """The one pair that all holders state; None with a warning where one is broken or they differ."""
    pairs = []
    for holder in holders:
        if not values.has_value(holder, keyword):
            continue
        numbers = values.reals(holder, keyword)
        if len(numbers) != 2:
            found.warnings.append(f"unreadable_{keyword}")
            return None
        if not all(LEAST_MM <= number <= MOST_MM for number in numbers):
            found.warnings.append(f"implausible_{keyword}")
            return None
        pairs.append((numbers[0], numbers[1]))
    if any(not _same(pair, pairs[0], _SAME) for pair in pairs):
        found.warnings.append(f"varying_{keyword}")
        return None
    return pairs[0] if pairs else None


def _spacing(pair: Pair, basis: SpacingBasis) -> Spacing:
    return Spacing(row_mm=pair[0], column_mm=pair[1], basis=basis)


def _same(one: Pair, other: Pair, tolerance: float) -> bool:
    return all(math.isclose(a, b, rel_tol=tolerance) for a, b in zip(one, other, strict=True))


def _larger(one: Pair, other: Pair) -> bool:
    """Whether either direction of `one` is larger than in `other`."""
    return any(a > b * (1 + _SAME) for a, b in zip(one, other, strict=True))
