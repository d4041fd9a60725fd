"""The bytes of one frame, whichever way the file stores them, checked against the header before any decoder
sees them."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise

from mammogram_viewer.dicom.codestreams import CodestreamHeader, read_codestream, read_rle_segments
from mammogram_viewer.dicom.pixels import PixelDescription
from mammogram_viewer.dicom.reader import DicomObject
from mammogram_viewer.dicom.structure import PixelElement
from mammogram_viewer.foundation.reasons import Refused

# How a frame of each kind begins; RLE and deflated frames have nothing to tell them by.
_STARTS = {
    "jpeg": (b"\xff\xd8",),
    "jpegls": (b"\xff\xd8",),
    "j2k": (b"\xff\x4f\xff\x51",),
    "htj2k": (b"\xff\x4f\xff\x51",),
    "jxl": (b"\xff\x0a", b"\x00\x00\x00\x0cJXL "),
}
JP2_SIGNATURE = b"\x00\x00\x00\x0cjP  "


def read_frame(found: DicomObject, pixels: PixelDescription, index: int, warnings: list[str]) -> bytes | memoryview:
    """The native bytes (a view of the mapped file) or the checked codestream of frame `index` (from 0); doubts are
    appended to `warnings`."""
    assert found.pixels is not None
    if not found.syntax.encapsulated:
        return _read_native(found, found.pixels, pixels.native_frame_bytes, index)
    if found.fragments_by_frame is None:
        found.fragments_by_frame = _fragments_by_frame(found, found.pixels, pixels.frames, warnings)
    frame = b"".join(found.view(offset, byte_count) for offset, byte_count in found.fragments_by_frame[index])
    if frame.startswith(JP2_SIGNATURE) and found.syntax.codec in ("j2k", "htj2k"):
        # PS3.5 A.4.4 wants the bare codestream; some writers leave the JP2 boxes around it.
        warnings.append("jp2_boxes_around_codestream")
        frame = frame[max(frame.find(b"\xff\x4f\xff\x51"), 0) :]
    check_codestream(found, pixels, frame, warnings)
    return frame


def check_every_frame(found: DicomObject, pixels: PixelDescription, warnings: list[str]) -> None:
    """Refused unless the codestream of each frame is what the header says; nothing is decoded.

    `describe_pixels` has measured native pixels already. Costs a look at each marker of JPEG 2000 and JPEG XL, and
    a search through the bytes of JPEG and JPEG-LS (1 ms for some MB)."""
    if not found.syntax.encapsulated:
        return
    doubts: list[str] = []
    for index in range(pixels.frames):
        read_frame(found, pixels, index, doubts)
    warnings.extend(dict.fromkeys(doubts))


def _read_native(found: DicomObject, element: PixelElement, byte_count: int, index: int) -> bytes | memoryview:
    start = index * byte_count
    if found.syntax.little_endian or element.vr != "OW" or found.dataset.get("BitsAllocated") != 8:
        return found.view(element.offset + start, byte_count)
    # Bytes in big-endian OW are swapped in pairs (PS3.5 7.3), also across frames of odd length.
    first, last = start // 2 * 2, (start + byte_count + 1) // 2 * 2
    swapped = bytearray(found.view(element.offset + first, last - first))
    swapped[::2], swapped[1::2] = swapped[1::2], swapped[::2]
    return bytes(swapped[start - first : start - first + byte_count])


def _fragments_by_frame(
    found: DicomObject, element: PixelElement, frames: int, warnings: list[str]
) -> list[Sequence[tuple[int, int]]]:
    """The fragments of each frame (PS3.5 A.4): one each, by an offset table, or by where codestreams start.

    A table is believed only where it points at fragments; a wrong one is passed over when the fragments tell the
    frames apart by themselves."""
    fragments = list(element.fragments or ())
    if len(fragments) < frames:
        raise Refused("pixel_length_mismatch", f"{len(fragments)} fragments for {frames} frames")
    # Offsets count from the first fragment's item tag, 8 bytes before its value.
    places = {offset - fragments[0][0]: place for place, (offset, _) in enumerate(fragments)}
    table = _offset_table(found, element)
    believed = len(table) == frames and table[0] == 0 and table == sorted(set(table)) and set(table) <= set(places)
    if table and not believed:
        warnings.append("offset_table_ignored")
    if len(fragments) == frames:
        return [[fragment] for fragment in fragments]
    if frames == 1:
        _check_one_frame(found, fragments)
        return [fragments]
    starts = table if believed else _starts_by_marker(found, fragments)
    if len(starts) != frames or starts[0] != 0:
        raise Refused("pixel_length_mismatch", "the fragments cannot be told apart by frame")
    cuts = [*(places[start] for start in starts), len(fragments)]
    return [fragments[first:last] for first, last in pairwise(cuts)]


def _check_one_frame(found: DicomObject, fragments: Sequence[tuple[int, int]]) -> None:
    """Several fragments under NumberOfFrames 1 must not be several frames, of which a decoder would show the first."""
    if found.syntax.codec == "rle":
        raise Refused("pixel_length_mismatch", "an RLE frame has one fragment (PS3.5 A.4.2)")
    if len(_starts_by_marker(found, fragments)) > 1:
        raise Refused("pixel_length_mismatch", "there are more compressed frames than the header says")


def _offset_table(found: DicomObject, element: PixelElement) -> list[int]:
    """Entries of the basic offset table, or of the extended one (PS3.3 C.7.6.3.1.8), which takes its place."""
    if element.offset_table is not None and element.offset_table[1]:
        offset, byte_count = element.offset_table
        return [entry for (entry,) in struct.iter_unpack("<L", found.view(offset, byte_count // 4 * 4))]
    extended = found.dataset.get("ExtendedOffsetTable")
    if isinstance(extended, bytes):
        return [entry for (entry,) in struct.iter_unpack("<Q", extended[: len(extended) // 8 * 8])]
    return []


def _starts_by_marker(found: DicomObject, fragments: Sequence[tuple[int, int]]) -> list[int]:
    starts = _STARTS.get(found.syntax.codec, ())
    return [
        offset - fragments[0][0]
        for offset, byte_count in fragments
        if any(byte_count >= len(start) and found.view(offset, len(start)) == start for start in starts)
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
    if (header.rows, header.columns) != (pixels.rows, pixels.columns):
        raise Refused(
            "codestream_mismatch",
            f"{header.columns} × {header.rows} pixels instead of {pixels.columns} × {pixels.rows}",
        )
    if header.components != pixels.samples_per_pixel:
        raise Refused("codestream_mismatch", f"{header.components} components instead of {pixels.samples_per_pixel}")
    if header.tiles > limits.tiles or header.packets > limits.packets:
        raise Refused("over_tiles", f"limits {limits.tiles} tiles, {limits.packets} packets")
    if not pixels.bits_stored <= header.bits <= pixels.bits_allocated:
        raise Refused("codestream_mismatch", f"{header.bits} bits instead of {pixels.bits_stored}")
    if header.bits != pixels.bits_stored:
        warnings.append("codestream_depth_above_bits_stored")
    _check_kind(found, pixels, header, warnings)


def _check_kind(found: DicomObject, pixels: PixelDescription, header: CodestreamHeader, warnings: list[str]) -> None:
    codec = found.syntax.codec
    if codec == "jpeg" and header.process not in found.syntax.jpeg_processes:
        raise Refused("codestream_mismatch", "another JPEG process than the transfer syntax declares")
    if codec in ("jpeg", "jpegls") and (codec == "jpegls") != (header.process == 0xF7):
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
