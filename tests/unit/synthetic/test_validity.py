"""One file of every kind passes `dciodvfy` (package dicom3tools) without errors, and pydicom reads it back."""

from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import replace

import pydicom
import pytest

from mammogram_viewer.dicom.syntaxes import (
    DEFLATED_EXPLICIT_LITTLE_ENDIAN,
    DEFLATED_IMAGE_FRAME,
    EXPLICIT_LITTLE_ENDIAN,
    JPEG_2000_LOSSLESS,
    JPEG_BASELINE,
    SYNTAXES,
)
from mammogram_viewer.synthetic.sheet import build, sheet

SHEET = sheet()
# dicom3tools as Debian ships it does not know these, and inflates no data set. The same file in the encoding beside
# each is validated: native, or what holds the same photometric interpretation or depth.
TWINS = {
    DEFLATED_EXPLICIT_LITTLE_ENDIAN: EXPLICIT_LITTLE_ENDIAN,
    DEFLATED_IMAGE_FRAME: EXPLICIT_LITTLE_ENDIAN,
    **{uid: JPEG_2000_LOSSLESS for uid, syntax in SYNTAXES.items() if syntax.codec == "htj2k"},
    **{
        uid: JPEG_BASELINE if uid.endswith(".111") else EXPLICIT_LITTLE_ENDIAN
        for uid, syntax in SYNTAXES.items()
        if syntax.codec == "jxl"
    },
}


def problems(path) -> list[str]:
    """What dciodvfy calls an error."""
    run = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, timeout=30, check=False)
    lines = (run.stdout + run.stderr).splitlines()
    assert lines, "dciodvfy names at least the object"
    return [line for line in lines if "Error" in line]


@pytest.mark.skipif(not shutil.which("dciodvfy"), reason="LOUD: apt-get install dicom3tools, or validity goes untested")
@pytest.mark.parametrize("name", SHEET)
def test_dciodvfy_finds_no_error(name, tmp_path):
    wanted = SHEET[name]
    twin = TWINS.get(getattr(wanted, "transfer_syntax_uid", ""))
    if twin:
        wanted = replace(wanted, transfer_syntax_uid=twin)
    build(wanted).save_as(tmp_path / "a.dcm", enforce_file_format=True)
    assert problems(tmp_path / "a.dcm") == []


def test_dciodvfy_would_find_an_error(tmp_path):
    made = build(SHEET["RCC"])
    del made.ViewCodeSequence
    made.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    assert len(problems(tmp_path / "a.dcm")) == 1


@pytest.mark.parametrize("name", SHEET)
def test_each_kind_is_made_the_same_again_and_read_back(name):
    wanted = SHEET[name]
    first, again = (_bytes(build(wanted)) for _ in range(2))
    assert first == again
    read = pydicom.dcmread(io.BytesIO(first))
    assert read == build(wanted)


def test_the_sheet_holds_every_transfer_syntax_and_no_uid_twice():
    made = [build(wanted) for wanted in SHEET.values()]
    assert {each.file_meta.TransferSyntaxUID for each in made} == set(SYNTAXES)
    uids = {each.SOPInstanceUID for each in made}
    assert len(uids) == len(set(map(repr, SHEET.values())))


def _bytes(made) -> bytes:
    buffer = io.BytesIO()
    made.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
