"""The synthetic mammograms are deterministic, hold the words that they say, and look like a breast."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pydicom
import pytest

from mammogram_viewer.dicom.syntaxes import EXPLICIT_BIG_ENDIAN, EXPLICIT_LITTLE_ENDIAN, RLE_LOSSLESS
from mammogram_viewer.synthetic.anatomy import MODIFIER_CODES
from mammogram_viewer.synthetic.mammogram import (
    DETECTOR_70_UM,
    DETECTOR_100_UM,
    SCREENING_VIEWS,
    SyntheticMammogram,
    build_mammogram,
    for_processing_twin,
    on_detector,
    stored_words,
    write_exam,
    write_mammogram,
)
from mammogram_viewer.synthetic.overlay import overlay_plane
from mammogram_viewer.synthetic.phantom import AIR, NOISY_AIR, breast_phantom

SMALL = SyntheticMammogram(rows=64, columns=48)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path):
    wanted = SyntheticMammogram(seed=4)
    first = write_mammogram(tmp_path / "a.dcm", wanted).read_bytes()
    assert write_mammogram(tmp_path / "b.dcm", wanted).read_bytes() == first
    assert write_mammogram(tmp_path / "c.dcm", replace(wanted, seed=5)).read_bytes() != first


@pytest.mark.parametrize(("rows", "columns"), [(256, 200), (574, 479), (2294, 1914)])
def test_the_breast_is_at_its_chest_wall_with_air_around_it(rows, columns):
    for laterality in "RL":
        pixels = breast_phantom(2, laterality, "MLO", rows, columns)
        assert pixels.shape == (rows, columns)
        assert pixels.max() < 4096
        near = pixels[:, -columns // 8 :] if laterality == "R" else pixels[:, : columns // 8]
        far = pixels[:, : columns // 8] if laterality == "R" else pixels[:, -columns // 8 :]
        assert near.mean() > 500
        assert (far == AIR).all()
        assert 0.2 < (pixels == AIR).mean() < 0.75
        assert pixels[pixels != AIR].std() > 150


def test_detectors_give_their_matrix_and_spacing():
    for detector, size in ((DETECTOR_70_UM, (4096, 3328, 0.07)), (DETECTOR_100_UM, (2294, 1914, 0.1))):
        wanted = on_detector(SMALL, detector)
        assert (wanted.rows, wanted.columns, wanted.pixel_spacing_mm) == size


def test_an_exam_is_four_views_of_one_study(tmp_path):
    headers = [pydicom.dcmread(path) for path in write_exam(tmp_path, 9, template=SMALL)]
    assert [(header.ImageLaterality, header.ViewPosition) for header in headers] == list(SCREENING_VIEWS)
    assert len({header.StudyInstanceUID for header in headers}) == 1
    assert len({header.SeriesInstanceUID for header in headers}) == 1
    assert len({header.SOPInstanceUID for header in headers}) == 4
    assert {header.PatientID for header in headers} == {"SYN-000009"}
    assert all(0.008 <= header.OrganDose <= 0.022 for header in headers), "dGy"


@pytest.mark.parametrize("syntax", [EXPLICIT_LITTLE_ENDIAN, EXPLICIT_BIG_ENDIAN, RLE_LOSSLESS])
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("signed", [False, True])
def test_pydicom_reads_the_same_words(syntax, bits, signed, tmp_path):
    wanted = replace(SMALL, transfer_syntax_uid=syntax, bits_stored=bits, signed=signed)
    words = stored_words(wanted)
    read = pydicom.dcmread(write_mammogram(tmp_path / "a.dcm", wanted)).pixel_array
    assert np.array_equal(read, words)
    least = -(1 << (bits - 1)) if signed else 0
    assert words.min() == least
    assert words.max() > least + (1 << bits) // 3
    assert words.max() < least + (1 << bits)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("padding_range", [False, True])
def test_padding_covers_the_air_and_no_breast(photometric, signed, padding_range):
    wanted = replace(SMALL, photometric_interpretation=photometric, signed=signed, padding_range=padding_range)
    header = build_mammogram(wanted)
    ends = sorted([header.PixelPaddingValue, header.get("PixelPaddingRangeLimit", header.PixelPaddingValue)])
    words = stored_words(wanted)
    phantom = breast_phantom(0, "R", "CC", 64, 48, noisy_air=padding_range)
    assert np.array_equal((words >= ends[0]) & (words <= ends[1]), phantom <= NOISY_AIR)
    assert ("PixelPaddingRangeLimit" in header) == padding_range


def test_monochrome1_shows_the_same_breast():
    one = replace(SMALL, photometric_interpretation="MONOCHROME1")
    assert np.array_equal(4095 - stored_words(one), stored_words(SMALL))


def test_windows_and_luts_come_with_explanations():
    header = build_mammogram(replace(SMALL, voi="several"))
    assert list(header.WindowCenterWidthExplanation) == ["NORMAL", "HARDER", "SOFTER"]
    assert len(header.WindowCenter) == len(header.WindowWidth) == 3
    assert [item.LUTExplanation for item in header.VOILUTSequence] == ["NORMAL", "HARDER", "SOFTER"]
    assert len({tuple(item.LUTData) for item in header.VOILUTSequence}) == 3


@pytest.mark.parametrize(
    "variant",
    [
        {"rescale_slope": 0.5, "rescale_intercept": -1024},
        {"signed": True},
        {"modality_lut": True},
        {"rescale_slope": -1, "rescale_intercept": 4095},
    ],
    ids=str,
)
def test_luts_cover_every_modality_value(variant):
    wanted = replace(SMALL, voi="lut", **variant)
    header = build_mammogram(wanted)
    count, first, bits = header.VOILUTSequence[0].LUTDescriptor
    if wanted.modality_lut:
        assert (first, count) == (0, 0), "all of 16 bits"
    else:
        least, most = (-2048, 2047) if wanted.signed else (0, 4095)
        ends = sorted(value * wanted.rescale_slope + wanted.rescale_intercept for value in (least, most))
        assert first <= ends[0]
        assert first + count - 1 >= ends[1]
    assert bits == 16


def test_a_for_processing_twin_is_the_source_of_its_image():
    shown, raw = build_mammogram(SMALL), build_mammogram(for_processing_twin(SMALL))
    assert shown.SourceImageSequence[0].ReferencedSOPInstanceUID == raw.SOPInstanceUID
    assert shown.SourceImageSequence[0].ReferencedSOPClassUID == raw.SOPClassUID
    assert shown.IrradiationEventUID == raw.IrradiationEventUID
    assert raw.PresentationIntentType == "FOR PROCESSING"
    assert "WindowCenter" not in raw
    assert not np.array_equal(stored_words(SMALL), stored_words(for_processing_twin(SMALL)))


def test_spacing_is_what_was_asked_for():
    spacings = {
        kind: build_mammogram(replace(SMALL, spacing=kind))
        for kind in ("contact", "detector", "magnification", "calibrated", "none")
    }
    assert spacings["contact"].EstimatedRadiographicMagnificationFactor == 1.03125
    assert spacings["magnification"].EstimatedRadiographicMagnificationFactor == 1.5
    assert "EstimatedRadiographicMagnificationFactor" not in spacings["detector"]
    assert list(spacings["calibrated"].PixelSpacing) == [0.035, 0.035]
    assert spacings["calibrated"].PixelSpacingCalibrationType == "FIDUCIAL"
    assert not {"PixelSpacing", "ImagerPixelSpacing"} & set(spacings["none"].dir())


def test_modifiers_implant_and_partial_view_are_told_and_shown():
    header = build_mammogram(replace(SMALL, view_modifiers=tuple(MODIFIER_CODES)))
    told = [item.CodeValue for item in header.ViewCodeSequence[0].ViewModifierCodeSequence]
    assert told == [code.value for code in MODIFIER_CODES.values()]
    implant = replace(SMALL, implant=True)
    assert build_mammogram(implant).BreastImplantPresent == "YES"
    plain = stored_words(SMALL).mean()
    assert stored_words(implant).mean() > plain * 1.1
    assert stored_words(replace(implant, view_modifiers=("implant_displaced",))).mean() == plain
    partial = replace(SMALL, partial_view=True)
    assert build_mammogram(partial).PartialView == "YES"
    assert (stored_words(partial) == AIR).mean() < (stored_words(SMALL) == AIR).mean(), "the part is enlarged"


def test_overlay_planes_hold_their_drawing():
    header = build_mammogram(replace(SMALL, overlays=2))
    for index in range(2):
        assert np.array_equal(header.overlay_array(0x6000 + 2 * index), overlay_plane(64, 48, index))
    assert 0x6004_3000 not in header


def test_changes_come_last():
    header = build_mammogram(replace(SMALL, changes=(("CompressionForce", 1200), ("KVP", None))))
    assert header.CompressionForce == 1200
    assert "KVP" not in header


def test_every_dose_tag_is_told():
    header = build_mammogram(replace(SMALL, quality_control=True))
    numbers = (
        "KVP", "Exposure", "ExposureInuAs", "OrganDose", "EntranceDoseInmGy", "CompressionForce", "BodyPartThickness",
        "HalfValueLayer",
    )  # fmt: skip
    words = (
        "AnodeTargetMaterial", "FilterMaterial", "DetectorID", "StationName", "DeviceSerialNumber", "OperatorsName",
        "IrradiationEventUID", "QualityControlImage", "BreastImplantPresent", "PartialView",
    )  # fmt: skip
    assert [keyword for keyword in numbers if not header[keyword].value > 0] == []
    assert [keyword for keyword in words if not str(header[keyword].value)] == []
    assert header.ExposureInuAs == header.Exposure * 1000
    assert header.QualityControlImage == "YES"
