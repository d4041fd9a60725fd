"""Files that break the rules of PS3.10 and PS3.5 are read where their meaning is certain, with a warning."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mammogram_viewer.dicom.frames import read_frame
from mammogram_viewer.dicom.limits import RenderLimits
from mammogram_viewer.dicom.pixels import describe_pixels
from mammogram_viewer.dicom.reader import open_object
from mammogram_viewer.dicom.syntaxes import JPEG_LS_LOSSLESS
from mammogram_viewer.foundation.reasons import Refused
from mammogram_viewer.imaging.decode import decode_frame
from mammogram_viewer.synthetic.encode import pixel_data
from unit.dicom.builders import image_dataset, write

WORDS = (np.arange(40 * 30).reshape(40, 30) % 4096).astype(np.uint16)
META_LENGTH_AT = 140  # value of (0002,0000) behind preamble, DICM and its own tag


def words_of(path: Path, content: bytes) -> tuple[np.ndarray, list[str]]:
    path.write_bytes(content)
    with open_object(str(path), str(path.parent), RenderLimits()) as found:
        pixels = describe_pixels(found, RenderLimits())
        words = decode_frame(read_frame(found, pixels, 0, []), pixels, found.syntax)
        return np.array(words), found.warnings


def implicit(group: int, element: int, value: bytes) -> bytes:
    return struct.pack("<HHL", group, element, len(value)) + value


def explicit(group: int, element: int, vr: bytes, value: bytes) -> bytes:
    if vr in (b"OB", b"OW", b"SQ", b"UN", b"UT"):
        return struct.pack("<HH2sHL", group, element, vr, 0, len(value)) + value
    return struct.pack("<HH2sH", group, element, vr, len(value)) + value


def short(value: int) -> bytes:
    return struct.pack("<H", value)


IMAGE_PIXEL = [
    (0x0002, b"US", short(1)), (0x0004, b"CS", b"MONOCHROME2 "), (0x0010, b"US", short(40)), (0x0011, b"US", short(30)),
    (0x0100, b"US", short(16)), (0x0101, b"US", short(12)), (0x0102, b"US", short(11)), (0x0103, b"US", short(0)),
]  # fmt: skip


def with_group_length(group: int, elements: bytes) -> bytes:
    return implicit(group, 0, struct.pack("<L", len(elements))) + elements


@pytest.mark.parametrize("first", [b"", implicit(0x0008, 0x0001, struct.pack("<L", 2600))])
def test_acr_nema_with_group_lengths_and_recognition_code_is_read(first, tmp_path):
    identifying = first + implicit(0x0008, 0x0010, b"ACR-NEMA 2.0") + implicit(0x0008, 0x0060, b"MG")
    image = b"".join(implicit(0x0028, element, value) for element, _, value in IMAGE_PIXEL)
    content = with_group_length(0x0008, identifying) + with_group_length(0x0028, image)
    content += with_group_length(0x7FE0, implicit(0x7FE0, 0x0010, WORDS.tobytes()))
    words, warnings = words_of(tmp_path / "a.dcm", content)
    assert np.array_equal(words, WORDS)
    assert warnings == ["missing_preamble", "missing_file_meta"]
    # Without the lengths, too: such a file begins with its recognition code.
    bare = identifying + image + implicit(0x7FE0, 0x0010, WORDS.tobytes())
    assert np.array_equal(words_of(tmp_path / "a.dcm", bare)[0], WORDS)


def test_acr_nema_without_a_photometric_interpretation_is_refused(tmp_path):
    image = b"".join(implicit(0x0028, element, value) for element, _, value in IMAGE_PIXEL if element != 0x0004)
    content = with_group_length(0x0008, implicit(0x0008, 0x0060, b"MG")) + image
    with pytest.raises(Refused) as refused:
        words_of(tmp_path / "a.dcm", content + implicit(0x7FE0, 0x0010, WORDS.tobytes()))
    assert refused.value.code == "unsupported_photometric_interpretation"  # black or white for 0: nobody knows


def body(*extra: bytes, pixels: bytes | None = None) -> bytes:
    """An explicit little endian data set with `extra` elements of group 0009 to 0021 between."""
    image = b"".join(explicit(0x0028, element, vr, value) for element, vr, value in IMAGE_PIXEL)
    value = WORDS.tobytes() if pixels is None else pixels
    return (
        explicit(0x0008, 0x0008, b"CS", b"DERIVED ") + b"".join(extra) + image + explicit(0x7FE0, 0x0010, b"OW", value)
    )


def with_meta(content: bytes, *, length_off_by: int = 0) -> bytes:
    meta = explicit(0x0002, 0x0010, b"UI", b"1.2.840.10008.1.2.1\0")
    head = explicit(0x0002, 0x0000, b"UL", struct.pack("<L", len(meta) + length_off_by))
    return b"\0" * 128 + b"DICM" + head + meta + content


UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = (struct.pack("<HHL", 0xFFFE, element, 0) for element in (0xE000, 0xE00D, 0xE0DD))
OPEN_ITEM = struct.pack("<HHL", 0xFFFE, 0xE000, UNDEFINED)


@pytest.mark.parametrize(
    "extra",
    [
        explicit(0x0010, 0x0010, b"PN", b"Odd"),  # three bytes
        explicit(0x0009, 0x0010, b"LO", b"MAKER ") + explicit(0x0009, 0x1001, b"UN", b"\1\2\3"),
        struct.pack("<HH2sHL", 0x0008, 0x1140, b"SQ", 0, UNDEFINED) + SEQUENCE_END,
        struct.pack("<HH2sHL", 0x0008, 0x1140, b"SQ", 0, UNDEFINED)
        + OPEN_ITEM + explicit(0x0008, 0x1155, b"UI", b"1.2\0") + ITEM_END + ITEM + SEQUENCE_END,
        # UN of undefined length holds implicit VR, whatever surrounds it (PS3.5 6.2.2).
        struct.pack("<HH2sHL", 0x0009, 0x1002, b"UN", 0, UNDEFINED)
        + OPEN_ITEM + implicit(0x0008, 0x1155, b"1.2\0") + ITEM_END + SEQUENCE_END,
        explicit(0x0008, 0x0000, b"UL", struct.pack("<L", 123456)),  # a group length that lies
        explicit(0x0010, 0x1010, b"US", b"\5\0"),  # an age, by the dictionary
        explicit(0x0020, 0x0013, b"IS", b"not a number"),
        explicit(0x0008, 0x0018, b"UI", b""),
    ],
    ids=["odd", "private", "empty-sequence", "open-items", "open-unknown", "group-length", "other-vr", "text", "empty"],
)  # fmt: skip
def test_odd_elements_before_the_pixels_do_not_change_them(extra, tmp_path):
    for content in (with_meta(body(extra)), body(extra)):
        assert np.array_equal(words_of(tmp_path / "a.dcm", content)[0], WORDS)


@pytest.mark.parametrize("off_by", [-20, -2, 2, 1000])
def test_a_wrong_length_of_the_meta_group_is_passed_over(off_by, tmp_path):
    assert np.array_equal(words_of(tmp_path / "a.dcm", with_meta(body(), length_off_by=off_by))[0], WORDS)


@pytest.mark.parametrize(
    "tail", [b"\0", b"\0" * 3000, explicit(0xFFFC, 0xFFFC, b"OB", b"\0" * 40), b"\xff\xff garbage"]
)
def test_what_follows_the_pixels_does_not_change_them(tail, tmp_path):
    assert np.array_equal(words_of(tmp_path / "a.dcm", with_meta(body() + tail))[0], WORDS)


def test_compressed_pixels_without_their_last_delimiter_are_read(tmp_path):
    ds = image_dataset(WORDS, transfer_syntax_uid=JPEG_LS_LOSSLESS, frames=[b"\0\0"])
    ds.PixelData = pixel_data(WORDS, 16, JPEG_LS_LOSSLESS)
    content = Path(write(tmp_path / "a.dcm", ds)).read_bytes()
    assert content.endswith(SEQUENCE_END)
    words, warnings = words_of(tmp_path / "a.dcm", content[:-8])
    assert np.array_equal(words, WORDS)
    assert warnings == ["missing_sequence_delimiter"]


def test_compressed_pixels_called_unknown_are_read(tmp_path):
    ds = image_dataset(WORDS, transfer_syntax_uid=JPEG_LS_LOSSLESS, frames=[b"\0\0"])
    ds.PixelData = pixel_data(WORDS, 16, JPEG_LS_LOSSLESS)
    content = Path(write(tmp_path / "a.dcm", ds)).read_bytes()
    unknown = content.replace(b"\xe0\x7f\x10\x00OB", b"\xe0\x7f\x10\x00UN")
    assert np.array_equal(words_of(tmp_path / "a.dcm", unknown)[0], WORDS)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, 200), byte_count=st.integers(1, 40))
def test_a_header_with_bytes_cut_out_is_read_right_or_refused(position, byte_count, tmp_path):
    content = with_meta(body(explicit(0x0010, 0x0010, b"PN", b"Some^One")))
    try:
        words, _ = words_of(tmp_path / "a.dcm", content[:position] + content[position + byte_count :])
    except Refused:
        return
    assert np.array_equal(words, WORDS)
