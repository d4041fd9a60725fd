"""DICOM files taken apart, so that any part can lie: preamble, meta group, elements, fragments.

Bases are the product's own synthetic mammograms; everything else is written byte by byte."""

from __future__ import annotations

import copy
import struct
import warnings
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from pydicom.charset import convert_encodings
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import correct_ambiguous_vr, write_data_element

from mammogram_viewer.dicom.syntaxes import (
    DEFLATED_IMAGE_FRAME,
    EXPLICIT_LITTLE_ENDIAN,
    JPEG_BASELINE,
    JPEG_XL_JPEG_RECOMPRESSION,
    SYNTAXES,
    transfer_syntax,
)
from mammogram_viewer.synthetic.encode import encode_frame
from mammogram_viewer.synthetic.mammogram import SyntheticMammogram, build_mammogram, stored_words

ROWS, COLUMNS = 128, 96
PIXEL_DATA = 0x7FE00010
UNDEFINED = 0xFFFFFFFF
_LONG_VRS = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}
EIGHT_BIT = frozenset({JPEG_BASELINE, JPEG_XL_JPEG_RECOMPRESSION})  # syntaxes that hold 8 bits only
ENCAPSULATED = tuple(uid for uid, syntax in SYNTAXES.items() if syntax.codec and syntax.encapsulated)
NATIVE = tuple(uid for uid, syntax in SYNTAXES.items() if syntax.codec == "native")


def short(uid: str) -> str:
    """A transfer syntax as it stands in file names."""
    return f"{transfer_syntax(uid).codec}-{uid.removeprefix('1.2.840.10008.1.2').strip('.') or '0'}"


@dataclass(frozen=True)
class Parts:
    """The pieces of one file. `elements` are the data set's top-level elements in order, tag and encoded bytes."""

    uid: str
    elements: tuple[tuple[int, bytes], ...]
    preamble: bytes = bytes(128) + b"DICM"
    meta: tuple[tuple[int, bytes], ...] = field(default=())

    def meta_bytes(self) -> bytes:
        body = b"".join(value for _, value in self.meta)
        return element(0x00020000, "UL", struct.pack("<L", len(body))) + body

    def body(self) -> bytes:
        return b"".join(value for _, value in self.elements)

    def to_bytes(self) -> bytes:
        body = self.body()
        if transfer_syntax(self.uid).deflated:
            body = deflate(body)
        return self.preamble + self.meta_bytes() + body

    def offsets(self) -> list[tuple[int, int]]:
        """Where each element of the data set starts in the (not deflated) file."""
        position = len(self.preamble) + len(self.meta_bytes())
        found = []
        for tag, value in self.elements:
            found.append((tag, position))
            position += len(value)
        return found

    def with_element(self, tag: int, encoded: bytes) -> Parts:
        """Put `encoded` in the place of `tag`, in order; empty bytes take it out."""
        others = [pair for pair in self.elements if pair[0] != tag]
        if encoded:
            others.append((tag, encoded))
        return replace(self, elements=tuple(sorted(others, key=lambda pair: pair[0])))

    def get(self, tag: int) -> bytes:
        return dict(self.elements)[tag]


def element(tag: int, vr: str, value: bytes, *, length: int | None = None) -> bytes:
    """One element in explicit VR little endian; `length` may say something else than `value` has."""
    length = len(value) if length is None else length
    head = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr.encode()
    if vr in _LONG_VRS:
        return head + b"\0\0" + struct.pack("<L", length) + value
    return head + struct.pack("<H", length & 0xFFFF) + value


def item(value: bytes, *, length: int | None = None) -> bytes:
    return struct.pack("<HHL", 0xFFFE, 0xE000, len(value) if length is None else length) + value


SEQUENCE_END = struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
ITEM_END = struct.pack("<HHL", 0xFFFE, 0xE00D, 0)


def fragments(frames: Iterable[bytes], *, table: bytes = b"") -> bytes:
    """Encapsulated Pixel Data: basic offset table and one fragment a frame."""
    even = [frame + b"\0" * (len(frame) % 2) for frame in frames]
    body = item(table) + b"".join(map(item, even)) + SEQUENCE_END
    return element(PIXEL_DATA, "OB", body, length=UNDEFINED)


def deflate(body: bytes) -> bytes:
    deflater = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = deflater.compress(body) + deflater.flush()
    return packed + b"\0" * (len(packed) % 2)


