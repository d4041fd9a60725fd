"""Our decoding beside pydicom's own, on the files that pydicom ships: many writers, syntaxes and oddities.

Each file is either read to the very words that pydicom reads, or stands in a list below with the reason why not."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_files

from mammogram_viewer.dicom.frames import read_frame
from mammogram_viewer.dicom.pixels import describe_pixels
from mammogram_viewer.dicom.reader import open_object
from mammogram_viewer.foundation.reasons import Refused
from mammogram_viewer.imaging.decode import Words, decode_frame
from mammogram_viewer.imaging.render import RenderLimits


def _has_pixels(path: Path) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return "PixelData" in pydicom.dcmread(path, force=True, specific_tags=["PixelData"])
        except (ValueError, EOFError, NotImplementedError, AttributeError, OSError):
            return False


FILES = sorted(path for path in {Path(name) for name in get_testdata_files()} if path.is_file())
IMAGES = [path for path in FILES if _has_pixels(path)]
REFUSED = {
    # It is cut off: pydicom refuses it too.
    "truncated": {"MR_truncated.dcm"},
    # 128 bytes of zeros behind the pixels. Rows or columns that lie look the same over air, and a picture sheared by
    # a wrong number of columns must not be shown.
    "pixel_length_mismatch": {"MR_small_padded.dcm"},
    # 1 or 32 bits allocated: segmentations and dose grids, no mammograms.
    "unsupported_bit_depth": {
        "SC_rgb_rle_32bit.dcm", "SC_rgb_rle_32bit_2frame.dcm", "liver_1frame.dcm", "liver_expb_1frame.dcm",
        "rtdose.dcm", "rtdose_1frame.dcm", "rtdose_expb.dcm", "rtdose_expb_1frame.dcm", "rtdose_rle.dcm",
        "rtdose_rle_1frame.dcm",
    },
    # NumberOfFrames is "1A", or the whole Image Pixel module is missing; pydicom refuses them too.
    "bad_header": {"badVR.dcm", "meta_missing_tsyntax.dcm", "nested_priv_SQ.dcm"},
    # A sequence delimiter was written over the size segment of the codestream.
    "codestream_mismatch": {"JPEG2000-embedded-sequence-delimiter.dcm"},
}  # fmt: skip
# pydicom has no decoder for these without plugins that we do not install, or its own fails.
PYDICOM_CANNOT = {
    "GDCMJ2K_TextGBR.dcm", "JPEG-lossy.dcm", "JPEGLSNearLossless_08.dcm", "JPEGLSNearLossless_16.dcm",
    "JPGExtended.dcm", "MR_small_jpeg_ls_lossless.dcm", "SC_rgb_jls_lossy_line.dcm", "SC_rgb_jls_lossy_sample.dcm",
    "SC_rgb_jpeg_gdcm.dcm",
}  # fmt: skip


def test_there_are_files_to_compare():
    assert len(IMAGES) > 90
    assert {name for names in REFUSED.values() for name in names} <= {path.name for path in IMAGES}


@pytest.mark.parametrize("path", sorted(set(FILES) - set(IMAGES)), ids=lambda path: path.name)
def test_what_holds_no_pixels_is_refused(path, tmp_path):
    with pytest.raises(Refused) as refused:
        our_words(path, tmp_path)
    assert refused.value.code in ("not_dicom", "no_pixel_data", "not_an_image_object", "truncated", "bad_header")


def our_words(path: Path, folder: Path, index: int | None = None) -> tuple[Words, int, int]:
    """Words of the middle frame, its number, and BitsStored."""
    limits = RenderLimits()
    with open_object(str(path), str(folder), limits) as found:
        pixels = describe_pixels(found, limits)
        index = pixels.frames // 2 if index is None else index
        return decode_frame(read_frame(found, pixels, index, []), pixels, found.syntax), index, pixels.bits_stored


@pytest.mark.parametrize("path", IMAGES, ids=lambda path: path.name)
def test_the_words_are_those_that_pydicom_reads(path, tmp_path):
    refused = {name: code for code, names in REFUSED.items() for name in names}
    try:
        words, index, bits = our_words(path, tmp_path)
    except Refused as trouble:
        assert trouble.code == refused.get(path.name)
        return
    assert path.name not in refused
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds = pydicom.dcmread(path, force=True)
        try:
            theirs = ds.pixel_array
        except (RuntimeError, ValueError, AttributeError):
            assert path.name in PYDICOM_CANNOT
            return
    mask = (1 << bits) - 1
    expected = theirs[index] if int(ds.get("NumberOfFrames", 1) or 1) > 1 else theirs
    assert np.array_equal(words.astype(int) & mask, expected.astype(int) & mask)
