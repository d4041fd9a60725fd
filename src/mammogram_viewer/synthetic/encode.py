"""Stored words to Pixel Data in each transfer syntax that we read, grey and colour, one frame or several.

For the demo, the tests and the benchmarks: what is written here is valid unless a name says otherwise. A frame is
(rows, columns) or (rows, columns, 3), uint8 or uint16; signed grey frames come as int8 or int16."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt
from pydicom._uid_dict import UID_dictionary

from mammogram_viewer.dicom.syntaxes import (
    DEFLATED_IMAGE_FRAME,
    EXPLICIT_BIG_ENDIAN,
    HTJ2K,
    JPEG_2000,
    JPEG_BASELINE,
    JPEG_EXTENDED,
    JPEG_LOSSLESS_FIRST_ORDER,
    JPEG_LS_NEAR_LOSSLESS,
    JPEG_XL,
    JPEG_XL_JPEG_RECOMPRESSION,
    JPEG_XL_LOSSLESS,
    transfer_syntax,
)

LOSSY = frozenset({JPEG_BASELINE, JPEG_EXTENDED, JPEG_XL_JPEG_RECOMPRESSION})  # always
MAY_LOSE = LOSSY | {JPEG_LS_NEAR_LOSSLESS, JPEG_2000, HTJ2K, JPEG_XL}  # when asked to
EIGHT_BIT = frozenset({JPEG_BASELINE, JPEG_XL_JPEG_RECOMPRESSION})  # hold 8 bits only (T.81 process 1)
Words = npt.NDArray[np.integer]
_ITEM = struct.Struct("<HHL")

# pydicom 3.0 refuses to write files of standard syntaxes that its list lacks; it can register private ones only.
for _uid, _name in (
    (DEFLATED_IMAGE_FRAME, "Deflated Image Frame Compression"),
    (JPEG_XL_LOSSLESS, "JPEG XL Lossless"),
    (JPEG_XL_JPEG_RECOMPRESSION, "JPEG XL JPEG Recompression"),
    (JPEG_XL, "JPEG XL"),
):
    UID_dictionary.setdefault(_uid, (_name, "Transfer Syntax", "", "", ""))


def pixel_data(
    words: Words | Sequence[Words],
    bits_stored: int,
    transfer_syntax_uid: str,
    *,
    photometric_interpretation: str = "",
    planar: bool = False,
    lossy: bool = False,
    offset_table: bool = True,
    fragments_per_frame: int = 1,
    value_representation: str = "",
) -> bytes:
    """The value of Pixel Data, native or encapsulated; a list or tuple of frames makes it multi-frame.

    `offset_table` fills the basic offset table of an encapsulated value (PS3.5 A.4); for extended ones see
    `extended_offset_table`. `value_representation` matters in one case: 8-bit samples in big-endian OW are
    swapped in pairs (PS3.5 7.3)."""
    frames = list(words) if isinstance(words, list | tuple) else [np.asarray(words)]
    if not transfer_syntax(transfer_syntax_uid).encapsulated:
        big = transfer_syntax_uid == EXPLICIT_BIG_ENDIAN
        native = b"".join(native_frame(frame, photometric_interpretation, planar=planar, big=big) for frame in frames)
        native += b"\0" * (len(native) % 2)
        if big and value_representation == "OW" and frames[0].dtype.itemsize == 1:
            return np.frombuffer(native, "<u2").byteswap().tobytes()
        return native
    streams = [
        encode_frame(
            frame,
            bits_stored,
            transfer_syntax_uid,
            photometric_interpretation=photometric_interpretation,
            planar=planar,
            lossy=lossy,
        )
        for frame in frames
    ]
    return encapsulated(streams, offset_table=offset_table, fragments_per_frame=fragments_per_frame)


def encapsulated(streams: Iterable[bytes], *, offset_table: bool = True, fragments_per_frame: int = 1) -> bytes:
    """Codestreams as a list of fragments behind a basic offset table, filled or empty (PS3.5 A.4). The delimiter is
    left to pydicom, which writes it behind a value of undefined length."""
    offsets, items, position = [], [], 0
    for stream in streams:
        offsets.append(position)
        for fragment in _fragments(stream, fragments_per_frame):
            items.append(_ITEM.pack(0xFFFE, 0xE000, len(fragment)) + fragment)
            position += len(items[-1])
    table = struct.pack(f"<{len(offsets)}L", *offsets) if offset_table else b""
    head = _ITEM.pack(0xFFFE, 0xE000, len(table)) + table
    return head + b"".join(items)


def extended_offset_table(streams: Iterable[bytes]) -> tuple[bytes, bytes]:
    """Values of Extended Offset Table and its Lengths for one fragment a frame (PS3.3 C.7.6.3.1.8), to go
    with `encapsulated(streams, offset_table=False)`."""
    lengths = [len(stream) for stream in streams]
    padded = [length + length % 2 + 8 for length in lengths]
    offsets = [sum(padded[:index]) for index in range(len(padded))]
    return struct.pack(f"<{len(offsets)}Q", *offsets), struct.pack(f"<{len(lengths)}Q", *lengths)


def _fragments(stream: bytes, count: int) -> list[bytes]:
    """`stream` in `count` pieces of even length, the last one padded."""
    stream += b"\0" * (len(stream) % 2)
    step = max(len(stream) // count // 2 * 2, 2)
    cuts = [min(step * index, len(stream)) for index in range(count)] + [len(stream)]
    return [stream[start:end] for start, end in pairwise(cuts) if end > start]


def native_frame(
    frame: Words, photometric_interpretation: str = "", *, planar: bool = False, big: bool = False
) -> bytes:
    """One frame uncompressed, without padding. YBR_FULL_422 keeps the chroma of every other column (PS3.3
    C.7.6.3.1.2)."""
    if photometric_interpretation == "YBR_FULL_422" and frame.ndim == 3:
        pairs = frame.reshape(frame.shape[0], -1, 6)  # Y Cb Cr, Y Cb Cr of two columns
        frame = pairs[..., [0, 3, 1, 2]]
    elif planar and frame.ndim == 3:
        frame = np.moveaxis(frame, -1, 0)
    return frame.astype(frame.dtype.newbyteorder(">" if big else "<")).tobytes()


def encode_frame(
    words: Words,
    bits_stored: int,
    transfer_syntax_uid: str,
    *,
    photometric_interpretation: str = "",
    planar: bool = False,
    lossy: bool = False,
) -> bytes:
    """One frame as a codestream of the depth `bits_stored` (JPEG-LS: of 8 or 16); all but `LOSSY` keep every bit
    unless `lossy`.

    Colour frames are RGB; the photometric interpretation says what the codec makes of them inside (RGB or
    YBR_FULL, YBR_FULL_422, YBR_RCT, YBR_ICT), except in RLE and deflated frames, which hold what they are
    given. ValueError where the syntax cannot hold the frame."""
    bits_stored = min(bits_stored, 8 * words.dtype.itemsize)
    if transfer_syntax_uid in EIGHT_BIT and bits_stored > 8:
        raise ValueError(f"{transfer_syntax_uid} holds 8 bits only")
    codec = transfer_syntax(transfer_syntax_uid).codec
    if codec == "rle":
        return _rle(words)
    if codec == "deflated_frame":
        deflater = zlib.compressobj(6, zlib.DEFLATED, -15)
        native = native_frame(words, photometric_interpretation, planar=planar)
        return deflater.compress(native) + deflater.flush()
    colour = photometric_interpretation or ("RGB" if words.ndim == 3 else "MONOCHROME2")
    if codec in ("j2k", "htj2k"):
        return _jpeg_2000(words, bits_stored, colour, high_throughput=codec == "htj2k", lossy=lossy)
    if codec not in ("jpeg", "jpegls", "jxl"):
        raise ValueError(f"no encoder for {transfer_syntax_uid}")
    # These codestreams hold unsigned samples; a signed value goes in as its BitsStored low bits (PS3.5 8.2).
    bare = (words.view(f"u{words.dtype.itemsize}") & ((1 << bits_stored) - 1)).astype(f"u{words.dtype.itemsize}")
    if codec == "jpegls":
        # 16-bit words make 16-bit samples, whatever BitsStored says. Noise grows.
        return bytes(imagecodecs.jpegls_encode(bare, 2 if lossy else 0, out=2 * bare.nbytes + 4096))
    if codec == "jxl" and transfer_syntax_uid != JPEG_XL_JPEG_RECOMPRESSION:
        # Its lowest effort corrupts memory in this version of the library.
        options: dict[str, Any] = {"distance": 0.5} if lossy else {"lossless": True}
        return bytes(imagecodecs.jpegxl_encode(bare, bitspersample=bits_stored, effort=3, **options))
    jpeg = _jpeg(bare, bits_stored, transfer_syntax_uid, colour)
    return jpeg if codec == "jpeg" else bytes(imagecodecs.jpegxl_encode_jpeg(jpeg))


def _jpeg(words: Words, bits_stored: int, transfer_syntax_uid: str, colour: str) -> bytes:
    options: dict[str, Any] = {"bitspersample": bits_stored}
    if words.ndim == 3:
        options |= {"colorspace": "RGB", "outcolorspace": "RGB" if colour == "RGB" else "YCBCR"}
        if colour != "RGB":
            options["subsampling"] = "422" if colour == "YBR_FULL_422" else "444"
    if transfer_syntax_uid in (JPEG_BASELINE, JPEG_XL_JPEG_RECOMPRESSION):
        return bytes(imagecodecs.jpeg8_encode(words, 92, **options))
    if transfer_syntax_uid == JPEG_EXTENDED:
        return bytes(imagecodecs.jpeg8_encode(words, 95, **options))
    predictor = 1 if transfer_syntax_uid == JPEG_LOSSLESS_FIRST_ORDER else 4  # .70 is the first alone (A.4.2)
    return bytes(imagecodecs.jpeg8_encode(words, lossless=True, predictor=predictor, **options))


def _jpeg_2000(words: Words, bits_stored: int, colour: str, *, high_throughput: bool, lossy: bool) -> bytes:
    """Part 1 or part 15 with the depth that the header declares. YBR_RCT and YBR_ICT are the codec's own transforms."""
    transformed = words.ndim == 3 and colour != "RGB"
    if not high_throughput:
        return bytes(
            imagecodecs.jpeg2k_encode(
                words,
                level=60 if lossy else 0,  # a peak signal-to-noise ratio, dB
                codecformat="j2k",
                reversible=not lossy,
                bitspersample=bits_stored,
                mct=transformed,
            )
        )
    return htj2k_codestream(words, bits_stored, transformed=transformed, lossy=lossy)


