"""Overlay planes (PS3.3 C.9.2, groups 6000 to 601E), drawn white on request only.

Graphics are drawn as they are. Of a region of interest only the outline is drawn, so that what it marks stays
visible. A plane that contradicts itself is left out with the warning `broken_overlay`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from mammogram_viewer.dicom import values
from mammogram_viewer.dicom.pixels import PixelDescription
from mammogram_viewer.dicom.reader import PYDICOM_TROUBLE, DicomObject

GROUPS = range(0x6000, 0x6020, 2)
_ROWS, _COLUMNS, _FRAMES, _TYPE, _ORIGIN = 0x0010, 0x0011, 0x0015, 0x0040, 0x0050
_FRAME_ORIGIN, _COMPRESSION, _BITS_ALLOCATED, _BIT_POSITION, _BITS = 0x0051, 0x0060, 0x0100, 0x0102, 0x3000
WHITE = 255
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """One plane that can be drawn. `top` and `left` count from 0 and may lie outside of the image."""

    group: int
    rows: int
    columns: int
    top: int
    left: int
    first_frame: int  # of the image, from 0
    frames: int | None  # None: one plane for every frame
    region_of_interest: bool
    bit_position: int | None  # in the words of the pixels (retired); None: in Overlay Data


def list_overlays(found: DicomObject, pixels: PixelDescription, warnings: list[str]) -> tuple[Overlay, ...]:
    """The planes of the object that can be drawn, in the order of their groups."""
    planes = []
    for group in GROUPS:
        if not any((group, element) in found.dataset for element in (_ROWS, _COLUMNS, _BITS)):
            continue
        plane = _read_overlay(found, pixels, group)
        if plane is None:
            warnings.append("broken_overlay")
        else:
            planes.append(plane)
    return tuple(planes)


def draw_overlays(
    shown: npt.NDArray[np.uint8],
    overlays: Sequence[Overlay],
    found: DicomObject,
    words: npt.NDArray[np.unsignedinteger],
    frame_index: int,
) -> None:
    """Set what the planes mark in frame `frame_index` (from 0) to white, in place; what lies outside is clipped."""
    for overlay in overlays:
        index = 0 if overlay.frames is None else frame_index - overlay.first_frame
        if not 0 <= index < (overlay.frames or 1):
            continue
        mask = _mask(overlay, found, words, index)
        if overlay.region_of_interest:
            inside = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0)
            mask &= inside == 0
        top, left = max(overlay.top, 0), max(overlay.left, 0)
        part = mask[top - overlay.top :, left - overlay.left :]
        target = shown[top : top + part.shape[0], left : left + part.shape[1]]
        target[part[: target.shape[0], : target.shape[1]]] = WHITE


def _mask(overlay: Overlay, found: DicomObject, words: npt.NDArray[np.unsignedinteger], index: int) -> Mask:
    """(rows, columns) of frame `index` of the plane."""
    if overlay.bit_position is not None:
        return (words >> overlay.bit_position) & 1 == 1
    area = overlay.rows * overlay.columns
    first = index * area
    packed = _packed_bits(found, overlay.group)[first // 8 : (first + area + 7) // 8]
    # The first pixel is the least significant bit (PS3.5 8.1.2); frames follow each other without a gap.
    bits = np.unpackbits(packed, bitorder="little")[first % 8 : first % 8 + area]
    return bits.reshape(overlay.rows, overlay.columns).astype(bool)


def _packed_bits(found: DicomObject, group: int) -> npt.NDArray[np.uint8]:
    """Overlay Data as bytes in the order of pixels."""
    vr, raw = "OW", b""
    if (group, _BITS) in found.dataset:
        element = found.dataset[group, _BITS]
        vr, raw = str(element.VR), element.value
    for span in found.left_out:
        if span.tag == (group << 16 | _BITS):
            found.stream.seek(span.value_start)
            vr, raw = span.vr or "OW", found.stream.read(span.end - span.value_start)
    packed = np.frombuffer(raw, np.uint8)
    if found.syntax.little_endian or vr == "OB":
        return packed
    return packed[: len(packed) // 2 * 2].view(np.uint16).byteswap().view(np.uint8)


def _read_overlay(found: DicomObject, pixels: PixelDescription, group: int) -> Overlay | None:
    """The plane, or None when what the file says of it cannot be."""
    rows, columns = _number(found, group, _ROWS), _number(found, group, _COLUMNS)
    origin = _numbers(found, group, _ORIGIN)
    frames = _number(found, group, _FRAMES)
    frame_origin = _number(found, group, _FRAME_ORIGIN)
    kind = values.clean_text(_value(found, group, _TYPE) or "").upper()
    if not rows or not columns or rows < 0 or columns < 0 or len(origin) != 2 or kind not in ("G", "R"):
        return None
    if (frames is not None and frames < 1) or (frame_origin is not None and frame_origin < 1):
        return None
    count = None if frames is None and frame_origin is None else frames or 1
    bit_position = None
    if _byte_count(found, group):
        if not _is_packed(found, group, rows * columns * (count or 1)):
            return None
    else:
        bit_position = _embedded_bit(found, pixels, group)
        if bit_position is None or (rows, columns, *origin) != (pixels.rows, pixels.columns, 1, 1):
            return None
    return Overlay(
        group=group,
        rows=rows,
        columns=columns,
        top=origin[0] - 1,
        left=origin[1] - 1,
        first_frame=(frame_origin or 1) - 1,
        frames=None if bit_position is not None else count,
        region_of_interest=kind == "R",
        bit_position=bit_position,
    )


def _is_packed(found: DicomObject, group: int, bits: int) -> bool:
    """Whether Overlay Data is uncompressed, one bit a pixel, and holds enough of them."""
    compression = values.clean_text(_value(found, group, _COMPRESSION) or "").upper()
    return (
        _number(found, group, _BITS_ALLOCATED) in (1, None)
        and not _number(found, group, _BIT_POSITION)
        and compression in ("", "NONE")
        and bits <= _byte_count(found, group) * 8
    )


def _embedded_bit(found: DicomObject, pixels: PixelDescription, group: int) -> int | None:
    """The unused bit of the pixels' words that holds the plane (retired in 2004): only where decoding keeps the
    words, and no pixel can be using it."""
    position = _number(found, group, _BIT_POSITION)
    lowest = pixels.high_bit + 1 - pixels.bits_stored
    if position is None or not found.syntax.keeps_words or pixels.samples_per_pixel != 1:
        return None
    if _number(found, group, _BITS_ALLOCATED) != pixels.bits_allocated:
        return None
    unused = 0 <= position < lowest or pixels.high_bit < position < pixels.bits_allocated
    return position if unused else None


def _byte_count(found: DicomObject, group: int) -> int:
    for span in found.left_out:
        if span.tag == (group << 16 | _BITS):
            return span.end - span.value_start
    value = _value(found, group, _BITS)
    return len(value) if isinstance(value, bytes) else 0


def _number(found: DicomObject, group: int, element: int) -> int | None:
    """One whole number; None where there is none, or several."""
    several = _numbers(found, group, element)
    return several[0] if len(several) == 1 else None


def _numbers(found: DicomObject, group: int, element: int) -> list[int]:
    value = _value(found, group, element)
    listed = [] if value is None else [value] if isinstance(value, int | str | bytes) else value
    try:
        return [int(one) for one in listed]
    except (TypeError, ValueError, OverflowError):
        return []


def _value(found: DicomObject, group: int, element: int) -> Any:
    try:
        return found.dataset[group, element].value
    except PYDICOM_TROUBLE:
        return None
