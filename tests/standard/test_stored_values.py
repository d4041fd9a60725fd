"""Every lossless encoding gives back the stored values: as 8-bit greys, as 16-bit samples, as HTJ2K for the viewer."""

from __future__ import annotations

import io
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydicom.dataset import Dataset

from standard.building import LOSSLESS, NATIVE, describe, encoded, native, new_image
from standard.reading import exactly, greys, middle_frame, modality, modality_values, native_cells, stored_values
from standard.rendering import physical_values, png8, render
from standard.test_rendering import few, grey_images, modality_lut_images, stored_range

ROWS, COLUMNS = 40, 37


def values(bits: int, signed: int, seed: int) -> np.ndarray:
    """Stored values over the whole range, smooth and noisy parts, the ends among them."""
    random = np.random.default_rng(seed)
    found = np.linspace(0, (1 << bits) - 1, ROWS * COLUMNS).astype(np.int64).reshape(ROWS, COLUMNS)
    found[::3] = random.integers(0, 1 << bits, found[::3].shape)
    found[1, :4] = 0, (1 << bits) - 1, 1 << (bits - 1), (1 << (bits - 1)) - 1
    kind = "i" if signed else "u"
    return (found - (1 << (bits - 1)) if signed else found).astype(f"{kind}{1 if bits <= 8 else 2}")


def image(syntax: str, bits: int, signed: int, frames: list[np.ndarray]) -> Dataset:
    ds = new_image(syntax)
    describe(ds, ROWS, COLUMNS, allocated=8 * frames[0].dtype.itemsize, stored=bits)
    ds.PixelRepresentation = signed
    middle = 0 if signed else 1 << (bits - 1)
    ds.WindowCenter, ds.WindowWidth = str(middle), str(1 << (bits - 1))
    if syntax in NATIVE:
        native(ds, [frame.astype(np.int64) & ((1 << ds.BitsAllocated) - 1) for frame in frames])
    else:
        encoded(ds, frames)
    return ds


def assert_nothing_lost(ds: Dataset, frames: list[np.ndarray]) -> None:
    """png8, png16 and htj2k of the frames' stored values; the middle frame stands for all."""
    middle = frames[middle_frame(ds)]
    outcome = render(ds, "png8", "png16", "htj2k")
    cells = middle.astype(np.int64) & ((1 << ds.BitsAllocated) - 1)
    np.testing.assert_array_equal(stored_values(ds, cells), middle)
    np.testing.assert_array_equal(outcome.picture("png8"), greys(ds, cells))
    assert physical_values(outcome.contents["png16"]) == [Fraction(int(value)) for value in middle.flat]
    decoded = outcome.htj2k_frames()
    assert len(decoded) == len(frames)
    for found, frame in zip(decoded, frames, strict=True):
        np.testing.assert_array_equal(found, frame)


@pytest.mark.parametrize("signed", [0, 1], ids=["unsigned", "signed"])
@pytest.mark.parametrize("name", [*LOSSLESS, *(uid.name for uid in NATIVE)])
def test_every_lossless_transfer_syntax_gives_back_the_stored_values(name: str, signed: int) -> None:
    syntax = LOSSLESS.get(name) or next(uid for uid in NATIVE if uid.name == name)
    for bits in (8, 12, 16):
        frames = [values(bits, signed, bits)]
        assert_nothing_lost(image(syntax, bits, signed, frames), frames)


@pytest.mark.parametrize("name", [*LOSSLESS, *(uid.name for uid in NATIVE)])
def test_every_frame_of_a_lossless_multi_frame_image_is_given_back(name: str) -> None:
    syntax = LOSSLESS.get(name) or next(uid for uid in NATIVE if uid.name == name)
    frames = [values(12, 0, seed) for seed in range(4)]
    ds = image(syntax, 12, 0, frames)
    assert_nothing_lost(ds, frames)
    for number in (1, 4):
        np.testing.assert_array_equal(png8(ds, frame=number), greys(ds, frames[number - 1]))


@pytest.mark.parametrize("bits", [9, 10, 11, 13, 14, 15])
def test_odd_depths_are_kept_by_the_codecs_of_mammography(bits: int) -> None:
    for name in ("JPEG lossless SV1", "JPEG-LS lossless", "JPEG 2000 lossless", "HTJ2K lossless RPCL", "RLE"):
        for signed in (0, 1):
            frames = [values(bits, signed, bits)]
            assert_nothing_lost(image(LOSSLESS[name], bits, signed, frames), frames)


@st.composite
def rescaled_images(draw: st.DrawFn) -> Dataset:
    ds = draw(grey_images())
    ds.RescaleSlope = draw(st.sampled_from(("1", "2", "0.5", "-1", "0.0037", "-1.25", "16", "1e-3")))
    ds.RescaleIntercept = draw(st.sampled_from(("0", "-1024", "1000", "0.1", "65000", "-0.75")))
    ds.RescaleType = "US"
    ds.WindowCenter, ds.WindowWidth = "100", "200"
    ds.PhotometricInterpretation = draw(st.sampled_from(("MONOCHROME1", "MONOCHROME2")))
    return ds


@few
@given(rescaled_images())
def test_sixteen_bit_png_holds_every_modality_value_without_window_and_inversion(ds: Dataset) -> None:
    (cells,) = native_cells(ds)
    expected = modality_values(ds, cells)
    png = render(ds, "png16").contents["png16"]
    found = physical_values(png)
    # pCAL states its numbers as decimals of doubles: fifteen digits of the largest value.
    slack = max(map(abs, expected)) * Fraction(1, 10**14) + Fraction(1, 10**14)
    step = abs(exactly(ds.RescaleSlope))
    assert all(abs(a - b) <= slack for a, b in zip(found, expected, strict=True)), step
    possible = [modality(ds)(stored) for stored in stored_range(ds)]
    if step.denominator == 1 and possible[0].denominator == 1 and min(possible) >= 0 and max(possible) <= 65535:
        samples = np.asarray(Image.open(io.BytesIO(png))).ravel()
        assert [Fraction(int(sample)) for sample in samples] == expected


@few
@given(modality_lut_images())
def test_sixteen_bit_png_holds_the_entries_of_a_modality_lut(ds: Dataset) -> None:
    (cells,) = native_cells(ds)
    assert physical_values(render(ds, "png16").contents["png16"]) == modality_values(ds, cells)


@few
@given(grey_images())
def test_htj2k_holds_the_stored_values_of_every_depth_and_sign(ds: Dataset) -> None:
    ds.WindowCenter, ds.WindowWidth = "100", "200"
    (cells,) = native_cells(ds)
    (found,) = render(ds, "htj2k").htj2k_frames()
    np.testing.assert_array_equal(found, stored_values(ds, cells))
