"""PALETTE COLOR: the colour of every word (PS3.3 C.7.6.3.1.5, C.7.9)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mammogram_viewer.dicom.reader import DicomObject
from mammogram_viewer.foundation.reasons import Refused
from mammogram_viewer.imaging.lookup import LookupTable, read_lookup_table
from mammogram_viewer.imaging.modality import Stored

_COLOURS = ("Red", "Green", "Blue")


def palette_table(found: DicomObject, stored: Stored) -> npt.NDArray[np.uint8]:
    """`table[word]` is RGB, (256 or 65536, 3) uint8, entries scaled to 8 bits and rounded to nearest, halves up.

    Refused (bad_header) when a palette cannot be read, or the three differ in what they map. Nothing is corrected:
    colours have no alternative that one could fall back on, and a wrong guess looks as good as a right one."""
    segmented = any(f"Segmented{name}PaletteColorLookupTableData" in found.dataset for name in _COLOURS)
    prefix = "Segmented" if segmented else ""
    inputs = stored.astype(np.float64)
    doubts: list[str] = []
    tables = [
        read_lookup_table(
            found.dataset,
            input_range=(float(inputs.min()), float(inputs.max())),
            little_endian=found.syntax.little_endian,
            warnings=doubts,
            keywords=(f"{name}PaletteColorLookupTableDescriptor", f"{prefix}{name}PaletteColorLookupTableData"),
        )
        for name in _COLOURS
    ]
    read = [_eight_bit_entries_alone(table) for table in tables if table is not None]
    if len(read) != len(_COLOURS) or len({(table.first, table.bits, len(table.entries)) for table in read}) != 1:
        raise Refused("bad_header", "the colour palette cannot be read")
    bits = read[0].declared_bits
    if bits not in (8, 16) or any(table.bits != bits for table in read):
        raise Refused("bad_header", "the colour palette has another depth than its descriptor says")
    full = (1 << bits) - 1
    return np.stack([np.floor(table.apply(inputs) * 255 / full + 0.5) for table in read], axis=1).astype(np.uint8)


def _eight_bit_entries_alone(table: LookupTable) -> LookupTable:
    """Entries of 8 bits with a word of their own, which some writers put into its high byte, or into both."""
    entries = table.entries.astype(np.int64)
    low, high = entries & 0xFF, entries >> 8
    if table.declared_bits != 8 or not high.any():
        return table
    if low.any() and not (low == high).all():
        raise Refused("bad_header", "the colour palette has another depth than its descriptor says")
    return LookupTable(table.first, 8, high.astype(np.float64), 8)
