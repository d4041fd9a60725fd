"""Whatever lossless encoding a file uses, the same words come out: over depths, signs, odd sizes, colour and frames.

Expected words are put together here from PS3.3 C.7.6.3 and PS3.5, never by the code under test."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mammogram_viewer.dicom.frames import check_every_frame, read_frame
from mammogram_viewer.dicom.limits import RenderLimits
from mammogram_viewer.dicom.pixels import describe_pixels
from mammogram_viewer.dicom.reader import open_object
from mammogram_viewer.dicom.syntaxes import (
    EXPLICIT_BIG_ENDIAN,
    EXPLICIT_LITTLE_ENDIAN,
    HTJ2K,
    JPEG_2000,
    JPEG_BASELINE,
    JPEG_EXTENDED,
    JPEG_LS_NEAR_LOSSLESS,
    JPEG_XL,
    JPEG_XL_JPEG_RECOMPRESSION,
    RLE_LOSSLESS,
    SYNTAXES,
    transfer_syntax,
)
from mammogram_viewer.imaging.decode import decode_frame
from mammogram_viewer.synthetic.encode import LOSSY, encapsulated, encode_frame, extended_offset_table, pixel_data
from unit.dicom.builders import image_dataset, write

LOSSLESS = sorted(set(SYNTAXES) - LOSSY)
TRANSFORMING = sorted(uid for uid, syntax in SYNTAXES.items() if syntax.codec in ("j2k", "htj2k"))
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def decoded(frames: list[np.ndarray], uid: str, value: bytes, **attributes: Any) -> tuple[list[np.ndarray], list[str]]:
    """Every frame of a file around `value`, and the doubts that its reading left."""
    with tempfile.TemporaryDirectory() as folder:
        ds = image_dataset(frames[0].view(f"u{frames[0].dtype.itemsize}"), transfer_syntax_uid=uid, **attributes)
        if len(frames) > 1:
            ds.NumberOfFrames = len(frames)
        ds.PixelData = value
        is_encapsulated = transfer_syntax(uid).encapsulated
        ds["PixelData"].VR = "OB" if is_encapsulated or ds.BitsAllocated == 8 else "OW"
        ds["PixelData"].is_undefined_length = is_encapsulated
        source = write(Path(folder, "a.dcm"), ds)
        doubts: list[str] = []
        with open_object(source, folder, RenderLimits()) as found:
            pixels = describe_pixels(found, RenderLimits())
            check_every_frame(found, pixels, doubts)
            words = [
                np.array(decode_frame(read_frame(found, pixels, index, []), pixels, found.syntax))
                for index in range(len(frames))
            ]
    return words, doubts


def allowed_doubts(uid: str) -> set[str]:
    """The JPEG-LS encoder of the synthetic images writes 8 or 16 bits."""
    return {"codestream_depth_above_bits_stored"} if transfer_syntax(uid).codec == "jpegls" else set()


@st.composite
def grey_frames(draw: st.DrawFn, most_frames: int = 1) -> tuple[list[np.ndarray], int, bool]:
    """Noise over the whole range of 8 to 16 bits, signed or not, of odd and even sizes."""
    bits = draw(st.sampled_from([8, 10, 12, 14, 16]))
    signed = draw(st.booleans())
    shape = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    low = -(1 << (bits - 1)) if signed else 0
    kind = f"{'i' if signed else 'u'}{1 if bits == 8 else 2}"
    count = draw(st.integers(1, most_frames))
    full_range = draw(st.booleans())  # some frames use little of their range
    high = low + ((1 << bits) if full_range else (1 << (bits - 3)))
    return [random.integers(low, high, shape).astype(kind) for _ in range(count)], bits, signed


@MANY
@given(
    uid=st.sampled_from(LOSSLESS),
    grey=grey_frames(),
    photometric=st.sampled_from(["MONOCHROME1", "MONOCHROME2"]),
)
def test_grey_words_survive_every_lossless_syntax(uid, grey, photometric):
    frames, bits, signed = grey
    words, doubts = decoded(
        frames,
        uid,
        pixel_data(frames[0], bits, uid),
        BitsStored=bits,
        PixelRepresentation=int(signed),
        PhotometricInterpretation=photometric,
    )
    # Codecs that know no sign may hand back the bare low bits, which the display table reads as well.
    mask = (1 << bits) - 1
    assert np.array_equal(words[0].astype(np.int64) & mask, frames[0].astype(np.int64) & mask)
    assert set(doubts) <= allowed_doubts(uid)


@FEW
@given(uid=st.sampled_from(LOSSLESS), shape=st.tuples(st.integers(1, 30), st.integers(1, 30)), planar=st.booleans())
def test_rgb_survives_every_lossless_syntax_in_both_planar_configurations(uid, shape, planar):
    if transfer_syntax(uid).codec not in ("native", "deflated_frame"):
        planar = False
    rgb = np.random.default_rng(shape[0]).integers(0, 256, (*shape, 3), np.uint8)
    value = pixel_data(rgb, 8, uid, planar=planar)
    words, doubts = decoded([rgb], uid, value, PlanarConfiguration=int(planar))
    assert np.array_equal(words[0], rgb)
    assert not doubts


@pytest.mark.parametrize("uid", TRANSFORMING)
def test_the_reversible_colour_transform_is_undone(uid):
    rgb = np.random.default_rng(1).integers(0, 256, (33, 21, 3), np.uint8)
    value = pixel_data(rgb, 8, uid, photometric_interpretation="YBR_RCT")
    words, _ = decoded([rgb], uid, value, PhotometricInterpretation="YBR_RCT")
    assert np.array_equal(words[0], rgb)


def soft_rgb() -> np.ndarray:
    y, x = np.mgrid[0:40, 0:32]
    return np.stack([100 + 2 * y, 200 - 3 * x, 60 + x + y], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("uid", [JPEG_2000, HTJ2K])
def test_the_irreversible_colour_transform_is_undone(uid):
    value = pixel_data(soft_rgb(), 8, uid, photometric_interpretation="YBR_ICT", lossy=True)
    words, _ = decoded([soft_rgb()], uid, value, PhotometricInterpretation="YBR_ICT")
    assert np.abs(words[0].astype(int) - soft_rgb()).max() <= 6


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL", "YBR_FULL_422"])
@pytest.mark.parametrize("uid", [JPEG_BASELINE, JPEG_XL_JPEG_RECOMPRESSION])
def test_colour_jpegs_come_out_as_rgb(uid, photometric):
    value = pixel_data(soft_rgb(), 8, uid, photometric_interpretation=photometric)
    words, _ = decoded([soft_rgb()], uid, value, PhotometricInterpretation=photometric)
    assert np.abs(words[0].astype(int) - soft_rgb()).max() <= 10


def ybr_of(rgb: np.ndarray) -> np.ndarray:
    """PS3.3 C.7.6.3.1.2, rounded to nearest."""
    red, green, blue = np.moveaxis(rgb.astype(float), -1, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    chroma_blue = -0.1687 * red - 0.3313 * green + 0.5 * blue + 128
    chroma_red = 0.5 * red - 0.4187 * green - 0.0813 * blue + 128
    return np.clip(np.floor(np.stack([luma, chroma_blue, chroma_red], -1) + 0.5), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("photometric", ["YBR_FULL", "YBR_FULL_422"])
@pytest.mark.parametrize("uid", [uid for uid in LOSSLESS if SYNTAXES[uid].codec in ("native", "deflated_frame", "rle")])
def test_stored_ybr_comes_out_as_rgb(uid, photometric):
    if photometric == "YBR_FULL_422" and uid == RLE_LOSSLESS:
        return  # RLE has whole planes (PS3.5 table 8.2.2-1)
    rgb = np.repeat(soft_rgb()[:, ::2], 2, axis=1)  # pairs of columns share their colour
    value = pixel_data(ybr_of(rgb), 8, uid, photometric_interpretation=photometric)
    words, _ = decoded([rgb], uid, value, PhotometricInterpretation=photometric)
    assert np.abs(words[0].astype(int) - rgb).max() <= 2


@pytest.mark.parametrize("uid", LOSSLESS)
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_palette_codes_survive_every_lossless_syntax(uid, kind):
    codes = np.random.default_rng(2).integers(0, 256, (17, 23)).astype(kind)
    bits = 8 * codes.dtype.itemsize
    value = pixel_data(codes, bits, uid)
    words, _ = decoded([codes], uid, value, PhotometricInterpretation="PALETTE COLOR")
    assert np.array_equal(words[0], codes)


@MANY
@given(
    uid=st.sampled_from(LOSSLESS),
    grey=grey_frames(most_frames=4),
    table=st.sampled_from(["basic", "extended", "none"]),
    fragments=st.integers(1, 3),
)
def test_each_frame_is_found_by_offset_tables_and_by_its_start(uid, grey, table, fragments):
    frames, bits, signed = grey
    attributes: dict[str, Any] = {"BitsStored": bits, "PixelRepresentation": int(signed)}
    syntax = transfer_syntax(uid)
    if not syntax.encapsulated:
        value = pixel_data(frames, bits, uid)
    else:
        if syntax.codec in ("rle", "deflated_frame") or table == "extended":
            fragments = 1
        streams = [encode_frame(frame, bits, uid) for frame in frames]
        value = encapsulated(streams, offset_table=table == "basic", fragments_per_frame=fragments)
        if table == "extended":
            offsets, lengths = extended_offset_table(streams)
            attributes |= {"ExtendedOffsetTable": offsets, "ExtendedOffsetTableLengths": lengths}
    words, doubts = decoded(frames, uid, value, **attributes)
    mask = (1 << bits) - 1
    for ours, theirs in zip(words, frames, strict=True):
        assert np.array_equal(ours.astype(np.int64) & mask, theirs.astype(np.int64) & mask)
    assert set(doubts) <= allowed_doubts(uid)


@pytest.mark.parametrize("value_representation", ["OB", "OW"])
@pytest.mark.parametrize("count", [1, 3])
def test_bytes_in_big_endian_are_put_in_order(value_representation, count):
    frames = [np.random.default_rng(index).integers(0, 256, (5, 7), np.uint8) for index in range(count)]
    value = pixel_data(frames, 8, EXPLICIT_BIG_ENDIAN, value_representation=value_representation)
    with tempfile.TemporaryDirectory() as folder:
        ds = image_dataset(frames[0], transfer_syntax_uid=EXPLICIT_BIG_ENDIAN, NumberOfFrames=count)
        ds.PixelData = value
        ds["PixelData"].VR = value_representation
        with open_object(write(Path(folder, "a.dcm"), ds), folder, RenderLimits()) as found:
            pixels = describe_pixels(found, RenderLimits())
            for index, frame in enumerate(frames):
                words = decode_frame(read_frame(found, pixels, index, []), pixels, found.syntax)
                assert np.array_equal(words, frame)


@pytest.mark.parametrize("uid", [JPEG_LS_NEAR_LOSSLESS, JPEG_2000, HTJ2K, JPEG_XL, JPEG_EXTENDED])
@pytest.mark.parametrize("bits", [8, 12])
def test_lossy_syntaxes_stay_close(uid, bits):
    y, x = np.mgrid[0:64, 0:48]
    words = np.floor((np.sin(y / 9) * np.cos(x / 11) + 1) / 2 * ((1 << bits) - 1)).astype(f"u{1 if bits == 8 else 2}")
    value = pixel_data(words, bits, uid, lossy=uid != JPEG_EXTENDED)
    found, doubts = decoded([words], uid, value, BitsStored=bits)
    assert np.abs(found[0].astype(int) - words).max() <= (1 << bits) // 50
    assert set(doubts) <= {"codestream_depth_above_bits_stored"}


def test_a_lossy_codestream_under_a_lossless_syntax_is_told():
    words = np.arange(64 * 48, dtype=np.uint16).reshape(64, 48) % 4096
    for lossy, lossless in (
        (JPEG_2000, "1.2.840.10008.1.2.4.90"),
        (HTJ2K, "1.2.840.10008.1.2.4.201"),
        (JPEG_XL, "1.2.840.10008.1.2.4.110"),
        (JPEG_LS_NEAR_LOSSLESS, "1.2.840.10008.1.2.4.80"),
    ):
        value = pixel_data(words, 12, lossy, lossy=True)
        _, doubts = decoded([words], lossless, value, BitsStored=12)
        assert "lossy_codestream_under_lossless_syntax" in doubts


def test_words_of_a_file_are_the_same_whether_mapped_or_read():
    words = np.random.default_rng(3).integers(0, 4096, (1024, 1023)).astype(np.uint16)
    found, _ = decoded([words, words[::-1].copy()], EXPLICIT_LITTLE_ENDIAN, np.stack([words, words[::-1]]).tobytes())
    assert np.array_equal(found[0], words)
    assert np.array_equal(found[1], words[::-1])
