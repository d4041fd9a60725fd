"""A plain reading of colour images and overlays: palettes, RGB, YBR and planes of group 60xx, from the standard."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from standard.reading import Cells, nearest, stored_values, word_octets

Samples = npt.NDArray[np.integer]
# PS3.3 C.7.6.3.1.2, YBR_FULL, as printed there.
RGB_TO_YBR = np.array([[0.2990, 0.5870, 0.1140], [-0.1687, -0.3313, 0.5000], [0.5000, -0.4187, -0.0813]])


def native_samples(ds: Dataset) -> list[Samples]:
    """Frames of 8-bit colour samples, (rows, columns, 3), from native Pixel Data (PS3.3 C.7.6.3.1.3, PS3.5 8.2.x).

    YBR_FULL_422 has two Y, then the Cb and Cr that both pixels share (C.7.6.3.1.2)."""
    octets = np.frombuffer(word_octets(ds, ds["PixelData"].value, ds["PixelData"].VR), "u1")
    count, rows, columns = int(ds.get("NumberOfFrames", 1)), ds.Rows, ds.Columns
    if ds.PhotometricInterpretation == "YBR_FULL_422":
        fours = octets[: count * rows * columns * 2].reshape(count, rows, columns // 2, 4)
        both = [np.stack([fours[..., y], fours[..., 2], fours[..., 3]], axis=-1) for y in (0, 1)]
        return list(np.stack(both, axis=3).reshape(count, rows, columns, 3))
    octets = octets[: count * rows * columns * 3]
    if ds.PlanarConfiguration == 1:
        return list(np.moveaxis(octets.reshape(count, 3, rows, columns), 1, -1))
    return list(octets.reshape(count, rows, columns, 3))


def ybr_to_rgb(samples: Samples) -> npt.NDArray[np.uint8]:
    """The inverse of the standard's equations, rounded and clipped (C.7.6.3.1.2)."""
    rgb = (samples.astype(float) - [0, 128, 128]) @ np.linalg.inv(RGB_TO_YBR).T
    return np.clip(np.floor(rgb + 0.5), 0, 255).astype(np.uint8)


def palette_colours(ds: Dataset, cells: Cells) -> npt.NDArray[np.uint8]:
    """Stored values through the three palettes (PS3.3 C.7.6.3.1.5, C.7.6.3.1.6, C.7.9), n bits scaled to 8."""
    stored = stored_values(ds, cells)
    channels = []
    for name in ("Red", "Green", "Blue"):
        count, first, bits = ds[f"{name}PaletteColorLookupTableDescriptor"].value
        entries = _palette_entries(ds, name, count or 65536, bits)
        indices = np.clip(stored - first, 0, len(entries) - 1)
        most = (1 << bits) - 1
        shown = {int(at): nearest(Fraction(entries[at] * 255, most)) for at in np.unique(indices)}
        channels.append(np.array([shown[int(at)] for at in indices.flat], np.uint8).reshape(stored.shape))
    return np.stack(channels, axis=-1)


def _palette_entries(ds: Dataset, name: str, count: int, bits: int) -> list[int]:
    keyword = f"Segmented{name}PaletteColorLookupTableData"
    if keyword not in ds:
        keyword = f"{name}PaletteColorLookupTableData"
    octets = word_octets(ds, ds[keyword].value, "OW")
    words = list(octets) if bits == 8 else [int(word) for word in np.frombuffer(octets, "<u2")]
    if keyword.startswith("Segmented"):
        words = expanded(words, bits)
    return words[:count]


def expanded(words: Sequence[int], bits: int) -> list[int]:
    """Segments to entries (PS3.3 C.7.9.2): 0 discrete, 1 linear, 2 indirect, a copy of earlier segments whose byte
    offset stands in two words of 16 bits, or in four of 8, the least significant first."""
    found: list[int] = []
    at = 0
    while at + 1 < len(words):
        at = _expand_one(words, at, bits, found)
    return found


def _expand_one(words: Sequence[int], at: int, bits: int, found: list[int]) -> int:
    """Append the entries of the segment at `at`; gives where the next one begins."""
    opcode, length = words[at], words[at + 1]
    if opcode == 0:
        found += words[at + 2 : at + 2 + length]
        return at + 2 + length
    if opcode == 1:
        start, end = found[-1], words[at + 2]
        found += [nearest(start + Fraction((end - start) * step, length)) for step in range(1, length + 1)]
        return at + 3
    parts = 4 if bits == 8 else 2
    offset = sum(word << (bits * place) for place, word in enumerate(words[at + 2 : at + 2 + parts]))
    source = offset if bits == 8 else offset // 2
    for _ in range(length):
        source = _expand_one(words, source, bits, found)
    return at + 2 + parts


def drawn(ds: Dataset, picture: npt.NDArray[np.uint8], frame: int = 0) -> npt.NDArray[np.uint8]:
    """`picture` with every overlay plane of the frame (from 0) at 255 (PS3.3 C.9.2, C.9.3).

    Bits lie row by row, the first in the lowest bit of a byte, without padding between rows or frames (PS3.5 8.1.2).
    Overlay Origin is the row and column of the image, from 1, under the first bit; what lies outside is cut off. How
    planes are shown is left open; ours are white, and a region of interest (Overlay Type R) only along its border."""
    picture = picture.copy()
    for number in range(0x6000, 0x6020, 2):
        if (number, 0x3000) not in ds:
            continue
        element = ds[number, 0x3000]
        octets = np.frombuffer(word_octets(ds, element.value, element.VR), "u1")
        rows, columns = ds[number, 0x0010].value, ds[number, 0x0011].value
        top, left = ds[number, 0x0050].value
        plane = 0
        if (number, 0x0015) in ds:  # Number of Frames in Overlay; Image Frame Origin counts from 1
            plane = frame + 1 - (ds[number, 0x0051].value if (number, 0x0051) in ds else 1)
            if not 0 <= plane < ds[number, 0x0015].value:
                continue
        bits = np.unpackbits(octets, bitorder="little")[plane * rows * columns :][: rows * columns]
        marked = bits.reshape(rows, columns).astype(bool)
        if ds[number, 0x0040].value == "R":
            marked = outline(marked)
        for row, column in np.argwhere(marked):
            y, x = top - 1 + row, left - 1 + column
            if 0 <= y < picture.shape[0] and 0 <= x < picture.shape[1]:
                picture[y, x] = 255
    return picture


def outline(region: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """A region but for what lies inside: pixels with all eight neighbours in it."""
    framed = np.pad(region, 1)
    inside = [framed[1 + y :, 1 + x :][: len(region), : len(region[0])] for y in (-1, 0, 1) for x in (-1, 0, 1)]
    return region & ~np.logical_and.reduce(inside)
