"""Pieces of the viewer's answers on their own: Accept headers, hostile headers of files, what counts as one look."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from mammogram_viewer.dicomweb.accept import demand_frame_type, demand_header_type
from mammogram_viewer.dicomweb.facts import HeaderFacts, read_facts
from mammogram_viewer.dicomweb.metadata import header_model
from mammogram_viewer.dicomweb.models import HeaderSource
from mammogram_viewer.foundation.errors import NotAcceptable

_WORDS = st.sampled_from(
    [
        "image/jphc",
        "*/*",
        "image/*",
        "multipart/related",
        ";",
        ",",
        "q=0",
        "q=",
        "type=",
        '"',
        "=",
        " ",
        "transfer-syntax=*",
    ]
)
SOURCE = HeaderSource(
    id=1, sop_class_uid="1.2", sop_instance_uid="1.2.3", study_instance_uid="1.2.4", series_instance_uid="1.2.5",
    modality="MG", rows=4, columns=5, photometric_interpretation="MONOCHROME2", storage_key="k", byte_count=9, frames=2,
)  # fmt: skip


@given(st.one_of(st.text(), st.lists(_WORDS).map("".join)))
def test_any_accept_header_is_a_yes_or_a_no(header: str):
    for demand in (demand_frame_type, demand_header_type):
        try:
            demand(header)
        except NotAcceptable as refused:
            assert refused.code == "not_acceptable"


@pytest.mark.parametrize(
    "header", [None, "", " ", "*/*", "application/*", "application/json", "application/dicom+json"]
)
def test_headers_come_to_whoever_takes_json(header: str | None):
    demand_header_type(header)


@pytest.mark.parametrize("header", ["application/dicom", "image/*", "application/dicom+json;q=0, */*"])
def test_headers_come_in_no_other_form(header: str):
    with pytest.raises(NotAcceptable):
        demand_header_type(header)


@pytest.mark.parametrize("tags", [b"", b"[]", b"{", b"\xff", b'{"00200020": 7}', b'{"00200020": {"Value": {}}}'])
def test_a_header_that_is_none_tells_nothing(tags: bytes):
    found = read_facts(tags)
    assert found == HeaderFacts()
    assert (found.patient_orientation, found.is_lossy, found.total_lossy_ratio) == (None, None, None)


def test_facts_are_taken_for_what_they_are():
    def facts(**elements: list[Any]) -> HeaderFacts:
        return read_facts(
            json.dumps({f"{tag[1:]}": {"vr": "CS", "Value": one} for tag, one in elements.items()}).encode()
        )

    assert facts(x00200020=["P", "FL"]).patient_orientation == ["P", "FL"]
    for odd in (["P"], ["P", "F", "L"], ["P", None], [7, "F"], []):
        assert facts(x00200020=odd).patient_orientation is None, odd
    assert [facts(x00282110=[one]).is_lossy for one in ("01", "00", "maybe", 1)] == [True, False, None, None]
    assert facts(x00282112=[2, 5.5]).total_lossy_ratio == 11
    assert facts(x00282112=[2, None]).total_lossy_ratio is None
    assert facts(x00181063=[True]).frame_time.number() is None
    shared = {"52009229": {"vr": "SQ", "Value": [{"00209450": {"vr": "SQ", "Value": [
        {"00200020": {"vr": "CS", "Value": ["A", "F"]}}]}}]}}  # fmt: skip
    assert read_facts(json.dumps(shared).encode()).patient_orientation == ["A", "F"]


def test_without_the_files_words_the_essentials_are_a_header():
    header = Dataset.from_json(json.loads(header_model(SOURCE, {})))
    assert (header.StudyInstanceUID, header.SOPInstanceUID, header.NumberOfFrames) == ("1.2.4", "1.2.3", 2)
