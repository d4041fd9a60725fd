"""Whatever a file is called outside, inside it is a name to read: no path, no line break, no disguise."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammogram_viewer.intake.names import MAX_CHARACTERS, clean_name


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("R MLO.dcm", "R MLO.dcm"),
        ("A\u0308rztin.dcm", "Ärztin.dcm"),
        ("日本.dcm", "日本.dcm"),
        ("C:\\exports\\a.dcm", "a.dcm"),
        ("/etc/passwd", "passwd"),
        ("a/..", "unnamed"),
        (".hidden", "hidden"),
        ("name. ", "name"),
        ("tab\there\x7f\x85.dcm", "tabhere.dcm"),
        ("zero\u200bwidth\ufeff.dcm", "zerowidth.dcm"),
        ("line\u2028break.dcm", "linebreak.dcm"),
        (b"\xff\xfe.dcm", "\ufffd\ufffd.dcm"),
        (None, "unnamed"),
        (b"", "unnamed"),
    ],
)
def test_names_are_cleaned(sent: str | bytes | None, kept: str) -> None:
    assert clean_name(sent) == kept


@given(st.text(max_size=600) | st.binary(max_size=600))
def test_a_cleaned_name_is_never_empty_long_or_hostile_and_stays_as_it_is(sent: str | bytes) -> None:
    name = clean_name(sent)
    assert 1 <= len(name) <= MAX_CHARACTERS
    assert not set(name) & {"/", "\\", "\0", "\r", "\n"}
    assert name not in (".", "..")
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in name)
    name.encode()
