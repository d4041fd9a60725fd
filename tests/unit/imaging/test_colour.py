"""Colour against an independent reading of C.7.6.3.1.2 and C.7.6.3.1.5, to the last level."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammogram_viewer.imaging.segments import expand_segments
from unit.dicom.builders import BIG_ENDIAN, EXPLICIT, IMPLICIT, image_dataset
from unit.imaging import standard
from unit.imaging.rendering import rejection, rendered

settings.register_profile("colour", max_examples=40, deadline=None, derandomize=True)


def test_ybr_full_is_turned_into_rgb_to_the_last_level():
    ybr = np.random.default_rng(4).integers(0, 256, (120, 150, 3), np.uint8)
    expected = [standard.rgb_of_ybr_full(*map(int, pixel)) for pixel in ybr.reshape(-1, 3)]
    with rendered(image_dataset(ybr, PhotometricInterpretation="YBR_FULL")) as found:
        difference = np.abs(found.picture().reshape(-1, 3).astype(int) - np.array(expected))
    assert difference.max() == 0


@settings(settings.get_profile("colour"))
@given(
    count=st.integers(1, 256),
    first=st.integers(0, 255),
    bits=st.sampled_from([8, 16]),
    seed=st.integers(0, 9),
    syntax=st.sampled_from([EXPLICIT, IMPLICIT, BIG_ENDIAN]),
)
def test_palettes_are_looked_up_as_the_standard_says(count, first, bits, seed, syntax):
    codes = np.arange(256, dtype=np.uint8).reshape(16, 16)
    order = ">u2" if syntax == BIG_ENDIAN else "<u2"
    palettes = tuple(np.random.default_rng(seed + part).integers(0, 1 << bits, count).tolist() for part in range(3))
    ds = image_dataset(codes, transfer_syntax_uid=syntax, PhotometricInterpretation="PALETTE COLOR")
    for name, entries in zip(("Red", "Green", "Blue"), palettes, strict=True):
        setattr(ds, f"{name}PaletteColorLookupTableDescriptor", [count, first, bits])
        # Two 8-bit entries lie in each word, the first in its low byte.
        raw = np.array(entries, "<u2" if bits == 16 else "u1").tobytes()
        words = np.frombuffer(raw + b"\0" * (len(raw) % 2), "<u2")
        setattr(ds, f"{name}PaletteColorLookupTableData", words.astype(order).tobytes())
    expected = [standard.rgb_of_palette(code, first, palettes, bits) for code in range(256)]
    with rendered(ds) as found:
        assert found.picture().reshape(-1, 3).tolist() == expected


@pytest.mark.parametrize("kind", ["thumbnail512", "htj2k", "png8"])
def test_colour_offers_no_grey_scale(kind):
    with rendered(image_dataset(np.zeros((4, 4, 3), np.uint8)), kind) as found:
        assert found.header.voi_candidates == ()
        assert found.header.voi_source == "not_applicable"


@pytest.mark.parametrize(
    ("segments", "entries"),
    [
        ([0, 3, 1, 2, 3], [1, 2, 3]),
        ([0, 1, 10, 1, 4, 0], [10, 8, 5, 3, 0]),  # 7.5 and 2.5 are rounded up
        ([0, 1, 0, 1, 2, 65_535], [0, 32_768, 65_535]),
        ([0, 2, 7, 9, 2, 1, 0, 0], [7, 9, 7, 9]),
    ],
)
def test_segments_are_written_out(segments, entries):
    assert expand_segments(segments, 16) == entries


@pytest.mark.parametrize(
    "segments",
    [[3, 1, 1], [0, 9, 1], [1, 4, 9], [0, 1, 5, 2, 1, 99, 0], [0, 1, 5, 2, 1, 0], [2, 1, 0, 0], [0, 0, 2, 65_535, 0, 0],
     [0, 1, 5, *[1, 40_000, 5] * 2]],
)  # fmt: skip
def test_segments_that_lead_nowhere_or_on_and_on_are_refused(segments):
    with pytest.raises(ValueError, match=r"."):
        expand_segments(segments, 16)


@pytest.mark.parametrize("bits", [0, 7, 12, 16, 99])
def test_palettes_of_another_depth_than_they_say_are_refused(bits):
    ds = image_dataset(np.arange(4, dtype=np.uint8).reshape(2, 2), PhotometricInterpretation="PALETTE COLOR")
    for name in ("Red", "Green", "Blue"):
        setattr(ds, f"{name}PaletteColorLookupTableDescriptor", [4, 0, bits])
        setattr(ds, f"{name}PaletteColorLookupTableData", bytes([10, 20, 30, 255]))
    assert rejection(ds).code == "bad_header"
