"""What the header tells, however it is written."""

from __future__ import annotations

import base64
import json
import pickle
import struct
from datetime import date, datetime

import numpy as np
import pytest
from pydicom.sequence import Sequence

from mammogram_viewer.dicom.extract import image_header
from mammogram_viewer.dicom.reader import open_object
from mammogram_viewer.imaging.render import Rendered, RenderLimits, render_original
from unit.dicom.builders import code, dose_report, image_dataset, item, sequence, write, write_dataset

WORDS = np.arange(64, dtype=np.uint8).reshape(8, 8)


def rendered(tmp_path, ds) -> Rendered:
    found = render_original(write(tmp_path / "a.dcm", ds), str(tmp_path), "dicom", RenderLimits())
    assert isinstance(found, Rendered), found
    return found


def with_raw(ds, tag: int, vr: str, value: bytes):
    """An element whose bytes pydicom would not write."""
    from pydicom.dataelem import RawDataElement
    from pydicom.tag import Tag

    ds[tag] = RawDataElement(Tag(tag), vr, len(value), value, 0, False, True)
    return ds


def test_names_and_numbers_come_out_clean(tmp_path):
    ds = image_dataset(WORDS, PatientID="P\0 1", StudyID="S1", SeriesNumber=4, InstanceNumber=2, BitsStored=8)
    ds.PatientName = "Doe^Jane<script>"
    ds.StudyDescription = "=cmd()\u202eX\x07"
    ds.SpecificCharacterSet = "ISO_IR 192"
    header = rendered(tmp_path, ds).header
    assert header.patient_id == "P 1"
    assert header.patient_name == "Doe^Jane<script>"
    assert header.study_description == "=cmd()X"
    assert (header.series_number, header.instance_number, header.number_of_frames) == (4, 2, 1)
    assert pickle.loads(pickle.dumps(header)) == header


@pytest.mark.parametrize(
    ("charset", "raw", "name"),
    [
        ("ISO_IR 100", "M\u00fcller^Anja".encode("latin-1"), "M\u00fcller^Anja"),
        ("ISO_IR 192", "Иванова^Ольга".encode(), "Иванова^Ольга"),
        ("GB18030", "\u738b^\u82b3".encode("gb18030"), "\u738b^\u82b3"),
        ("ISO_IR 999", b"Plain^Name", "Plain^Name"),
    ],
)  # fmt: skip
def test_character_sets_are_read(charset, raw, name, tmp_path):
    ds = image_dataset(WORDS)
    ds.SpecificCharacterSet = charset
    header = rendered(tmp_path, with_raw(ds, 0x00100010, "PN", raw + b" " * (len(raw) % 2))).header
    assert header.patient_name == name


@pytest.mark.parametrize(
    ("day", "clock", "expected"),
    [
        ("20240115", "103000.5", datetime(2024, 1, 15, 10, 30, 0, 500_000)),
        ("2024.01.15", "10:30:59", datetime(2024, 1, 15, 10, 30, 59)),
        ("20240115", "", datetime(2024, 1, 15)),
        ("20240115", "235960", datetime(2024, 1, 15, 23, 59, 59)),
        ("20240230", "10", None),
        ("yesterday", "", None),
    ],
)
def test_dates_are_read_leniently(day, clock, expected, tmp_path):
    ds = image_dataset(WORDS)
    with_raw(ds, 0x00080020, "DA", day.encode())
    with_raw(ds, 0x00080030, "TM", clock.encode())
    header = rendered(tmp_path, ds).header
    assert header.study_at == expected
    assert ("unreadable_StudyDate" in header.warnings) == (expected is None)


def test_acquisition_date_time_drops_its_zone_and_birth_dates_are_dates(tmp_path):
    ds = image_dataset(WORDS, AcquisitionDateTime="20240115103000.25+0100", PatientBirthDate="19700301")
    header = rendered(tmp_path, ds).header
    assert header.acquired_at == datetime(2024, 1, 15, 10, 30, 0, 250_000)
    assert header.patient_birth_date == date(1970, 3, 1)


