"""The closed set of reasons, its documentation, and that every code the pixel code raises is in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mammogram_viewer.foundation.reasons import REASONS, Refused

ROOT = Path(__file__).resolve().parents[3]


def test_every_reason_is_documented_with_its_sentence_and_nothing_else_is():
    page = (ROOT / "docs/reasons.md").read_text(encoding="utf-8").partition("## Warnings")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", page, re.M)
    assert dict(rows) == REASONS


def test_every_code_that_is_raised_is_known():
    raised = set()
    for folder in ("dicom", "imaging"):
        for path in (ROOT / "src/mammogram_viewer" / folder).glob("*.py"):
            raised |= set(re.findall(r'Refused\(\s*"(\w+)"', path.read_text(encoding="utf-8")))
    assert raised <= set(REASONS)
    assert len(raised) > 12


def test_an_unknown_code_cannot_be_raised():
    with pytest.raises(KeyError):
        Refused("no_such_reason")


def test_every_warning_is_documented():
    page = (ROOT / "docs/reasons.md").read_text(encoding="utf-8").partition("## Warnings")[2]
    left = set()
    for folder in ("dicom", "imaging"):
        for path in (ROOT / "src/mammogram_viewer" / folder).glob("*.py"):
            left |= set(re.findall(r'(?:warnings|doubts)\.append\("(\w+)"\)', path.read_text(encoding="utf-8")))
    assert len(left) > 10
    assert not {warning for warning in left if f"`{warning}`" not in page}
