"""Open one DICOM file (PS3.10), leniently where the meaning is certain, and refuse the rest.

The order matters: budgets are measured on the bytes first (`inflate`, `structure`), then pydicom parses a
header from which pixels and bulky values were left out. Nothing here decodes pixels."""

from __future__ import annotations

import mmap
import struct
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from isal import isal_zlib
from pydicom import config
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_dataset

from mammogram_viewer.dicom.limits import RenderLimits
from mammogram_viewer.dicom.structure import (
    KNOWN_VRS,
    LONG_VRS,
    PIXEL_TAGS,
    ElementSpan,
    PixelElement,
    Structure,
    walk,
)
from mammogram_viewer.dicom.syntaxes import (
    EXPLICIT_BIG_ENDIAN,
    EXPLICIT_LITTLE_ENDIAN,
    IMPLICIT_LITTLE_ENDIAN,
    TransferSyntax,
    transfer_syntax,
)
from mammogram_viewer.foundation.reasons import Refused

# What pydicom raises on hostile values, found by feeding it mutated files.
PYDICOM_TROUBLE = (
    ValueError, TypeError, KeyError, IndexError, AttributeError, NotImplementedError, EOFError, OverflowError,
    RecursionError, AssertionError, LookupError, OSError, struct.error, BytesLengthException,
    InvalidDicomError, )  # fmt: skip
BULKY_BYTES = 8 * 1024 * 1024  # a top-level value larger than this is reported, not parsed
MAPPED_BYTES = 1024 * 1024  # below, reading is cheaper
INFLATE_CHUNK_BYTES = 1024 * 1024
_FIRST_TAGS = frozenset({(0x0008, element) for element in (0x0000, 0x0001, 0x0005, 0x0008, 0x0016, 0x0018)})
_RECOGNITION_CODE = b"\x08\x00\x10\x00"  # of ACR-NEMA, the ancestor of DICOM
META_BYTES = 64 * 1024  # the file meta group is a few hundred bytes

config.settings.reading_validation_mode = config.IGNORE


@dataclass
class DicomObject:
    """An open file: parsed header, and where in `stream` the pixels lie."""

    stream: BinaryIO
    syntax: TransferSyntax
    file_meta: Dataset
    dataset: Dataset
    pixels: PixelElement | None
    left_out: list[ElementSpan] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    limits: RenderLimits = field(default_factory=RenderLimits)
    fragments_by_frame: list[Sequence[tuple[int, int]]] | None = None  # (offset, length), filled by `frames`

    def view(self, offset: int, byte_count: int) -> memoryview:
        """Bytes of `stream`, mapped where they are many; good after the file is closed. Refused past the end.

        Only what is asked for is mapped: a child's address space is limited, a tomosynthesis is not small."""
        if byte_count < MAPPED_BYTES:
            self.stream.seek(offset)
            chunk = memoryview(self.stream.read(byte_count))
        else:
            before = offset % mmap.ALLOCATIONGRANULARITY
            try:
                mapped = mmap.mmap(
                    self.stream.fileno(), before + byte_count, access=mmap.ACCESS_READ, offset=offset - before
                )
            except ValueError as trouble:  # longer than the file
                raise Refused("truncated") from trouble
            chunk = memoryview(mapped)[before:]
        if len(chunk) != byte_count:
            raise Refused("truncated")
        return chunk


@contextmanager
def open_object(source: str, scratch_folder: str, limits: RenderLimits) -> Iterator[DicomObject]:
    """Read the header of the file at `source`; Refused when it is no DICOM, broken or over a budget.

    A deflated data set is inflated into an unnamed file in `scratch_folder`, which disappears with the
    child."""
    with Path(source).open("rb") as stream:
        size = stream.seek(0, 2)
        start, warnings = _find_start(stream)
        file_meta, position = _read_file_meta(stream, start, size)
        syntax = _choose_syntax(stream, position, file_meta, warnings)
        if not syntax.deflated:
            yield _parse(stream, position, size, syntax, file_meta, warnings, limits)
            return
        with tempfile.TemporaryFile(dir=scratch_folder) as inflated:
            size = _inflate(stream, position, inflated, limits)
            yield _parse(inflated, 0, size, syntax, file_meta, warnings, limits)


def _find_start(stream: BinaryIO) -> tuple[int, list[str]]:
    """Offset of the first element; without the preamble only where the first tag leaves no doubt."""
    stream.seek(0)
    head = stream.read(132)
    if head[128:132] == b"DICM":
        return 132, []
    if head[:4] in (b"\x02\x00\x00\x00", b"\x02\x00\x10\x00") and head[4:6] in (b"UL", b"UI"):
        return 0, ["missing_preamble"]
    group, element = struct.unpack_from("<HH", head) if len(head) > 8 else (0, 0)
    if group == 0x0800:  # group 0008 in big endian
        group, element = 0x0008, int.from_bytes(head[2:4], "big")
    # Data sets begin with one of these; implicit VR has the high half of a small length where VRs stand.
    if (group, element) in _FIRST_TAGS and (head[4:6] in KNOWN_VRS or head[6:8] == b"\x00\x00"):
        return 0, ["missing_preamble", "missing_file_meta"]
    if head[:4] == _RECOGNITION_CODE and b"ACR-NEMA" in head[8:24]:
        return 0, ["missing_preamble", "missing_file_meta"]
    raise Refused("not_dicom")


