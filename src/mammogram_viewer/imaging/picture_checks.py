"""What Pillow passes over in plain pictures: checksums, data that ends early, and palettes that are not there.

It fills what is missing with grey or black, or reads on in what stands behind, and shows it as if nothing were
wrong. All of these raise Refused (picture_broken), or picture_unsupported where missing data could not be told."""

from __future__ import annotations

import contextlib
import mmap
import struct
import zlib
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy.typing as npt
from isal import isal_zlib

from mammogram_viewer.dicom.jpeg import read_jpeg_picture
from mammogram_viewer.foundation.reasons import REASONS, Refused
from mammogram_viewer.imaging.jpeg_end import check_bits_lasted

# PNG (ISO/IEC 15948): samples of a pixel by colour type, and the passes of Adam7 as first and step of columns and rows.
_PNG_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PNG_PALETTE = 3
_ADAM7 = ((0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2))
_INFLATED_AT_ONCE = 65_536  # compressed bytes; deflate makes at most 67 MB of them
# TIFF 6.0. Decoders of these compressions say so when bits are missing: none, LZW, deflate (twice), PackBits.
_TIFF_COMPRESSIONS = (1, 5, 8, 32_946, 32_773)
_WIDTH, _LENGTH, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _ROWS_PER_STRIP = 256, 257, 258, 259, 262, 277, 278
_PLANAR, _TILE_WIDTH, _TILE_LENGTH = 284, 322, 323
_STRIPS, _TILES = (273, 279), (324, 325)  # offsets, byte counts
_YCBCR = 6
Decode = Callable[[bytes], npt.NDArray[Any]]


def check_png(stream: mmap.mmap | bytes) -> int | None:
    """Refused unless every chunk up to IEND has its CRC and the data inflate to the size of the header. The answer is
    the number of palette entries, None where indices are no pixels' values."""
    header, palette = b"", None
    inflater, inflated = isal_zlib.decompressobj(), 0
    for kind, body in _png_chunks(stream):
        if kind == b"IHDR":
            header = header or bytes(body)
        elif kind == b"PLTE":
            palette = len(body) // 3
        elif kind == b"IDAT":
            for start in range(0, len(body), _INFLATED_AT_ONCE):
                try:
                    inflated += len(inflater.decompress(body[start : start + _INFLATED_AT_ONCE]))
                except isal_zlib.error as trouble:  # pyright: ignore[reportGeneralTypeIssues]  # the stub names no class
                    raise Refused("picture_broken", "the image data are damaged") from trouble
    if len(header) != 13:
        raise Refused("picture_broken", "there is no header")
    expected = _png_bytes(header)
    if not inflater.eof or inflated != expected:
        raise Refused("picture_broken", "the image data are not those of a picture of this size")
    if header[9] != _PNG_PALETTE:
        return None
    if palette is None or not 1 <= palette <= 256:
        raise Refused("picture_broken", "the palette is missing")
    return palette


def _png_chunks(stream: mmap.mmap | bytes) -> Iterator[tuple[bytes, memoryview]]:
    with memoryview(stream) as whole:
        position = 8
        while True:
            if position + 12 > len(whole):
                raise Refused("picture_broken", "it ends early")
            (length,) = struct.unpack_from(">L", whole, position)
            end = position + 12 + length
            if end > len(whole):
                raise Refused("picture_broken", "it ends early")
            kind = bytes(whole[position + 4 : position + 8])
            with whole[position + 4 : end - 4] as named, named[4:] as body:
                if zlib.crc32(named) != int.from_bytes(whole[end - 4 : end], "big"):
                    raise Refused("picture_broken", "a checksum is wrong")
                yield kind, body
            if kind == b"IEND":
                return
            position = end


