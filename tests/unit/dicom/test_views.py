"""Side and view from the fields in which vendors and collections have put them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts
from pydicom.sr._snomed_dict import mapping

from mammogram_viewer.dicom import view_codes
from mammogram_viewer.dicom.view_text import Label, patient_alone, read_label, read_text
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
        ("Right spot mag CC", "R", "CC"), ("R M CC", "R", "CC"), ("MLO L", "L", "MLO"), ("SCC", None, None),
        ("exaggerated cranio-caudal", None, "XCC"), ("Cranio Caudal exaggerated laterally", None, "XCCL"),
        ("medio-lateral oblique", None, "MLO"), ("links MLO", "L", "MLO"), ("L ML", "L", "ML"), ("LAT", None, None),
        ("right left", None, None), ("Dr. L. Miller", None, None), ("", None, None), ("bilateral CC", "B", "CC"),
    ],
)  # fmt: skip
def test_free_text_is_read_only_when_it_is_clear(text, side, view):
    assert (side_in_text(text), view_in_text(text)) == (side, view)


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("RCC", Label("R", "CC")), ("LMLO", Label("L", "MLO")), ("R MLO", Label("R", "MLO")), ("CCR", Label("R", "CC")),
        ("RCCID", Label("R", "CC", ("implant_displaced",))), ("LMLOID", Label("L", "MLO", ("implant_displaced",))),
        ("CC-ID", Label(None, "CC", ("implant_displaced",))), ("RSCC", Label("R", "CC", ("spot_compression",))),
        ("LMCC", Label("L", "CC", ("magnification",))), ("RCCM", Label("R", "CC", ("magnification",))),
        ("LSMMLO", Label("L", "MLO", ("spot_compression", "magnification"))),
        ("MLOS", Label(None, "MLO", ("spot_compression",))), ("LCCRL", Label("L", "CC", ("rolled_lateral",))),
        ("RXCCL", Label("R", "XCCL")), ("XCCM", Label(None, "XCCM")), ("LML", Label("L", "ML")),
        ("AT", Label(None, "AT")),
        # a left ML with magnification, or a magnified left LM
        ("LMLM", None), ("MLM", None), ("LAT", None), ("", None), ("AP", None),
    ],
)  # fmt: skip
def test_labels_are_read_unless_they_have_two_readings(term, expected):
    assert read_label(term) == expected


def views_of(concept_names: list[str]) -> dict[str, str]:
    """SCT code to the name of its concept, by pydicom's dictionary."""
    return {code: name for name in concept_names for code in concepts["SCT"][name]}


VIEW_NAMES = {
    "CranioCaudal": "CC", "MedioLateralObliqueProjection": "MLO", "MedioLateralProjection": "ML", "LateroMedial": "LM",
    "LateroMedialOblique": "LMO", "CaudoCranial": "FB", "SuperolateralToInferomedialOblique": "SIO",
    "InferomedialToSuperolateralOblique": "ISO", "CranioCaudalExaggeratedLaterally": "XCCL",
    "CranioCaudalExaggeratedMedially": "XCCM",
}  # fmt: skip
SIDE_NAMES = {"Right": "R", "Left": "L", "Bilateral": "B", "RightBreast": "R", "LeftBreast": "L", "BothBreasts": "B"}


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


@pytest.mark.parametrize(
    ("cids", "table", "meaning", "left_out"),
    [
        ((4014,), view_codes.VIEW_CODES, VIEW_NAMES.get, {"TissueSpecimenFromBreast"}),
        ((4015,), view_codes.MODIFIER_CODES, snake, set()),
        ((244, 6022), view_codes.SIDE_CODES, SIDE_NAMES.get, {"Unilateral"}),
    ],
)
def test_the_code_tables_are_those_of_the_context_groups(cids, table, meaning, left_out):
    members = views_of([name for cid in cids for name in cid_concepts[cid]["SCT"]])
    assert {code: table.get(code) for code, name in members.items() if name not in left_out} == {
        code: meaning(name) for code, name in members.items() if name not in left_out
    }
    for value, answer in table.items():
        if not value[0].isdigit() and not value.startswith("Y-"):
            assert table[mapping["SRT"][value]] == answer, value
    # ... and every member has its SRT twin.
    twins = {sct for srt, sct in mapping["SRT"].items() if srt in table}
    assert {code for code, name in members.items() if name not in left_out} <= twins


def test_a_specimen_is_a_modifier_and_no_view():
    found = side_and_view(dataset(ViewCodeSequence=sequence(code("127457009", "SCT"))))
    assert (found.view_position, found.view_modifiers) == (None, ("specimen",))
    assert {mapping["SRT"]["G-8310"], "G-8310"} == view_codes.SPECIMEN_CODES


def view_code(value: str, scheme: str, *modifiers: str):
    return sequence(
        code(value, scheme, ViewModifierCodeSequence=sequence(*(code(modifier, scheme) for modifier in modifiers)))
    )


