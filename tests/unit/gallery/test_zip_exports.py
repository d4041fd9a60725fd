"""The ZIP that is written while it is sent, and the names in it."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammogram_viewer.archive.standing import Original
from mammogram_viewer.gallery.export_names import MANIFEST, MAX_CHARACTERS, harmless, manifest, names_of
from mammogram_viewer.gallery.zip_stream import ZipStream, zip_length

AT = datetime(2024, 1, 15, 10, 30, tzinfo=UTC)


def original(number: int, name: str, exam_id: int | None = 1) -> Original:
    return Original(
        id=number,
        exam_id=exam_id,
        study_instance_uid="1.2.3",
        sop_instance_uid=None,
        original_name=name,
        file_type="dicom",
        byte_count=4,
        sha256=bytes(32),
        storage_key=f"originals/{number}",
        laterality="R",
        view_position="CC",
        modality="MG",
        created_at=AT,
    )


def zipped(members: list[tuple[str, bytes]]) -> bytes:
    stream = ZipStream()
    parts = []
    for name, content in members:
        with stream.member(name, AT, len(content)) as file:
            for start in range(0, len(content), 7):
                file.write(content[start : start + 7])
                parts.append(stream.take())
    stream.finish()
    return b"".join([*parts, stream.take()])


MEMBERS = st.lists(
    st.tuples(st.text("aä/ .", min_size=1, max_size=9), st.binary(max_size=60)),
    max_size=12,
    unique_by=lambda member: member[0],
)


@pytest.mark.parametrize(("limit", "count"), [(2**31 - 1, 65535), (40, 65535), (300, 3)])
def test_the_length_is_known_before_the_first_byte_with_zip64_and_without(
    monkeypatch: pytest.MonkeyPatch, limit: int, count: int
) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", limit)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", count)

    @settings(max_examples=60, deadline=None)
    @given(MEMBERS)
    def check(members: list[tuple[str, bytes]]) -> None:
        whole = zipped(members)
        assert len(whole) == zip_length([(name, len(content)) for name, content in members])
        with zipfile.ZipFile(io.BytesIO(whole)) as read:
            assert read.testzip() is None
            assert [read.read(info) for info in read.infolist()] == [content for _, content in members]

    check()


HOSTILE = [
    ("../../etc/passwd", ".._.._etc_passwd.dcm".lstrip(".")),
    ("..\\..\\boot.ini", "_.._boot.ini"),
    ("C:\\x.dcm", "C__x.dcm"),
    ("con.dcm", "_con.dcm"),
    ("LPT1", "_LPT1.dcm"),
    ("a\x00b\n.dcm", "ab.dcm"),
    ("evil\u202emcd.exe", "evilmcd.exe"),
    (" . ", "image 1.dcm"),
    ("", "image 1.dcm"),
    ("x" * 300 + ".dcm", "x" * (MAX_CHARACTERS - 4) + ".dcm"),
    ("R MLO ä.dcm", "R MLO ä.dcm"),
]


@pytest.mark.parametrize(("name", "wanted"), HOSTILE)
def test_names_are_made_harmless(name: str, wanted: str) -> None:
    assert harmless(name, ending=".dcm", otherwise="image 1") == wanted


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(st.text(max_size=20), st.sampled_from(["a.dcm", "A.DCM", "a (2).dcm", "manifest.csv"])), max_size=9
    )
)
def test_no_two_names_are_alike_and_none_leaves_its_folder(names: list[str]) -> None:
    given_names = names_of([original(number, name, number % 3 or None) for number, name in enumerate(names, 1)])
    folded = [name.casefold() for name in given_names.values()]
    assert len(set(folded)) == len(names)
    assert MANIFEST not in folded
    for name in given_names.values():
        folder, file = name.split("/")
        assert folder in ("exam 1", "exam 2", "no exam")
        assert file not in ("", ".", "..")
        assert file.isprintable()
        assert not set(file) & set('<>:"|?*\\')
        assert zipfile.ZipInfo(name).filename == name


def test_the_manifest_is_a_table_that_no_spreadsheet_takes_for_formulas() -> None:
    bad = original(1, '=HYPERLINK("x").dcm', None)
    names = {1: '=HYPERLINK("x").dcm'}
    rows = list(csv.reader(io.StringIO(manifest([bad], names, [7]).decode())))
    assert rows[0][:3] == ["file", "imageId", "state"]
    assert rows[1][:4] == ['\'=HYPERLINK("x").dcm', "1", "included", "00" * 32]
    assert rows[2][:3] == ["", "7", "left out: deleted"]
