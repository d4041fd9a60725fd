"""Colour models of secondary captures to RGB, 8 bits (PS3.3 C.7.6.3.1.2)."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut

from mammogram_viewer.dicom import values
from mammogram_viewer.dicom.reader import PYDICOM_TROUBLE
from mammogram_viewer.foundation.reasons import Refused

_COLOURS = ("Red", "Green", "Blue")
# Inverse of the matrix of C.7.6.3.1.2, rows R, G, B over Y, Cb - 128, Cr - 128.
_YBR_TO_RGB = np.array([[1, 0, 1.402], [1, -0.344136, -0.714136], [1, 1.772, 0]], np.float32)


def ybr_full_to_rgb(ybr: npt.NDArray[np.unsignedinteger]) -> npt.NDArray[np.uint8]:
    """(rows, columns, 3) uint8 YBR_FULL to RGB, rounded to nearest."""
    centred = ybr.astype(np.float32) - np.array([0, 128, 128], np.float32)
    rgb = cv2.transform(centred, _YBR_TO_RGB)
    return np.clip(np.floor(rgb + 0.5), 0, 255).astype(np.uint8)


def unpack_422(samples: npt.NDArray[np.unsignedinteger], rows: int, columns: int) -> npt.NDArray[np.unsignedinteger]:
    """Native YBR_FULL_422, Y1 Y2 Cb Cr for two columns, to (rows, columns, 3)."""
    if columns % 2:
        raise Refused("bad_header", "YBR_FULL_422 needs an even number of columns")
    quads = samples.reshape(rows, columns // 2, 4)
    full = np.empty((rows, columns, 3), samples.dtype)
    full[:, 0::2, 0] = quads[..., 0]
    full[:, 1::2, 0] = quads[..., 1]
    full[..., 1] = np.repeat(quads[..., 2], 2, axis=1)
    full[..., 2] = np.repeat(quads[..., 3], 2, axis=1)
    return full


def palette_table(dataset: Dataset, codes: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8]:
    """The RGB of every word, (len(codes), 3) uint8, by the Palette Color LUT (C.7.9); `codes` are stored
    values. Refused when a descriptor and its data contradict each other."""
    if "SegmentedRedPaletteColorLookupTableData" in dataset:
        return _segmented_palette(dataset, codes)
    descriptors = {tuple(values.values(dataset, f"{name}PaletteColorLookupTableDescriptor")) for name in _COLOURS}
    if len(descriptors) != 1:
        raise Refused("bad_header", "the descriptors of the colour palette differ")
    descriptor = descriptors.pop()
    numbers = [number for number in descriptor if isinstance(number, int) and number >= 0]
    if len(descriptor) != 3 or len(numbers) != 3 or numbers[2] not in (8, 16):
        raise Refused("bad_header", "the descriptor of the colour palette cannot be read")
    count, first, bits = numbers[0] or 65_536, numbers[1], numbers[2]
    places = np.clip(codes.astype(np.int64) - first, 0, count - 1)
    return np.stack([_palette_entries(dataset, name, count, bits)[places] for name in _COLOURS], axis=-1)


def _palette_entries(dataset: Dataset, name: str, count: int, bits: int) -> npt.NDArray[np.uint8]:
    """`count` entries as 8 bits. Those of 8 bits lie two in a word, or one in a word of their own at either end."""
    stored = values.raw_value(dataset, f"{name}PaletteColorLookupTableData")
    little_endian = dataset.original_encoding[1] is not False
    if not isinstance(stored, bytes):
        raise Refused("bad_header", "the colour palette cannot be read")
    if len(stored) == 2 * count:
        words = np.frombuffer(stored, "<u2" if little_endian else ">u2").astype(np.int64)
        if bits == 16:
            return np.floor(words * 255 / 65_535 + 0.5).astype(np.uint8)
        low, high = words & 255, words >> 8
        if not high.any():
            return low.astype(np.uint8)
        if not low.any() or (low == high).all():
            return high.astype(np.uint8)
    elif bits == 8 and len(stored) == count + count % 2:
        entries = np.frombuffer(stored, np.uint8)
        if not little_endian:  # the words were swapped with what they hold (PS3.5 7.3)
            entries = entries.reshape(-1, 2)[:, ::-1].reshape(-1)
        return entries[:count]
    raise Refused("bad_header", "the colour palette has another length than its descriptor says")


def _segmented_palette(dataset: Dataset, codes: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8]:
    """Segments (C.7.9.2) as pydicom expands them; 16-bit entries only."""
    try:
        if int(dataset["RedPaletteColorLookupTableDescriptor"].value[2]) != 16:
            raise Refused("bad_header", "a segmented colour palette of another depth than 16 bits")
        colours = np.asarray(apply_color_lut(codes.reshape(1, -1), dataset))
    except PYDICOM_TROUBLE as trouble:
        raise Refused("bad_header", "the colour palette cannot be read") from trouble
    if colours.dtype != np.uint16:
        raise Refused("bad_header", "the colour palette has another depth than its descriptor says")
    colours = colours.reshape(-1, colours.shape[-1])[:, :3]
    return np.floor(colours.astype(np.float64) * 255 / 65_535 + 0.5).astype(np.uint8)
