"""Dose reports: which objects are one, and their numbers in our units."""

from __future__ import annotations

import pickle
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sr._concepts_dict import concepts

from mammogram_viewer.dicom import dose_report as module
from mammogram_viewer.dicom.dose_report import AccumulatedDose, DoseEvent, DoseReport, is_dose_report, read_dose_report
from mammogram_viewer.dicom.limits import RenderLimits
from mammogram_viewer.dicom.reader import open_object
from unit.dicom.builders import code, content, dose_report, item, laterality, number, sequence, write_dataset

DOSE_SR = "1.2.840.10008.5.1.4.1.1.88.67"
COMPREHENSIVE_SR = "1.2.840.10008.5.1.4.1.1.88.33"
RIGHT, LEFT = "24028007", "7771000"


def event(*extra: Dataset, uid: str = "1.2.3.4", dose: str = "0.015", unit: str = "dGy") -> Dataset:
    region = content(
        "CODE", "123014", laterality(RIGHT), ConceptCodeSequence=sequence(code("76752008", "SCT"))
    )  # fmt: skip
    return content(
        "CONTAINER", "113706",
        content("UIDREF", "113769", UID=uid),
        content("DATETIME", "111526", DateTime="20240115103000.5+0100"),
        content("CODE", "111031", ConceptCodeSequence=sequence(code("R-10226", "SRT"))),
        region, number("111631", dose, unit), number("113733", "29", "kV"), number("113736", "80000", "uA.s"),
        number("111633", "5.2", "cm"), number("111634", "0.55", "mm"), number("111647", "95", "N"),
        number("111636", "6.2", "mGy"), *extra,
    )  # fmt: skip


def accumulated(dose: str, unit: str, side: str) -> Dataset:
    return content("CONTAINER", "113702", number("111637", dose, unit, laterality(side)))


def near(value: float) -> Any:
    return pytest.approx(value)


EVENT = DoseEvent(
    irradiation_event_uid="1.2.3.4",
    started_at=datetime(2024, 1, 15, 10, 30, 0, 500_000),
    laterality="R",
    view_position="MLO",
    average_glandular_dose_mgy=near(1.5),
    entrance_exposure_mgy=near(6.2),
    compression_thickness_mm=near(52),
    compression_force_n=95,
    half_value_layer_mm_al=near(0.55),
    kvp_kv=near(29),
    exposure_mas=near(80),
)


def test_a_report_tells_the_dose_of_each_side_and_event():
    report = read_dose_report(dose_report(accumulated("0.03", "dGy", RIGHT), accumulated("2.5", "mGy", LEFT), event()))
    assert report == DoseReport(
        accumulated=(
            AccumulatedDose(laterality="R", average_glandular_dose_mgy=near(3)),
            AccumulatedDose(laterality="L", average_glandular_dose_mgy=near(2.5)),
        ),
        events=(EVENT,),
    )
    assert pickle.loads(pickle.dumps(DoseReport())) == DoseReport()


@pytest.mark.parametrize(
    ("sop_class_uid", "title", "template", "expected"),
    [
        (DOSE_SR, "113701", None, True),
        (DOSE_SR, "1", None, True),
        (COMPREHENSIVE_SR, "113701", None, True),
        ("1.2.840.10008.5.1.4.1.1.88.22", "113701", None, True),
        (COMPREHENSIVE_SR, "1", ("10001", "DCMR"), True),
        (COMPREHENSIVE_SR, "1", ("10001", "99XYZ"), False),
        (COMPREHENSIVE_SR, "1", ("4000", "DCMR"), False),
        ("1.2.840.10008.5.1.4.1.1.88.50", "113701", None, False),  # CAD
        ("1.2.840.10008.5.1.4.1.1.1.2", "113701", None, False),
        (None, "113701", None, False),
    ],
)
def test_a_dose_report_is_known_by_class_title_or_template(sop_class_uid, title, template, expected):
    ds = item(ConceptNameCodeSequence=sequence(code(title, "DCM")))
    if template:
        ds.ContentTemplateSequence = sequence(item(TemplateIdentifier=template[0], MappingResource=template[1]))
    assert is_dose_report(ds, sop_class_uid) is expected


def test_the_codes_are_dicoms():
    names = {code: name for name, codes in concepts["DCM"].items() for code in codes}
    expected = {
        "111631": "AverageGlandularDose", "111633": "CompressionThickness", "111634": "HalfValueLayer",
        "111636": "EntranceExposureAtRP", "111637": "AccumulatedAverageGlandularDose", "111647": "CompressionForce",
        "113701": "XRayRadiationDoseReport", "113706": "IrradiationEventXRayData", "113733": "KVP",
        "113736": "Exposure", "113769": "IrradiationEventUID", "111526": "DatetimeStarted", "111031": "ImageView",
        "123014": "TargetRegion",
    }  # fmt: skip
    assert {code: names[code] for code in expected} == expected
    assert {number.code for number in module._NUMBERS.values()} <= set(expected)


