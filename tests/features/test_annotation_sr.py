"""Measurements as a DICOM Structured Report, judged by dciodvfy (dicom3tools), dsrdump (DCMTK) and highdicom."""

from __future__ import annotations

import csv
import io
import subprocess
import uuid
from pathlib import Path
from typing import Any

import pydicom
import pytest
from highdicom.sr import srread
from pydicom.dataset import Dataset

from builders import png_bytes
from product import Product
from viewer_client import mammogram, ready

INSIDE: tuple[dict[str, Any], ...] = (
    {"kind": "length", "points": [[10.5, 10.25], [40.5, 50.25]], "text": "=1+1\x07\tвторой 乳腺\r\n" + "long " * 100},
    {"kind": "angle", "points": [[10, 10], [20, 20], [30, 10]]},
    {
        "kind": "ellipse",
        "points": [[20, 40], [60, 40], [40, 30], [40, 50]],
        "statistics": {"mean": 100.5, "standardDeviation": 2.25, "minimum": 90, "maximum": 110, "pixels": 600},
    },
    {"kind": "freehand", "points": [[20, 20], [50, 20], [50, 60]]},
    {"kind": "arrow", "points": [[12, 13], [30, 33]]},
    {"kind": "text", "points": [[15, 16]], "text": "鈴木"},
)
OUTSIDE = {"kind": "length", "points": [[-3, 5], [7, 5]]}


def draw(product: Product, image: dict[str, Any], body: dict[str, Any], who: str = "user") -> str:
    name = str(uuid.uuid4())
    answer = product.client(who).put(f"/api/images/{image['id']}/annotations/{name}", json={"frame": 1, **body})
    assert answer.status_code == 201, answer.text
    return name


@pytest.fixture(scope="module")
def drawn(product: Product) -> dict[str, Any]:
    """All six kinds, one outside of the frame, one of another person, and a key image."""
    image = mammogram(product, seed=961, patient_name="Иванова^Анна")
    for body in INSIDE:
        draw(product, image, body)
    draw(product, image, OUTSIDE, "radiologist")
    assert product.client().put(f"/api/images/{image['id']}/key/1").status_code == 204
    return image


def report(product: Product, path: str, folder: Path, who: str = "user") -> Dataset:
    """The report, after both tools have found it valid."""
    answer = product.client(who).get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/dicom"
    assert answer.headers["content-disposition"].endswith('.dcm"')
    file = folder / "report.dcm"
    file.write_bytes(answer.content)
    judged = subprocess.run(["dciodvfy", str(file)], capture_output=True, text=True, timeout=30, check=False)
    said = judged.stdout + judged.stderr
    assert "ComprehensiveSR" in said
    assert [line for line in said.splitlines() if "Error" in line] == []
    dumped = subprocess.run(["dsrdump", str(file)], capture_output=True, timeout=30, check=False)
    assert dumped.returncode == 0, dumped.stderr
    return srread(file)


def groups_of(document: Dataset) -> dict[str, list[Dataset]]:
    """By what the tracking identifier says before its id."""
    found: dict[str, list[Dataset]] = {}
    for group in document.ContentSequence[-1].ContentSequence:
        found.setdefault(items(group, "TEXT", "112039")[0].TextValue.rsplit(" ", 1)[0], []).append(group)
    return found


def items(parent: Dataset, value_type: str, code: str | None = None) -> list[Dataset]:
    found = []
    for item in parent.get("ContentSequence", []):
        names = item.get("ConceptNameCodeSequence") or [Dataset()]
        if item.ValueType == value_type and code in (None, names[0].get("CodeValue")):
            found.append(item)
        found += items(item, value_type, code)
    return found


