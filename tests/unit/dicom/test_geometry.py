"""Millimetres, and what they are millimetres of."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from mammogram_viewer.dicom.geometry import Spacing
from mammogram_viewer.dicom.read_spacing import spacing_of
from unit.dicom.builders import item, sequence

DETECTOR_PIXELS = 1000  # 100 mm at the detector, of 0.1 mm each
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
TOMOSYNTHESIS = "1.2.840.10008.5.1.4.1.1.13.1.3"


def basis_and_mm(**attributes) -> tuple[str, float | None, tuple[str, ...]]:
    """Basis, length of 1000 pixels along a row, and warnings."""
    spacing, warnings = spacing_of(item(**attributes))
    length = spacing.length_mm(0, DETECTOR_PIXELS)
    return spacing.basis, None if length is None else round(length, 6), warnings


def magnified(**attributes):
    return {"ImagerPixelSpacing": [0.1, 0.1], "EstimatedRadiographicMagnificationFactor": 1.5, **attributes}


@pytest.mark.parametrize(
    ("attributes", "basis", "length_mm", "label"),
    [
        ({"ImagerPixelSpacing": [0.1, 0.1]}, "detector", 100, "at detector"),
        (magnified(), "magnification_corrected", 66.666667, "corrected ×1.5"),
        (magnified(PixelSpacing=[0.05, 0.05], PixelSpacingCalibrationType="FIDUCIAL"), "calibrated", 50, "calibrated"),
    ],
)
def test_one_object_is_100_mm_at_the_detector_67_mm_corrected_and_50_mm_calibrated(attributes, basis, length_mm, label):
    assert basis_and_mm(**attributes)[:2] == (basis, length_mm)
    assert spacing_of(item(**attributes))[0].label == label


@pytest.mark.parametrize(
    ("attributes", "basis", "length_mm", "warnings"),
    [
        # Pixel Spacing beside Imager Pixel Spacing, without a type (PS3.3 10.7.1.1)
        ({"ImagerPixelSpacing": [0.1, 0.1], "PixelSpacing": [0.1, 0.1]}, "detector", 100, ()),
        ({"ImagerPixelSpacing": [0.1, 0.1], "PixelSpacing": [0.10001, 0.1]}, "detector", 100, ()),
        ({"ImagerPixelSpacing": [0.1, 0.1], "PixelSpacing": [0.08, 0.08]}, "calibrated", 80, ()),
        (magnified(PixelSpacing=[0.1, 0.1]), "magnification_corrected", 66.666667, ()),
        (magnified(PixelSpacing=[0.067, 0.067]), "magnification_corrected", 66.666667, ()),
        (magnified(PixelSpacing=[0.05, 0.05]), "calibrated", 50, ("calibrated_spacing_differs_from_magnification",)),
        ({"ImagerPixelSpacing": [0.1, 0.1], "PixelSpacing": [0.2, 0.2]}, "none", None, ("spacing_contradiction",)),
        ({"ImagerPixelSpacing": [0.1, 0.1], "PixelSpacing": [0.01, 0.01]}, "none", None, ("spacing_contradiction",)),
        # with a type (10.7.1.2)
        (magnified(PixelSpacing=[0.07, 0.07], PixelSpacingCalibrationType="GEOMETRY"), "calibrated", 70, ()),
        (
            magnified(PixelSpacing=[0.2, 0.2], PixelSpacingCalibrationType="FIDUCIAL"),
            "calibrated", 200, ("calibrated_spacing_exceeds_detector",),
        ),
        (
            {"PixelSpacing": [0.05, 0.05], "PixelSpacingCalibrationType": "GEOMETRY"},
            "calibrated", 50, (),
        ),
        (
            magnified(PixelSpacing=[0.1, 0.1], PixelSpacingCalibrationType="MAYBE"),
            "magnification_corrected", 66.666667, ("unreadable_PixelSpacingCalibrationType",),
        ),
        # the factor
        ({"ImagerPixelSpacing": [0.1, 0.1], "EstimatedRadiographicMagnificationFactor": 1}, "detector", 100, ()),
        (magnified(EstimatedRadiographicMagnificationFactor=0.5), "detector", 100, ("implausible_magnification",)),
        (magnified(EstimatedRadiographicMagnificationFactor=0), "detector", 100, ("implausible_magnification",)),
        (magnified(EstimatedRadiographicMagnificationFactor=70), "detector", 100, ("implausible_magnification",)),
        # films and secondary captures
        ({"NominalScannedPixelSpacing": [0.05, 0.05]}, "scanned_film", 50, ()),
        ({"NominalScannedPixelSpacing": [0.05, 0.05], "PixelSpacing": [0.05, 0.05]}, "scanned_film", 50, ()),
        ({"NominalScannedPixelSpacing": [0.05, 0.05], "PixelSpacing": [0.04, 0.04]}, "calibrated", 40, ()),
        ({"SOPClassUID": SECONDARY_CAPTURE, "PixelSpacing": [0.1, 0.1]}, "none", None, ("spacing_basis_unknown",)),
        ({"PixelSpacing": [0.1, 0.1]}, "none", None, ("spacing_basis_unknown",)),
        ({}, "none", None, ()),
        ({"ImagerPixelSpacing": None, "PixelSpacing": None}, "none", None, ()),
    ],
)  # fmt: skip
def test_the_basis_is_the_one_that_the_standard_gives(attributes, basis, length_mm, warnings):
    assert basis_and_mm(**attributes) == (basis, length_mm, warnings)


def test_pixels_need_not_be_square():
    spacing, warnings = spacing_of(item(ImagerPixelSpacing=[0.3, 0.25]))
    assert (spacing.row_mm, spacing.column_mm, warnings) == (0.3, 0.25, ())
    assert spacing.length_mm(10, 0) == pytest.approx(3)
    assert spacing.length_mm(0, 10) == pytest.approx(2.5)
    assert spacing.length_mm(10, 10) == pytest.approx(math.hypot(3, 2.5))


@pytest.mark.parametrize(
    ("raw", "doubt"),
    [
        (b"0\\0 ", "implausible"), (b"-0.1\\-0.1", "implausible"), (b"0.1\\-0.1", "implausible"),
        (b"70\\70 ", "implausible"), (b"0.0001\\0.0001", "implausible"), (b"nan\\nan ", "unreadable"),
        (b"inf\\inf ", "unreadable"), (b"0.1 ", "unreadable"), (b"0.1\\0.1\\0.1 ", "unreadable"),
        (b"0,1\\0,1 ", "unreadable"), (b"wide", "unreadable"), (b"0.1\\", "unreadable"),
    ],
)  # fmt: skip
def test_hostile_spacing_gives_no_millimetres_and_a_warning(raw, doubt):
    ds = Dataset()
    ds[0x00181164] = RawDataElement(Tag(0x00181164), "DS", len(raw), raw, 0, False, True)
    ds.NominalScannedPixelSpacing = [0.05, 0.05]
    assert spacing_of(ds) == (Spacing(), (f"{doubt}_ImagerPixelSpacing",))


def test_broken_pixel_spacing_does_not_touch_the_detectors():
    assert basis_and_mm(ImagerPixelSpacing=[0.1, 0.1], PixelSpacing=[0, 0]) == (
        "detector", 100, ("implausible_PixelSpacing",),
    )  # fmt: skip


def groups(keyword: str, *items: Dataset) -> list[Dataset]:
    return [item(**{keyword: sequence(one)}) for one in items]


def measures(mm: float) -> Dataset:
    return item(PixelSpacing=[mm, mm])


def test_slices_of_a_tomosynthesis_lie_in_the_patient():
    shared = sequence(*groups("PixelMeasuresSequence", measures(0.085)))
    found = basis_and_mm(SOPClassUID=TOMOSYNTHESIS, SharedFunctionalGroupsSequence=shared)
    assert found == ("calibrated", 85, ())
    frames = sequence(*groups("PixelMeasuresSequence", measures(0.085), measures(0.085)))
    found = basis_and_mm(SOPClassUID=TOMOSYNTHESIS, PerFrameFunctionalGroupsSequence=frames)
    assert found == ("calibrated", 85, ())
    frames = sequence(*groups("PixelMeasuresSequence", measures(0.085), measures(0.095)))
    found = basis_and_mm(SOPClassUID=TOMOSYNTHESIS, PerFrameFunctionalGroupsSequence=frames)
    assert found == ("none", None, ("varying_PixelSpacing",))


def test_slices_stored_as_ct_lie_in_the_patient_too():
    found = basis_and_mm(PixelSpacing=[0.1, 0.1], ImageOrientationPatient=[0, 1, 0, 0, 0, -1])
    assert found == ("calibrated", 100, ())


def test_a_secondary_capture_with_several_frames_is_no_reconstruction():
    shared = sequence(*groups("PixelMeasuresSequence", measures(0.1)))
    found = basis_and_mm(SOPClassUID=SECONDARY_CAPTURE + ".2", SharedFunctionalGroupsSequence=shared)
    assert found == ("none", None, ("spacing_basis_unknown",))


@pytest.mark.parametrize(
    ("factors", "expected"),
    [
        ((1.25, 1.25), ("magnification_corrected", 80, ())),
        ((1.25, 1.5), ("detector", 100, ("magnification_varies_by_frame",))),
    ],
)
def test_projections_hold_spacing_and_magnification_in_their_groups(factors, expected):
    frames = [item(EstimatedRadiographicMagnificationFactor=factor) for factor in factors]
    found = basis_and_mm(
        SharedFunctionalGroupsSequence=sequence(
            *groups("FramePixelDataPropertiesSequence", item(ImagerPixelSpacing=[0.1, 0.1]))
        ),
        PerFrameFunctionalGroupsSequence=sequence(*groups("XRayGeometrySequence", *frames)),
    )
    assert found == expected


positive = st.floats(0.001, 10)


@given(positive, positive, st.floats(1, 5), st.floats(-1e4, 1e4), st.floats(-1e4, 1e4))
def test_a_corrected_length_is_that_at_the_detector_over_the_factor(row_mm, column_mm, factor, d_rows, d_columns):
    at_detector, _ = spacing_of(item(ImagerPixelSpacing=[f"{row_mm:.8f}", f"{column_mm:.8f}"]))
    ds = item(ImagerPixelSpacing=[f"{row_mm:.8f}", f"{column_mm:.8f}"])
    ds.EstimatedRadiographicMagnificationFactor = f"{factor:.8f}"
    corrected, warnings = spacing_of(ds)
    there, here = at_detector.length_mm(d_rows, d_columns), corrected.length_mm(d_rows, d_columns)
    assert there is not None and here is not None and warnings == ()
    assert here * float(f"{factor:.8f}") == pytest.approx(there)


@pytest.mark.filterwarnings("ignore:Found unknown escape sequence")  # pydicom's, about a random string
@given(st.lists(st.binary(max_size=20), min_size=3, max_size=3))
def test_no_bytes_make_it_raise_or_give_a_half_spacing(raws):
    ds = Dataset()
    for tag, raw in zip((0x00181164, 0x00280030, 0x00181114), raws, strict=True):
        ds[tag] = RawDataElement(Tag(tag), "DS", len(raw), raw, 0, False, True)
    spacing, _ = spacing_of(ds)
    assert (spacing.row_mm is None) == (spacing.column_mm is None) == (spacing.basis == "none")


def test_lengths_without_spacing_are_in_pixels():
    assert Spacing().length_mm(3, 4) is None
    assert Spacing().label == "pixels"


def test_a_server_holds_headers_without_loading_the_parser():
    loaded = "import sys, mammogram_viewer.dicom.header; print('pydicom' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loaded], capture_output=True, check=True).stdout.strip() == b"False"
