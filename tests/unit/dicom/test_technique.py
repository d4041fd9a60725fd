"""Technique and dose: one set of units, whatever attribute held the value."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from mammogram_viewer.dicom.read_technique import PLAUSIBLE, technique_of
from mammogram_viewer.dicom.technique import Technique
from unit.dicom.builders import item, sequence


@pytest.mark.parametrize(
    ("attributes", "field", "expected", "implausible"),
    [
        ({"KVP": "29"}, "kvp_kv", 29, ()),
        ({"KVP": "29000"}, "kvp_kv", 29000, ("kvp_kv",)),
        ({"KVP": "0"}, "kvp_kv", 0, ("kvp_kv",)),
        ({"Exposure": 80}, "exposure_mas", 80, ()),
        ({"ExposureInuAs": 79600}, "exposure_mas", 79.6, ()),
        ({"ExposureInuAs": 79600, "Exposure": 80}, "exposure_mas", 79.6, ()),
        ({"ExposureInmAs": 79.62, "Exposure": 80}, "exposure_mas", 79.62, ()),
        ({"ExposureInuAs": 79600, "Exposure": 796}, "exposure_mas", 79.6, ("exposure_mas",)),
        ({"Exposure": 79600}, "exposure_mas", 79600, ("exposure_mas",)),
        # dGy in the file, mGy in the field
        ({"OrganDose": "0.015"}, "organ_dose_mgy", 1.5, ()),
        ({"OrganDose": "1.5"}, "organ_dose_mgy", 150, ("organ_dose_mgy",)),
        ({"OrganDose": "0.0000015"}, "organ_dose_mgy", 0.00015, ("organ_dose_mgy",)),
        ({"EntranceDoseInmGy": "6.2"}, "entrance_dose_mgy", 6.2, ()),
        ({"EntranceDoseInmGy": "6.2", "EntranceDose": 0}, "entrance_dose_mgy", 6.2, ()),
        ({"EntranceDose": 0}, "entrance_dose_mgy", None, ()),
        ({"EntranceDose": 6}, "entrance_dose_mgy", 600, ("entrance_dose_mgy",)),
        ({"CompressionForce": "95"}, "compression_force_n", 95, ()),
        ({"CompressionForce": "950"}, "compression_force_n", 950, ("compression_force_n",)),
        ({"CompressionForce": "9.5"}, "compression_force_n", 9.5, ("compression_force_n",)),
        ({"BodyPartThickness": "52"}, "body_part_thickness_mm", 52, ()),
        ({"BodyPartThickness": "5.2"}, "body_part_thickness_mm", 5.2, ("body_part_thickness_mm",)),
        ({"HalfValueLayer": "0.55"}, "half_value_layer_mm_al", 0.55, ()),
        ({"HalfValueLayer": "550"}, "half_value_layer_mm_al", 550, ("half_value_layer_mm_al",)),
        ({"OrganDose": None}, "organ_dose_mgy", None, ()),
    ],
)
def test_values_come_in_the_unit_of_their_name_and_doubtful_ones_are_named(attributes, field, expected, implausible):
    found = technique_of(item(**attributes))
    value = getattr(found, field)
    assert value == (None if expected is None else pytest.approx(expected))
    assert found.implausible == implausible


def test_words_are_read_as_the_file_has_them():
    ds = item(
        AnodeTargetMaterial="TUNGSTEN",
        FilterMaterial=["RHODIUM", "SILVER"],
        DetectorID="D-1",
        DeviceSerialNumber="SN7",
        OperatorsName="Doe^J",
        IrradiationEventUID=["1.2.3", "1.2.4"],
    )
    assert technique_of(ds) == Technique(
        anode_target_material="TUNGSTEN",
        filter_material="RHODIUM\\SILVER",
        detector_id="D-1",
        device_serial_number="SN7",
        operators_name="Doe^J",
        irradiation_event_uid="1.2.3",
    )


def tomosynthesis(*acquisitions: Dataset, **attributes) -> Dataset:
    return item(XRay3DAcquisitionSequence=sequence(*acquisitions), **attributes)


def acquisition(**attributes) -> Dataset:
    return item(KVP="31", ExposureInmAs=60.5, OrganDose="0.018", BodyPartThickness="55", **attributes)


def test_a_reconstruction_tells_it_in_its_acquisition():
    found = technique_of(
        tomosynthesis(
            acquisition(
                CompressionForce="100",
                HalfValueLayer="0.6",
                EntranceDoseInmGy="7",
                AnodeTargetMaterial="TUNGSTEN",
                XRayFilterSequence=sequence(item(FilterMaterial="ALUMINUM")),
                IrradiationEventUID="1.2.3",
            )
        )
    )
    assert (found.kvp_kv, found.exposure_mas, found.organ_dose_mgy) == (31, 60.5, pytest.approx(1.8))
    assert (found.body_part_thickness_mm, found.compression_force_n) == (55, 100)
    assert (found.half_value_layer_mm_al, found.entrance_dose_mgy) == (0.6, 7)
    assert (found.anode_target_material, found.filter_material) == ("TUNGSTEN", "ALUMINUM")
    assert (found.irradiation_event_uid, found.implausible) == ("1.2.3", ())


def test_two_acquisitions_that_differ_give_no_value():
    found = technique_of(tomosynthesis(acquisition(), item(KVP="31", OrganDose="0.5")))
    assert (found.kvp_kv, found.organ_dose_mgy) == (31, None)


@pytest.mark.parametrize(
    ("frames", "doses", "expected"),
    [(3, (0.001, 0.001, 0.002), 0.4), (3, (0.001, 0.001), None), (2, (0.001, "x"), None)],
)
def test_projections_add_up_only_when_every_frame_tells_its_dose(frames, doses, expected):
    groups = [
        item(XRayAcquisitionDoseSequence=sequence(item(**({} if dose == "x" else {"OrganDose": dose}))))
        for dose in doses
    ]
    found = technique_of(item(NumberOfFrames=frames, PerFrameFunctionalGroupsSequence=sequence(*groups)))
    assert found.organ_dose_mgy == (None if expected is None else pytest.approx(expected))


def test_every_numeric_field_has_a_range_and_a_reason():
    numeric = {field.name for field in fields(Technique) if field.type == "float | None"}
    assert set(PLAUSIBLE) == numeric
    assert all(plausible.least < plausible.most and plausible.reason for plausible in PLAUSIBLE.values())


@pytest.mark.filterwarnings("ignore:Found unknown escape sequence")  # pydicom's, about a random string
@given(st.lists(st.binary(max_size=24), min_size=6, max_size=6))
def test_no_bytes_make_it_raise(raws):
    ds = Dataset()
    tags = (0x00180060, 0x00181152, 0x00181153, 0x00400316, 0x001811A2, 0x00083010)
    for tag, vr, raw in zip(tags, ("DS", "IS", "IS", "DS", "DS", "UI"), raws, strict=True):
        ds[tag] = RawDataElement(Tag(tag), vr, len(raw), raw, 0, False, True)
    found = technique_of(ds)
    assert set(found.implausible) <= set(PLAUSIBLE)
