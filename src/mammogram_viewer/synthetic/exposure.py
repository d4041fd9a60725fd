"""Exposures as units choose them: from the thickness of the compressed breast to tube voltage, target and filter, and
from those to dose. The curves follow the shape of published acceptable doses by thickness; the numbers are nobody's."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import pairwise

# Mean glandular dose in mGy of an average breast by thickness in mm, between them by straight lines.
_DOSE_BY_THICKNESS = ((20, 0.6), (30, 0.85), (40, 1.15), (50, 1.5), (60, 1.95), (70, 2.5), (80, 3.2), (95, 4.4))
_THINNEST_MM, _THICKEST_MM = 20, 95


@dataclass(frozen=True)
class Unit:
    """A mammography unit. `dose_factor` is its dose beside the curve; of each pair of `anodes` the first number is the
    thickness in mm up to which target and filter are chosen. `silent` is the share of values it leaves out."""

    station_name: str
    device_serial_number: str
    model_name: str
    dose_factor: float
    kvp_kv: int
    anodes: tuple[tuple[float, str, str], ...]
    silent: float = 0.02


NEWER_UNIT = Unit(
    "DEMO-MG-1",
    "DEMO-1001",
    "Demo unit with tungsten",
    0.78,
    25,
    ((62, "TUNGSTEN", "RHODIUM"), (999, "TUNGSTEN", "SILVER")),
)
OLDER_UNIT = Unit(
    "DEMO-MG-2",
    "DEMO-2002",
    "Demo unit with molybdenum",
    1.08,
    24,
    ((42, "MOLYBDENUM", "MOLYBDENUM"), (58, "MOLYBDENUM", "RHODIUM"), (999, "RHODIUM", "RHODIUM")),
    silent=0.07,
)


@dataclass(frozen=True)
class Breast:
    """What a unit meets: thickness in mm when compressed, and how dense it is (1: as most)."""

    thickness_mm: float
    density: float

    @classmethod
    def drawn(cls, draw: random.Random) -> Breast:
        return cls(min(max(draw.gauss(56, 12), 24.0), 88.0), min(max(draw.gauss(1, 0.12), 0.7), 1.4))


@dataclass(frozen=True)
class Operator:
    """Who compresses, and how strongly as a rule, in newtons."""

    name: str
    force_n: float


def dose_mgy(thickness_mm: float) -> float:
    """Mean glandular dose of an average breast, mGy."""
    x = min(max(thickness_mm, _THINNEST_MM), _THICKEST_MM)
    for (low, below), (high, above) in pairwise(_DOSE_BY_THICKNESS):
        if x <= high:
            return below + (above - below) * (x - low) / (high - low)
    return _DOSE_BY_THICKNESS[-1][1]


def exposure(
    draw: random.Random, unit: Unit, operator: Operator, breast: Breast, view: str
) -> tuple[tuple[str, object], ...]:
    """Attributes of one image, each in its own unit (Organ Dose in dGy); None is one that this image lacks.

    An oblique view is a little thicker than the other of the same breast."""
    thickness_mm = breast.thickness_mm + (4 if view == "MLO" else 0) + draw.gauss(0, 2)
    force_n = min(max(draw.gauss(operator.force_n, 16), 45.0), 190.0)
    thickness_mm -= (force_n - operator.force_n) / 12  # more force, less thickness
    organ_dose_mgy = dose_mgy(thickness_mm) * unit.dose_factor * breast.density * draw.lognormvariate(0, 0.12)
    entrance_dose_mgy = organ_dose_mgy * (2.6 + thickness_mm / 22)
    kvp_kv = unit.kvp_kv + round(max(0.0, thickness_mm - 25) / 9)
    target, filter_material = next((t, f) for most, t, f in unit.anodes if thickness_mm <= most)
    mas = entrance_dose_mgy * 14 * (28 / kvp_kv) ** 2
    changes: dict[str, object] = {
        "StationName": unit.station_name,
        "DeviceSerialNumber": unit.device_serial_number,
        "ManufacturerModelName": unit.model_name,
        "DetectorID": f"{unit.device_serial_number}-D",
        "OperatorsName": operator.name,
        "BodyPartThickness": round(thickness_mm),
        "CompressionForce": round(force_n),
        "KVP": kvp_kv,
        "Exposure": round(mas),
        "ExposureInuAs": round(mas * 1000),
        "ExposureTime": round(mas * 9),
        "AnodeTargetMaterial": target,
        "FilterMaterial": filter_material,
        "HalfValueLayer": f"{0.3 + kvp_kv / 130 + (0.03 if target == 'TUNGSTEN' else 0):.3f}",
        "OrganDose": round(organ_dose_mgy / 100, 6),
        "EntranceDoseInmGy": round(entrance_dose_mgy, 2),
    }
    for keyword in ("OrganDose", "CompressionForce", "BodyPartThickness"):
        if draw.random() < unit.silent:
            changes[keyword] = None
    return tuple(changes.items())