def htj2k_codestream(words: Words, bits_stored: int, *, transformed: bool = False, lossy: bool = False) -> bytes:
    """HTJ2K, RPCL, with tile-part lengths, of a depth that OpenJPH's binding cannot be told: it knows 8 and 16 bits.

    Words are coded as signed, their level shifted here by half of `bits_stored` instead of by the encoder (T.800
    G.1); then the size segment is given the depth and sign that this makes true. The quantisation segment states its
    own exponents, so that a decoder needs nothing else. Irreversible ones keep 8 or 16 bits: their steps are relative
    to the depth."""
    if lossy:
        return bytes(
            imagecodecs.htj2k_encode(words, resolutions=6, tlm=True, rgb=transformed, reversible=False, level=1 / 4096)
        )
    signed = words.dtype.kind == "i"
    kind = f"i{words.dtype.itemsize}"
    centred = words if signed else (words.astype(np.int32) - (1 << (bits_stored - 1))).astype(kind)
    frame = bytearray(imagecodecs.htj2k_encode(centred, resolutions=6, tlm=True, rgb=transformed, reversible=True))
    for component in range(3 if words.ndim == 3 else 1):
        frame[42 + 3 * component] = (0x80 if signed else 0) | (bits_stored - 1)  # Ssiz (T.800 A.5.1)
    return bytes(frame)


def _rle(words: Words) -> bytes:
    """PS3.5 annex G: one PackBits segment a byte plane, sample by sample, the most significant byte first, rows
    packed one by one."""
    rows, columns = words.shape[:2]
    samples = np.moveaxis(words.reshape(rows, columns, -1), -1, 0)
    planes = samples.astype(words.dtype.newbyteorder(">"), order="C").view(np.uint8)
    planes = planes.reshape(len(samples), rows, columns, -1)
    segments = []
    for sample in planes:
        for plane in np.moveaxis(sample, -1, 0):
            packed = imagecodecs.packbits_encode(plane.copy(), axis=-1)
            segments.append(packed + b"\0" * (len(packed) % 2))
    starts = [64 + sum(map(len, segments[:index])) for index in range(len(segments))]
    return struct.pack("<16L", len(segments), *starts, *[0] * (15 - len(segments))) + b"".join(segments)
