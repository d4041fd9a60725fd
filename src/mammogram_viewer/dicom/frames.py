"""The bytes of one frame, whichever way the file stores them, checked against the header before any decoder
sees them."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import BinaryIO

from mammogram_viewer.dicom.codestreams import CodestreamHeader, read_codestream, read_rle_segments
from mammogram_viewer.dicom.pixels import PixelDescription
from mammogram_viewer.dicom.reader import DicomObject
from mammogram_viewer.dicom.structure import PixelElement
from mammogram_viewer.foundation.reasons import Refused

_STARTS = {
    "jpeg": b"\xff\xd8",
    "jpegls": b"\xff\xd8",
    "j2k": b"\xff\x4f\xff\x51",
    "htj2k": b"\xff\x4f\xff\x51",
}
JP2_SIGNATURE = b"\x00\x00\x00\x0cjP  "


def read_frame(found: DicomObject, pixels: PixelDescription, index: int, warnings: list[str]) -> bytes:
    """The native bytes or the checked codestream of frame `index` (from 0); doubts are appended to
    `warnings`."""
    assert found.pixels is not None
    if not found.syntax.encapsulated:
        return _read_native(found, found.pixels, pixels.native_frame_bytes, index)
    fragments = _frame_fragments(found, found.pixels, pixels.frames, index)
    frame = b"".join(_read(found.stream, offset, byte_count) for offset, byte_count in fragments)
    if frame.startswith(JP2_SIGNATURE) and found.syntax.codec in ("j2k", "htj2k"):
        # PS3.5 A.4.4 wants the bare codestream; some writers leave the JP2 boxes around it.
        warnings.append("jp2_boxes_around_codestream")
        frame = frame[max(frame.find(b"\xff\x4f\xff\x51"), 0) :]
    check_codestream(found, pixels, frame, warnings)
    return frame


def _read_native(found: DicomObject, element: PixelElement, byte_count: int, index: int) -> bytes:
    start = index * byte_count
    if found.syntax.little_endian or element.vr != "OW" or found.dataset.get("BitsAllocated") != 8:
        return _read(found.stream, element.offset + start, byte_count)
    # Bytes in big-endian OW are swapped in pairs (PS3.5 7.3), also across frames of odd length.
    first, last = start // 2 * 2, (start + byte_count + 1) // 2 * 2
    swapped = bytearray(_read(found.stream, element.offset + first, last - first))
    swapped[::2], swapped[1::2] = swapped[1::2], swapped[::2]
    return bytes(swapped[start - first : start - first + byte_count])


def _read(stream: BinaryIO, offset: int, byte_count: int) -> bytes:
    stream.seek(offset)
    chunk = stream.read(byte_count)
    if len(chunk) != byte_count:
        raise Refused("truncated")
    return chunk


def _frame_fragments(found: DicomObject, element: PixelElement, frames: int, index: int) -> Sequence[tuple[int, int]]:
    """The fragments of one frame (PS3.5 A.4): one each, by the offset tables, or by where codestreams
    start."""
    fragments = list(element.fragments or ())
    if frames == 1:
        return fragments
    if len(fragments) == frames:
        return fragments[index : index + 1]
    if len(fragments) < frames:
        raise Refused("pixel_length_mismatch", f"{len(fragments)} fragments for {frames} frames")
    # Offsets count from the first fragment's item tag, 8 bytes before its value.
    positions = [offset - 8 - (fragments[0][0] - 8) for offset, _ in fragments]
    starts = _offset_table(found, element, frames) or _starts_by_marker(found, fragments)
    if len(starts) != frames or starts[0] != 0 or not set(starts) <= set(positions):
        raise Refused("pixel_length_mismatch", "the fragments cannot be told apart by frame")
    first = positions.index(starts[index])
    last = positions.index(starts[index + 1]) if index + 1 < frames else len(fragments)
    return fragments[first:last]


def _offset_table(found: DicomObject, element: PixelElement, frames: int) -> list[int]:
    if element.offset_table is None or element.offset_table[1] != 4 * frames:
        return []
    return list(struct.unpack(f"<{frames}L", _read(found.stream, element.offset_table[0], 4 * frames)))


def _starts_by_marker(found: DicomObject, fragments: Sequence[tuple[int, int]]) -> list[int]:
    start = _STARTS.get(found.syntax.codec)
    if start is None:
        return []
    return [
        offset - fragments[0][0]
        for offset, byte_count in fragments
        if byte_count >= len(start) and _read(found.stream, offset, len(start)) == start
    ]


def check_codestream(found: DicomObject, pixels: PixelDescription, frame: bytes, warnings: list[str]) -> None:
    """Refused unless kind, size, components and depth of the codestream are those of the header."""
    codec = found.syntax.codec
    if codec == "rle":
        read_rle_segments(frame, pixels.samples_per_pixel * pixels.bytes_per_sample)
        return
    if codec == "deflated_frame":
        return  # nothing is written in it but the pixels; inflating checks their number
    limits = found.limits
    header = read_codestream(frame, codec, most_tile_parts=limits.tiles)
    if header.tiles > limits.tiles or header.packets > limits.packets:
        raise Refused("over_tiles", f"limits {limits.tiles} tiles, {limits.packets} packets")
    if (header.rows, header.columns) != (pixels.rows, pixels.columns):
        raise Refused(
            "codestream_mismatch",
            f"{header.columns} × {header.rows} pixels instead of {pixels.columns} × {pixels.rows}",
        )
    if header.components != pixels.samples_per_pixel:
        raise Refused("codestream_mismatch", f"{header.components} components instead of {pixels.samples_per_pixel}")
    if not pixels.bits_stored <= header.bits <= pixels.bits_allocated:
        raise Refused("codestream_mismatch", f"{header.bits} bits instead of {pixels.bits_stored}")
    if header.bits != pixels.bits_stored:
        warnings.append("codestream_depth_above_bits_stored")
    _check_kind(found, pixels, header, warnings)


def _check_kind(found: DicomObject, pixels: PixelDescription, header: CodestreamHeader, warnings: list[str]) -> None:
    codec = found.syntax.codec
    if codec == "jpeg" and header.process not in found.syntax.jpeg_processes:
        raise Refused("codestream_mismatch", "another JPEG process than the transfer syntax declares")
    if (codec == "jpegls") != (header.process == 0xF7):
        raise Refused("codestream_mismatch", "another kind of JPEG than the transfer syntax declares")
    if codec in ("j2k", "htj2k") and header.high_throughput != (codec == "htj2k"):
        raise Refused("codestream_mismatch", "JPEG 2000 and HTJ2K are mixed up")
    if codec in ("j2k", "htj2k") and header.signed != pixels.signed:
        if header.signed:
            raise Refused("codestream_mismatch", "signed samples under an unsigned header")
        warnings.append("codestream_unsigned_under_signed_header")
    lossless = ("4.80", "4.90", "4.201", "4.202", "4.110")
    if found.syntax.uid.endswith(lossless) and not header.reversible:
        warnings.append("lossy_codestream_under_lossless_syntax")
