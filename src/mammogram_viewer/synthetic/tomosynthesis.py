"""Synthetic Breast Tomosynthesis Image Storage objects (PS3.3 A.55): slices in one multi-frame file with functional
groups.

All frames come cheaply from one phantom: tissue fades in and out with depth, a mass is in focus in
the middle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence

from mammogram_viewer.dicom.syntaxes import EXPLICIT_LITTLE_ENDIAN, transfer_syntax
from mammogram_viewer.synthetic.anatomy import BREAST, SIDE_CODES, view_item
from mammogram_viewer.synthetic.attributes import (
    LOSSY_METHODS,
    add_equipment,
    add_patient_and_study,
    code_item,
    made_at,
    new_file,
    set_moments,
    set_pixel_data,
    uid,
)
from mammogram_viewer.synthetic.encode import LOSSY, encapsulated, encode_frame, native_frame
from mammogram_viewer.synthetic.phantom import AIR, MOST, breast_phantom

SOP_CLASS_TOMOSYNTHESIS = "1.2.840.10008.5.1.4.1.1.13.1.3"
_LEAST_TISSUE = 60
_SOURCE_IMAGES = 15  # exposures along the arc, a degree apart
# Image Orientation (Patient) of a craniocaudal slice: rows towards anterior or posterior, columns to the other side.
_ROW_DIRECTIONS = {"R": [0.0, 1.0, 0.0], "L": [0.0, -1.0, 0.0]}
_COLUMN_DIRECTIONS = {"R": [1.0, 0.0, 0.0], "L": [-1.0, 0.0, 0.0]}


@dataclass(frozen=True, kw_only=True)
class SyntheticTomosynthesis:
    """One reconstruction to write. With `voi_per_frame` each frame has a window of its own, else all share one."""

    seed: int = 0
    laterality: str = "R"
    view: str = "CC"
    rows: int = 1000
    columns: int = 800
    frames: int = 60
    pixel_spacing_mm: float = 0.1
    slice_spacing_mm: float = 1.0
    transfer_syntax_uid: str = EXPLICIT_LITTLE_ENDIAN
    voi_function: str = "SIGMOID"
    voi_per_frame: bool = False
    rescale_intercept: float = 0
    instance_number: int = 11


def write_tomosynthesis(path: str | Path, wanted: SyntheticTomosynthesis) -> Path:
    """Write the object at `path`, replacing what is there."""
    path = Path(path)
    build_tomosynthesis(wanted).save_as(path, enforce_file_format=True)
    return path


def slices(wanted: SyntheticTomosynthesis) -> Iterator[npt.NDArray[np.uint16]]:
    """The stored frames from the first to the last, each (rows, columns) uint16 of 12 bits, air 0."""
    size = (wanted.laterality, wanted.view, wanted.rows, wanted.columns)
    first = breast_phantom(wanted.seed, *size)
    other = breast_phantom(wanted.seed + 1_000_003, *size).astype(np.float32)
    air, base = first == AIR, first.astype(np.float32)
    random = np.random.default_rng([wanted.seed, 5])
    noise = random.standard_normal((wanted.rows, wanted.columns), np.float32) * 25
    mass = _mass(wanted)
    for index in range(wanted.frames):
        depth = (index + 0.5) / wanted.frames  # 0 at the detector, 1 at the paddle
        weight = np.float32(0.25 + 0.2 * np.cos(3 * np.pi * depth))
        focus = np.float32(np.exp(-(((depth - 0.5) / 0.12) ** 2)))
        tissue = base + weight * (other - base) * 0.5 + mass * focus
        tissue += np.roll(noise, (7 * index, 13 * index), (0, 1))  # no two frames have the same noise
        frame = np.clip(tissue, _LEAST_TISSUE, MOST - 40).astype(np.uint16)
        frame[air] = AIR
        yield frame


def build_tomosynthesis(wanted: SyntheticTomosynthesis) -> FileDataset:
    """The whole data set with its file meta group."""
    at = made_at(wanted.seed, wanted.instance_number)
    ds = new_file(SOP_CLASS_TOMOSYNTHESIS, uid("tomosynthesis", repr(wanted)), wanted.transfer_syntax_uid)
    add_patient_and_study(ds, wanted.seed, at)
    add_equipment(ds)
    set_moments(ds, at, "Content", "Series")
    _add_series(ds, wanted)
    _add_image(ds, wanted)
    _add_acquisition(ds, wanted)
    ds.SharedFunctionalGroupsSequence = Sequence([_shared_groups(wanted)])
    ds.PerFrameFunctionalGroupsSequence = Sequence([_frame_groups(wanted, index) for index in range(wanted.frames)])
    _add_dimensions(ds, wanted)
    _add_pixels(ds, wanted)
    return ds


def _mass(wanted: SyntheticTomosynthesis) -> npt.NDArray[np.float32]:
    y, x = np.ogrid[0 : wanted.rows, 0 : wanted.columns]
    column = wanted.columns * (0.75 if wanted.laterality == "R" else 0.25)
    distance = ((y - wanted.rows * 0.5) ** 2 + (x - column) ** 2) / (wanted.rows * 0.02) ** 2
    return (700 * np.exp(-distance)).astype(np.float32)


def _item(**attributes: object) -> Dataset:
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item


def _add_series(ds: Dataset, wanted: SyntheticTomosynthesis) -> None:
    ds.Modality = "MG"
    ds.SeriesInstanceUID = uid("series", wanted.seed, "tomosynthesis", wanted.laterality, wanted.view)
    ds.SeriesNumber = 11
    ds.SeriesDescription = f"{wanted.laterality} {wanted.view} tomosynthesis"
    ds.FrameOfReferenceUID = uid("frame of reference", wanted.seed, wanted.laterality, wanted.view)
    ds.PositionReferenceIndicator = ""
    ds.InstanceNumber = wanted.instance_number


def _add_image(ds: Dataset, wanted: SyntheticTomosynthesis) -> None:
    """X-Ray 3D Image and Breast View modules (PS3.3 C.8.21.1, C.8.21.6)."""
    ds.ImageType = ["DERIVED", "PRIMARY", "TOMOSYNTHESIS", "NONE"]
    ds.VolumetricProperties = "VOLUME"
    ds.VolumeBasedCalculationTechnique = "TOMOSYNTHESIS"
    ds.ContentQualification = "RESEARCH"
    ds.BurnedInAnnotation = "NO"
    ds.RecognizableVisualFeatures = "NO"
    ds.PixelPresentation = "MONOCHROME"
    ds.PresentationLUTShape = "IDENTITY"
    ds.BreastImplantPresent = "NO"
    ds.PartialView = "NO"
    ds.ViewCodeSequence = Sequence([view_item(wanted.view, ())])
    ds.AcquisitionContextSequence = Sequence()


def _add_acquisition(ds: Dataset, wanted: SyntheticTomosynthesis) -> None:
    """Breast Tomosynthesis Acquisition and X-Ray 3D Reconstruction modules (PS3.3 C.8.21.3.4, C.8.21.4): the arc and
    its dose, in degrees, mm, N, kV, mAs, dGy and mGy."""
    draw = np.random.default_rng([wanted.seed, 6])
    ds.XRay3DAcquisitionSequence = Sequence(
        [
            _item(
                DistanceSourceToDetector=700,
                DistanceSourceToPatient=675,
                EstimatedRadiographicMagnificationFactor="1.037",
                AnodeTargetMaterial="TUNGSTEN",
                BodyPartThickness=round(wanted.frames * wanted.slice_spacing_mm),
                CompressionForce=int(draw.integers(60, 160)),
                KVP=29,
                ExposureInmAs=60.0,
                OrganDose=round(float(draw.uniform(0.01, 0.024)), 5),
                EntranceDoseInmGy=round(float(draw.uniform(3, 9)), 2),
                ExposureControlMode="AUTOMATIC",
                FilterMaterial="ALUMINUM",
                FilterType="FLAT",
                FieldOfViewShape="RECTANGLE",
                FieldOfViewDimensionsInFloat=[
                    float(round(wanted.rows * wanted.pixel_spacing_mm)),
                    float(round(wanted.columns * wanted.pixel_spacing_mm)),
                ],
                FieldOfViewOrigin=[0.0, 0.0],
                FieldOfViewRotation=0.0,
                FieldOfViewHorizontalFlip="NO",
                XRayReceptorType="DIGITAL_DETECTOR",
                ExposureControlModeDescription="By the densest part",
                HalfValueLayer="0.55",
                FocalSpots=0.3,
                PaddleDescription="FLAT",
                PerProjectionAcquisitionSequence=Sequence([_projection(index) for index in range(_SOURCE_IMAGES)]),
                PrimaryPositionerScanArc=float(_SOURCE_IMAGES - 1),
                PrimaryPositionerScanStartAngle=-(_SOURCE_IMAGES - 1) / 2,
                PrimaryPositionerIncrement=1.0,
                DetectorBinning=[1.0, 1.0],
                DetectorTemperature=24,
                GridID="",
            )
        ]
    )
    ds.XRay3DReconstructionSequence = Sequence(
        [
            _item(
                ReconstructionDescription="Slices from the phantom",
                ApplicationName="Synthetic",
                ApplicationVersion="1",
                ApplicationManufacturer="Mammogram Viewer",
                AlgorithmType="FILTER_BACK_PROJ",
                AcquisitionIndex=[1],
            )
        ]
    )


def _projection(index: int) -> Dataset:
    """One exposure of the arc."""
    return _item(
        PositionerPrimaryAngle=index - (_SOURCE_IMAGES - 1) / 2,
        KVP=29,
        ExposureTimeInms=70.0,
        XRayTubeCurrentInmA=57.0,
        ExposureInmAs=4.0,
        RelativeXRayExposure=100,
    )


def _shared_groups(wanted: SyntheticTomosynthesis) -> Dataset:
    group = Dataset()
    group.PixelMeasuresSequence = Sequence(
        [
            _item(
                PixelSpacing=[wanted.pixel_spacing_mm] * 2,
                SliceThickness=wanted.slice_spacing_mm,
                SpacingBetweenSlices=wanted.slice_spacing_mm,
            )
        ]
    )
    directions = _ROW_DIRECTIONS[wanted.laterality] + _COLUMN_DIRECTIONS[wanted.laterality]
    group.PlaneOrientationSequence = Sequence([_item(ImageOrientationPatient=directions)])
    anatomy = _item(FrameLaterality=wanted.laterality)
    region = code_item(BREAST)
    region.AnatomicRegionModifierSequence = Sequence([code_item(SIDE_CODES[wanted.laterality])])
    anatomy.AnatomicRegionSequence = Sequence([region])
    group.FrameAnatomySequence = Sequence([anatomy])
    group.PixelValueTransformationSequence = Sequence(
        [_item(RescaleIntercept=wanted.rescale_intercept, RescaleSlope=1, RescaleType="US")]
    )
    if not wanted.voi_per_frame:
        group.FrameVOILUTSequence = Sequence([_window(wanted, 0)])
    return group


def _frame_groups(wanted: SyntheticTomosynthesis, index: int) -> Dataset:
    group = Dataset()
    at = made_at(wanted.seed, wanted.instance_number).strftime("%Y%m%d%H%M%S")
    content = _item(
        FrameReferenceDateTime=at,
        FrameAcquisitionDateTime=at,
        FrameAcquisitionDuration=4000.0,  # ms
        FrameAcquisitionNumber=1,
        StackID="1",
        InStackPositionNumber=index + 1,
        DimensionIndexValues=[1, index + 1],
    )
    group.FrameContentSequence = Sequence([content])
    height = -index * wanted.slice_spacing_mm  # along the beam, towards the feet
    group.PlanePositionSequence = Sequence([_item(ImagePositionPatient=[0.0, 0.0, round(height, 4)])])
    group.XRay3DFrameTypeSequence = Sequence(
        [
            _item(
                FrameType=["DERIVED", "PRIMARY", "TOMOSYNTHESIS", "NONE"],
                PixelPresentation="MONOCHROME",
                VolumetricProperties="VOLUME",
                VolumeBasedCalculationTechnique="TOMOSYNTHESIS",
                ReconstructionIndex=1,
            )
        ]
    )
    if wanted.voi_per_frame:
        group.FrameVOILUTSequence = Sequence([_window(wanted, index)])
    return group


def _window(wanted: SyntheticTomosynthesis, index: int) -> Dataset:
    """Two windows, the first is the default; with windows of their own, later frames get wider ones."""
    center, width = 1500 + wanted.rescale_intercept, 2200 + 10 * index
    return _item(
        WindowCenter=[center, center],
        WindowWidth=[width, width // 2],
        WindowCenterWidthExplanation=["NORMAL", "HARDER"],
        VOILUTFunction=wanted.voi_function,
    )


def _add_dimensions(ds: Dataset, wanted: SyntheticTomosynthesis) -> None:
    """Multi-frame Dimension module (PS3.3 C.7.6.17): frames are ordered by stack and position in it."""
    organization = uid("dimensions", wanted.seed)
    ds.DimensionOrganizationSequence = Sequence([_item(DimensionOrganizationUID=organization)])
    ds.DimensionIndexSequence = Sequence(
        [
            _item(
                DimensionOrganizationUID=organization, DimensionIndexPointer=pointer, FunctionalGroupPointer=0x00209111
            )
            for pointer in (0x00209056, 0x00209057)
        ]
    )


def _add_pixels(ds: Dataset, wanted: SyntheticTomosynthesis) -> None:
    """Frames are encoded as they are made: 60 of them would not all stay in memory uncompressed."""
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns, ds.NumberOfFrames = wanted.rows, wanted.columns, wanted.frames
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.PixelPaddingValue = AIR
    ds["PixelPaddingValue"].VR = "US"
    syntax = transfer_syntax(wanted.transfer_syntax_uid)
    if syntax.encapsulated:
        encoded = encapsulated([encode_frame(frame, 12, wanted.transfer_syntax_uid) for frame in slices(wanted)])
    else:
        encoded = b"".join(native_frame(frame, big=not syntax.little_endian) for frame in slices(wanted))
    set_pixel_data(ds, encoded, wanted.transfer_syntax_uid)
    ds.LossyImageCompression = "01" if wanted.transfer_syntax_uid in LOSSY else "00"
    if wanted.transfer_syntax_uid in LOSSY:
        ds.LossyImageCompressionRatio = round(wanted.frames * wanted.rows * wanted.columns * 2 / len(encoded), 2)
        ds.LossyImageCompressionMethod = LOSSY_METHODS[syntax.codec]
