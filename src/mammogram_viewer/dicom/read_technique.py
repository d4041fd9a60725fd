"""How an image was taken and its dose, from a data set into one set of units (PS3.3 C.8.7.8, C.8.11.7).

Tomosynthesis has other homes for the same attributes: the X-Ray 3D Acquisition Sequence (C.8.21.3.4) and the
functional groups of breast projections (C.8.31.5). The unit is the attribute's, not the vendor's habit: what a
vendor wrote in another unit lands outside of `PLAUSIBLE` and is named as such, never converted by guess."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pydicom.dataset import Dataset

from mammogram_viewer.dicom import values
from mammogram_viewer.dicom.technique import Technique

_MGY_PER_DGY = 100
_MAX_FRAMES = 512


@dataclass(frozen=True)
class Plausible:
    """The closed range that mammography units give, and what lies outside of it."""

    least: float
    most: float
    reason: str


PLAUSIBLE = {
    "kvp_kv": Plausible(15, 60, "tubes run at 22 to 49 kV; volts, or 0 for unknown, lie outside"),
    "exposure_mas": Plausible(0.5, 1000, "exposures take 5 to 600 mAs; microampere seconds lie outside"),
    "organ_dose_mgy": Plausible(
        0.1, 20, "a view costs 0.5 to 10 mGy; mGy written where dGy belong come out a hundred times too large"
    ),
    "entrance_dose_mgy": Plausible(
        0.5, 80, "2 to 50 mGy at the skin; mGy written where dGy belong come out a hundred times too large"
    ),
    "compression_force_n": Plausible(
        20, 250, "IEC 60601-2-45 limits power-driven compression to 200 N; GE Senographe DS writes ten times too much,"
        " others kilograms or decanewtons",
    ),
    "body_part_thickness_mm": Plausible(10, 150, "compressed breasts have 15 to 110 mm; centimetres lie outside"),
    "half_value_layer_mm_al": Plausible(
        0.2, 4, "0.25 to 0.7 mm Al, up to 3.5 behind the copper of contrast views; micrometres lie outside"
    ),
}  # fmt: skip


def technique_of(dataset: Dataset) -> Technique:
    """Every value that the file states readably; never raises."""
    homes = [dataset, *values.items(dataset, "XRay3DAcquisitionSequence")]
    doses = list(values.frame_items(dataset, "XRayAcquisitionDoseSequence"))
    exposure, doubtful = _exposure_mas(homes, doses, dataset)
    organ_dose_dgy = _first(homes, "OrganDose")
    if organ_dose_dgy is None:
        organ_dose_dgy = _total(dataset, doses, "OrganDose")
    numbers = {
        "kvp_kv": _first(homes, "KVP"),
        "exposure_mas": exposure,
        "organ_dose_mgy": None if organ_dose_dgy is None else organ_dose_dgy * _MGY_PER_DGY,
        "entrance_dose_mgy": _entrance_dose_mgy(homes, doses, dataset),
        "compression_force_n": _first(homes, "CompressionForce"),
        "body_part_thickness_mm": _first(homes, "BodyPartThickness"),
        "half_value_layer_mm_al": _first([*homes, *doses], "HalfValueLayer"),
    }
    filters = [item for home in homes for item in values.items(home, "XRayFilterSequence")]
    return Technique(
        **numbers,
        anode_target_material=_first_text(homes, "AnodeTargetMaterial"),
        filter_material=_first_text(
            [*homes, *filters, *values.frame_items(dataset, "XRayFilterSequence")], "FilterMaterial"
        ),
        detector_id=_first_text(homes, "DetectorID"),
        device_serial_number=values.text(dataset, "DeviceSerialNumber"),
        operators_name=values.text(dataset, "OperatorsName"),
        irradiation_event_uid=_irradiation_event_uid(homes, dataset),
        implausible=tuple(
            name
            for name, number in numbers.items()
            if number is not None and (not is_plausible(name, number) or name in doubtful)
        ),
    )


def is_plausible(name: str, number: float) -> bool:
    """Whether `number` lies in the range of `name`, a key of `PLAUSIBLE`."""
    return PLAUSIBLE[name].least <= number <= PLAUSIBLE[name].most


def _first(homes: list[Dataset], keyword: str) -> float | None:
    """The value of the first home that has one; None where the homes after the data set itself disagree.

    Several acquisitions in one object (C.8.21.3.4) are no one's dose or thickness unless they are the same."""
    numbers = [number for home in homes if (number := values.real(home, keyword)) is not None]
    if not numbers:
        return None
    if values.real(homes[0], keyword) is not None or len(set(numbers)) == 1:
        return numbers[0]
    return None


def _first_text(homes: list[Dataset], keyword: str) -> str | None:
    return next((found for home in homes if (found := values.text(home, keyword))), None)


def _total(dataset: Dataset, doses: list[Dataset], keyword: str) -> float | None:
    """The sum over all frames of a projection series, each an exposure of its own; None unless every frame says."""
    numbers = [values.real(item, keyword) for item in doses[: _MAX_FRAMES + 1]]
    known = [number for number in numbers if number is not None]
    if not known or len(known) != len(numbers) or len(known) != (values.integer(dataset, "NumberOfFrames") or 1):
        return None
    return math.fsum(known)


def _exposure_mas(homes: list[Dataset], doses: list[Dataset], dataset: Dataset) -> tuple[float | None, set[str]]:
    """mAs from the most precise attribute; Exposure (0018,1152) is a whole number of mAs.

    The second answer names the value when the attributes contradict each other."""
    exact = _first(homes, "ExposureInmAs")
    micro = _first(homes, "ExposureInuAs")
    whole = _first(homes, "Exposure")
    found = [number for number in (exact, None if micro is None else micro / 1000, whole) if number is not None]
    if not found:
        return _total(dataset, doses, "ExposureInmAs"), set()
    agree = all(abs(number - found[0]) <= max(1.5, 0.05 * abs(found[0])) for number in found)
    return found[0], set() if agree else {"exposure_mas"}


def _entrance_dose_mgy(homes: list[Dataset], doses: list[Dataset], dataset: Dataset) -> float | None:
    """(0040,8302) in mGy; else (0040,0302), whose whole dGy tell nothing of a mammogram as long as they are 0."""
    found = _first(homes, "EntranceDoseInmGy")
    if found is None:
        found = _total(dataset, doses, "EntranceDoseInmGy")
    if found is not None:
        return found
    whole_dgy = _first(homes, "EntranceDose")
    return whole_dgy * _MGY_PER_DGY if whole_dgy else None


def _irradiation_event_uid(homes: list[Dataset], dataset: Dataset) -> str | None:
    """The first event (0008,3010); a tomosynthesis may name several."""
    events = list(values.frame_items(dataset, "IrradiationEventIdentificationSequence"))
    for home in [*homes, *events]:
        for value in values.values(home, "IrradiationEventUID")[:1]:
            if uid := values.clean_text(value):
                return uid
    return None
