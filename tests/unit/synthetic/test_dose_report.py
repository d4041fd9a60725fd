"""The synthetic dose report tells the dose that the images of its exam tell."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from mammogram_viewer.synthetic.dose_report import SyntheticDoseReport, build_dose_report
from mammogram_viewer.synthetic.mammogram import SCREENING_VIEWS, SyntheticMammogram, build_mammogram


def numbers(items, code: str) -> list[tuple[float, str]]:
    """Values and units of the NUM items under `code`, at any depth."""
    found = []
    for item in items:
        if item.ValueType == "NUM" and item.ConceptNameCodeSequence[0].CodeValue == code:
            measured = item.MeasuredValueSequence[0]
            found.append((float(measured.NumericValue), measured.MeasurementUnitsCodeSequence[0].CodeValue))
        found += numbers(item.get("ContentSequence", []), code)
    return found


def uids(items, code: str) -> list[str]:
    return [
        each
        for item in items
        for each in (
            [item.UID] if item.ValueType == "UIDREF" and item.ConceptNameCodeSequence[0].CodeValue == code else []
        )
        + uids(item.get("ContentSequence", []), code)
    ]


def images(seed: int) -> list[Dataset]:
    return [
        build_mammogram(
            SyntheticMammogram(seed=seed, laterality=laterality, view=view, instance_number=number, rows=16, columns=16)
        )
        for number, (laterality, view) in enumerate(SCREENING_VIEWS, start=1)
    ]


def test_each_event_is_an_image_of_the_exam():
    report, shown = build_dose_report(SyntheticDoseReport(seed=6)), images(6)
    assert report.StudyInstanceUID == shown[0].StudyInstanceUID
    content = report.ContentSequence
    assert uids(content, "113769") == [image.IrradiationEventUID for image in shown]
    assert numbers(content, "111631") == [(pytest.approx(image.OrganDose), "dGy") for image in shown]
    assert numbers(content, "111633") == [(float(image.BodyPartThickness), "mm") for image in shown]
    assert numbers(content, "111634") == [(0.52, "mm")] * 4


def test_accumulated_dose_is_the_sum_for_each_breast():
    report, shown = build_dose_report(SyntheticDoseReport(seed=6)), images(6)
    sums = [sum(image.OrganDose for image in shown if image.ImageLaterality == side) for side in "RL"]
    assert numbers(report.ContentSequence, "111637") == [(pytest.approx(total), "dGy") for total in sums]


def test_the_report_names_its_template_and_has_no_pixels():
    report = build_dose_report(SyntheticDoseReport(seed=6))
    assert report.ContentTemplateSequence[0].TemplateIdentifier == "10001"
    assert "PixelData" not in report
    assert "Rows" not in report
