"""Hostile and broken files: each gets its code, quickly, before a decoder sees it."""

from __future__ import annotations

import resource
import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from pydicom.sequence import Sequence

from mammogram_viewer.dicom.syntaxes import (
    DEFLATED_EXPLICIT_LITTLE_ENDIAN,
    DEFLATED_IMAGE_FRAME,
    EXPLICIT_LITTLE_ENDIAN,
    HTJ2K_LOSSLESS,
    JPEG_2000_LOSSLESS,
    JPEG_BASELINE,
    JPEG_LOSSLESS_FIRST_ORDER,
    JPEG_LS_LOSSLESS,
    RLE_LOSSLESS,
    transfer_syntax,
)
from mammogram_viewer.foundation.reasons import REASONS
from mammogram_viewer.imaging.render import Rejected, Rendered, RenderLimits, render_original
from mammogram_viewer.synthetic.encode import encode_frame
from mammogram_viewer.synthetic.mammogram import SyntheticMammogram, write_mammogram
from unit.dicom.builders import (
    BIG_ENDIAN,
    IMPLICIT,
    NATIVE_SYNTAXES,
    WRITTEN_SYNTAXES,
    image_dataset,
    item,
    write,
    write_deflated_frame,
)

WORDS = (np.arange(40 * 30).reshape(40, 30) % 4096).astype(np.uint16)
ENCAPSULATED = sorted(set(WRITTEN_SYNTAXES) - set(NATIVE_SYNTAXES))


def answer(source: str | Path, limits: RenderLimits | None = None) -> Rendered | Rejected:
    started = time.monotonic()
    found = render_original(str(source), str(Path(source).parent), "dicom", limits or RenderLimits())
    assert time.monotonic() - started < 3
    return found


def code_of(source: str | Path, limits: RenderLimits | None = None) -> str:
    found = answer(source, limits)
    assert isinstance(found, Rejected), found
    assert found.detail.startswith(REASONS[found.code])
    return found.code


def encapsulated(uid: str, **attributes: object):
    frame = bytes(encode_frame((WORDS >> 4).astype(np.uint8) if uid == JPEG_BASELINE else WORDS, 12, uid))
    words = WORDS.astype(np.uint8) if uid == JPEG_BASELINE else WORDS
    bits = 8 if uid == JPEG_BASELINE else 12
    return image_dataset(words, transfer_syntax_uid=uid, frames=[frame], **{"BitsStored": bits, **attributes})


@pytest.mark.parametrize("content", [b"%PDF-1.7 whatever", b"", b"\0" * 200, b"MZ" + b"\0" * 300, b"<svg/>" * 50])
def test_what_is_no_dicom_is_said_to_be_none(content, tmp_path):
    (tmp_path / "a.dcm").write_bytes(content)
    assert code_of(tmp_path / "a.dcm") == "not_dicom"


@pytest.mark.parametrize("uid", sorted(set(WRITTEN_SYNTAXES) - {DEFLATED_EXPLICIT_LITTLE_ENDIAN}))
def test_a_file_that_was_cut_off_anywhere_is_never_shown(uid, tmp_path):
    source = write_mammogram(tmp_path / "a.dcm", SyntheticMammogram(transfer_syntax_uid=uid, rows=64, columns=48))
    whole = source.read_bytes()
    for share in (0.1, 0.3, 0.6, 0.9, 0.97):
        source.write_bytes(whole[: int(len(whole) * share)])
        found = answer(source)
        assert isinstance(found, Rejected)
        assert found.code in ("truncated", "bad_header", "no_pixel_data"), (share, found)


def test_a_deflated_file_that_was_cut_off_is_truncated(tmp_path):
    wanted = SyntheticMammogram(transfer_syntax_uid=DEFLATED_EXPLICIT_LITTLE_ENDIAN, rows=64, columns=48)
    source = write_mammogram(tmp_path / "a.dcm", wanted)
    whole = source.read_bytes()
    source.write_bytes(whole[: len(whole) // 2])
    assert code_of(source) == "truncated"


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"Rows": 41}, "pixel_length_mismatch"),
        ({"Rows": 39}, "pixel_length_mismatch"),
        ({"Columns": 300}, "pixel_length_mismatch"),
        ({"NumberOfFrames": 2}, "pixel_length_mismatch"),
        ({"NumberOfFrames": 100_000}, "over_frames"),
        ({"NumberOfFrames": -3}, "bad_header"),
        ({"Rows": 65_535, "Columns": 65_535}, "over_megapixels"),
        ({"Rows": None}, "bad_header"),
        ({"Rows": 0}, "bad_header"),
        ({"BitsStored": 17, "HighBit": 16}, "bad_header"),
        ({"BitsStored": 12, "HighBit": 3}, "bad_header"),
        ({"BitsAllocated": 12, "BitsStored": 12, "HighBit": 11}, "unsupported_bit_depth"),
        ({"BitsAllocated": 32, "BitsStored": 32, "HighBit": 31}, "unsupported_bit_depth"),
        ({"SamplesPerPixel": 3}, "bad_header"),
        ({"PhotometricInterpretation": "HSV"}, "unsupported_photometric_interpretation"),
    ],
)
def test_a_lying_header_is_refused(attributes, code, tmp_path):
    assert code_of(write(tmp_path / "a.dcm", image_dataset(WORDS, **attributes))) == code


