"""Overlay planes (PS3.3 C.9.2): drawings of one bit beside the pixels, in groups 6000, 6002, …"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset


def add_overlays(ds: Dataset, count: int) -> None:
    """`count` planes, each a ring of its own size over the whole image."""
    for index in range(count):
        _add_plane(ds, 0x6000 + 2 * index, overlay_plane(ds.Rows, ds.Columns, index), index)


def overlay_plane(rows: int, columns: int, index: int) -> npt.NDArray[np.bool_]:
    """What plane `index` draws, (rows, columns)."""
    y, x = np.mgrid[0:rows, 0:columns]
    distance = np.hypot((y - rows / 2) / rows, (x - columns / 2) / columns)
    radius = 0.12 * (index + 1)
    return (distance > radius) & (distance < radius + 0.02)


def _add_plane(ds: Dataset, group: int, drawn: npt.NDArray[np.bool_], index: int) -> None:
    rows, columns = drawn.shape
    bits = np.packbits(drawn, axis=None, bitorder="little").tobytes()
    ds.add_new((group, 0x0010), "US", rows)
    ds.add_new((group, 0x0011), "US", columns)
    ds.add_new((group, 0x0022), "LO", f"Ring {index + 1}")
    ds.add_new((group, 0x0040), "CS", "G")
    ds.add_new((group, 0x0050), "SS", [1, 1])
    ds.add_new((group, 0x0100), "US", 1)
    ds.add_new((group, 0x0102), "US", 0)
    # In explicit VR this may be OB or OW; OB has one byte order (PS3.5 8.1.2).
    ds.add_new((group, 0x3000), "OB", bits + b"\0" * (len(bits) % 2))
