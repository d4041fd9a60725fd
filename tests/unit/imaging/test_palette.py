"""Palettes give the colours that PS3.3 C.7.9 says, or are refused when they contradict themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mammogram_viewer.dicom.limits import RenderLimits
from mammogram_viewer.dicom.reader import open_object
from mammogram_viewer.foundation.reasons import Refused
from mammogram_viewer.imaging.palette import palette_table
from unit.dicom.builders import BIG_ENDIAN, EXPLICIT, image_dataset, write

CODES = np.arange(65_536, dtype=np.int64)


def table_of(
    folder: Path, descriptor: list[int], data: bytes, *, little_endian: bool = True, **others: Any
) -> np.ndarray:
    """The product's table for a file with the same palette in red, green and blue, but for `others`."""
    uid = EXPLICIT if little_endian else BIG_ENDIAN
    ds = image_dataset(np.zeros((2, 2), np.uint16), transfer_syntax_uid=uid, PhotometricInterpretation="PALETTE COLOR")
    for name in ("Red", "Green", "Blue"):
        keyword = f"{name}PaletteColorLookupTableDescriptor"
        setattr(ds, keyword, others.get(name, descriptor))
        ds[keyword].VR = "US"
        setattr(ds, f"{name}PaletteColorLookupTableData", data)
        ds[f"{name}PaletteColorLookupTableData"].VR = "OW"
    with open_object(write(folder / "a.dcm", ds), str(folder), RenderLimits()) as found:
        return palette_table(found, CODES)


ENTRIES = [10, 20, 30, 255]


@pytest.mark.parametrize("little_endian", [True, False])
def test_entries_of_8_and_16_bits_are_read_in_each_form(little_endian, tmp_path):
    word = "<u2" if little_endian else ">u2"
    packed = np.array(ENTRIES, np.uint8).tobytes()
    swapped = packed if little_endian else np.frombuffer(packed, "<u2").byteswap().tobytes()
    for bits, data in (
        (16, np.array([entry * 257 for entry in ENTRIES], word).tobytes()),
        (8, swapped),
        (8, np.array(ENTRIES, word).tobytes()),
        (8, np.array([entry << 8 for entry in ENTRIES], word).tobytes()),
        (8, np.array([entry * 257 for entry in ENTRIES], word).tobytes()),
    ):
        table = table_of(tmp_path, [4, 0, bits], data, little_endian=little_endian)
        assert table[:4, 1].tolist() == ENTRIES
        assert (table[4:] == 255).all()  # above the last entry: the last (C.7.6.3.1.5)


def test_codes_below_the_first_mapped_one_have_the_first_entry(tmp_path):
    assert table_of(tmp_path, [4, 2, 8], bytes(ENTRIES))[:4, 0].tolist() == [10, 10, 10, 20]


def test_an_entry_count_of_zero_stands_for_65536(tmp_path):
    data = (np.arange(65_536, dtype="<u2")).tobytes()
    table = table_of(tmp_path, [0, 0, 16], data)
    assert table[-1].tolist() == [255, 255, 255]
    assert table[32_896].tolist() == [128, 128, 128]


@pytest.mark.parametrize(
    ("descriptor", "data", "others"),
    [
        ([4, 0, 16], bytes(ENTRIES), {}),  # half as long: 8 bits called 16
        ([4, 0, 16], bytes(16), {}),
        ([4, 0, 8], bytes(2), {}),
        ([4, 0, 8], bytes([1, 2, 3, 4, 5, 6, 7, 8]), {}),  # words that are no bytes
        ([0, 0, 16], bytes(8), {}),
        ([4, 0, 12], bytes(8), {}),
        ([4, 0], bytes(8), {}),
        ([4, 0, 16], b"", {}),
        ([4, 0, 8], bytes(4), {"Blue": [2, 0, 8]}),
        ([4, 0, 8], bytes(4), {"Green": [4, 1, 8]}),
    ],
)
def test_a_palette_that_lies_is_refused(descriptor, data, others, tmp_path):
    with pytest.raises(Refused) as refused:
        table_of(tmp_path, descriptor, data, **others)
    assert refused.value.code == "bad_header"
