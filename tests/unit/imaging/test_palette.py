"""Palettes give the colours that PS3.3 C.7.9 says, or are refused when they contradict themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from mammogram_viewer.foundation.reasons import Refused
from mammogram_viewer.imaging.colour import palette_table

CODES = np.arange(65_536, dtype=np.uint16)


def palette(descriptor: list[int], data: bytes, *, little_endian: bool = True, **others: Any) -> Dataset:
    ds = Dataset()
    for name in ("Red", "Green", "Blue"):
        setattr(ds, f"{name}PaletteColorLookupTableDescriptor", others.get(name, descriptor))
        setattr(ds, f"{name}PaletteColorLookupTableData", data)
    ds.set_original_encoding(False, little_endian, "utf8")
    return ds


def first_four(ds: Dataset) -> list[int]:
    return palette_table(ds, CODES)[:4, 0].tolist()


ENTRIES = [10, 20, 30, 255]


@pytest.mark.parametrize("little_endian", [True, False])
def test_entries_of_8_and_16_bits_are_read_in_each_form(little_endian):
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
        table = palette_table(palette([4, 0, bits], data, little_endian=little_endian), CODES)
        assert table[:4, 1].tolist() == ENTRIES
        assert (table[4:] == 255).all()  # above the last entry: the last (C.7.6.3.1.5)


def test_codes_below_the_first_mapped_one_have_the_first_entry():
    assert first_four(palette([4, 2, 8], bytes(ENTRIES))) == [10, 10, 10, 20]


def test_an_entry_count_of_zero_stands_for_65536():
    data = (np.arange(65_536, dtype="<u2")).tobytes()
    table = palette_table(palette([0, 0, 16], data), CODES)
    assert table[-1].tolist() == [255, 255, 255]
    assert table[32_896].tolist() == [128, 128, 128]


@pytest.mark.parametrize(
    ("descriptor", "data", "others"),
    [
        ([4, 0, 16], bytes(ENTRIES), {}),  # half as long: 8 bits called 16
        ([4, 0, 16], bytes(16), {}),
        ([4, 0, 8], bytes(3), {}),
        ([4, 0, 8], bytes([1, 2, 3, 4, 5, 6, 7, 8]), {}),  # words that are no bytes
        ([0, 0, 16], bytes(8), {}),
        ([4, 0, 12], bytes(8), {}),
        ([4, 0], bytes(8), {}),
        ([4, 0, 16], b"", {}),
        ([4, 0, 8], bytes(4), {"Blue": [2, 0, 8]}),
        ([4, 0, 8], bytes(4), {"Green": [4, 1, 8]}),
    ],
)
def test_a_palette_that_lies_is_refused(descriptor, data, others):
    with pytest.raises(Refused) as refused:
        palette_table(palette(descriptor, data, **others), CODES)
    assert refused.value.code == "bad_header"