# As units of these makers and decades write them (header fields only; names and numbers are made up).
VENDORS = {
    "GE Senographe 2000D": (
        {"ImageLaterality": "R", "ViewPosition": "CC", "ViewCodeSequence": view_code("R-10242", "SNM3"),
         "PatientOrientation": ["P", "L"]},
        ("R", "ImageLaterality", "CC", "ViewCodeSequence", ()),
    ),
    "GE Senographe DS magnification": (
        {"ImageLaterality": "L", "ViewPosition": "ML", "ViewCodeSequence": view_code("R-10224", "SRT", "R-102D6"),
         "EstimatedRadiographicMagnificationFactor": "1.8"},
        ("L", "ImageLaterality", "ML", "ViewCodeSequence", ("magnification",)),
    ),
    "GE Pristina implant displaced": (
        {"ImageLaterality": "L", "ViewPosition": "MLO", "BreastImplantPresent": "YES",
         "ViewCodeSequence": view_code("399368009", "SCT", "399209000"), "SeriesDescription": "L MLO ID"},
        ("L", "ImageLaterality", "MLO", "ViewCodeSequence", ("implant_displaced",)),
    ),
    "Lorad Selenia": (
        {"ImageLaterality": "L", "ViewPosition": "MLO", "ViewCodeSequence": view_code("R-10226", "SNM3")},
        ("L", "ImageLaterality", "MLO", "ViewCodeSequence", ()),
    ),
    "Hologic Dimensions": (
        {"ImageLaterality": "R", "ViewPosition": "CC", "ViewCodeSequence": view_code("399162004", "SCT"),
         "SeriesDescription": "R CC", "PatientOrientation": ["P", "L"]},
        ("R", "ImageLaterality", "CC", "ViewCodeSequence", ()),
    ),
    "Hologic tomosynthesis": (
        {"SharedFunctionalGroupsSequence": sequence(item(FrameAnatomySequence=sequence(item(FrameLaterality="R")))),
         "ViewCodeSequence": view_code("R-10226", "SRT"), "SeriesDescription": "R MLO Breast Tomosynthesis Image"},
        ("R", "FrameLaterality", "MLO", "ViewCodeSequence", ()),
    ),
    "Hologic tomosynthesis as CT": (
        {"Laterality": "L", "SeriesDescription": "L CC Tomosynthesis Reconstruction"},
        ("L", "Laterality", "CC", "SeriesDescription", ()),
    ),
    "Siemens Mammomat Inspiration": (
        {"ImageLaterality": "R", "ViewPosition": "MLO", "ViewCodeSequence": view_code("R-10226", "SRT"),
         "SeriesDescription": "MLO"},
        ("R", "ImageLaterality", "MLO", "ViewCodeSequence", ()),
    ),
    "Siemens Novation, view only in words": (
        {"Laterality": "L", "SeriesDescription": "cranio-caudal"},
        ("L", "Laterality", "CC", "SeriesDescription", ()),
    ),
    "Fuji Amulet": (
        {"ImageLaterality": "L", "ViewPosition": "CC", "ViewCodeSequence": view_code("399162004", "SNOMED-CT")},
        ("L", "ImageLaterality", "CC", "ViewCodeSequence", ()),
    ),
    "Fuji CR": (
        {"ViewPosition": "", "AcquisitionDeviceProcessingDescription": "MAMMO,R-MLO", "PatientOrientation": ["P", "F"]},
        ("R", "AcquisitionDeviceProcessingDescription", "MLO", "AcquisitionDeviceProcessingDescription", ()),
    ),
    "Philips MicroDose (Sectra)": (
        {"ImageLaterality": "R", "ViewCodeSequence": view_code("R-10242", "99SDM"), "PatientOrientation": ["P", "L"]},
        ("R", "ImageLaterality", "CC", "ViewCodeSequence", ()),
    ),
    "Sectra, side in the region": (
        {"AnatomicRegionSequence": region("7771000", "SCT"), "ViewCodeSequence": view_code("R-10230", "SRT")},
        ("L", "AnatomicRegionModifierSequence", "LMO", "ViewCodeSequence", ()),
    ),
    "IMS Giotto": (
        {"ImageLaterality": "L", "ViewPosition": "LMLO"},
        ("L", "ImageLaterality", "MLO", "ViewPosition", ()),
    ),
    "Planmed, side and modifier in the label": (
        {"ViewPosition": "RCCID", "BreastImplantPresent": "YES"},
        ("R", "ViewPosition", "CC", "ViewPosition", ("implant_displaced",)),
    ),
    "Agfa CR, spot in the label": (
        {"Laterality": "R", "ViewPosition": "MLO S"},
        ("R", "Laterality", "MLO", "ViewPosition", ("spot_compression",)),
    ),
    "Kodak CR, words": (
        {"SeriesDescription": "Right Mediolateral Oblique Spot Magnification"},
        ("R", "SeriesDescription", "MLO", "SeriesDescription", ("spot_compression", "magnification")),
    ),
    "axillary tail under both its names": (
        {"ImageLaterality": "R", "ViewPosition": "AT", "ViewCodeSequence": view_code("399368009", "SCT", "399011000")},
        ("R", "ImageLaterality", "MLO", "ViewCodeSequence", ("axillary_tail",)),
    ),
    "exaggerated view by its former code": (
        {"ImageLaterality": "L", "ViewPosition": "XCCL", "ViewCodeSequence": view_code("Y-X1770", "99SDM")},
        ("L", "ImageLaterality", "XCCL", "ViewCodeSequence", ()),
    ),
    "a maker's own view codes": (
        {"ImageLaterality": "L", "ViewCodeSequence": sequence(
            item(CodeValue="V17", CodingSchemeDesignator="99XYZ", CodeMeaning="medio-lateral oblique"))},
        ("L", "ImageLaterality", "MLO", "CodeMeaning", ()),
    ),
    "film scanned for CBIS-DDSM": (
        {"Laterality": "L", "PatientOrientation": "MLO", "PatientID": "Mass-Test_P_00173_LEFT_MLO",
         "SeriesDescription": "full mammogram images"},
        ("L", "Laterality", "MLO", "PatientOrientation", ()),
    ),
    "film scanned for CBIS-DDSM, stripped": (
        {"PatientID": "Calc-Training_P_00005_RIGHT_CC", "StudyDescription": "MAM DIAGNOSTIC LEFT"},
        ("R", "PatientID", "CC", "PatientID", ()),
    ),
    "raw image that says which way it hangs and nothing else": (
        {"PatientOrientation": ["A", "FR"], "StudyDescription": "DIAGNOSTIC RIGHT"},
        ("L", "PatientOrientation", None, None, ()),
    ),
    "a patient called Left": (
        {"PatientName": "Left^Anna", "StudyDescription": "Screening"}, (None, None, None, None, ()),
    ),
}  # fmt: skip


