"""Corners of the standard that property tests rarely reach: value representations that the file leaves open, odd
spellings, octets in big-endian words, overlays in the bits of pixels."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from mammogram_viewer.imaging.render import Rejected
from standard.building import NATIVE, add_overlay, describe, lut_item, native, new_image, sign
from standard.reading import greys, lookup_table, modality, native_cells, nearest, stored_values
from standard.rendering import outcome_of, png8, render
from standard.test_colour import colour_image, colours, put_samples
from standard.test_rendering import assert_all_as_read, few, small


def sixteen_bits(syntax: str, signed: int) -> Dataset:
    ds = new_image(syntax)
    describe(ds, 64, 64, allocated=16, stored=16)
    ds.PixelRepresentation = signed
    native(ds, [(np.arange(4096) * 16).reshape(64, 64)])
    return ds


@pytest.mark.parametrize("syntax", NATIVE)
def test_first_value_of_a_voi_lut_follows_the_rescaled_range_not_the_sign_of_pixels(syntax: str) -> None:
    """In implicit VR nothing else says whether it is signed (PS3.3 C.11.2.1.1)."""
    ramp = list(range(256))
    for signed, intercept, first in ((1, 32768, 40000), (0, -32768, -1000), (1, 0, -20000), (0, 0, 50000)):
        ds = sixteen_bits(syntax, signed)
        ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = "1", str(intercept), "US"
        ds.VOILUTSequence = Sequence([lut_item(ds, ramp, first, 8, signed=first < 0)])
        assert len(np.unique(greys(ds, native_cells(ds)[0]))) > 16
        assert_all_as_read(ds)


@pytest.mark.parametrize("syntax", NATIVE)
def test_a_lut_of_more_than_32767_entries_is_counted_without_sign(syntax: str) -> None:
    """The first value is unsigned, even where the second makes the VR SS (PS3.3 C.11.2.1.1)."""
    for count in (40000, 65535, 65536):
        ds = sixteen_bits(syntax, 1)
        entries = np.arange(count)[::-1].tolist()
        ds.VOILUTSequence = Sequence([lut_item(ds, entries, -32768, 16, signed=True)])
        assert_all_as_read(ds)


@st.composite
def fractions_into_luts(draw: st.DrawFn) -> Dataset:
    ds = small(syntax=draw(st.sampled_from(NATIVE)))
    ds.RescaleSlope, ds.RescaleType = draw(st.sampled_from(("0.1", "0.25", "1.5", "-0.3", "0.5"))), "US"
    ds.RescaleIntercept = draw(st.sampled_from(("0", "0.5", "-7.2")))
    entries = np.random.default_rng(draw(st.integers(0, 2**32))).integers(0, 65536, 500).tolist()
    signed = min(modality(ds)(0), modality(ds)(4095)) < 0
    first = draw(st.integers(-5 if signed else 0, 50))
    ds.VOILUTSequence = Sequence([lut_item(ds, entries, first, 16, signed=signed)])
    return ds


@few
@given(fractions_into_luts())
def test_a_fraction_between_two_inputs_of_a_lut_takes_the_entry_of_one_of_them(ds: Dataset) -> None:
    """Which, the standard does not say; a whole number takes its own."""
    (cells,) = native_cells(ds)
    look_up, value_of = lookup_table(ds, ds.VOILUTSequence[0]), modality(ds)
    for stored, shown in list(zip(stored_values(ds, cells).flat, png8(ds).flat, strict=True))[:1200]:
        value = value_of(int(stored))
        allowed = {nearest(Fraction(look_up(Fraction(side)) * 255, 65535)) for side in (floor(value), ceil(value))}
        assert shown in allowed, value


def test_numbers_may_be_written_with_spaces_and_exponents() -> None:
    """PS3.5 6.2, DS."""
    ds = small(RescaleSlope="+5.0E-1", RescaleIntercept="-.5", RescaleType="US")
    ds.WindowCenter, ds.WindowWidth = "1.0e3", "4E2"
    assert_all_as_read(ds)


@pytest.mark.parametrize("syntax", NATIVE)
def test_empty_attributes_say_nothing(syntax: str) -> None:
    ds = small(syntax=syntax, WindowCenter="1000", WindowWidth="500", VOILUTFunction="", VOILUTSequence=Sequence())
    ds.PresentationLUTShape = ds.PixelPaddingValue = None
    sure = small(syntax=syntax, WindowCenter="1000", WindowWidth="500")
    np.testing.assert_array_equal(png8(ds), greys(sure, native_cells(sure)[0]))
    ds.WindowCenter = ds.WindowWidth = None
    assert render(ds, "png8").header.voi_source == "none_percentile"


@pytest.mark.parametrize("vr", ["OB", "OW"])
@pytest.mark.parametrize("samples", [1, 3])
def test_octets_of_ob_and_ow_lie_as_their_representation_says(vr: str, samples: int) -> None:
    """In big-endian OW they are swapped in pairs, in OB they are not (PS3.5 7.3, annex A.3)."""
    for syntax in (ExplicitVRLittleEndian, ExplicitVRBigEndian):
        ds = colour_image(syntax, "RGB", 5, 7)
        if samples == 1:
            describe(ds, 5, 7, allocated=8, stored=8)
            ds.WindowCenter, ds.WindowWidth = "128", "256"
        picture = colours(5, 7, 1)[..., 0] if samples == 1 else colours(5, 7, 1)
        if vr == "OW":
            native(ds, [picture])
        else:
            ds.add_new(0x7FE00010, "OB", picture.tobytes() + b"\0")
        found = png8(ds)
        expected = picture if samples == 3 else greys(ds, picture)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("bits", [9, 12, 16])
def test_colours_of_more_than_eight_bits_are_scaled_or_refused(bits: int) -> None:
    ds = colour_image(ExplicitVRLittleEndian, "RGB", 16, 16)
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, bits, bits - 1
    samples = np.random.default_rng(bits).integers(0, 1 << bits, (16, 16, 3))
    put_samples(ds, [samples])
    outcome = outcome_of(ds, "png8")
    if isinstance(outcome, Rejected):
        assert outcome.code == "unsupported_bit_depth"
    else:
        expected = np.floor(samples * 255 / ((1 << bits) - 1) + 0.5)
        np.testing.assert_array_equal(outcome.picture(), expected)


def test_overlays_are_drawn_white_on_colour() -> None:
    ds = colour_image(ExplicitVRLittleEndian, "RGB", 8, 9)
    rgb = colours(8, 9, 2)
    put_samples(ds, [rgb])
    plane = np.random.default_rng(1).random((4, 5)) < 0.5
    add_overlay(ds, 0x6000, plane, (3, 2))
    rgb[2:6, 1:6][plane] = 255
    np.testing.assert_array_equal(png8(ds, overlays=True), rgb)


def test_overlays_in_unused_bits_of_pixels_are_drawn_or_not_offered() -> None:
    """PS3.3-2004 C.9.2, since retired: Overlay Bit Position names a bit of the pixel cells."""
    ds = small(WindowCenter="300", WindowWidth="1500")
    plane = np.random.default_rng(2).random((64, 64)) < 0.3
    cells = np.arange(4096).reshape(64, 64)
    native(ds, [cells | plane.astype(np.int64) << 13])
    add_overlay(ds, 0x6000, plane, (1, 1))
    del ds[0x60003000]
    ds[0x60000100].value, ds[0x60000102].value = 16, 13
    plain = greys(ds, cells)
    outcome = render(ds, "png8")
    np.testing.assert_array_equal(outcome.picture(), plain)
    found = png8(ds, overlays=True)
    if outcome.header.has_overlays:
        np.testing.assert_array_equal(found, np.where(plane, 255, plain))
    else:
        np.testing.assert_array_equal(found, plain)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
@pytest.mark.parametrize("monochrome1", [False, True])
def test_signed_padding_ranges_are_black_under_every_window(syntax: str, monochrome1: bool) -> None:
    """PS3.3 C.7.5.1.1.2: from the least value up, or from the largest down for MONOCHROME1; both ends included."""
    ds = sixteen_bits(syntax, 1)
    ds.PhotometricInterpretation = "MONOCHROME1" if monochrome1 else "MONOCHROME2"
    ends = (32752, 30000) if monochrome1 else (-32768, -30000)
    sign(ds, "PixelPaddingValue", ends[0], True)
    sign(ds, "PixelPaddingRangeLimit", ends[1], True)
    ds.WindowCenter, ds.WindowWidth = ["0", "-32000", "32000"], ["60000", "10", "100000"]
    ds.VOILUTFunction = "SIGMOID"
    assert_all_as_read(ds)
    (cells,) = native_cells(ds)
    padding = (stored_values(ds, cells) >= min(ends)) & (stored_values(ds, cells) <= max(ends))
    assert padding.sum() > 100
    for voi in ("window-1", "window-2", "window-3"):
        assert not png8(ds, voi=voi)[padding].any()
