"""Our decoding beside pydicom's own, on the files that pydicom ships: many writers, syntaxes and oddities."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest

from mammogram_viewer.dicom.frames import read_frame
from mammogram_viewer.dicom.pixels import describe_pixels
from mammogram_viewer.dicom.reader import open_object
from mammogram_viewer.foundation.reasons import REASONS
from mammogram_viewer.imaging.decode import decode_frame
from mammogram_viewer.imaging.render import Rejected, RenderLimits, render_original

FOLDER = Path(pydicom.__file__).parent / "data/test_files"
FILES = sorted(path for path in FOLDER.glob("*.dcm"))


def test_there_are_files_to_compare():
    assert len(FILES) > 60


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_words_are_those_that_pydicom_reads(path, tmp_path):
    answer = render_original(str(path), str(tmp_path), "dicom", RenderLimits())
    if isinstance(answer, Rejected):
        assert answer.code in REASONS
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds = pydicom.dcmread(path)
        try:
            expected = ds.pixel_array
        except (RuntimeError, ValueError, AttributeError):
            return  # pydicom has no decoder for it without plugins that we do not install
    frames = int(ds.get("NumberOfFrames", 1) or 1)
    with open_object(str(path), str(tmp_path), RenderLimits()) as found:
        pixels = describe_pixels(found, RenderLimits())
        words = decode_frame(read_frame(found, pixels, frames // 2, []), pixels, found.syntax)
    mask = (1 << pixels.bits_stored) - 1
    expected = expected[frames // 2] if frames > 1 else expected
    assert np.array_equal(words.astype(int) & mask, expected.astype(int) & mask)
