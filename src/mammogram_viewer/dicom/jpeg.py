"""Read the headers of a JPEG or JPEG-LS frame without decoding it (ITU-T T.81 annex B, T.87 annex C)."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from mammogram_viewer.dicom.codestream_header import CodestreamHeader
from mammogram_viewer.foundation.reasons import Refused

# SOF markers of ITU-T T.81 table B.1, without DHT (C4), JPG (C8) and DAC (CC); F7 is JPEG-LS (T.87).
_SOF_MARKERS = (frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}) | {0xF7}
_PROGRESSIVE = 0xC2
_HUFFMAN_MARKERS = frozenset({0xC0, 0xC1, 0xC2, 0xC3})
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
# Between the scan's bits any marker but restarts stops a decoder; FF00 is a stuffed byte, FFFF a fill byte.
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
# In JPEG-LS scans a byte after FF has its top bit clear, so the markers are those with the bit set.
_MARKER_IN_LS_SCAN = re.compile(rb"\xff[\x80-\xfe]")


def read_jpeg(frame: bytes | memoryview) -> CodestreamHeader:
    """Header of a JPEG or JPEG-LS codestream; Refused unless it runs from SOI through SOF and scans to
    EOI, and codes each component in one scan (sequential modes allow no more, T.81 B.2.3)."""
    stream = bytes(frame)
    found, end = _read(stream)
    if stream[end:].strip(b"\x00\xff"):
        raise Refused("codestream_mismatch", "there is more behind the end of the compressed image")
    assert found.header is not None
    return replace(found.header, reversible=found.header.reversible and not found.near)


def read_jpeg_picture(stream: bytes) -> int:
    """Where a plain picture ends: behind its EOI many a camera puts more. Refused as by `read_jpeg`, but that it may
    be progressive, and may not have arithmetic coding, where bits that are missing are as good as zeros."""
    found, end = _read(stream)
    assert found.header is not None
    if found.header.process not in _HUFFMAN_MARKERS:
        raise Refused("codestream_mismatch", "a JPEG process that is not for pictures")
    return end


def _read(stream: bytes) -> tuple[_Jpeg, int]:
    """What the markers say, and the offset behind EOI."""
    if stream[:2] != b"\xff\xd8":
        raise Refused("codestream_mismatch", "there is no JPEG start marker")
    found = _Jpeg()
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
            if found.header is not None:
                raise Refused("codestream_mismatch", "there are two frame headers")
            found.header = _frame_header(marker, segment)
            found.sampling = {segment[place]: segment[place + 1] for place in range(6, len(segment) - 2, 3)}
        elif marker == 0xDD and len(segment) >= 2:
            found.restart_interval = int.from_bytes(segment[:2], "big")
        elif marker == 0xDC:
            raise Refused("codestream_mismatch", "the number of lines is put off to the end (DNL)")
        elif marker == 0xDA:
            position = _read_scan(found, segment, stream, position)
    if found.header is None or found.coded != set(found.sampling):
        raise Refused("codestream_mismatch", "there is no frame header, or no scan for one of its components")
    if found.header.process == _PROGRESSIVE and any(found.bits_left.get(each, 1) for each in _coefficients(found)):
        raise Refused("codestream_truncated", "there are not all of its scans")
    return found, position


@dataclass
class _Jpeg:
    """What has been read of one codestream. `sampling` holds the factors of each component (T.81 B.2.2)."""

    header: CodestreamHeader | None = None
    sampling: dict[int, int] = field(default_factory=dict)
    coded: set[int] = field(default_factory=set)
    near: int = 0
    restart_interval: int = 0
    # Of each coefficient of each component, in progressive mode, the bits that later scans refine (Al, T.81 G.1.1.1).
    bits_left: dict[tuple[int, int], int] = field(default_factory=dict)


def _read_scan(found: _Jpeg, segment: bytes, stream: bytes, position: int) -> int:
    """Check the header of one scan and the markers inside it; the offset of the marker behind it."""
    header = found.header
    if header is None:
        raise Refused("codestream_mismatch", "a scan comes before the frame header")
    count = segment[0] if segment else 0
    if not count or len(segment) != 4 + 2 * count:
        raise Refused("codestream_mismatch", "a scan header contradicts itself")
    components = set(segment[1 : 1 + 2 * count : 2])
    is_progressive = header.process == _PROGRESSIVE
    again = components & found.coded and not is_progressive
    if len(components) != count or again or not components <= set(found.sampling):
        raise Refused("codestream_mismatch", "a component is coded twice, or is none of the frame")
    found.coded |= components
    if is_progressive:
        _note_refinement(found, components, *segment[-3:])
    is_ls = header.process == 0xF7
    if is_ls:
        if any(segment[2 : 2 + 2 * count : 2]):
            raise Refused("codestream_mismatch", "the samples go through a mapping table (T.87 C.2.4.1.2)")
        found.near = max(found.near, segment[-3])
    end = (_MARKER_IN_LS_SCAN if is_ls else _MARKER_IN_SCAN).search(stream, position)
    if end is None:
        raise Refused("codestream_truncated")
    if not is_ls:
        _check_restarts(found, components, stream, position, end.start())
    return end.start()


def _note_refinement(found: _Jpeg, components: set[int], first: int, last: int, approximation: int) -> None:
    """A scan of the progressive mode brings coefficients `first` to `last` from Ah bits left to Al (T.81 G.1.1.1)."""
    before, after = approximation >> 4, approximation & 15
    if not first <= last <= 63:
        raise Refused("codestream_mismatch", "a scan header contradicts itself")
    for component in components:
        for place in range(first, last + 1):
            is_first = (component, place) not in found.bits_left
            if before != found.bits_left.get((component, place), 0) or is_first != (before == 0):
                raise Refused("codestream_mismatch", "the scans do not follow from one another")
            found.bits_left[component, place] = after


def _coefficients(found: _Jpeg) -> Iterator[tuple[int, int]]:
    return ((component, place) for component in found.sampling for place in range(64))


def _check_restarts(found: _Jpeg, components: set[int], stream: bytes, start: int, end: int) -> None:
    """Restart markers come in order, one between each two intervals (T.81 E.1.3): a decoder that misses one goes on
    with what it has."""
    if not found.restart_interval:
        if _RESTART.search(stream, start, end):
            raise Refused("codestream_mismatch", "there are restart markers without an interval")
        return
    assert found.header is not None
    units = _coded_units(found.header, found.sampling, components)
    expected = -(-units // found.restart_interval) - 1
    markers = bytes(match[0][1] for match in _RESTART.finditer(stream, start, end))
    if markers != bytes(0xD0 + number % 8 for number in range(len(markers))) or len(markers) > expected:
        raise Refused("codestream_mismatch", "the restart markers are out of order")
    if len(markers) < expected:
        raise Refused("codestream_truncated")


def _coded_units(header: CodestreamHeader, sampling: dict[int, int], components: set[int]) -> int:
    """The number of MCUs in a scan (T.81 A.2)."""
    unit = 1 if header.process == 0xC3 else 8  # lossless codes samples, the others blocks
    wide = max(factors >> 4 for factors in sampling.values())
    high = max(factors & 15 for factors in sampling.values())
    if len(components) > 1:
        return -(-header.columns // (unit * wide)) * -(-header.rows // (unit * high))
    own = sampling[next(iter(components))]
    columns = -(-header.columns * (own >> 4) // wide)
    rows = -(-header.rows * (own & 15) // high)
    return -(-columns // unit) * -(-rows // unit)


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
    if len(segment) < 6 or len(segment) != 6 + 3 * segment[5]:
        raise Refused("codestream_mismatch", "the frame header is too short")
    bits, rows, columns, components = struct.unpack_from(">BHHB", segment)
    sampling = {segment[7 + 3 * component] for component in range(components)}
    if not components or len(set(segment[6::3])) != components or not all(one >> 4 and one & 15 for one in sampling):
        raise Refused("codestream_mismatch", "the frame header contradicts itself")
    return CodestreamHeader(
        marker,
        rows,
        columns,
        components,
        bits,
        reversible=marker in (0xC3, 0xF7),
        subsampled=len(sampling) > 1,
    )
