"""Palettes, RGB and YBR come out as the colours that the standard gives them (PS3.3 C.7.6.3.1.2)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from standard.building import LOSSLESS, NATIVE, describe, encoded, native, new_image, put_words, sign
from standard.colour_reading import RGB_TO_YBR, native_samples, palette_colours, ybr_to_rgb
from standard.reading import native_cells
from standard.rendering import png8, render
from standard.test_rendering import few

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
CHANNELS = ("Red", "Green", "Blue")
Samples = npt.NDArray[np.integer]


def colour_image(syntax: str, photometric: str, rows: int, columns: int) -> Dataset:
    ds = new_image(syntax, SECONDARY_CAPTURE)
    describe(ds, rows, columns, allocated=8, stored=8)
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, photometric, 0
    return ds


def put_samples(ds: Dataset, frames: list[Samples]) -> None:
    """Native samples in the order of the planar configuration, or sub-sampled, as C.7.6.3.1.2 and .3 say."""
    if ds.PhotometricInterpretation == "YBR_FULL_422":
        fours = [np.stack([f[:, ::2, 0], f[:, 1::2, 0], f[:, ::2, 1], f[:, ::2, 2]], axis=-1) for f in frames]
        native(ds, fours)
    else:
        native(ds, [np.moveaxis(frame, -1, 0) if ds.PlanarConfiguration else frame for frame in frames])


def colours(rows: int, columns: int, seed: int) -> npt.NDArray[np.uint8]:
    found = np.random.default_rng(seed).integers(0, 256, (rows, columns, 3)).astype(np.uint8)
    found[0, 0], found[-1, -1] = (255, 0, 0), (0, 0, 255)
    return found


def as_ybr(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    exact = rgb.astype(float) @ RGB_TO_YBR.T + [0, 128, 128]
    return np.clip(np.floor(exact + 0.5), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("syntax", NATIVE)
def test_rgb_is_shown_as_it_is_in_both_planar_configurations(syntax: str, planar: int) -> None:
    for rows, columns, count in ((5, 7, 1), (6, 4, 3)):
        ds = colour_image(syntax, "RGB", rows, columns)
        ds.PlanarConfiguration = planar
        frames = [colours(rows, columns, seed) for seed in range(count)]
        put_samples(ds, list(frames))
        np.testing.assert_array_equal(np.stack(native_samples(ds)), np.stack(frames))
        outcome = render(ds, "png8")
        np.testing.assert_array_equal(outcome.picture(), frames[count // 2])
        assert outcome.header.voi_source == "not_applicable"
        np.testing.assert_array_equal(png8(ds, frame=1), frames[0])


@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("syntax", NATIVE)
def test_ybr_full_becomes_rgb_by_the_equations_of_the_standard(syntax: str, planar: int) -> None:
    ds = colour_image(syntax, "YBR_FULL", 40, 38)
    ds.PlanarConfiguration = planar
    rgb = colours(40, 38, 3)
    put_samples(ds, [as_ybr(rgb)])
    found = png8(ds).astype(int)
    # The equations are printed with four digits; those of JFIF, with more, may round to the neighbour.
    assert np.abs(found - ybr_to_rgb(native_samples(ds)[0])).max() <= 1
    assert np.abs(found - rgb).max() <= 2


@pytest.mark.parametrize("syntax", NATIVE)
def test_ybr_full_422_has_the_colour_of_its_pairs(syntax: str) -> None:
    ds = colour_image(syntax, "YBR_FULL_422", 20, 22)
    rgb = np.repeat(colours(20, 11, 4), 2, axis=1)  # both of a pair of one colour, so that nothing is lost
    luma_shift = np.random.default_rng(5).integers(-20, 20, (20, 22))
    ybr = as_ybr(rgb).astype(int)
    ybr[..., 0] = np.clip(ybr[..., 0] + luma_shift, 0, 255)
    put_samples(ds, [ybr])
    (samples,) = native_samples(ds)
    np.testing.assert_array_equal(samples, ybr)
    found = png8(ds).astype(int)
    expected = ybr_to_rgb(samples).astype(int)
    assert np.abs(found - expected)[:, ::2].max() <= 1  # chroma is sited at the first of two
    assert np.abs(found - expected)[:, 1::2].max() <= 1


@pytest.mark.parametrize("name", LOSSLESS)
def test_rgb_in_a_lossless_codestream_is_given_back(name: str) -> None:
    ds = colour_image(LOSSLESS[name], "RGB", 16, 18)
    rgb = colours(16, 18, 6)
    encoded(ds, [rgb], "RGB")
    np.testing.assert_array_equal(png8(ds), rgb)


@pytest.mark.parametrize("name", ["JPEG 2000 lossless", "HTJ2K lossless", "HTJ2K lossless RPCL"])
def test_reversible_colour_transform_of_jpeg_2000_gives_back_rgb(name: str) -> None:
    """Photometric Interpretation YBR_RCT (PS3.5 8.2.4)."""
    ds = colour_image(LOSSLESS[name], "YBR_RCT", 16, 18)
    rgb = colours(16, 18, 7)
    encoded(ds, [rgb], "YBR_RCT")
    np.testing.assert_array_equal(png8(ds), rgb)


def test_ybr_full_in_encodings_without_a_colour_transform_becomes_rgb() -> None:
    for name in ("RLE", "deflated frame", "JPEG-LS lossless"):
        ds = colour_image(LOSSLESS[name], "YBR_FULL", 16, 18)
        ybr = as_ybr(colours(16, 18, 8))
        encoded(ds, [ybr], "YBR_FULL")
        assert np.abs(png8(ds).astype(int) - ybr_to_rgb(ybr)).max() <= 1


# Palettes


@st.composite
def palette_images(draw: st.DrawFn) -> Dataset:
    ds = new_image(draw(st.sampled_from(NATIVE)), SECONDARY_CAPTURE)
    allocated = draw(st.sampled_from((8, 16)))
    describe(ds, 12, 13, allocated=allocated, stored=draw(st.integers(allocated - 4, allocated)))
    ds.PhotometricInterpretation = "PALETTE COLOR"
    count, first = draw(st.sampled_from((1, 2, 100, 255, 256))), draw(st.integers(0, 200))
    if allocated == 16:
        count, first = draw(st.sampled_from((200, 4096, 65535, 65536))), draw(st.integers(0, 3000))
    bits = draw(st.sampled_from((8, 16)))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    for name in CHANNELS:
        sign(ds, f"{name}PaletteColorLookupTableDescriptor", [count % 65536, first, bits], False)
        entries = random.integers(0, 1 << bits, count).astype("<u1" if bits == 8 else "<u2")
        put_words(ds, 0x00281201 + CHANNELS.index(name), entries.tobytes())
    native(ds, [random.integers(0, 1 << ds.BitsStored, (12, 13))])
    return ds


@few
@given(palette_images())
def test_palettes_of_every_size_and_depth_give_their_colours(ds: Dataset) -> None:
    (cells,) = native_cells(ds)
    np.testing.assert_array_equal(png8(ds), palette_colours(ds, cells))


@pytest.mark.parametrize("syntax", NATIVE)
@pytest.mark.parametrize("bits", [8, 16])
def test_segmented_palettes_give_their_colours(syntax: str, bits: int) -> None:
    """Discrete and linear segments (PS3.3 C.7.9.2.1, C.7.9.2.2)."""
    unit = 1 if bits == 8 else 256
    segments = [0, 3, 10 * unit, 200 * unit, 3 * unit, 1, 50, 103 * unit, 1, 20, 23 * unit, 0, 2, 7 * unit, 9 * unit]
    ds = segmented(syntax, bits, segments, 3 + 50 + 20 + 2)
    (cells,) = native_cells(ds)
    np.testing.assert_array_equal(png8(ds), palette_colours(ds, cells))


@pytest.mark.parametrize("syntax", NATIVE)
@pytest.mark.parametrize("bits", [8, 16])
def test_a_palette_that_repeats_its_segments_gives_its_colours(syntax: str, bits: int) -> None:
    """Indirect segments, whose offset counts bytes, not entries (PS3.3 C.7.9.2.3). Of 16 bits, the segment behind the
    same number of entries is another one. No entry of a line lies between two numbers."""
    unit = 1 if bits == 8 else 256
    first_line = [1, 10, 197 * unit]
    segments = [0, 8, *(entry * unit for entry in range(8)), *first_line]
    segments += [0, 2, unit, 5 * unit, 1, 10, 9 * unit, 1, 10, 89 * unit]
    offset = 10 * (bits // 8)
    segments += [2, 1, *([offset, 0, 0, 0] if bits == 8 else [offset, 0])]
    ds = segmented(syntax, bits, segments, 8 + 10 + 2 + 10 + 10 + 10)
    (cells,) = native_cells(ds)
    np.testing.assert_array_equal(png8(ds), palette_colours(ds, cells))


def segmented(syntax: str, bits: int, segments: list[int], count: int) -> Dataset:
    """An image of all values of 8 bits, and palettes of `count` entries, from 4 on; they differ in the first entry."""
    ds = new_image(syntax, SECONDARY_CAPTURE)
    describe(ds, 16, 16, allocated=8, stored=8)
    ds.PhotometricInterpretation = "PALETTE COLOR"
    native(ds, [np.arange(256).reshape(16, 16)])
    for number, name in enumerate(CHANNELS):
        sign(ds, f"{name}PaletteColorLookupTableDescriptor", [count, 4, bits], False)
        words = [*segments[:2], segments[2] + number, *segments[3:]]
        put_words(ds, 0x00281221 + number, np.array(words, "<u1" if bits == 8 else "<u2").tobytes())
    return ds
