"""Read the headers of compressed frames without decoding them: size, components, depth, kind, and whether
they end.

Decoders believe the codestream and fill what is missing without a word, so this is where a file that lies is
caught."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from mammogram_viewer.foundation.reasons import Refused

# SOF markers of ITU-T T.81 table B.1, without DHT (C4), JPG (C8) and DAC (CC); F7 is JPEG-LS (T.87).
_SOF_MARKERS = (frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}) | {0xF7}
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
# Between the scan's bits any marker but restarts stops a decoder; FF00 is a stuffed byte, FFFF a fill byte.
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
# In JPEG-LS scans a byte after FF has its top bit clear, so the markers are those with the bit set.
_MARKER_IN_LS_SCAN = re.compile(rb"\xff[\x80-\xfe]")


@dataclass(frozen=True)
class CodestreamHeader:
    """`process` is the SOF marker of a JPEG; 0 for JPEG 2000. `signed` is known for JPEG 2000 only."""

    process: int
    rows: int
    columns: int
    components: int
    bits: int
    signed: bool = False
    reversible: bool = True
    high_throughput: bool = False
    subsampled: bool = False


def read_jpeg(frame: bytes | memoryview) -> CodestreamHeader:
    """Header of a JPEG or JPEG-LS codestream; Refused unless it runs from SOI through SOF and scans to
    EOI."""
    stream = bytes(frame)
    if stream[:2] != b"\xff\xd8":
        raise Refused("codestream_mismatch", "there is no JPEG start marker")
    header: CodestreamHeader | None = None
    near = 0
    position = 2
    while True:
        marker, position = _next_marker(stream, position)
        if marker == 0xD9:
            break
        if marker in _STANDALONE:
            continue
        length = _big_endian_16(stream, position)
        segment = stream[position + 2 : position + length]
        if length < 2 or len(segment) != length - 2:
            raise Refused("codestream_truncated")
        position += length
        if marker in _SOF_MARKERS:
            if header is not None:
                raise Refused("codestream_mismatch", "there are two frame headers")
            header = _frame_header(marker, segment)
        elif marker == 0xDA:
            if header is None:
                raise Refused("codestream_mismatch", "a scan comes before the frame header")
            if header.process == 0xF7 and len(segment) >= 4:
                near = max(near, segment[-3])
            in_scan = _MARKER_IN_LS_SCAN if header.process == 0xF7 else _MARKER_IN_SCAN
            found = in_scan.search(stream, position)
            if found is None:
                raise Refused("codestream_truncated")
            position = found.start()
    if header is None:
        raise Refused("codestream_mismatch", "there is no frame header")
    if any(stream[position:].strip(b"\x00\xff")):
        raise Refused("codestream_mismatch", "there is more behind the end of the compressed image")
    if near:
        return CodestreamHeader(
            header.process, header.rows, header.columns, header.components, header.bits, reversible=False
        )
    return header


def _next_marker(stream: bytes, position: int) -> tuple[int, int]:
    """The marker at `position`, past fill bytes, and the offset behind it."""
    if position < len(stream) and stream[position] != 0xFF:
        raise Refused("codestream_mismatch", "a JPEG marker is missing")
    while position < len(stream) and stream[position] == 0xFF:
        position += 1
    if position >= len(stream):
        raise Refused("codestream_truncated")
    return stream[position], position + 1


def _big_endian_16(stream: bytes, position: int) -> int:
    if position + 2 > len(stream):
        raise Refused("codestream_truncated")
    return int.from_bytes(stream[position : position + 2], "big")


def _frame_header(marker: int, segment: bytes) -> CodestreamHeader:
    if len(segment) < 6 or len(segment) < 6 + 3 * segment[5]:
        raise Refused("codestream_mismatch", "the frame header is too short")
    bits, rows, columns, components = struct.unpack_from(">BHHB", segment)
    sampling = {segment[7 + 3 * component] for component in range(components)}
    return CodestreamHeader(
        marker,
        rows,
        columns,
        components,
        bits,
        reversible=marker in (0xC3, 0xF7),
        subsampled=len(sampling) > 1,
    )


def read_jpeg_2000(frame: bytes | memoryview) -> CodestreamHeader:
    """Header of a JPEG 2000 or HTJ2K codestream (T.800 annex A); Refused unless its tile-parts reach EOC."""
    stream = memoryview(frame)
    if bytes(stream[:4]) != b"\xff\x4f\xff\x51":
        raise Refused("codestream_mismatch", "there is no JPEG 2000 codestream")
    header: CodestreamHeader | None = None
    reversible, high_throughput = False, False
    position = 2
    while True:
        marker = bytes(stream[position : position + 2])
        if marker == b"\xff\x90":
            break
        length = _big_endian_16(bytes(stream[position + 2 : position + 4]), 0)
        segment = bytes(stream[position + 4 : position + 2 + length])
        if len(marker) < 2 or marker[0] != 0xFF or length < 2 or len(segment) != length - 2:
            raise Refused("codestream_truncated")
        if marker == b"\xff\x51":
            header = _size_segment(segment)
        elif marker == b"\xff\x50":
            high_throughput = True
        elif marker == b"\xff\x52" and len(segment) >= 10:
            reversible = segment[9] == 1
        position += 2 + length
    if header is None:
        raise Refused("codestream_mismatch", "there is no size segment")
    _walk_tile_parts(stream, position)
    return CodestreamHeader(
        0, header.rows, header.columns, header.components, header.bits, header.signed, reversible,
        high_throughput, header.subsampled,
    )  # fmt: skip


def _size_segment(segment: bytes) -> CodestreamHeader:
    if len(segment) < 36:
        raise Refused("codestream_mismatch", "the size segment is too short")
    _, x1, y1, x0, y0, tile_x, tile_y, _, _, components = struct.unpack_from(">HLLLLLLLLH", segment)
    parts = segment[36:]
    if not components or len(parts) < 3 * components or not tile_x or not tile_y or x1 <= x0 or y1 <= y0:
        raise Refused("codestream_mismatch", "the size segment contradicts itself")
    if ((x1 - x0) // tile_x + 1) * ((y1 - y0) // tile_y + 1) > 65_535:
        raise Refused("codestream_mismatch", "there are more tiles than the format allows")
    depths = {parts[3 * component] for component in range(components)}
    if len(depths) != 1:
        raise Refused("codestream_mismatch", "the components differ in depth")
    depth = depths.pop()
    subsampled = any(parts[3 * component + 1 : 3 * component + 3] != b"\x01\x01" for component in range(components))
    return CodestreamHeader(
        0, y1 - y0, x1 - x0, components, (depth & 0x7F) + 1, bool(depth & 0x80), subsampled=subsampled
    )


def _walk_tile_parts(stream: memoryview, position: int) -> None:
    """Follow Psot from tile-part to tile-part (T.800 A.4.2) up to the end marker."""
    while bytes(stream[position : position + 2]) == b"\xff\x90":
        if position + 12 > len(stream):
            raise Refused("codestream_truncated")
        (length,) = struct.unpack_from(">L", stream, position + 6)
        if length == 0:  # the last tile-part runs to the end marker
            if b"\xff\xd9" not in bytes(stream[-8:]):
                raise Refused("codestream_truncated")
            return
        if length < 14 or position + length + 2 > len(stream):
            raise Refused("codestream_truncated")
        position += length
    if bytes(stream[position : position + 2]) != b"\xff\xd9":
        raise Refused("codestream_truncated")


def read_rle_segments(frame: bytes | memoryview, expected: int) -> list[memoryview]:
    """The byte segments of an RLE frame (PS3.5 annex G); Refused unless the table adds up to `expected` of
    them."""
    stream = memoryview(frame)
    if len(stream) < 64:
        raise Refused("codestream_truncated")
    count, *offsets = struct.unpack_from("<16L", stream)
    if count != expected:
        raise Refused("codestream_mismatch", "the RLE frame has another number of segments than the header asks for")
    starts = offsets[:count]
    ends = [*starts[1:], len(stream)]
    if starts[0] != 64 or any(end < start for start, end in zip(starts, ends, strict=True)):
        raise Refused("codestream_mismatch", "the RLE segment table does not add up")
    if ends[-1] > len(stream) or starts[-1] > len(stream):
        raise Refused("codestream_truncated")
    return [stream[start:end] for start, end in zip(starts, ends, strict=True)]