@pytest.mark.parametrize(
    ("value", "unit", "scheme", "mgy"),
    [
        ("0.015", "dGy", "UCUM", 1.5), ("1.5", "mGy", "UCUM", 1.5), ("0.0015", "Gy", "UCUM", 1.5),
        ("0.15", "cGy", "UCUM", 1.5), ("1500", "uGy", "UCUM", 1.5),
        ("1.5", "mGY", "UCUM", None), ("1.5", "mSv", "UCUM", None), ("1.5", "mm", "UCUM", None),
        ("1.5", "mGy", "LOCAL", None), ("-1.5", "mGy", "UCUM", None),
    ],
)  # fmt: skip
def test_units_are_converted_and_unknown_ones_leave_the_value_out(value, unit, scheme, mgy):
    ds = dose_report(content("CONTAINER", "113706", number("111631", value, unit, unit_scheme=scheme)))
    report = read_dose_report(ds)
    assert report.events[0].average_glandular_dose_mgy == (None if mgy is None else pytest.approx(mgy))
    assert report.warnings == (() if mgy else ("unreadable_average_glandular_dose_mgy",))


def test_a_dose_a_hundred_times_too_large_is_named_implausible():
    assert read_dose_report(dose_report(event(dose="1.5"))).events[0].implausible == ("average_glandular_dose_mgy",)


def test_two_doses_in_one_event_are_none():
    report = read_dose_report(dose_report(event(number("111631", "3", "mGy"))))
    assert report.events[0].average_glandular_dose_mgy is None
    assert report.warnings == ("several_average_glandular_dose_mgy",)


def test_one_side_accumulated_twice_leaves_a_warning():
    report = read_dose_report(dose_report(accumulated("1", "mGy", LEFT), accumulated("2", "mGy", LEFT)))
    assert (len(report.accumulated), report.warnings) == (2, ("repeated_accumulated_dose",))


@pytest.mark.parametrize(
    ("value", "scheme", "side"),
    [
        (RIGHT, "SCT", "R"),
        ("G-A101", "SRT", "L"),
        ("T-04020", "SRT", "R"),
        ("80248007", "SCT", "L"),
        ("1", "SCT", None),
    ],
)
def test_the_side_is_read_in_either_code_system(value, scheme, side):
    report = read_dose_report(dose_report(number("111637", "1", "mGy", laterality(value, scheme))))
    assert report.accumulated[0].laterality == side


def test_reading_stops_at_its_limits(monkeypatch):
    monkeypatch.setattr(module, "MAX_EVENTS", 3)
    report = read_dose_report(dose_report(*(event(uid=f"1.2.{n}") for n in range(9))))
    assert [one.irradiation_event_uid for one in report.events] == ["1.2.0", "1.2.1", "1.2.2"]
    assert report.warnings == ("report_cut",)
    monkeypatch.setattr(module, "MAX_CONTENT_ITEMS", 40)
    assert "report_cut" in read_dose_report(dose_report(*(event() for _ in range(39)))).warnings


def test_hostile_trees_are_read_without_trouble():
    deep = number("111631", "1", "mGy")
    for _ in range(60):
        deep = content("CONTAINER", "113706", deep)
    assert read_dose_report(dose_report(deep)).events[0].average_glandular_dose_mgy == 1
    assert read_dose_report(Dataset()) == DoseReport()
    odd = dose_report(
        content("NUM", "111631"), content("NUM", "111637", MeasuredValueSequence=sequence(item(NumericValue="1"))),
        content("CONTAINER", "113706", content("UIDREF", "113769", UID="../../etc"), content("DATETIME", "111526")),
        item(), item(ConceptNameCodeSequence=sequence()),
    )  # fmt: skip
    report = read_dose_report(odd)
    assert report.events == (DoseEvent(),)
    assert report.warnings == ("unreadable_accumulated_average_glandular_dose",)


tree = st.recursive(
    st.builds(
        lambda concept, value, unit: number(concept, value, unit),
        st.sampled_from(["111631", "111637", "113706", "113733"]), st.sampled_from(["1", "-1", "1e300", ""]),
        st.sampled_from(["mGy", "kV", "", "Gy"]),
    ),
    lambda below: st.lists(below, max_size=4).map(lambda found: content("CONTAINER", "113706", *found)),
    max_leaves=12,
)  # fmt: skip


@given(st.lists(tree, max_size=4))
def test_no_tree_makes_it_raise_or_give_a_negative_dose(children):
    report = read_dose_report(dose_report(*children))
    for one in report.events:
        assert one.average_glandular_dose_mgy is None or one.average_glandular_dose_mgy >= 0


def test_a_written_report_reads_the_same(tmp_path):
    ds = dose_report(accumulated("0.03", "dGy", RIGHT), event())
    with open_object(write_dataset(tmp_path / "dose.dcm", ds), str(tmp_path), RenderLimits()) as found:
        report = read_dose_report(found.dataset)
        assert is_dose_report(found.dataset, DOSE_SR)
    assert report.events == (EVENT,)
    assert report.accumulated[0].average_glandular_dose_mgy == pytest.approx(3)