def _read_file_meta(stream: BinaryIO, start: int, size: int) -> tuple[Dataset, int]:
    """The elements of group 0002, always explicit little endian, and the offset behind them."""
    stream.seek(start)
    head = stream.read(META_BYTES)
    position = 0
    while head[position : position + 2] == b"\x02\x00":
        vr = head[position + 4 : position + 6]
        if vr in LONG_VRS:
            value, code = position + 12, "<L"
        elif vr in KNOWN_VRS:
            value, code = position + 8, "<H"
        else:
            raise Refused("bad_header", "the file meta group is not explicit little endian")
        if value > len(head):
            raise Refused("truncated")
        (length,) = struct.unpack_from(code, head, value - struct.calcsize(code))
        position = value + length
        if position > len(head):
            raise Refused("truncated" if start + position > size else "bad_header", "in the file meta group")
    return _parse_bytes(head[:position], implicit=False, little_endian=True), start + position


def _choose_syntax(stream: BinaryIO, position: int, file_meta: Dataset, warnings: list[str]) -> TransferSyntax:
    """The declared syntax, corrected where the first element proves it wrong about implicit and explicit
    VR."""
    stream.seek(position)
    first = stream.read(8)
    if len(first) < 8:
        raise Refused("truncated")
    declared = str(file_meta.get("TransferSyntaxUID", "") or "").strip("\0 ")
    explicit = first[4:6] in KNOWN_VRS
    if not declared:
        if "missing_file_meta" not in warnings:
            warnings.append("missing_transfer_syntax")
        if first[0] == 0 and first[1]:
            return transfer_syntax(EXPLICIT_BIG_ENDIAN)
        return transfer_syntax(EXPLICIT_LITTLE_ENDIAN if explicit else IMPLICIT_LITTLE_ENDIAN)
    syntax = transfer_syntax(declared)
    if syntax.deflated or not syntax.little_endian:
        return syntax
    if not syntax.implicit and not explicit and first[6:8] == b"\x00\x00":
        warnings.append("elements_are_implicit_vr")
        return replace(syntax, implicit=True)
    if syntax.implicit and explicit:
        warnings.append("elements_are_explicit_vr")
        return replace(syntax, implicit=False)
    return syntax


def _inflate(stream: BinaryIO, position: int, target: BinaryIO, limits: RenderLimits) -> int:
    """Inflate raw deflate (PS3.5 A.5) from `position` into `target`; the byte count, or Refused over the
    budget."""
    stream.seek(position)
    inflater = isal_zlib.decompressobj(-15)
    written = 0
    pending = stream.read(INFLATE_CHUNK_BYTES)
    try:
        while not inflater.eof:
            inflated = inflater.decompress(pending, INFLATE_CHUNK_BYTES)
            written += target.write(inflated)
            if written > limits.inflated_bytes:
                raise Refused("inflated_too_large", f"limit {limits.inflated_bytes} bytes")
            if not pending and not inflated:
                raise Refused("truncated", "the deflated data set has no end")
            pending = inflater.unconsumed_tail or stream.read(INFLATE_CHUNK_BYTES)
    except isal_zlib.error as trouble:  # pyright: ignore[reportGeneralTypeIssues]  # the stub names no class
        raise Refused("bad_header", "the deflated data set cannot be inflated") from trouble
    target.flush()  # it may be mapped, past Python's buffer
    return written


def _parse(
    stream: BinaryIO,
    position: int,
    size: int,
    syntax: TransferSyntax,
    file_meta: Dataset,
    warnings: list[str],
    limits: RenderLimits,
) -> DicomObject:
    structure = walk(
        stream, position, size, implicit=syntax.implicit, little_endian=syntax.little_endian, limits=limits
    )
    if not structure.elements:
        raise Refused("truncated", "there is nothing behind the file meta group")
    header_bytes, left_out = _header_bytes(stream, structure)
    dataset = _parse_bytes(header_bytes, implicit=syntax.implicit, little_endian=syntax.little_endian)
    doubts = warnings + structure.warnings
    return DicomObject(stream, syntax, file_meta, dataset, structure.pixels, left_out, doubts, limits)


def _header_bytes(stream: BinaryIO, structure: Structure) -> tuple[bytes, list[ElementSpan]]:
    """The data set without pixels and without bulky values, so that the header alone sets the cost of
    parsing."""
    kept = BytesIO()
    left_out = []
    for span in structure.elements:
        if span.tag in PIXEL_TAGS or span.end - span.start > BULKY_BYTES:
            left_out.append(span)
            continue
        stream.seek(span.start)
        kept.write(stream.read(span.end - span.start))
        if kept.tell() > 8 * BULKY_BYTES:
            raise Refused("bad_header", "the header alone is larger than 64 MiB")
    return kept.getvalue(), left_out


def _parse_bytes(chunk: bytes, *, implicit: bool, little_endian: bool) -> Dataset:
    try:
        dataset = read_dataset(BytesIO(chunk), implicit, little_endian, bytelength=len(chunk))
        dataset.set_original_encoding(implicit, little_endian, dataset._character_set)
    except RecursionError as trouble:
        raise Refused("nested_too_deep") from trouble
    except PYDICOM_TROUBLE as trouble:
        raise Refused("bad_header", "an element cannot be read") from trouble
    return dataset
