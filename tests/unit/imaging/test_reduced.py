"""Small pictures read straight from the bytes agree with the whole ones, or are not given."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mammogram_viewer.dicom.frames import read_frame
from mammogram_viewer.dicom.limits import RenderLimits
from mammogram_viewer.dicom.pixels import PixelDescription, describe_pixels
from mammogram_viewer.dicom.reader import open_object
from mammogram_viewer.dicom.syntaxes import (
    EXPLICIT_BIG_ENDIAN,
    EXPLICIT_LITTLE_ENDIAN,
    HTJ2K,
    HTJ2K_LOSSLESS_RPCL,
    JPEG_2000,
    JPEG_2000_LOSSLESS,
    JPEG_LS_LOSSLESS,
    transfer_syntax,
)
from mammogram_viewer.imaging.decode import Words, decode_frame
from mammogram_viewer.imaging.reduced import decode_reduced
from mammogram_viewer.synthetic.encode import encode_frame, native_frame
from mammogram_viewer.synthetic.mammogram import SyntheticMammogram, write_mammogram


def described(words: np.ndarray, bits: int) -> PixelDescription:
    return PixelDescription(
        rows=words.shape[0],
        columns=words.shape[1],
        frames=1,
        samples_per_pixel=1,
        photometric_interpretation="MONOCHROME2",
        bits_allocated=8 * words.dtype.itemsize,
        bits_stored=bits,
        high_bit=bits - 1,
        signed=words.dtype.kind == "i",
        planar=False,
    )


def reduced(words: np.ndarray, bits: int, uid: str, reduction: int, *, lossy: bool = False) -> Words | None:
    syntax = transfer_syntax(uid)
    if syntax.encapsulated:
        frame = encode_frame(words, bits, uid, lossy=lossy)
    else:
        frame = native_frame(words, big=not syntax.little_endian)
    return decode_reduced(frame, described(words, bits), syntax, reduction)


def smooth(rows: int, columns: int, bits: int, *, signed: bool) -> np.ndarray:
    """Waves over the whole range, with a hard edge: the wavelet overshoots on both sides of it."""
    y, x = np.mgrid[0:rows, 0:columns]
    wave = (np.sin(y / 17) + np.cos(x / 23) + 2) / 4
    wave[:, : columns // 3] = 0
    wave[: rows // 4] = 1
    values = np.floor(wave * ((1 << bits) - 1)).astype(np.int64) - (1 << (bits - 1) if signed else 0)
    return values.astype(f"{'i' if signed else 'u'}{1 if bits <= 8 else 2}")


def signed_values(words: np.ndarray, *, signed: bool) -> np.ndarray:
    return (words.view(f"i{words.dtype.itemsize}") if signed else words).astype(np.int64)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.integers(64, 150),
    columns=st.integers(64, 150),
    bits=st.sampled_from([8, 10, 12, 14, 16]),
    signed=st.booleans(),
    reduction=st.integers(1, 3),
)
def test_jpeg_2000_and_htj2k_hold_the_same_small_picture(rows, columns, bits, signed, reduction):
    words = smooth(rows, columns, bits, signed=signed)
    step = 1 << reduction
    found = [reduced(words, bits, uid, reduction) for uid in (JPEG_2000_LOSSLESS, HTJ2K_LOSSLESS_RPCL)]
    first, second = found
    assert first is not None
    assert second is not None
    for small in (first, second):
        assert small.shape == (-(-rows // step), -(-columns // step))
        assert small.dtype == f"u{words.dtype.itemsize}"
    assert np.array_equal(first, second)
    # The picture is one of the words: where they are even over a wide area, it has their value.
    values = signed_values(first, signed=signed)
    assert values[0, 0] == words[0, 0]
    assert words.min() <= values.min() <= values.max() <= words.max()


@pytest.mark.parametrize("uid", [EXPLICIT_LITTLE_ENDIAN, EXPLICIT_BIG_ENDIAN])
@pytest.mark.parametrize(("bits", "signed"), [(8, False), (12, False), (16, False), (16, True), (8, True)])
@pytest.mark.parametrize("shape", [(64, 48), (61, 43), (7, 5), (3, 40)])
def test_native_words_are_averaged_over_blocks(uid, bits, signed, shape):
    words = smooth(shape[0], shape[1], bits, signed=signed)
    small = reduced(words, bits, uid, 2)
    assert small is not None
    means = [
        [words[row : row + 4, column : column + 4].mean() for column in range(0, shape[1], 4)]
        for row in range(0, shape[0], 4)
    ]
    assert np.abs(signed_values(small, signed=signed) - np.array(means)).max() <= 0.5


def test_what_is_not_certain_is_left_to_the_full_decoder():
    words = smooth(64, 48, 12, signed=False)
    assert reduced(words, 12, JPEG_LS_LOSSLESS, 3) is None  # no small picture inside
    assert reduced(words, 12, HTJ2K, 3, lossy=True) is None
    assert reduced(words, 12, JPEG_2000, 7) is None
    assert reduced(words | 0xF000, 12, EXPLICIT_LITTLE_ENDIAN, 3) is None  # overlay bits in the words
    assert reduced(smooth(64, 48, 12, signed=True), 12, EXPLICIT_LITTLE_ENDIAN, 3) is None
    frame = bytes(imagecodecs.jpeg2k_encode(words, level=0, codecformat="j2k", reversible=True, resolutions=2))
    assert decode_reduced(frame, described(words, 16), transfer_syntax(JPEG_2000), 3) is None  # too few levels
    colour = np.dstack([words >> 4] * 3).astype(np.uint8)
    assert decode_reduced(colour.tobytes(), described(words, 8), transfer_syntax(JPEG_2000_LOSSLESS), 0) is None


@pytest.mark.parametrize("uid", [JPEG_2000_LOSSLESS, HTJ2K_LOSSLESS_RPCL])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_damaged_codestream_gives_what_its_resolutions_hold_or_nothing(uid):
    words = smooth(256, 200, 12, signed=False)
    frame = bytearray(encode_frame(words, 12, uid))
    random = np.random.default_rng(5)
    for _ in range(40):
        mutant = bytearray(frame)
        for position in random.integers(len(frame) // 2, len(frame) - 2, 4):
            mutant[position] = random.integers(256)
        small = decode_reduced(bytes(mutant), described(words, 12), transfer_syntax(uid), 3)
        assert small is None or (small.shape == (32, 25) and small.max() < 4096)


@pytest.mark.parametrize("uid", [EXPLICIT_LITTLE_ENDIAN, JPEG_2000_LOSSLESS, HTJ2K_LOSSLESS_RPCL])
def test_the_small_picture_of_a_mammogram_is_close_to_the_averaged_whole(uid, tmp_path):
    source = write_mammogram(tmp_path / "a.dcm", SyntheticMammogram(rows=514, columns=403, transfer_syntax_uid=uid))
    with open_object(str(source), str(tmp_path), RenderLimits()) as found:
        pixels = describe_pixels(found, RenderLimits())
        frame = read_frame(found, pixels, 0, [])
        small = decode_reduced(frame, pixels, found.syntax, 2)
        whole = decode_frame(frame, pixels, found.syntax)
    assert small is not None
    assert small.shape == (129, 101)
    means = whole[:512, :400].reshape(128, 4, 100, 4).mean(axis=(1, 3))
    assert np.abs(small[:128, :100] - means).mean() < 25  # of 4096
