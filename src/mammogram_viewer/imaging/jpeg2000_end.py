"""Whether the packets of a JPEG 2000 or HTJ2K frame fill its bytes: OpenJPEG reads missing ones as empty (T.800
B.10.3), passes over what is left, and nobody is told.

How many packets there are follows from the headers, so a codestream whose size, layers or levels are not those it
was coded with has packets too few or bytes too many. Decoding tells: with wrong bits behind the last packet, which
only packets that are missing would read, and without some of the last bytes, which the contents of a packet must miss.
In strict mode, its default, OpenJPEG gives up in both. The smallest picture inside the codestream is enough, as on the
way to it the headers of all packets are read: 5 ms together for 13.6 megapixels.

A false size under which there are as many code blocks as before cannot be told: nothing in the codestream would be
different."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from io import BytesIO

import imagecodecs
from PIL import Image
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

from mammogram_viewer.dicom.codestreams import read_jpeg_2000
from mammogram_viewer.dicom.jpeg2000 import TilePart, list_tile_parts
from mammogram_viewer.foundation.reasons import Refused

# All ones, with a bit stuffed behind each FF (B.10.1): a code block whose length has more bits than any may have.
_WRONG_BITS = b"\xff\x7f" * 64
# Packets without contents, which a decoder finds as well where there is nothing.
_EMPTY_PACKETS = b"\x00\x80"
# Fewer may be the headers of packets alone, as encoders write them for pictures that are flat.
_ENOUGH_BYTES = 4096
_CUT_AT_PERCENT = (99, 75, 93, 87, 98, 81, 96, 90)
_DATA = b"\xff\x93"  # SOD (A.4.3)
_LENGTHS, _COMMENT = b"\xff\x55", b"\xff\x64"
_PSOT = 6  # where the length of a tile-part stands, from its SOT marker (A.4.2)


def check_packets_fill(frame: bytes) -> None:
    """Refused unless the packets that the headers announce are there (codestream_truncated), and, where the frame is
    one tile, take its bytes (codestream_mismatch). `frame` is one that `read_jpeg_2000` has accepted and that decodes.
    """
    parts = list_tile_parts(frame)
    levels = read_jpeg_2000(frame).levels
    decodes: Callable[[bytes], bool] = partial(_decodes_small, levels=levels)
    lengthened = _with_wrong_bits(frame, parts)
    if not decodes(lengthened):
        # Pillow does not know every kind of codestream; what has decoded in full can be decoded in full again.
        decodes = _decodes_in_full
        if not decodes(lengthened):
            raise Refused("codestream_truncated", "some of its packets are missing")
    if len({part.tile for part in parts}) == 1:
        cuts = _cuts(frame, parts[-1])
        if cuts and all(decodes(_cut(frame, parts[-1], kept)) for kept in cuts):
            raise Refused("codestream_mismatch", "its packets leave bytes over")


def _with_wrong_bits(frame: bytes, parts: list[TilePart]) -> bytes:
    """Each tile with wrong bits behind its last packet."""
    last_of_tile = {part.tile: part for part in parts}
    pieces, position = [], 0
    for part in sorted(last_of_tile.values(), key=lambda part: part.start):
        pieces += [frame[position : part.start], _resized(frame, part, part.end, len(_WRONG_BITS)), _WRONG_BITS]
        position = part.end
    return _without_lengths(b"".join([*pieces, frame[position:]]), parts[0].start)


def _cuts(frame: bytes, part: TilePart) -> list[int]:
    """Where to cut the contents of a tile-part, at 75 to 99 %, empty packets at its end not counted. Several places,
    as it goes unnoticed in the header of a packet; none where there are too few bytes to tell."""
    contents = frame[part.start : part.end]
    head = contents.find(_DATA) + len(_DATA)
    byte_count = len(contents.rstrip(_EMPTY_PACKETS)) - head
    return [head + byte_count * percent // 100 for percent in _CUT_AT_PERCENT if byte_count >= _ENOUGH_BYTES]


def _cut(frame: bytes, part: TilePart, kept: int) -> bytes:
    shortened = _resized(frame, part, part.start + kept, kept - (part.end - part.start))
    return _without_lengths(frame[: part.start] + shortened + frame[part.end :], part.start)


def _resized(frame: bytes, part: TilePart, end: int, more: int) -> bytes:
    """The tile-part up to `end` under a length of `more` bytes more."""
    contents = bytearray(frame[part.start : end])
    if part.length:
        struct.pack_into(">L", contents, _PSOT, part.length + more)
    return bytes(contents)


def _without_lengths(frame: bytes, main_header_bytes: int) -> bytes:
    """The lengths of tile-parts in the main header (TLM, A.7.1) made a comment, as they are not true any more."""
    position = 2
    changed = bytearray(frame)
    while position < main_header_bytes:
        if frame[position : position + 2] == _LENGTHS:
            changed[position : position + 2] = _COMMENT
        position += 2 + int.from_bytes(frame[position + 2 : position + 4], "big")
    return bytes(changed)


def _decodes_small(frame: bytes, levels: int) -> bool:
    try:
        with Image.open(BytesIO(frame), formats=("JPEG2000",)) as image:
            assert isinstance(image, Jpeg2KImageFile)
            # Pillow rounds a reduced size to nearest, the standard rounds it up: it is told one that is both.
            step = 1 << levels
            image._size = (-(-image.width // step) * step, -(-image.height // step) * step)
            image.reduce = levels
            image.load()
    except (OSError, ValueError, SyntaxError, OverflowError, Image.DecompressionBombError):
        return False
    return True


def _decodes_in_full(frame: bytes) -> bool:
    try:
        imagecodecs.jpeg2k_decode(frame)
    except (RuntimeError, ValueError):
        return False
    return True
