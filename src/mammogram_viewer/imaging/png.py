"""A fast PNG writer: filters in numpy, ISA-L level 1; 18 ms for 13.6 megapixels of 8 bits where Pillow takes 430.

Bands of a few rows go through filter and deflate while they are in the processor's cache; that spares memory, too.
8-bit pictures get the Average filter (PNG 9.2), which makes mammograms 5 % smaller than Sub at this level. 16-bit
ones get Sub: the average of low bytes is noise."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt
from isal import isal_zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
IDAT_BYTES = 256 * 1024  # readers that stream want chunks
BAND_ROWS = 32
_GREY, _RGB = 0, 2
_SUB, _AVERAGE = 1, 3
Pixels = npt.NDArray[np.unsignedinteger]
Bytes = npt.NDArray[np.uint8]


def encode_png(image: Pixels) -> bytes:
    """(rows, columns) uint8 or uint16 grey, or (rows, columns, 3) uint8 RGB, to a PNG without metadata."""
    return b"".join(png_parts(image))


def png_parts(
    image: Pixels, *, table: npt.NDArray[np.uint16] | None = None, calibration: bytes = b""
) -> Iterator[bytes]:
    """The file in pieces, to be written one behind the other.

    With `table` the picture is 16-bit grey, each word of `image` looked up on the way. `calibration` is the body of a
    pCAL chunk."""
    rows, columns = image.shape[:2]
    depth = 16 if table is not None else image.dtype.itemsize * 8
    header = struct.pack(">LLBBBBB", columns, rows, depth, _RGB if image.ndim == 3 else _GREY, 0, 0, 0)
    yield SIGNATURE
    yield from _chunk(b"IHDR", [header])
    if calibration:
        yield from _chunk(b"pCAL", [calibration])
    bands = _average_bands(image) if depth == 8 else _sub_bands(image, table)
    packer = isal_zlib.compressobj(1)
    pending: list[bytes] = []
    for lines in bands:
        pending.append(packer.compress(lines))
        if sum(map(len, pending)) >= IDAT_BYTES:
            yield from _chunk(b"IDAT", pending)
            pending = []
    yield from _chunk(b"IDAT", [*pending, packer.flush()])
    yield from _chunk(b"IEND", [])


def _average_bands(image: Pixels) -> Iterator[Bytes]:
    """Rows of 8-bit samples under filter type 3: minus the mean, rounded down, of left and upper neighbour."""
    rows, columns = image.shape[:2]
    raw = np.ascontiguousarray(image).reshape(rows, -1)
    step = raw.shape[1] // columns  # bytes of a pixel
    first = np.zeros((1, raw.shape[1]), np.uint8)
    lines = np.empty((BAND_ROWS, raw.shape[1] + 1), np.uint8)
    lines[:, 0] = _AVERAGE
    left = np.zeros((BAND_ROWS, raw.shape[1]), np.uint8)
    mean = np.empty_like(left)
    for start in range(0, rows, BAND_ROWS):
        band = raw[start : start + BAND_ROWS]
        count = len(band)
        above = raw[start - 1 : start - 1 + count] if start else np.concatenate((first, band[:-1]))
        beside, average = left[:count], mean[:count]
        beside[:, :step] = 0
        beside[:, step:] = band[:, :-step]
        # (a + b) >> 1 without the ninth bit: a & b is what both share, a ^ b what differs.
        np.bitwise_xor(above, beside, out=average)
        np.right_shift(average, 1, out=average)
        np.bitwise_and(above, beside, out=beside)
        np.add(average, beside, out=average)
        np.subtract(band, average, out=lines[:count, 1:])
        yield lines[:count]


def _sub_bands(image: Pixels, table: npt.NDArray[np.uint16] | None) -> Iterator[Bytes]:
    """Rows of 16-bit samples under filter type 1: minus the sample to the left, byte by byte."""
    rows, columns = image.shape
    # Looked up as big-endian words, the order of PNG, so that turning bytes around costs nothing.
    swapped = None if table is None else table.byteswap()
    words = np.empty((BAND_ROWS, columns), np.uint16)
    lines = np.empty((BAND_ROWS, columns * 2 + 1), np.uint8)
    lines[:, 0] = _SUB
    for start in range(0, rows, BAND_ROWS):
        band = np.ascontiguousarray(image[start : start + BAND_ROWS])
        count = len(band)
        if swapped is None:
            words[:count].view(">u2")[...] = band
        else:
            cv2.LUT(band, swapped, dst=words[:count])
        raw = words[:count].view(np.uint8)
        lines[:count, 1:3] = raw[:, :2]
        np.subtract(raw[:, 2:], raw[:, :-2], out=lines[:count, 3:])
        yield lines[:count]


def _chunk(kind: bytes, pieces: Sequence[bytes]) -> Iterator[bytes]:
    yield struct.pack(">L", sum(map(len, pieces))) + kind
    check = isal_zlib.crc32(kind)
    for piece in pieces:
        check = isal_zlib.crc32(piece, check)
        yield piece
    yield struct.pack(">L", check)
