"""Read the headers of a JPEG or JPEG-LS frame without decoding it (ITU-T T.81 annex B, T.87 annex C)."""

from __future__ import annotations

import re
import struct

from mammogram_viewer.dicom.codestream_header import CodestreamHeader
from mammogram_viewer.foundation.reasons import Refused

# SOF markers of ITU-T T.81 table B.1, without DHT (C4), JPG (C8) and DAC (CC); F7 is JPEG-LS (T.87).
_SOF_MARKERS = (frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}) | {0xF7}
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
# Between the scan's bits any marker but restarts stops a decoder; FF00 is a stuffed byte, FFFF a fill byte.
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
# In JPEG-LS scans a byte after FF has its top bit clear, so the markers are those with the bit set.
_MARKER_IN_LS_SCAN = re.compile(rb"\xff[\x80-\xfe]")


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