async def test_a_report_tells_the_numbers_of_the_csv_and_the_points_that_were_drawn(
    product: Product, drawn: dict[str, Any], tmp_path: Path
) -> None:
    path = f"/api/images/{drawn['id']}/measurements"
    document = report(product, f"{path}.dcm", tmp_path)
    rows = csv.DictReader(io.StringIO(product.client().get(f"{path}.csv").content.decode("utf-8-sig")))
    wanted = [float(row["value"]) for row in rows if row["value"]]
    numbers = [float(item.MeasuredValueSequence[0].NumericValue) for item in items(document, "NUM")]
    assert numbers == pytest.approx(wanted, abs=0.01)
    groups = groups_of(document)
    for body in INSIDE:
        (coordinates,) = items(groups[body["kind"]][0], "SCOORD")
        flat = [value for point in body["points"] for value in point]
        assert list(coordinates.GraphicData)[: len(flat)] == flat
        (image,) = items(coordinates, "IMAGE")
        assert image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == drawn["dicom"]["sopInstanceUid"]
    assert items(groups["text"][0], "TEXT", "121106")[0].TextValue == "鈴木"
    words = items(groups["length"][0], "TEXT", "121106")[0].TextValue
    assert words.startswith("=1+1  второй 乳腺")
    assert "\x07" not in words
    assert [items(group, "CODE", "121071")[0].ConceptCodeSequence[0].CodeValue for group in groups["key image"]] == [
        "113000"
    ]
    assert "Иванова" in str(document.PatientName)
    done = await product.fetch("SELECT detail->>'format' AS format FROM audit_log WHERE act = 'measurements_exported'")
    assert "dicom-sr" in [act["format"] for act in done]


def test_what_lies_outside_of_the_frame_is_told_in_words_by_its_own_author(
    product: Product, drawn: dict[str, Any], tmp_path: Path
) -> None:
    document = report(product, f"/api/studies/{drawn['studyId']}/measurements.dcm", tmp_path, "radiologist")
    outside = groups_of(document)["length"][1]
    assert items(outside, "SCOORD") == []
    assert "(-3, 5) (7, 5)" in items(outside, "TEXT", "121106")[0].TextValue
    authors = {str(item.PersonName) for group in groups_of(document)["length"] for item in items(group, "PNAME")}
    assert len(authors) == 2


def test_the_same_content_is_the_same_file_and_a_change_another_one(product: Product) -> None:
    image = mammogram(product, seed=962)
    draw(product, image, INSIDE[1])
    path = f"/api/images/{image['id']}/measurements.dcm"
    first, again = (product.client().get(path).content for _ in range(2))
    assert first == again
    draw(product, image, INSIDE[3])
    other = product.client().get(path).content
    uids = [pydicom.dcmread(io.BytesIO(body)).SOPInstanceUID for body in (first, other)]
    assert uids[0] != uids[1]


def test_a_key_image_alone_and_pixels_without_spacing_are_reported(product: Product, tmp_path: Path) -> None:
    image = mammogram(product, seed=963, spacing="none")
    path = f"/api/images/{image['id']}/measurements.dcm"
    assert product.client().put(f"/api/images/{image['id']}/key/1").status_code == 204
    assert list(groups_of(report(product, path, tmp_path))) == ["key image"]
    draw(product, image, INSIDE[0])
    (number,) = items(report(product, path, tmp_path), "NUM")
    assert number.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue == "{pixels}"
    assert float(number.MeasuredValueSequence[0].NumericValue) == pytest.approx(50)


def test_nothing_drawn_and_plain_pictures_are_told_and_strangers_learn_nothing(
    product: Product, drawn: dict[str, Any]
) -> None:
    picture = ready(product, png_bytes(seed=964), "picture.png")
    draw(product, picture, {"kind": "length", "points": [[1, 1], [5, 5]]})
    for image in (mammogram(product, seed=965), picture):
        answer = product.client().get(f"/api/images/{image['id']}/measurements.dcm")
        assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_export")
    for path in (f"/api/images/{drawn['id']}", f"/api/studies/{drawn['studyId']}"):
        assert product.client("other").get(f"{path}/measurements.dcm").status_code == 404
