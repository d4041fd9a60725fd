"""Bits beyond BitsStored are an overlay, empty, the sign, or a warning on the record."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mammogram_viewer.dicom.pixels import PixelDescription
from mammogram_viewer.imaging.render import Rendered, RenderLimits, render_original
from mammogram_viewer.imaging.unused_bits import MASKED_BITS, has_masked_bits
from unit.dicom.builders import image_dataset, write

VALUES = np.arange(1024, dtype=np.uint16).reshape(32, 32)


def judged(words: np.ndarray, *overlay_bits: int, bits: int = 10, high_bit: int = 9, signed: bool = False) -> bool:
    pixels = PixelDescription(
        rows=words.shape[0], columns=words.shape[1], frames=1, samples_per_pixel=1,
        photometric_interpretation="MONOCHROME2", bits_allocated=words.dtype.itemsize * 8, bits_stored=bits,
        high_bit=high_bit, signed=signed, planar=False,
    )  # fmt: skip
    return has_masked_bits(words, pixels, overlay_bits)


def test_empty_bits_planes_and_signs_are_passed_over():
    assert not judged(VALUES)
    assert not judged(VALUES << 4, high_bit=13)
    plane = np.where(VALUES % 3 == 0, np.uint16(0x8000), np.uint16(0))
    assert not judged(VALUES | plane, 15)
    signed = VALUES.astype(np.int16) - 512
    assert not judged(signed.view(np.uint16), signed=True)
    assert not judged(signed.view(np.uint16) & 1023, signed=True)


@given(st.integers(10, 15), st.booleans())
def test_any_other_bit_of_a_single_pixel_is_found(position, signed):
    assert judged(np.where(VALUES == 7, VALUES | (1 << position), VALUES).astype(np.uint16), signed=signed)
    shifted = np.where(VALUES == 7, (VALUES << 6) | (1 << (position - 10)), VALUES << 6).astype(np.uint16)
    assert judged(shifted, high_bit=15, signed=signed)


def test_values_that_need_more_bits_than_the_header_says_are_told_of(tmp_path):
    deep = (VALUES * 4).astype(np.uint16)
    for bits, told in ((12, False), (10, True)):
        source = write(tmp_path / "a.dcm", image_dataset(deep, BitsStored=bits, HighBit=bits - 1))
        found = render_original(source, str(tmp_path), "dicom", RenderLimits())
        assert isinstance(found, Rendered)
        assert (MASKED_BITS in found.header.warnings) == told
