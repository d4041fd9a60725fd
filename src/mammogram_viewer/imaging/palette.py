"""PALETTE COLOR: the colour of every word (PS3.3 C.7.6.3.1.5, C.7.9)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mammogram_viewer.dicom.reader import DicomObject
from mammogram_viewer.foundation.reasons import Refused
from mammogram_viewer.imaging.lookup import read_lookup_table
from mammogram_viewer.imaging.modality import Stored

_COLOURS = ("Red", "Green", "Blue")


def palette_table(found: DicomObject, stored: Stored, warnings: list[str]) -> npt.NDArray[np.uint8]:
    """`table[word]` is RGB, (256 or 65536, 3) uint8, entries scaled to 8 bits and rounded to nearest, halves up.

    Refused (bad_header) when a palette cannot be read, or the three differ in what they map."""
    segmented = any(f"Segmented{name}PaletteColorLookupTableData" in found.dataset for name in _COLOURS)
    prefix = "Segmented" if segmented else ""
    inputs = stored.astype(np.float64)
    tables = [
        read_lookup_table(
            found.dataset,
            input_range=(float(inputs.min()), float(inputs.max())),
            little_endian=found.syntax.little_endian,
            warnings=warnings,
            keywords=(f"{name}PaletteColorLookupTableDescriptor", f"{prefix}{name}PaletteColorLookupTableData"),
        )
        for name in _COLOURS
    ]
    read = [table for table in tables if table is not None]
    if len(read) != len(_COLOURS) or len({(table.first, len(table.entries)) for table in read}) != 1:
        raise Refused("bad_header", "the colour palette cannot be read")
    full = (1 << max(table.bits for table in read)) - 1
    return np.stack([np.floor(table.apply(inputs) * 255 / full + 0.5) for table in read], axis=1).astype(np.uint8)
