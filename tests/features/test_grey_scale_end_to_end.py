"""What the gallery shows of an uploaded file, against an independent reading of the standard (PS3.3 C.11)."""

from __future__ import annotations

import io
from fractions import Fraction

import numpy as np
import pydicom
import pytest
from PIL import Image

from builders import dicom_bytes
from mammogram_viewer.synthetic.mammogram import SyntheticMammogram, stored_words
from product import Product
from unit.imaging.standard import lookup, nearest, window

SYNTAXES = {
    "explicit little endian": "1.2.840.10008.1.2.1",
    "implicit little endian": "1.2.840.10008.1.2",
    "RLE": "1.2.840.10008.1.2.5",
    "JPEG lossless": "1.2.840.10008.1.2.4.70",
    "JPEG-LS lossless": "1.2.840.10008.1.2.4.80",
    "JPEG 2000 lossless": "1.2.840.10008.1.2.4.90",
}


def shown_by_the_standard(header: pydicom.Dataset, value: int) -> int:
    """One stored value (unsigned, identity rescale) to 8 bits: padding, VOI, presentation."""
    if "PixelPaddingValue" in header and value == header.PixelPaddingValue:
        return 0
    if "VOILUTSequence" in header:
        item = header.VOILUTSequence[0]
        entries, first, bits = list(item.LUTData), int(item.LUTDescriptor[1]), int(item.LUTDescriptor[2])
        level = Fraction(lookup(Fraction(value), entries, first), (1 << bits) - 1) * 255
    else:
        center, width = Fraction(str(header.WindowCenter[0])), Fraction(str(header.WindowWidth[0]))
        level = window(Fraction(value), center, width, header.VOILUTFunction)
    shown = nearest(level)
    return 255 - shown if header.PhotometricInterpretation == "MONOCHROME1" else shown


def assert_shown_as_the_standard_says(product: Product, tolerance: int, **wanted: object) -> None:
    mammogram = SyntheticMammogram(rows=300, columns=220, **wanted)  # type: ignore[arg-type] - its own fields
    body = dicom_bytes(**vars(mammogram))
    image = product.wait_for(product.upload_one(body)["id"])
    assert image["status"] == "ready", image["reason"]
    assert image["voiSource"] == ("voi_lut_sequence" if wanted["voi"] == "lut" else "window")
    shown = np.asarray(Image.open(io.BytesIO(product.client().get(image["links"]["png"]).content)))
    stored = stored_words(mammogram)
    header = pydicom.dcmread(io.BytesIO(body))
    table = {int(v): shown_by_the_standard(header, int(v)) for v in np.unique(stored)}
    expected = np.vectorize(table.__getitem__)(stored)
    assert shown.shape == expected.shape
    difference = np.abs(shown.astype(int) - expected)
    assert difference.max() <= tolerance, f"off by {difference.max()} grey levels"
    assert shown.min() == 0
    assert shown.max() > 150, "a breast is to be seen"


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("voi", ["sigmoid", "linear", "linear_exact", "lut"])
def test_an_uploaded_file_is_shown_by_its_own_grey_scale(product: Product, voi: str, photometric: str) -> None:
    assert_shown_as_the_standard_says(product, 1, seed=31, voi=voi, photometric_interpretation=photometric)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_every_lossless_encoding_shows_the_same_picture(product: Product, syntax: str) -> None:
    assert_shown_as_the_standard_says(product, 1, seed=32, voi="sigmoid", transfer_syntax_uid=SYNTAXES[syntax])