def wanted(uid: str, **more: Any) -> SyntheticMammogram:
    kind = JPEG_BASELINE if uid in EIGHT_BIT else EXPLICIT_LITTLE_ENDIAN
    chosen = {"seed": 7, "rows": ROWS, "columns": COLUMNS, "transfer_syntax_uid": kind, **more}
    return SyntheticMammogram(**chosen)


@cache
def _dataset(uid: str) -> Dataset:
    return build_mammogram(wanted(uid))


def dataset(uid: str = EXPLICIT_LITTLE_ENDIAN) -> Dataset:
    """The base data set for a syntax, to be changed at will; its Pixel Data are not of that syntax."""
    return copy.deepcopy(_dataset(uid))


@cache
def frame(uid: str, seed: int = 7, rows: int = ROWS, columns: int = COLUMNS, bits: int = 0) -> bytes:
    """A codestream of the syntax; `bits` deepens or flattens it."""
    words = stored_words(wanted(uid, seed=seed, rows=rows, columns=columns))
    depth = bits or (8 if words.dtype.itemsize == 1 else 12)
    if depth <= 8 and words.dtype.itemsize == 2:
        words = (words >> 4).astype("u1")
    elif depth > 12:
        words = words << (depth - 12)
    if uid == DEFLATED_IMAGE_FRAME:
        return zlib.compress(words.tobytes())[2:-4]
    return bytes(encode_frame(words, depth, uid))


def encode(ds: Dataset, uid: str) -> tuple[tuple[int, bytes], ...]:
    """Every top-level element but Pixel Data, as the syntax writes it."""
    syntax = transfer_syntax(uid)
    encodings = convert_encodings(ds.get("SpecificCharacterSet", "ISO_IR 6"))
    ds = correct_ambiguous_vr(ds, syntax.little_endian)
    found = []
    for tag in sorted(ds.keys()):
        if tag == PIXEL_DATA:
            continue
        target = DicomBytesIO()
        target.is_little_endian, target.is_implicit_VR = syntax.little_endian, syntax.implicit
        write_data_element(target, ds[tag], encodings)
        found.append((int(tag), target.getvalue()))
    return tuple(found)


def native_pixels(uid: str, words: bytes) -> bytes:
    """Pixel Data with 16-bit little-endian `words`, in the syntax's own order and form."""
    syntax = transfer_syntax(uid)
    if syntax.implicit:
        return struct.pack("<HHL", 0x7FE0, 0x0010, len(words)) + words
    if syntax.little_endian:
        return element(PIXEL_DATA, "OW", words)
    swapped = bytearray(words)
    swapped[::2], swapped[1::2] = words[1::2], words[::2]
    return struct.pack(">HH2sHL", 0x7FE0, 0x0010, b"OW", 0, len(words)) + bytes(swapped)


def meta_group(uid: str, ds: Dataset) -> tuple[tuple[int, bytes], ...]:
    """The file meta group but its length."""
    values = {0x00020002: str(ds.get("SOPClassUID", "")), 0x00020003: str(ds.get("SOPInstanceUID", ""))}
    values |= {0x00020010: uid, 0x00020012: "2.25.1"}
    coded = {tag: value.encode() + b"\0" * (len(value) % 2) for tag, value in values.items()}
    return (
        (0x00020001, element(0x00020001, "OB", b"\0\1")),
        *((tag, element(tag, "UI", value)) for tag, value in coded.items()),
    )


def parts(
    uid: str = EXPLICIT_LITTLE_ENDIAN,
    change: Callable[[Dataset], None] | None = None,
    *,
    frames: Iterable[bytes] | None = None,
    pixels: bytes | None = None,
) -> Parts:
    """The base of a syntax with its header changed; `frames` or `pixels` (a whole element) in place of its own."""
    ds = dataset(uid)
    if change is not None:
        with warnings.catch_warnings():  # pydicom warns of the lies that it is told
            warnings.simplefilter("ignore")
            change(ds)
    if pixels is None and frames is None:
        if transfer_syntax(uid).encapsulated:
            frames = [frame(uid)]
        else:
            pixels = native_pixels(uid, _dataset(uid).PixelData)
    pixels = fragments(frames) if frames is not None else pixels
    elements = (*encode(ds, uid), *(((PIXEL_DATA, pixels),) if pixels else ()))
    return Parts(uid, tuple(sorted(elements)), meta=meta_group(uid, ds))


def setting(**attributes: Any) -> Callable[[Dataset], None]:
    """A change of the header: keyword and value, None takes the element out."""

    def change(ds: Dataset) -> None:
        for keyword, value in attributes.items():
            if value is None:
                delattr(ds, keyword)
            else:
                setattr(ds, keyword, value)

    return change
