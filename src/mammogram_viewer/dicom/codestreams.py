"""Read the headers of compressed frames without decoding them: size, components, depth, kind, and whether
they end.

Decoders believe the codestream and fill what is missing without a word, so this is where a file that lies is
caught."""

from __future__ import annotations

import struct

from mammogram_viewer.dicom.codestream_header import CodestreamHeader
from mammogram_viewer.dicom.jpeg import read_jpeg
from mammogram_viewer.dicom.jpeg2000 import read_jpeg_2000
from mammogram_viewer.dicom.jpegxl import read_jpeg_xl
from mammogram_viewer.foundation.reasons import Refused

__all__ = ["CodestreamHeader", "read_codestream", "read_jpeg", "read_jpeg_2000", "read_jpeg_xl", "read_rle_segments"]


def read_codestream(frame: bytes | memoryview, codec: str, *, most_tile_parts: int) -> CodestreamHeader:
    """The header of a frame of `codec`, one of those that have one: jpeg, jpegls, j2k, htj2k, jxl."""
    if codec in ("jpeg", "jpegls"):
        return read_jpeg(frame)
    if codec == "jxl":
        return read_jpeg_xl(frame)
    return read_jpeg_2000(frame, most_tile_parts=most_tile_parts)


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