def _png_bytes(header: bytes) -> int:
    """What the data of a picture inflate to: each row behind one byte that names its filter."""
    columns, rows, depth, colour, _, _, interlaced = struct.unpack(">LLBBBBB", header)
    if colour not in _PNG_SAMPLES or interlaced > 1:
        raise Refused("picture_broken", "the header cannot be")
    bits = depth * _PNG_SAMPLES[colour]
    passes = _ADAM7 if interlaced else ((0, 1, 0, 1),)
    sizes = [
        (max(-(-(columns - left) // across), 0), max(-(-(rows - top) // down), 0)) for left, across, top, down in passes
    ]
    return sum(height * (1 + (width * bits + 7) // 8) for width, height in sizes if width)


def check_indices(indices: npt.NDArray[Any], palette: int) -> None:
    """Refused where a pixel has a colour beyond the palette."""
    if indices.ndim == 2 and int(indices.max(initial=0)) >= palette:
        raise Refused("picture_broken", "the palette is too short")


def check_jpeg(stream: bytes) -> bytes:
    """`stream` up to its end marker, behind which cameras put other things; Refused unless its markers fit."""
    with _as_picture():
        return stream[: read_jpeg_picture(stream)]


def check_jpeg_samples(stream: bytes, samples: npt.NDArray[Any], decode: Decode) -> None:
    """Refused unless `samples`, decoded from the checked `stream`, are all coded in it. Decodes a second time."""
    with _as_picture():
        check_bits_lasted(stream, samples, decode)


@contextlib.contextmanager
def _as_picture() -> Iterator[None]:
    """Refusals of codestreams as those of pictures."""
    try:
        yield
    except Refused as refused:
        note = refused.detail.removeprefix(REASONS[refused.code]).strip(" ()")
        raise Refused("picture_broken", note or "it ends early") from refused


def check_tiff(tags: Any, byte_count: int) -> None:
    """Refused unless strips or tiles lie in the file, and hold, where they are not compressed, what they must.

    `tags` is Pillow's mapping of the first directory."""
    compression = tags.get(_COMPRESSION, 1)
    if compression not in _TIFF_COMPRESSIONS or (compression == 1 and tags.get(_PHOTOMETRIC) == _YCBCR):
        raise Refused("picture_unsupported", f"TIFF compression {compression}")
    offsets_tag, counts_tag = _TILES if _TILE_WIDTH in tags else _STRIPS
    offsets, counts = _numbers(tags, offsets_tag), _numbers(tags, counts_tag)
    needed = _tiff_parts(tags)
    if len(offsets) != len(counts) or len(offsets) < len(needed):
        raise Refused("picture_broken", "some of its strips are missing")
    for offset, count in zip(offsets, counts, strict=True):
        if offset < 8 or count < 1 or offset + count > byte_count:
            raise Refused("picture_broken", "its strips lie outside the file")
    if compression == 1 and any(count < least for count, least in zip(counts, needed, strict=False)):
        raise Refused("picture_broken", "its strips are too short")
    spans = sorted(zip(offsets, counts, strict=True))
    if any(start + count > following for (start, count), (following, _) in pairwise(spans)):
        raise Refused("picture_broken", "its strips overlap")


def _tiff_parts(tags: Any) -> list[int]:
    """The least bytes of each strip or tile, where they are not compressed."""
    width, length = int(tags[_WIDTH]), int(tags[_LENGTH])
    samples = int(tags.get(_SAMPLES, 1))
    bits = _numbers(tags, _BITS) or [1]
    bits = bits * samples if len(bits) == 1 else bits
    separate = tags.get(_PLANAR, 1) == 2
    pixel_bits = bits if separate else [sum(bits)]
    if _TILE_WIDTH in tags:
        wide, high = int(tags[_TILE_WIDTH]), int(tags[_TILE_LENGTH])
        heights = [high] * (-(-width // wide) * -(-length // high))
    else:
        wide, rows = width, min(int(tags.get(_ROWS_PER_STRIP, length)), length)
        heights = [min(rows, length - top) for top in range(0, length, rows)]
    return [height * ((wide * depth + 7) // 8) for depth in pixel_bits for height in heights]


def _numbers(tags: Any, tag: int) -> list[int]:
    value = tags.get(tag, ())
    return [int(number) for number in (value if isinstance(value, tuple) else (value,))]