def test_rows_in_another_vr_are_refused(tmp_path):
    ds = image_dataset(WORDS)
    del ds.Rows
    ds.add_new(0x00280010, "LO", "40")
    assert code_of(write(tmp_path / "a.dcm", ds)) == "bad_header"


@pytest.mark.parametrize("uid", ENCAPSULATED)
@pytest.mark.parametrize("change", [{"Rows": 41}, {"Columns": 29}, {"SamplesPerPixel": 3}, {"BitsAllocated": 8}])
def test_a_codestream_that_is_not_what_the_header_says_is_refused(uid, change, tmp_path):
    attributes = dict(change)
    if "SamplesPerPixel" in change:
        attributes |= {"PhotometricInterpretation": "RGB", "PlanarConfiguration": 0}
    if "BitsAllocated" in change:
        if uid == JPEG_BASELINE:
            attributes = {"BitsAllocated": 16, "BitsStored": 12, "HighBit": 11}
        else:
            attributes |= {"BitsStored": 8, "HighBit": 7}
    short = "Rows" in change or "SamplesPerPixel" in change
    # A deflated frame says nothing of itself but its length.
    code = "codestream_truncated" if uid == DEFLATED_IMAGE_FRAME and short else "codestream_mismatch"
    assert code_of(write(tmp_path / "a.dcm", encapsulated(uid, **attributes))) == code


@pytest.mark.parametrize("uid", ENCAPSULATED)
@pytest.mark.parametrize("inside", sorted({JPEG_BASELINE, JPEG_LOSSLESS_FIRST_ORDER, JPEG_LS_LOSSLESS,
                                           JPEG_2000_LOSSLESS, HTJ2K_LOSSLESS, RLE_LOSSLESS}))  # fmt: skip
def test_another_kind_of_codestream_than_the_transfer_syntax_declares_is_refused(uid, inside, tmp_path):
    outer, inner = transfer_syntax(uid), transfer_syntax(inside)
    if outer.codec == inner.codec and (outer.codec != "jpeg" or outer.jpeg_processes & inner.jpeg_processes):
        return  # the same kind
    words = (WORDS >> 4).astype(np.uint8)
    ds = image_dataset(words, transfer_syntax_uid=uid, frames=[bytes(encode_frame(words, 8, inside))])
    assert code_of(write(tmp_path / "a.dcm", ds)) in ("codestream_mismatch", "codestream_truncated", "decoder_error")


