"""The kind of a file by its first bytes alone: what may be an image is taken, what certainly is none is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import dicom_bytes, jpeg_bytes, png_bytes, tiff_bytes
from mammogram_viewer.foundation.errors import Unsupported
from mammogram_viewer.intake.sniff import HEAD_BYTES, sniff

IMPLICIT = b"\x08\x00\x05\x00\x0a\x00\x00\x00ISO_IR 100" + bytes(200)
EXPLICIT = b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 100" + bytes(200)
BIG_ENDIAN = b"\x00\x08\x00\x05CS\x00\x0aISO_IR 100" + bytes(200)
BARE_META = b"\x02\x00\x00\x00UL\x04\x00\xb6\x00\x00\x00" + bytes(200)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (dicom_bytes(seed=1), "dicom"),
        (b"MZ".ljust(128) + b"DICM" + bytes(100), "dicom"),
        (b"%PDF".ljust(128) + b"DICM" + bytes(100), "dicom"),
        (IMPLICIT, "dicom"),
        (EXPLICIT, "dicom"),
        (BIG_ENDIAN, "dicom"),
        (BARE_META, "dicom"),
        (png_bytes(seed=1), "png"),
        (jpeg_bytes(seed=1), "jpeg"),
        (tiff_bytes(seed=1), "tiff"),
        (b"MM\x00*" + bytes(20), "tiff"),
        (b"II+\x00" + bytes(20), "tiff"),
    ],
    ids=range(12),
)
def test_images_are_known_by_their_content(head: bytes, kind: str) -> None:
    assert sniff(head[:HEAD_BYTES], len(head)) == kind


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"", "empty_file"),
        (b"\x08\x00\x05\x00", "not_an_image"),
        (b"%PDF-1.7" + bytes(200), "not_an_image"),
        (b"\x7fELF" + bytes(200), "not_an_image"),
        (b"\x1f\x8b\x08" + bytes(200), "not_an_image"),
        (b"<svg>" + bytes(200), "svg_refused"),
        (b"  \n<SVG onload=x>" + bytes(200), "svg_refused"),
        (b'<?xml version="1.0"?><!DOCTYPE svg><svg/>', "svg_refused"),
        (b'<?xml version="1.0"?><html/>', "not_an_image"),
        (b"DICM" + bytes(200), "not_an_image"),
        (b"\x08\x00\x05\x00\xff\xff\xff\x7f" + bytes(200), "not_an_image"),
        (bytes(500), "not_an_image"),
    ],
    ids=range(12),
)
def test_what_certainly_is_none_is_refused_with_a_code(head: bytes, code: str) -> None:
    with pytest.raises(Unsupported) as refused:
        sniff(head, len(head))
    assert refused.value.code == code


@given(st.binary(max_size=400))
def test_any_bytes_are_either_taken_or_refused(head: bytes) -> None:
    try:
        assert sniff(head, len(head)) in ("dicom", "png", "jpeg", "tiff", "zip")
    except Unsupported as refused:
        assert refused.code in ("empty_file", "svg_refused", "not_an_image")