def test_hostile_uids_and_numbers_leave_warnings(tmp_path):
    ds = image_dataset(WORDS)
    with_raw(ds, 0x0020000D, "UI", b"../../etc/passwd")
    with_raw(ds, 0x00200011, "IS", b"99999999999 ")
    header = rendered(tmp_path, ds).header
    assert "malformed_StudyInstanceUID" in header.warnings
    assert header.series_number is None
    assert "unreadable_SeriesNumber" in header.warnings


def test_for_processing_images_are_marked_by_their_sop_class_whatever_they_say(tmp_path):
    ds = image_dataset(WORDS, SOPClassUID="1.2.840.10008.5.1.4.1.1.1.2.1", PresentationIntentType="FOR PRESENTATION")
    header = rendered(tmp_path, ds).header
    assert header.presentation_intent_type == "FOR PROCESSING"
    assert "for_processing" in header.warnings


def test_a_broken_overlay_is_ignored_with_a_warning(tmp_path):
    ds = image_dataset(WORDS)
    ds.add_new(0x60000010, "US", 60_000)
    ds.add_new(0x60000011, "US", 60_000)
    ds.add_new(0x60003000, "OW", b"\xff" * 8)
    assert "broken_overlay" in rendered(tmp_path, ds).header.warnings


def test_tags_are_valid_bounded_json(tmp_path):
    ds = image_dataset(WORDS, PatientName="A^B=\u5f20^\u4e09", WindowCenter=[1.5, 2], WindowWidth=[20, 30])
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.ImageComments = "x" * 9000
    ds.FrameIncrementPointer = 0x00181063
    ds.ReferencedImageSequence = Sequence([item(ReferencedSOPInstanceUID="1.2.3")] * 3)
    ds.add_new(0x00281201, "OW", b"\1\2" * 50)
    ds.add_new(0x00091010, "FD", [float("nan"), 1.25])
    ds.add_new(0x00091011, "UN", b"\0\1secret")
    found = rendered(tmp_path, ds)
    model = json.loads((tmp_path / "tags.json").read_text(encoding="utf-8"))
    assert model["00100010"]["Value"] == [{"Alphabetic": "A^B", "Ideographic": "\u5f20^\u4e09"}]
    assert model["00281050"] == {"vr": "DS", "Value": [1.5, 2]}
    assert model["00280009"] == {"vr": "AT", "Value": ["00181063"]}
    assert model["00281201"] == {"vr": "OW", "byteCount": 100}
    assert model["00091010"]["Value"] == [None, 1.25]
    assert model["00091011"] == {"vr": "UN", "byteCount": 8}
    assert model["7FE00010"] == {"vr": "OB", "byteCount": 64}
    assert len(model["00204000"]["Value"][0]) == 4097
    assert model["00081140"]["Value"][2]["00081155"]["Value"] == ["1.2.3"]
    assert model["00020010"]["vr"] == "UI"
    tags = next(file for file in found.files if file.kind == "tags")
    assert (tags.content_type, tags.byte_count) == ("application/dicom+json", (tmp_path / "tags.json").stat().st_size)


@pytest.mark.parametrize(
    ("attributes", "implant", "partial", "control"),
    [
        ({}, None, None, None),
        ({"BreastImplantPresent": "YES", "PartialView": "NO", "QualityControlImage": "NO"}, True, False, False),
        ({"BreastImplantPresent": "NO", "PartialView": "YES", "QualityControlImage": "YES"}, False, True, True),
        ({"PartialViewCodeSequence": sequence(code("255561001", "SCT"))}, None, True, None),
        ({"PartialViewCodeSequence": sequence(code("255561001", "SCT")), "PartialView": "NO"}, None, False, None),
        ({"BreastImplantPresent": "", "PartialView": "", "QualityControlImage": ""}, None, None, None),
    ],
)
def test_implant_partial_view_and_quality_control_are_yes_no_or_unsaid(attributes, implant, partial, control, tmp_path):
    header = rendered(tmp_path, image_dataset(WORDS, **attributes)).header
    assert (header.breast_implant_present, header.partial_view, header.quality_control_image) == (
        implant, partial, control,
    )  # fmt: skip


