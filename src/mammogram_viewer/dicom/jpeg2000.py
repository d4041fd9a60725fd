"""Read the headers of a JPEG 2000 or HTJ2K frame without decoding it (ITU-T T.800 annex A, T.814): size, depth, kind,
what it costs to decode, and whether its tile-parts reach the end.

Cost is bounded by `most_tile_parts`, whatever the codestream claims."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

from mammogram_viewer.dicom.codestream_header import CodestreamHeader
from mammogram_viewer.foundation.reasons import Refused

_START = b"\xff\x4f\xff\x51"
_SIZE, _CAPABILITIES, _CODING, _COMPONENT_CODING = 0xFF51, 0xFF50, 0xFF52, 0xFF53
_TILE_PART, _DATA, _END = 0xFF90, 0xFF93, 0xFFD9
_REVERSIBLE = 1  # the 5/3 wavelet (table A.20)


@dataclass(frozen=True)
class _Coding:
    """A COD or COC segment: layers are 0 in the latter. `precincts` holds (width, height) exponents by resolution."""

    layers: int
    levels: int
    reversible: bool
    precincts: tuple[tuple[int, int], ...]


def read_jpeg_2000(frame: bytes | memoryview, *, most_tile_parts: int = 65_536) -> CodestreamHeader:
    """Header of the codestream; Refused unless its tile-parts reach EOC."""
    stream = memoryview(frame)
    if bytes(stream[:4]) != _START:
        raise Refused("codestream_mismatch", "there is no JPEG 2000 codestream")
    header: CodestreamHeader | None = None
    tile_size, high_throughput = (0, 0), False
    codings: list[_Coding] = []
    position = 2
    for marker, segment, position in _segments(stream, 2, _TILE_PART):  # noqa: B007  # where the last one ends
        if marker == _SIZE:
            if header is not None:
                raise Refused("codestream_mismatch", "there are two size segments")
            header, tile_size = _size_segment(segment)
        elif marker == _CAPABILITIES:
            high_throughput = True
        elif marker in (_CODING, _COMPONENT_CODING):
            codings.append(_coding(marker, segment, header))
    if header is None or not codings:
        raise Refused("codestream_mismatch", "there is no size or no coding segment")
    in_tiles = _codings_of_tiles(stream, position, header, most_tile_parts)
    packets = max(_packets(header, coding, tile_size) for coding in (*codings, *in_tiles))
    return replace(
        header,
        reversible=all(coding.reversible for coding in (*codings, *in_tiles)),
        high_throughput=high_throughput,
        # Tiles with a coding of their own may have fewer levels than the main header says.
        levels=0 if in_tiles else min(coding.levels for coding in codings),
        packets=packets * max(coding.layers for coding in (*codings, *in_tiles)),
    )


def _segments(stream: memoryview, position: int, last: int) -> Iterator[tuple[int, bytes, int]]:
    """Marker, contents and end of each segment up to the marker `last`."""
    while True:
        if position + 4 > len(stream):
            raise Refused("codestream_truncated")
        marker, length = struct.unpack_from(">HH", stream, position)
        if marker == last:
            return
        end = position + 2 + length
        if marker < 0xFF00 or length < 2 or end > len(stream):
            raise Refused("codestream_truncated")
        yield marker, bytes(stream[position + 4 : end]), end
        position = end


def _size_segment(segment: bytes) -> tuple[CodestreamHeader, tuple[int, int]]:
    """The header as far as SIZ tells it (A.5.1), and the size of a tile."""
    if len(segment) < 36:
        raise Refused("codestream_mismatch", "the size segment is too short")
    _, x1, y1, x0, y0, tile_x, tile_y, tile_x0, tile_y0, components = struct.unpack_from(">HLLLLLLLLH", segment)
    parts = segment[36:]
    if not components or len(parts) != 3 * components or x1 <= x0 or y1 <= y0:
        raise Refused("codestream_mismatch", "the size segment contradicts itself")
    # The first tile begins at or before the image and reaches into it (B.3).
    if not (tile_x0 <= x0 < tile_x0 + tile_x and tile_y0 <= y0 < tile_y0 + tile_y):
        raise Refused("codestream_mismatch", "the tiles lie outside the image")
    tiles = -(-(x1 - tile_x0) // tile_x) * -(-(y1 - tile_y0) // tile_y)
    if tiles > 65_535:
        raise Refused("codestream_mismatch", "there are more tiles than the format allows")
    depths = set(parts[::3])
    if len(depths) != 1:
        raise Refused("codestream_mismatch", "the components differ in depth")
    depth = depths.pop()
    header = CodestreamHeader(
        0,
        y1 - y0,
        x1 - x0,
        components,
        (depth & 0x7F) + 1,
        bool(depth & 0x80),
        subsampled=set(parts[1::3]) | set(parts[2::3]) != {1},
        shifted_origin=bool(x0 or y0),
        tiles=tiles,
    )
    return header, (min(tile_x, x1 - tile_x0), min(tile_y, y1 - tile_y0))


def _coding(marker: int, segment: bytes, header: CodestreamHeader | None) -> _Coding:
    """The parameters of a COD (A.6.1) or COC (A.6.2) segment."""
    if header is None:
        raise Refused("codestream_mismatch", "a coding segment comes before the size segment")
    if marker == _CODING:
        own, layers = 5, int.from_bytes(segment[2:4], "big")
    else:
        own, layers = (2 if header.components < 257 else 3), 0
    has_precincts = len(segment) > own and bool(segment[0 if marker == _CODING else own - 1] & 1)
    parameters = segment[own:]
    if len(parameters) < 5 or parameters[0] > 32 or (marker == _CODING and not layers):
        raise Refused("codestream_mismatch", "a coding segment contradicts itself")
    levels = parameters[0]
    sizes = parameters[5 : 6 + levels] if has_precincts else bytes([0xFF] * (levels + 1))
    if len(sizes) != levels + 1:
        raise Refused("codestream_mismatch", "a coding segment is too short")
    return _Coding(layers, levels, parameters[4] == _REVERSIBLE, tuple((size & 15, size >> 4) for size in sizes))


def _packets(header: CodestreamHeader, coding: _Coding, tile_size: tuple[int, int]) -> int:
    """About how many packets one quality layer has (B.6, B.10): a decoder keeps a record of each."""
    precincts = 0
    for resolution, (wide, high) in enumerate(coding.precincts):
        scale = coding.levels - resolution
        across = (tile_size[0] >> scale >> wide) + 1
        down = (tile_size[1] >> scale >> high) + 1
        precincts += across * down
    return precincts * header.tiles * header.components


def _codings_of_tiles(
    stream: memoryview, position: int, header: CodestreamHeader, most_tile_parts: int
) -> list[_Coding]:
    """What the headers of tile-parts say of coding; Refused unless every tile is there."""
    codings: list[_Coding] = []
    tiles: set[int] = set()
    for part in _tile_parts(stream, position, most_tile_parts):
        if part.tile >= header.tiles:
            raise Refused("codestream_mismatch", "a tile-part belongs to no tile")
        tiles.add(part.tile)
        for kind, segment, _end in _segments(stream, part.start + 12, _DATA):
            if kind in (_CODING, _COMPONENT_CODING):
                codings.append(_coding(kind, segment, header))
    if len(tiles) != header.tiles:
        raise Refused("codestream_truncated", "some of its tiles are missing")
    return codings


@dataclass(frozen=True)
class TilePart:
    """Which tile it belongs to (from 0), where its SOT marker stands, and where its packets end. `length` is Psot,
    0 for one that runs to the end marker."""

    tile: int
    start: int
    end: int
    length: int


def list_tile_parts(frame: bytes | memoryview) -> list[TilePart]:
    """The tile-parts of a codestream that `read_jpeg_2000` has accepted."""
    stream = memoryview(frame)
    position = 2
    for _marker, _segment, position in _segments(stream, 2, _TILE_PART):  # noqa: B007  # where the last one ends
        pass
    return list(_tile_parts(stream, position, len(stream)))


def _tile_parts(stream: memoryview, position: int, most_tile_parts: int) -> Iterator[TilePart]:
    """Follow Psot from tile-part to tile-part (A.4.2) up to the end marker."""
    for _ in range(most_tile_parts):
        if position + 2 > len(stream):
            raise Refused("codestream_truncated")
        (marker,) = struct.unpack_from(">H", stream, position)
        if marker == _END:
            if bytes(stream[position + 2 :]).strip(b"\x00\xff"):
                raise Refused("codestream_mismatch", "there is more behind the end of the compressed image")
            return
        if marker != _TILE_PART or position + 12 > len(stream):
            raise Refused("codestream_truncated")
        tile, length = struct.unpack_from(">HL", stream, position + 4)
        if length == 0:  # the last tile-part runs to the end marker
            end = bytes(stream[-8:]).rfind(b"\xff\xd9")
            if end < 0:
                raise Refused("codestream_truncated")
            yield TilePart(tile, position, max(len(stream) - 8, 0) + end, 0)
            return
        if length < 14 or position + length + 2 > len(stream):
            raise Refused("codestream_truncated")
        yield TilePart(tile, position, position + length, length)
        position += length
    raise Refused("over_tiles", f"limit {most_tile_parts} tile-parts")
