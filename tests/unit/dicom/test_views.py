"""Side and view from the fields in which vendors and collections have put them."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from mammogram_viewer.dicom.views import side_and_view, side_in_text, view_in_text
from unit.dicom.builders import code, item, sequence


def dataset(**attributes) -> Dataset:
    return item(**attributes)


def region(value: str, scheme: str):
    modifier = sequence(code(value, scheme))
    return sequence(code("76752008", "SCT", AnatomicRegionModifierSequence=modifier))


@pytest.mark.parametrize(
    ("attributes", "side", "source"),
    [
        ({"ImageLaterality": "R"}, "R", "ImageLaterality"),
        ({"ImageLaterality": "left"}, "L", "ImageLaterality"),
        ({"ImageLaterality": "B"}, "B", "ImageLaterality"),
        ({"Laterality": "L"}, "L", "Laterality"),
        ({"ImageLaterality": "R", "Laterality": "L"}, "R", "ImageLaterality"),
        ({"AnatomicRegionSequence": region("24028007", "SCT")}, "R", "AnatomicRegionModifierSequence"),
        ({"AnatomicRegionSequence": region("G-A101", "SRT")}, "L", "AnatomicRegionModifierSequence"),
        ({"PatientOrientation": ["A", "R"]}, "L", "PatientOrientation"),
        ({"PatientOrientation": ["P", "FL"]}, "R", "PatientOrientation"),
        ({"PatientOrientation": ["P", "R"]}, None, None),
        ({"ViewPosition": "RCC"}, "R", "ViewPosition"),
        ({"SeriesDescription": "Mammo L-MLO"}, "L", "SeriesDescription"),
        ({"SeriesDescription": "screening RCC, LCC"}, None, None),
        ({"PatientID": "Mass-Test_P_00173_LEFT_CC"}, "L", "PatientID"),
        ({"ImageLaterality": "U"}, None, None),
        ({}, None, None),
    ],
)
def test_the_side_comes_from_the_best_field_that_has_it(attributes, side, source):
    found = side_and_view(dataset(**attributes))
    assert (found.laterality, found.laterality_source) == (side, source)


@pytest.mark.parametrize(
    ("attributes", "view", "source"),
    [
        ({"ViewCodeSequence": sequence(code("399162004", "SCT"))}, "CC", "ViewCodeSequence"),
        ({"ViewCodeSequence": sequence(code("R-10226", "SNM3"))}, "MLO", "ViewCodeSequence"),
        ({"ViewCodeSequence": sequence(code("R-10224", "SRT"))}, "ML", "ViewCodeSequence"),
        ({"ViewCodeSequence": sequence(code("R-10226", "LOCAL")), "ViewPosition": "CC"}, "CC", "ViewPosition"),
        ({"ViewPosition": "MLO"}, "MLO", "ViewPosition"),
        ({"ViewPosition": "LMLO"}, "MLO", "ViewPosition"),
        ({"PatientOrientation": "CC"}, "CC", "PatientOrientation"),
        ({"PatientOrientation": "MLO"}, "MLO", "PatientOrientation"),
        ({"PatientOrientation": ["A", "R"]}, None, None),
        ({"SeriesDescription": "R MLO"}, "MLO", "SeriesDescription"),
        ({"SeriesDescription": "CC and MLO"}, None, None),
        ({"SeriesDescription": "Accession 5 ml"}, None, None),
        ({"PatientID": "Mass-Test_P_00173_LEFT_CC"}, "CC", "PatientID"),
        ({"ViewPosition": "AP"}, None, None),
    ],
)
def test_the_view_comes_from_the_best_field_that_has_it(attributes, view, source):
    found = side_and_view(dataset(**attributes))
    assert (found.view_position, found.view_position_source) == (view, source)


def test_disagreeing_fields_leave_a_warning_and_codes_win():
    found = side_and_view(
        dataset(
            ImageLaterality="R",
            Laterality="L",
            ViewPosition="CC",
            ViewCodeSequence=sequence(code("399368009", "SCT")),
        )
    )
    assert (found.laterality, found.view_position) == ("R", "MLO")
    assert found.warnings == ("laterality_conflict", "view_position_conflict")


def test_free_text_never_starts_a_conflict():
    found = side_and_view(dataset(ImageLaterality="R", ViewPosition="CC", SeriesDescription="L MLO"))
    assert (found.laterality, found.view_position, found.warnings) == ("R", "CC", ())


def test_view_modifiers_are_named():
    modifiers = sequence(code("399209000", "SCT"), code("R-102D7", "SRT"), code("1", "SCT"))
    found = side_and_view(
        dataset(ViewCodeSequence=sequence(code("399162004", "SCT", ViewModifierCodeSequence=modifiers)))
    )
    assert found.view_modifiers == ("implant_displaced", "spot_compression")


def test_the_side_of_a_tomosynthesis_object_is_in_its_functional_groups():
    anatomy = sequence(item(FrameAnatomySequence=sequence(item(FrameLaterality="L"))))
    found = side_and_view(dataset(SharedFunctionalGroupsSequence=anatomy))
    assert (found.laterality, found.laterality_source) == ("L", "FrameLaterality")


@pytest.mark.parametrize(
    ("text", "side", "view"),
    [
        ("R CC", "R", "CC"), ("rmlo", "R", "MLO"), ("LEFT_CC", "L", "CC"), ("MLOL", "L", "MLO"), ("RCCID", "R", "CC"),
        ("right left", None, None), ("Dr. L. Miller", None, None), ("", None, None), ("bilateral CC", "B", "CC"),
    ],
)  # fmt: skip
def test_free_text_is_read_only_when_it_is_clear(text, side, view):
    assert (side_in_text(text), view_in_text(text)) == (side, view)
