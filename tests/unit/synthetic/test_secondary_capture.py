"""Synthetic secondary captures: colour comes back as it was drawn."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.pixels import apply_color_lut, convert_color_space

from mammogram_viewer.dicom.syntaxes import EXPLICIT_BIG_ENDIAN, EXPLICIT_LITTLE_ENDIAN, HTJ2K, RLE_LOSSLESS
from mammogram_viewer.synthetic.secondary_capture import (
    SyntheticCapture,
    build_capture,
    grey_words,
    palette,
    screen,
    stored_pixels,
    write_capture,
)

UNCHANGED = (EXPLICIT_LITTLE_ENDIAN, EXPLICIT_BIG_ENDIAN, RLE_LOSSLESS)


def read(tmp_path, wanted: SyntheticCapture) -> pydicom.Dataset:
    return pydicom.dcmread(write_capture(tmp_path / "a.dcm", wanted))


@pytest.mark.parametrize("syntax", UNCHANGED)
@pytest.mark.parametrize("kind", ["rgb", "rgb_planar", "grey8", "film", "palette"])
def test_pydicom_reads_the_same_pixels(kind, syntax, tmp_path):
    wanted = SyntheticCapture(kind=kind, rows=61, columns=45, transfer_syntax_uid=syntax)
    assert np.array_equal(read(tmp_path, wanted).pixel_array, stored_pixels(wanted))


@pytest.mark.parametrize("syntax", UNCHANGED)
def test_ybr_full_is_the_screen(syntax, tmp_path):
    wanted = SyntheticCapture(kind="ybr_full", rows=61, columns=45, transfer_syntax_uid=syntax)
    found = read(tmp_path, wanted)
    found.pixel_array_options(raw=True)
    rgb = convert_color_space(found.pixel_array, "YBR_FULL", "RGB")
    assert np.abs(rgb.astype(int) - screen(wanted)).max() <= 2, "rounded twice"


def test_ybr_full_422_shares_chroma_between_two_columns(tmp_path):
    wanted = SyntheticCapture(kind="ybr_full_422", rows=61, columns=46)
    found = read(tmp_path, wanted)
    assert len(found.PixelData) == 61 * 46 * 2
    found.pixel_array_options(raw=True)
    assert np.array_equal(found.pixel_array, stored_pixels(wanted))


@pytest.mark.parametrize("bits", [8, 16])
def test_the_palette_colours_the_grey_levels(bits, tmp_path):
    wanted = SyntheticCapture(kind="palette", palette_bits=bits, rows=61, columns=45)
    found = read(tmp_path, wanted)
    assert np.array_equal(apply_color_lut(found.pixel_array, found), palette(wanted)[grey_words(wanted)])


def test_film_has_the_spacing_of_its_scanner_and_sixteen_bits():
    film = build_capture(SyntheticCapture(kind="film", rows=61, columns=45))
    assert film.NominalScannedPixelSpacing == [0.05, 0.05]
    assert film.ConversionType == "DF"
    assert film.BitsStored == 16
    assert "NominalScannedPixelSpacing" not in build_capture(SyntheticCapture(kind="grey8", rows=61, columns=45))


@pytest.mark.parametrize(
    "wanted",
    [
        SyntheticCapture(kind="ybr_full_422", columns=45),
        SyntheticCapture(kind="ybr_rct"),
        SyntheticCapture(kind="ybr_full", transfer_syntax_uid=HTJ2K),
    ],
    ids=lambda wanted: wanted.kind,
)
def test_what_cannot_be_is_refused(wanted):
    with pytest.raises(ValueError, match=r"YBR_FULL_422|is not for"):
        build_capture(wanted)
