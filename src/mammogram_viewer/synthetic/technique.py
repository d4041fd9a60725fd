"""How the image was taken: detector, geometry, exposure and dose, each in the unit of its attribute."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset

from mammogram_viewer.synthetic.attributes import uid
from mammogram_viewer.synthetic.wanted import SyntheticMammogram

CONTACT_MAGNIFICATION = "1.03125"  # 660 mm to the detector, 640 mm to the middle of the breast
MAGNIFICATION = "1.5"
_OBLIQUE_DEGREES = {"MLO": 45, "LMO": -135, "ML": 90, "LM": -90}


def add_technique(ds: Dataset, wanted: SyntheticMammogram) -> None:
    """Plausible values for a compressed breast, drawn from the seed."""
    draw = np.random.default_rng([wanted.seed, 3, ord(wanted.laterality), len(wanted.view)])
    thickness_mm = int(draw.integers(35, 75))
    mas = float(draw.integers(40, 120))
    force_n = int(draw.integers(60, 160))
    organ_dose_dgy = round(float(draw.uniform(0.008, 0.022)), 5)
    ds.KVP = 26 + thickness_mm // 15
    ds.Exposure = round(mas)
    ds.ExposureInuAs = round(mas * 1000)
    ds.ExposureTime = round(mas * 10)
    ds.BodyPartThickness = thickness_mm
    ds.CompressionForce = force_n
    ds.OrganDose = organ_dose_dgy
    ds.EntranceDoseInmGy = round(float(draw.uniform(3, 9)), 2)
    ds.AnodeTargetMaterial = "TUNGSTEN"
    ds.FilterMaterial = "RHODIUM"
    ds.HalfValueLayer = "0.52"  # mm Al
    ds.ExposureControlMode = "AUTOMATIC"
    ds.OperatorsName = f"Technologist^{wanted.seed % 3 + 1}"
    ds.IrradiationEventUID = irradiation_event_uid(wanted)
    ds.QualityControlImage = "YES" if wanted.quality_control else "NO"
    ds.DetectorID = "SYNTH-DETECTOR-1"
    _add_spacing(ds, wanted)
    if wanted.is_digital_mammography:
        _add_positioning(ds, wanted)


def irradiation_event_uid(wanted: SyntheticMammogram) -> str:
    """Shared by the For Presentation image and its For Processing twin: one exposure made both."""
    return uid("event", wanted.seed, wanted.laterality, wanted.view, wanted.view_modifiers, wanted.instance_number)


def _add_spacing(ds: Dataset, wanted: SyntheticMammogram) -> None:
    """Millimetres, by the kind that is wanted (PS3.3 10.7.1.3, C.8.11.4)."""
    if wanted.spacing == "none":
        return
    ds.ImagerPixelSpacing = [wanted.pixel_spacing_mm] * 2
    if wanted.spacing == "calibrated":
        ds.PixelSpacing = [wanted.pixel_spacing_mm / 2] * 2
        ds.PixelSpacingCalibrationType = "FIDUCIAL"
        ds.PixelSpacingCalibrationDescription = "A marker of 10 mm on the skin"
    elif wanted.spacing != "detector":
        magnified = wanted.spacing == "magnification"
        ds.EstimatedRadiographicMagnificationFactor = MAGNIFICATION if magnified else CONTACT_MAGNIFICATION


def _add_positioning(ds: Dataset, wanted: SyntheticMammogram) -> None:
    ds.DetectorType = "DIRECT"
    ds.FieldOfViewShape = "RECTANGLE"
    ds.FieldOfViewDimensions = [max(round(side * wanted.pixel_spacing_mm), 1) for side in (wanted.rows, wanted.columns)]
    ds.PositionerType = "MAMMOGRAPHIC"
    degrees = _OBLIQUE_DEGREES.get(wanted.view, 0)
    ds.PositionerPrimaryAngle = -degrees if wanted.laterality == "R" else degrees
    ds.DistanceSourceToDetector = 660
    ds.DistanceSourceToPatient = 440 if wanted.spacing == "magnification" else 640
