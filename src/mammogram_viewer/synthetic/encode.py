"""Stored words to Pixel Data in each transfer syntax that we read (but deflated frames, which pydicom cannot write)."""

from __future__ import annotations

import struct

import imagecodecs
import numpy as np
import numpy.typing as npt
from pydicom.encaps import encapsulate

from mammogram_viewer.dicom.syntaxes import (
    EXPLICIT_BIG_ENDIAN,
    HTJ2K,
    HTJ2K_LOSSLESS,
    HTJ2K_LOSSLESS_RPCL,
    JPEG_2000,
    JPEG_2000_LOSSLESS,
    JPEG_BASELINE,
    JPEG_EXTENDED,
    JPEG_LOSSLESS,
    JPEG_LOSSLESS_FIRST_ORDER,
    JPEG_LS_LOSSLESS,
    JPEG_LS_NEAR_LOSSLESS,
    RLE_LOSSLESS,
    transfer_syntax,
)

LOSSY = frozenset({JPEG_BASELINE, JPEG_EXTENDED})
Words = npt.NDArray[np.unsignedinteger]


def pixel_data(words: Words, bits_stored: int, transfer_syntax_uid: str) -> bytes:
    """The value of Pixel Data for one grey frame, (rows, columns) uint8 or uint16, in explicit or encapsulated form."""
    if transfer_syntax(transfer_syntax_uid).encapsulated:
        return encapsulate([bytes(encode_frame(words, bits_stored, transfer_syntax_uid))])
    order = ">" if transfer_syntax_uid == EXPLICIT_BIG_ENDIAN else "<"
    native = words.astype(words.dtype.newbyteorder(order)).tobytes()
    return native + b"\0" * (len(native) % 2)


def encode_frame(words: Words, bits_stored: int, transfer_syntax_uid: str) -> bytes | bytearray:
    """One grey frame as a codestream; all but JPEG baseline and extended keep every bit."""
    match transfer_syntax_uid:
        case s if s == RLE_LOSSLESS:
            return _rle(words)
        case s if s == JPEG_BASELINE:
            return imagecodecs.jpeg8_encode(words, 92)
        case s if s == JPEG_EXTENDED:
            return imagecodecs.jpeg8_encode(words, 95, bitspersample=bits_stored)
        case s if s == JPEG_LOSSLESS:
            return imagecodecs.jpeg8_encode(words, lossless=True, predictor=4, bitspersample=bits_stored)
        case s if s == JPEG_LOSSLESS_FIRST_ORDER:
            return imagecodecs.jpeg8_encode(words, lossless=True, predictor=1, bitspersample=bits_stored)
        case s if s in (JPEG_LS_LOSSLESS, JPEG_LS_NEAR_LOSSLESS):
            return imagecodecs.jpegls_encode(words)
        case s if s in (JPEG_2000_LOSSLESS, JPEG_2000):
            return imagecodecs.jpeg2k_encode(
                words, level=0, codecformat="j2k", reversible=True, bitspersample=bits_stored
            )
        case s if s in (HTJ2K_LOSSLESS, HTJ2K_LOSSLESS_RPCL, HTJ2K):
            return imagecodecs.htj2k_encode(words, reversible=True, resolutions=6, tlm=True)
        case _:
            raise ValueError(f"no encoder for {transfer_syntax_uid}")


def _rle(words: Words) -> bytes:
    """PS3.5 annex G: one PackBits segment a byte plane, the most significant first, rows packed one by one."""
    planes = words.astype(words.dtype.newbyteorder(">")).view(np.uint8).reshape(*words.shape, -1)
    segments = []
    for plane in np.moveaxis(planes, -1, 0):
        packed = imagecodecs.packbits_encode(np.ascontiguousarray(plane), axis=-1)
        segments.append(packed + b"\0" * (len(packed) % 2))
    starts = [64 + sum(map(len, segments[:index])) for index in range(len(segments))]
    return struct.pack("<16L", len(segments), *starts, *[0] * (15 - len(segments))) + b"".join(segments)