def test_a_patient_beside_a_phantom_is_no_quality_control_image(tmp_path):
    header = rendered(tmp_path, image_dataset(WORDS, QualityControlImage="BOTH")).header
    assert (header.quality_control_image, header.warnings) == (False, ("quality_control_material_in_image",))


def test_a_flag_that_is_neither_yes_nor_no_leaves_a_warning(tmp_path):
    header = rendered(tmp_path, image_dataset(WORDS, BreastImplantPresent="MAYBE")).header
    assert (header.breast_implant_present, header.warnings) == (None, ("unreadable_BreastImplantPresent",))


def test_spacing_technique_and_modifiers_stand_in_the_header(tmp_path):
    ds = image_dataset(
        WORDS, ImagerPixelSpacing=[0.1, 0.1], EstimatedRadiographicMagnificationFactor=1.6, OrganDose="1.5", KVP=29,
        ViewPosition="RMCC",
    )  # fmt: skip
    header = rendered(tmp_path, ds).header
    assert (header.spacing.basis, header.spacing.magnification) == ("magnification_corrected", 1.6)
    assert (header.spacing.row_mm, header.spacing.column_mm) == (pytest.approx(0.0625), pytest.approx(0.0625))
    assert (header.technique.kvp_kv, header.technique.organ_dose_mgy) == (29, 150)
    assert header.technique.implausible == ("organ_dose_mgy",)
    assert (header.laterality, header.view_position, header.view_modifiers) == ("R", "CC", ("magnification",))
    assert (header.object_kind, header.warnings) == ("image", ())
    assert pickle.loads(pickle.dumps(header)) == header


def test_broken_spacing_leaves_its_warning_in_the_header(tmp_path):
    header = rendered(tmp_path, image_dataset(WORDS, ImagerPixelSpacing=[0, 0])).header
    assert (header.spacing.basis, header.warnings) == ("none", ("implausible_ImagerPixelSpacing",))


def test_a_dose_report_is_known_in_the_header(tmp_path):
    source = write_dataset(tmp_path / "dose.dcm", dose_report())
    with open_object(source, str(tmp_path), RenderLimits()) as found:
        assert image_header(found).object_kind == "dose_report"
    other = dose_report(sop_class_uid="1.2.840.10008.5.1.4.1.1.88.50")
    with open_object(write_dataset(tmp_path / "cad.dcm", other), str(tmp_path), RenderLimits()) as found:
        assert image_header(found).object_kind == "image"


def test_tables_of_greys_stay_whole_in_the_tags_in_little_endian(tmp_path):
    entries = [(7 * n) % 4096 for n in range(1000)]
    short = item(LUTDescriptor=[3, 0, 12], LUTData=[1, 2, 3], LUTExplanation="SHORT")
    listed = item(LUTDescriptor=[1000, 0, 12], LUTData=entries, LUTExplanation="LISTED")
    opaque = item(LUTDescriptor=[1000, 0, 12], LUTExplanation="OPAQUE")
    opaque.add_new(0x00283006, "OW", struct.pack("<1000H", *entries))
    for one in (short, listed):
        one["LUTDescriptor"].VR = one["LUTData"].VR = "US"
    ds = image_dataset(WORDS)
    ds.VOILUTSequence = Sequence([short, listed, opaque])
    rendered(tmp_path, ds)
    model = json.loads((tmp_path / "tags.json").read_text(encoding="utf-8"))
    first, *whole = (one["00283006"] for one in model["00283010"]["Value"])
    assert first == {"vr": "US", "Value": [1, 2, 3]}
    for one in whole:
        assert one["vr"] == "OW"
        assert struct.unpack("<1000H", base64.b64decode(one["InlineBinary"])) == tuple(entries)


def test_tables_beyond_all_measure_are_told_by_their_length(tmp_path):
    table = item(LUTDescriptor=[0, 0, 16])
    table.add_new(0x00283006, "OW", bytes(131_072))
    ds = image_dataset(WORDS)
    ds.VOILUTSequence = Sequence([table] * 40)
    rendered(tmp_path, ds)
    model = json.loads((tmp_path / "tags.json").read_text(encoding="utf-8"))
    found = [one["00283006"] for one in model["00283010"]["Value"]]
    assert [one.get("byteCount") for one in found] == [None] * 32 + [131_072] * 8
