"""Valid synthetic DICOM mammograms: Digital Mammography X-Ray Image Storage - For Presentation (PS3.3 A.27).

Used by `demo`, the tests and the benchmarks. Deterministic: the same `SyntheticMammogram` gives the same file."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

from mammogram_viewer.dicom.syntaxes import EXPLICIT_LITTLE_ENDIAN, JPEG_BASELINE, transfer_syntax
from mammogram_viewer.synthetic.encode import LOSSY, pixel_data
from mammogram_viewer.synthetic.phantom import AIR, breast_phantom

SOP_CLASS_FOR_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.2"
SOP_CLASS_FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.2.1"
SCREENING_VIEWS = (("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO"))
_VIEW_CODES = {"CC": ("399162004", "cranio-caudal"), "MLO": ("399368009", "medio-lateral oblique")}
_ORIENTATIONS = {
    ("R", "CC"): ["P", "L"],
    ("L", "CC"): ["A", "R"],
    ("R", "MLO"): ["P", "FL"],
    ("L", "MLO"): ["A", "FR"],
}
_NAMESPACE = uuid.UUID("4a6ad0a0-8a54-4f6e-9d0b-6d6d6f677261")


@dataclass(frozen=True, kw_only=True)
class SyntheticMammogram:
    """One image to write. `voi` is linear, linear_exact, sigmoid, lut, or none (which the standard forbids)."""

    seed: int = 0
    laterality: str = "R"
    view: str = "CC"
    rows: int = 256
    columns: int = 200
    pixel_spacing_mm: float = 0.07
    transfer_syntax_uid: str = EXPLICIT_LITTLE_ENDIAN
    photometric_interpretation: str = "MONOCHROME2"
    voi: str = "sigmoid"
    padding: bool = True  # air carries Pixel Padding Value
    for_processing: bool = False
    instance_number: int = 1
    patient_id: str | None = None
    patient_name: str | None = None


def write_mammogram(path: str | Path, wanted: SyntheticMammogram) -> Path:
    """Write the image at `path`, replacing what is there."""
    path = Path(path)
    build_mammogram(wanted).save_as(path, enforce_file_format=True)
    return path


def write_exam(
    folder: str | Path,
    seed: int,
    *,
    template: SyntheticMammogram | None = None,
    views: tuple[tuple[str, str], ...] = SCREENING_VIEWS,
) -> list[Path]:
    """Write a screening exam (RCC, LCC, RMLO, LMLO) of one study and series; `template` sets size and encoding."""
    template = template or SyntheticMammogram(rows=4096, columns=3328)
    paths = []
    for number, (laterality, view) in enumerate(views, start=1):
        wanted = replace(template, seed=seed, laterality=laterality, view=view, instance_number=number)
        paths.append(write_mammogram(Path(folder) / f"synthetic-{seed}-{number}-{laterality}{view}.dcm", wanted))
    return paths


def stored_words(wanted: SyntheticMammogram) -> npt.NDArray[np.unsignedinteger]:
    """The words that the file stores: 12 bits, 8 for JPEG baseline; negated for MONOCHROME1."""
    pixels = breast_phantom(wanted.seed, wanted.laterality, wanted.view, wanted.rows, wanted.columns)
    if wanted.transfer_syntax_uid == JPEG_BASELINE:
        pixels = (pixels >> 4).astype(np.uint8)
    if wanted.photometric_interpretation == "MONOCHROME1":
        pixels = ((1 << _bits_stored(wanted)) - 1 - pixels).astype(pixels.dtype)
    return pixels


def build_mammogram(wanted: SyntheticMammogram) -> FileDataset:
    """The whole data set with its file meta group."""
    made_at = datetime(2024, 1, 8, 8, 30) + timedelta(days=wanted.seed % 700, minutes=2 * wanted.instance_number)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(
        SOP_CLASS_FOR_PROCESSING if wanted.for_processing else SOP_CLASS_FOR_PRESENTATION
    )
    meta.MediaStorageSOPInstanceUID = _uid("image", repr(wanted))
    meta.TransferSyntaxUID = UID(wanted.transfer_syntax_uid)
    meta.ImplementationClassUID = _uid("implementation")
    meta.ImplementationVersionName = "SYNTHETIC_1"
    syntax = transfer_syntax(wanted.transfer_syntax_uid)
    ds = FileDataset(
        "",
        {},
        file_meta=meta,
        preamble=b"\0" * 128,
        is_implicit_VR=syntax.implicit,
        is_little_endian=syntax.little_endian,
    )
    ds.SOPClassUID = meta.MediaStorageSOPClassUID
    ds.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    _add_patient_and_study(ds, wanted, made_at)
    _add_series(ds, wanted, made_at)
    _add_anatomy(ds, wanted)
    _add_technique(ds, wanted)
    _add_pixels(ds, wanted)
    _add_grey_scale(ds, wanted)
    return ds


def _uid(*parts: object) -> UID:
    """A UID of ours that depends on nothing but `parts` (PS3.5 B.2)."""
    return UID(f"2.25.{uuid.uuid5(_NAMESPACE, '/'.join(map(str, parts))).int}")


def _bits_stored(wanted: SyntheticMammogram) -> int:
    return 8 if wanted.transfer_syntax_uid == JPEG_BASELINE else 12


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _add_patient_and_study(ds: Dataset, wanted: SyntheticMammogram, made_at: datetime) -> None:
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName = wanted.patient_name or f"Synthetic^Exam {wanted.seed}"
    ds.PatientID = wanted.patient_id or f"SYN-{wanted.seed:06d}"
    ds.PatientBirthDate = f"{1950 + wanted.seed % 35}0615"
    ds.PatientSex = "F"
    ds.PatientAge = f"{made_at.year - 1950 - wanted.seed % 35:03d}Y"
    ds.StudyInstanceUID = _uid("study", wanted.seed)
    ds.StudyDate, ds.StudyTime = made_at.strftime("%Y%m%d"), "083000"
    ds.StudyID = str(wanted.seed)
    ds.AccessionNumber = f"A{wanted.seed:07d}"
    ds.ReferringPhysicianName = ""
    ds.StudyDescription = "Synthetic screening mammography"


def _add_series(ds: Dataset, wanted: SyntheticMammogram, made_at: datetime) -> None:
    ds.Modality = "MG"
    intent = "FOR PROCESSING" if wanted.for_processing else "FOR PRESENTATION"
    ds.PresentationIntentType = intent
    ds.SeriesInstanceUID = _uid("series", wanted.seed, intent)
    ds.SeriesNumber = 2 if wanted.for_processing else 1
    ds.SeriesDescription = f"{wanted.laterality} {wanted.view}"
    ds.Manufacturer = "Mammogram Viewer"
    ds.ManufacturerModelName = "Synthetic phantom"
    ds.StationName = "SYNTH1"
    ds.DeviceSerialNumber = "1"
    ds.SoftwareVersions = "1"
    ds.InstanceNumber = wanted.instance_number
    ds.ContentDate = ds.AcquisitionDate = made_at.strftime("%Y%m%d")
    ds.ContentTime = ds.AcquisitionTime = made_at.strftime("%H%M%S")
    ds.ImageType = ["ORIGINAL" if wanted.for_processing else "DERIVED", "PRIMARY"]
    ds.AcquisitionContextSequence = Sequence()


def _add_anatomy(ds: Dataset, wanted: SyntheticMammogram) -> None:
    ds.ImageLaterality = wanted.laterality
    ds.BodyPartExamined = "BREAST"
    ds.OrganExposed = "BREAST"
    ds.ViewPosition = wanted.view
    ds.PatientOrientation = _ORIENTATIONS[wanted.laterality, wanted.view]
    ds.AnatomicRegionSequence = Sequence([_code("76752008", "SCT", "Breast")])
    view = _code(_VIEW_CODES[wanted.view][0], "SCT", _VIEW_CODES[wanted.view][1])
    view.ViewModifierCodeSequence = Sequence()
    ds.ViewCodeSequence = Sequence([view])
    ds.BreastImplantPresent = "NO"
    ds.PartialView = "NO"


def _add_technique(ds: Dataset, wanted: SyntheticMammogram) -> None:
    """Detector, geometry and dose: plausible values for a compressed breast, drawn from the seed."""
    draw = np.random.default_rng([wanted.seed, 3, ord(wanted.laterality), len(wanted.view)])
    thickness_mm = int(draw.integers(35, 75))
    mas = float(draw.integers(40, 120))
    ds.DetectorType = "DIRECT"
    ds.DetectorID = "SYNTH-DETECTOR-1"
    ds.ImagerPixelSpacing = [wanted.pixel_spacing_mm] * 2
    ds.FieldOfViewShape = "RECTANGLE"
    ds.FieldOfViewDimensions = [
        round(wanted.rows * wanted.pixel_spacing_mm),
        round(wanted.columns * wanted.pixel_spacing_mm),
    ]
    ds.PositionerType = "MAMMOGRAPHIC"
    ds.PositionerPrimaryAngle = 0 if wanted.view == "CC" else (-45 if wanted.laterality == "R" else 45)
    ds.DistanceSourceToDetector, ds.DistanceSourceToPatient = 660, 640
    ds.EstimatedRadiographicMagnificationFactor = "1.03125"
    ds.KVP = 26 + thickness_mm // 15
    ds.Exposure = round(mas)
    ds.ExposureInuAs = round(mas * 1000)
    ds.ExposureTime = round(mas * 10)
    ds.AnodeTargetMaterial = "TUNGSTEN"
    ds.FilterMaterial = "RHODIUM"
    ds.HalfValueLayer = "0.52"
    ds.BodyPartThickness = thickness_mm
    ds.CompressionForce = int(draw.integers(60, 160))
    ds.OrganDose = round(float(draw.uniform(0.008, 0.022)), 5)  # dGy
    ds.EntranceDoseInmGy = round(float(draw.uniform(3, 9)), 2)


def _add_pixels(ds: Dataset, wanted: SyntheticMammogram) -> None:
    words = stored_words(wanted)
    bits = _bits_stored(wanted)
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = wanted.photometric_interpretation
    ds.Rows, ds.Columns = words.shape
    ds.BitsAllocated = words.dtype.itemsize * 8
    ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, bits - 1, 0
    ds.BurnedInAnnotation = "NO"
    encoded = pixel_data(words, bits, wanted.transfer_syntax_uid)
    ds.LossyImageCompression = "01" if wanted.transfer_syntax_uid in LOSSY else "00"
    if wanted.transfer_syntax_uid in LOSSY:
        ds.LossyImageCompressionRatio = round(words.nbytes / len(encoded), 2)
        ds.LossyImageCompressionMethod = "ISO_10918_1"
    ds.PixelData = encoded
    encapsulated = transfer_syntax(wanted.transfer_syntax_uid).encapsulated
    ds["PixelData"].VR = "OB" if encapsulated or ds.BitsAllocated == 8 else "OW"
    ds["PixelData"].is_undefined_length = encapsulated
    if wanted.padding:
        inverted = wanted.photometric_interpretation == "MONOCHROME1"
        ds.PixelPaddingValue = (1 << bits) - 1 - AIR if inverted else AIR


def _add_grey_scale(ds: Dataset, wanted: SyntheticMammogram) -> None:
    """Modality, VOI and presentation. Centers are mirrored for MONOCHROME1, whose stored values are negated."""
    full = (1 << _bits_stored(wanted)) - 1
    inverted = wanted.photometric_interpretation == "MONOCHROME1"
    ds.PixelIntensityRelationship = "LOG"
    ds.PixelIntensityRelationshipSign = 1 if inverted else -1
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = 0, 1, "US"
    ds.PresentationLUTShape = "INVERSE" if inverted else "IDENTITY"
    center = round(full * (0.62 if inverted else 0.38))
    if wanted.for_processing:
        return  # such an image may carry no VOI (C.8.11.3)
    if wanted.voi in ("linear", "linear_exact", "sigmoid"):
        width = round(full * (0.55 if wanted.voi == "sigmoid" else 0.8))
        # Three windows, as one maker writes them; the first is the default.
        ds.WindowCenter = [center, center, center]
        ds.WindowWidth = [width, width * 3 // 4, width * 5 // 4]
        ds.WindowCenterWidthExplanation = ["NORMAL", "HARDER", "SOFTER"]
        ds.VOILUTFunction = wanted.voi.upper()
    elif wanted.voi == "lut":
        ds.VOILUTSequence = Sequence([_voi_lut(full, center)])
    elif wanted.voi != "none":
        raise ValueError(f"unknown voi {wanted.voi!r}")


def _voi_lut(full: int, center: int) -> Dataset:
    """An S-shaped 12-bit curve over all stored values."""
    inputs = np.arange(full + 1)
    curve = 4095 / (1 + np.exp(-4 * (inputs - center) / (full * 0.5)))
    item = Dataset()
    item.LUTDescriptor = [full + 1, 0, 12]
    item.LUTExplanation = "NORMAL"
    item.LUTData = np.round(curve).astype("<u2").tolist()
    item["LUTDescriptor"].VR = item["LUTData"].VR = "US"
    return item