@pytest.mark.parametrize("uid", [uid for uid in ENCAPSULATED if uid != RLE_LOSSLESS])
def test_a_codestream_cut_in_the_middle_is_refused_even_with_its_end_marker_put_back(uid, tmp_path):
    words = np.random.default_rng(0).integers(0, 256, (40, 30)).astype(np.uint8)
    frame = bytes(encode_frame(words, 8, uid))
    half = frame[: len(frame) // 2].rstrip(b"\xff")
    source = write(tmp_path / "a.dcm", image_dataset(words, transfer_syntax_uid=uid, frames=[half]))
    # A bare JPEG XL codestream has no end marker; its decoder misses what is missing.
    assert code_of(source) == ("decoder_error" if transfer_syntax(uid).codec == "jxl" else "codestream_truncated")
    source = write(tmp_path / "a.dcm", image_dataset(words, transfer_syntax_uid=uid, frames=[half + b"\xff\xd9"]))
    assert code_of(source) in ("codestream_truncated", "decoder_error")


def test_compressed_pixels_under_a_native_syntax_and_the_reverse_are_refused(tmp_path):
    ds = encapsulated(JPEG_LS_LOSSLESS)
    path = Path(write(tmp_path / "a.dcm", ds))
    swapped = path.read_bytes().replace(JPEG_LS_LOSSLESS.encode(), EXPLICIT_LITTLE_ENDIAN.encode().ljust(22, b"\0"))
    path.write_bytes(swapped)
    assert code_of(path) == "pixel_form_mismatch"
    ds = image_dataset(WORDS)
    path = Path(write(tmp_path / "b.dcm", ds))
    native = path.read_bytes()
    uid = EXPLICIT_LITTLE_ENDIAN.encode() + b"\0"
    longer = JPEG_LS_LOSSLESS.encode()
    grown = struct.pack("<H", len(longer)) + longer
    native = native.replace(struct.pack("<H", len(uid)) + uid, grown, 1)
    length = struct.unpack_from("<L", native, 140)[0] + len(longer) - len(uid)
    path.write_bytes(native[:140] + struct.pack("<L", length) + native[144:])
    assert code_of(path) == "pixel_form_mismatch"


def test_pixels_beyond_bits_stored_in_a_codestream_are_refused(tmp_path):
    words = (WORDS + 3000).astype(np.uint16)
    frame = bytes(encode_frame(words, 16, JPEG_LS_LOSSLESS))
    ds = image_dataset(words, transfer_syntax_uid=JPEG_LS_LOSSLESS, frames=[frame], BitsStored=10)
    assert code_of(write(tmp_path / "a.dcm", ds)) == "codestream_mismatch"


def _deflated(path: Path, body: bytes) -> Path:
    """A file of the deflated syntax around `body`, deflated already."""
    ds = image_dataset(np.zeros((2, 2), np.uint8), transfer_syntax_uid=DEFLATED_EXPLICIT_LITTLE_ENDIAN)
    whole = Path(write(path, ds)).read_bytes()
    (length,) = struct.unpack_from("<L", whole, 140)
    path.write_bytes(whole[: 144 + length] + body)
    return path


def test_a_deflate_bomb_is_stopped_at_the_limit_without_using_memory(tmp_path):
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    chunk = b"\x09\x00\x01\x00OB\x00\x00" + struct.pack("<L", 2**30) + b"\0" * 2**20
    body = b"".join(deflater.compress(chunk if number == 0 else b"\0" * 2**20) for number in range(300))
    source = _deflated(tmp_path / "bomb.dcm", body + deflater.flush())
    assert source.stat().st_size < 400_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert code_of(source, RenderLimits(inflated_bytes=64 * 2**20)) == "inflated_too_large"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kilobytes


def test_a_broken_deflate_stream_is_refused(tmp_path):
    assert code_of(_deflated(tmp_path / "a.dcm", b"\xff" * 500)) == "bad_header"


def test_200000_nested_sequences_are_refused_without_recursion(tmp_path):
    nest = b"\x08\x00\x40\x11SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * 200_000
    source = Path(write(tmp_path / "a.dcm", image_dataset(WORDS)))
    head = source.read_bytes()
    (length,) = struct.unpack_from("<L", head, 140)
    source.write_bytes(head[: 144 + length] + nest)
    assert code_of(source) == "nested_too_deep"


def test_nesting_hidden_in_unknown_values_does_not_break_recursion(tmp_path):
    inner = b"\x08\x00\x40\x11\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * 3000
    ds = image_dataset(WORDS)
    path = Path(write(tmp_path / "a.dcm", ds))
    whole = path.read_bytes()
    (length,) = struct.unpack_from("<L", whole, 140)
    # ReferencedImageSequence written as UN of defined length; pydicom opens such a value as a sequence.
    hidden = b"\x08\x00\x40\x11UN\x00\x00" + struct.pack("<L", len(inner)) + inner
    path.write_bytes(whole[: 144 + length] + hidden + whole[144 + length :])
    assert isinstance(answer(path), Rendered)


def test_nesting_up_to_the_limit_is_taken(tmp_path):
    ds = image_dataset(WORDS)
    inner = item(SeriesDescription="deep")
    for _ in range(64):
        inner = item(RequestAttributesSequence=Sequence([inner]))
    ds.update(inner)
    source = write(tmp_path / "a.dcm", ds)
    assert isinstance(answer(source), Rendered)
    assert code_of(source, RenderLimits(nesting=63)) == "nested_too_deep"


def test_too_many_elements_are_refused(tmp_path):
    ds = image_dataset(WORDS)
    ds.ReferencedImageSequence = Sequence([item(ReferencedSOPInstanceUID="1.2") for _ in range(500)])
    source = write(tmp_path / "a.dcm", ds)
    assert isinstance(answer(source), Rendered)
    assert code_of(source, RenderLimits(elements=900)) == "too_many_elements"


def test_a_huge_private_value_is_told_by_its_length_and_not_read(tmp_path):
    ds = image_dataset(WORDS)
    ds.add_new(0x00091001, "OB", b"\1" * (9 * 2**20))
    found = answer(write(tmp_path / "a.dcm", ds))
    assert isinstance(found, Rendered)
    assert '"00091001":{"vr":"OB","byteCount":9437184}' in (tmp_path / "tags.json").read_text()


def test_reports_and_objects_without_pixels_are_told_apart(tmp_path):
    for sop_class_uid, code in (
        ("1.2.840.10008.5.1.4.1.1.88.50", "not_an_image_object"),
        ("1.2.840.10008.5.1.4.1.1.1.2", "no_pixel_data"),
    ):
        ds = image_dataset(WORDS, SOPClassUID=sop_class_uid)
        del ds.PixelData
        found = answer(write(tmp_path / "a.dcm", ds))
        assert isinstance(found, Rejected)
        assert found.code == code
        assert found.header is not None
        assert found.header.study_instance_uid == "1.2.3.4"


def test_an_unknown_transfer_syntax_is_refused_with_its_header(tmp_path):
    ds = image_dataset(WORDS, transfer_syntax_uid="1.2.840.10008.1.2.4.100", frames=[b"\0" * 100], implicit=False)
    found = answer(write(tmp_path / "a.dcm", ds))
    assert isinstance(found, Rejected)
    assert (found.code, found.header and found.header.rows) == ("unsupported_transfer_syntax", 40)


def test_missing_preamble_and_file_meta_are_forgiven_where_the_meaning_is_certain(tmp_path):
    for uid in (EXPLICIT_LITTLE_ENDIAN, IMPLICIT, BIG_ENDIAN):
        path = Path(write(tmp_path / "a.dcm", image_dataset(WORDS, transfer_syntax_uid=uid)))
        whole = path.read_bytes()
        (length,) = struct.unpack_from("<L", whole, 140)
        for content, warning in ((whole[132:], "missing_preamble"), (whole[144 + length :], "missing_file_meta")):
            path.write_bytes(content)
            found = answer(path)
            assert isinstance(found, Rendered), found
            assert warning in found.header.warnings


def test_bytes_behind_the_data_set_are_forgiven(tmp_path):
    path = Path(write(tmp_path / "a.dcm", image_dataset(WORDS)))
    whole = path.read_bytes()
    for tail in (b"\0" * 5, b"\0" * 5000, b"garbage and more of it"):
        path.write_bytes(whole + tail)
        found = answer(path)
        assert isinstance(found, Rendered), found
        assert {"trailing_bytes", "unreadable_after_pixel_data"} & set(found.header.warnings)


def test_mutated_headers_never_raise(tmp_path):
    random = np.random.default_rng(11)
    source = write_mammogram(tmp_path / "a.dcm", SyntheticMammogram(rows=24, columns=20, voi="lut"))
    whole = bytearray(source.read_bytes())
    pixels = len(whole) - 24 * 20 * 2
    for _ in range(400):
        mutant = bytearray(whole)
        for position in random.integers(132, pixels, random.integers(1, 6)):
            mutant[position] = random.integers(256)
        source.write_bytes(mutant)
        found = answer(source)
        assert isinstance(found, Rendered) or found.code in REASONS


@pytest.mark.parametrize("uid", ENCAPSULATED)
@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_damaged_codestream_never_has_its_decoder_error_swallowed(uid, tmp_path):
    random = np.random.default_rng(2)
    wanted = SyntheticMammogram(transfer_syntax_uid=uid, rows=64, columns=48)
    source = write_mammogram(tmp_path / "a.dcm", wanted)
    whole = source.read_bytes()
    codes = set()
    for _ in range(40):
        mutant = bytearray(whole)
        for position in random.integers(len(whole) * 3 // 4, len(whole) - 10, 6):
            mutant[position] = random.integers(256)
        source.write_bytes(mutant)
        found = answer(source)
        codes.add(found.code if isinstance(found, Rejected) else "rendered")
    assert codes <= {
        "rendered",
        "decoder_error",
        "codestream_mismatch",
        "codestream_truncated",
        "bad_header",
        "truncated",
    }


def test_a_deflated_frame_that_is_not_what_the_header_says_is_refused(tmp_path):
    path = tmp_path / "a.dcm"
    for attributes, code in (
        ({"Rows": 41}, "codestream_truncated"),
        ({"Rows": 39}, "codestream_mismatch"),
        ({"Columns": 15}, "codestream_mismatch"),
    ):
        assert code_of(write_deflated_frame(path, WORDS, **attributes)) == code


def test_elements_in_the_other_vr_form_than_declared_are_read_with_a_warning(tmp_path):
    for uid, other, warning in (
        (EXPLICIT_LITTLE_ENDIAN, IMPLICIT, "elements_are_implicit_vr"),
        (IMPLICIT, EXPLICIT_LITTLE_ENDIAN, "elements_are_explicit_vr"),
    ):
        declared = Path(write(tmp_path / "a.dcm", image_dataset(WORDS, transfer_syntax_uid=uid))).read_bytes()
        written = Path(write(tmp_path / "b.dcm", image_dataset(WORDS, transfer_syntax_uid=other))).read_bytes()
        meta, body = (144 + struct.unpack_from("<L", content, 140)[0] for content in (declared, written))
        (tmp_path / "c.dcm").write_bytes(declared[:meta] + written[body:])
        found = answer(tmp_path / "c.dcm")
        assert isinstance(found, Rendered), found
        assert warning in found.header.warnings