@pytest.mark.parametrize("vendor", VENDORS)
def test_headers_as_makers_write_them(vendor):
    attributes, expected = VENDORS[vendor]
    found = side_and_view(dataset(**attributes))
    assert (found.laterality, found.laterality_source) == expected[:2]
    assert (found.view_position, found.view_position_source, found.view_modifiers) == expected[2:]
    assert not {warning for warning in found.warnings if warning.endswith("conflict")}


def test_a_side_that_is_only_assumed_from_the_hanging_leaves_a_warning():
    assert side_and_view(dataset(PatientOrientation=["P", "L"])).warnings == ("laterality_assumed_from_orientation",)
    assert side_and_view(dataset(PatientOrientation=["P", "L"], Laterality="L")).warnings == ()


def test_a_series_of_both_breasts_does_not_hide_the_side_of_an_image():
    found = side_and_view(dataset(Laterality="B", ViewPosition="LCC"))
    assert (found.laterality, found.laterality_source, found.warnings) == ("L", "ViewPosition", ())
    assert side_and_view(dataset(Laterality="B")).laterality == "B"


def test_codes_of_modifiers_weigh_more_than_words():
    found = side_and_view(
        dataset(ViewCodeSequence=view_code("399162004", "SCT", "399163009"), SeriesDescription="R CC spot")
    )
    assert found.view_modifiers == ("magnification",)


def test_magnification_shows_in_the_geometry_alone():
    assert side_and_view(dataset(EstimatedRadiographicMagnificationFactor="1.8")).view_modifiers == ("magnification",)
    assert side_and_view(dataset(EstimatedRadiographicMagnificationFactor="1.07")).view_modifiers == ()


@given(st.text(max_size=64), st.text(max_size=64))
def test_no_text_makes_it_raise_or_answer_outside_of_the_words(description, name):
    found = side_and_view(dataset(SeriesDescription=description, PatientName=name))
    assert found.laterality in (None, "R", "L", "B")
    assert read_text(description).view in (None, *VIEW_NAMES.values(), "XCC")


@pytest.mark.parametrize(
    ("patient_id", "alone"),
    [
        ("Mass-Test_P_00173_LEFT_CC", "Mass-Test_P_00173"),
        ("Mass-Test_P_00173_RIGHT_MLO", "Mass-Test_P_00173"),
        ("12 right ml", "12"),
        ("P-1042", "P-1042"),
        ("LEFT_CC", "LEFT_CC"),
        ("_LEFT_CC", "_LEFT_CC"),
        ("P_LEFT", "P_LEFT"),
        ("P_RCC", "P_RCC"),
        ("", ""),
    ],
)
def test_side_and_view_behind_a_patient_id_are_not_the_patient(patient_id, alone):
    assert patient_alone(patient_id) == alone
