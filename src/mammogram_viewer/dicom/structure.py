"""Walk the bytes of a data set without building anything: where each top-level element lies, and where the
pixels.

Runs before pydicom sees the file, without recursion and without copying values, so that its cost is bounded
by `limits.elements` whatever the file claims. Invariant: every span that it returns lies inside the
stream."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import BinaryIO

from pydicom.datadict import dictionary_VR

from mammogram_viewer.dicom.limits import RenderLimits
from mammogram_viewer.foundation.reasons import Refused

PIXEL_DATA = 0x7FE00010
PIXEL_TAGS = frozenset({PIXEL_DATA, 0x7FE00008, 0x7FE00009})  # the two others: float and double pixels
ITEM = 0xFFFEE000
ITEM_END = 0xFFFEE00D
SEQUENCE_END = 0xFFFEE0DD
UNDEFINED = 0xFFFFFFFF
# Explicit VRs with two reserved bytes and a 32-bit length (PS3.5 table 7.1-1).
LONG_VRS = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
SHORT_VRS = frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL",
     b"SS", b"ST", b"TM", b"UI", b"UL", b"US"}
)  # fmt: skip
KNOWN_VRS = LONG_VRS | SHORT_VRS


@dataclass(frozen=True)
class ElementSpan:
    """One top-level element: bytes [start, end) of the stream, of which [value_start, end) are its value."""

    tag: int
    vr: str  # empty in implicit VR
    start: int
    value_start: int
    end: int


@dataclass(frozen=True)
class PixelElement:
    """Where the pixels lie. `fragments` (offset, length) are without the basic offset table; None for
    native."""

    tag: int
    vr: str
    offset: int
    byte_count: int
    offset_table: tuple[int, int] | None = None
    fragments: tuple[tuple[int, int], ...] | None = None


@dataclass
class Structure:
    """What the walk found, in file order."""

    elements: list[ElementSpan] = field(default_factory=list)
    pixels: PixelElement | None = None
    warnings: list[str] = field(default_factory=list)


@dataclass
class _Container:
    """An open sequence or item; `end` is None until its delimiter comes."""

    is_sequence: bool
    end: int | None
    implicit: bool
    little_endian: bool


def walk(
    stream: BinaryIO, start: int, end: int, *, implicit: bool, little_endian: bool, limits: RenderLimits
) -> Structure:
    """The structure of the data set in bytes [start, end); Refused when it is broken or over a budget."""
    return _Walker(stream, end, limits).run(start, _Container(False, end, implicit, little_endian))


class _Walker:
    """State of one walk; `run` is the only way in."""

    def __init__(self, stream: BinaryIO, size: int, limits: RenderLimits) -> None:
        self.stream = stream
        self.size = size
        self.limits = limits
        self.count = 0
        self.found = Structure()
        self.stack: list[_Container] = []
        self.open_element: tuple[int, str, int, int] | None = None  # a top-level sequence that is being walked

    def run(self, position: int, root: _Container) -> Structure:
        self.stack = [root]
        while True:
            position = self._close_finished(position)
            if len(self.stack) == 1 and (position >= self.size or self._is_padding(position)):
                return self.found
            try:
                position = self._step(position)
            except Refused as trouble:
                if self.found.pixels is None or trouble.code not in ("bad_header", "truncated"):
                    raise
                # The pixels are complete; what follows them cannot change the picture.
                self.found.warnings.append("unreadable_after_pixel_data")
                return self.found

    def _close_finished(self, position: int) -> int:
        while len(self.stack) > 1 and self.stack[-1].end is not None and position >= self.stack[-1].end:
            if position > self.stack[-1].end:
                raise Refused("bad_header", "an element is longer than the sequence that holds it")
            self.stack.pop()
            self._note_closed(position)
        return position

    def _note_closed(self, position: int) -> None:
        if len(self.stack) == 1 and self.open_element is not None:
            tag, vr, start, value_start = self.open_element
            self.found.elements.append(ElementSpan(tag, vr, start, value_start, position))
            self.open_element = None

    def _is_padding(self, position: int) -> bool:
        """Whether only zero bytes, or fewer than one element's header, remain."""
        remaining = self.size - position
        self.stream.seek(position)
        if remaining < 8 or not any(self.stream.read(min(remaining, 4096))):
            self.found.warnings.append("trailing_bytes")
            return True
        return False

    def _read(self, position: int, byte_count: int) -> bytes:
        self.stream.seek(position)
        chunk = self.stream.read(byte_count) if position + byte_count <= self.size else b""
        if len(chunk) != byte_count:
            raise Refused("truncated")
        return chunk

    def _count_one(self) -> None:
        self.count += 1
        if self.count > self.limits.elements:
            raise Refused("too_many_elements", f"limit {self.limits.elements}")

    def _step(self, position: int) -> int:
        """Read one element header or delimiter; the position of what comes next."""
        self._count_one()
        inside = self.stack[-1]
        head = self._read(position, 8)
        group, element = struct.unpack_from("<HH" if inside.little_endian else ">HH", head)
        tag = group << 16 | element
        if inside.is_sequence or tag in (ITEM, ITEM_END, SEQUENCE_END):
            return self._delimiter(position, tag, head, inside)
        vr, length, value_start = self._element_head(position, head, inside)
        return self._element(position, tag, vr, length, value_start, inside)

    def _delimiter(self, position: int, tag: int, head: bytes, inside: _Container) -> int:
        (length,) = struct.unpack_from("<L" if inside.little_endian else ">L", head, 4)
        after = position + 8
        if tag == ITEM and inside.is_sequence:
            end = None if length == UNDEFINED else after + length
            self._check_end(end, inside)
            self.stack.append(_Container(False, end, inside.implicit, inside.little_endian))
        elif len(self.stack) > 1 and inside.end is None and tag == (SEQUENCE_END if inside.is_sequence else ITEM_END):
            self.stack.pop()
            self._note_closed(after)
        else:
            raise Refused("bad_header", "a sequence delimiter stands where none belongs")
        return after

    def _element_head(self, position: int, head: bytes, inside: _Container) -> tuple[str, int, int]:
        order = "<" if inside.little_endian else ">"
        if inside.implicit:
            return "", struct.unpack_from(order + "L", head, 4)[0], position + 8
        vr = head[4:6]
        if vr not in KNOWN_VRS:
            raise Refused("bad_header", "an element has no valid value representation")
        if vr in LONG_VRS:
            return vr.decode(), struct.unpack(order + "L", self._read(position + 8, 4))[0], position + 12
        return vr.decode(), struct.unpack_from(order + "H", head, 6)[0], position + 8

    def _element(self, start: int, tag: int, vr: str, length: int, value_start: int, inside: _Container) -> int:
        top = len(self.stack) == 1
        if length == UNDEFINED and tag == PIXEL_DATA and vr in ("OB", "OW", "UN", ""):
            return self._encapsulated(start, tag, vr, value_start, inside, top=top)
        is_sequence = (
            vr == "SQ" or (vr == "UN" and length == UNDEFINED) or (vr == "" and _implicit_sequence(tag, length))
        )
        end = None if length == UNDEFINED else value_start + length
        if end is None and not is_sequence:
            raise Refused("bad_header", "an element of undefined length is no sequence")
        self._check_end(end, inside)
        if not is_sequence:
            assert end is not None
            if top:
                self.found.elements.append(ElementSpan(tag, vr, start, value_start, end))
                if tag in PIXEL_TAGS:
                    self._note_pixels(PixelElement(tag, vr, value_start, length))
            return end
        if sum(container.is_sequence for container in self.stack) >= self.limits.nesting:
            raise Refused("nested_too_deep", f"limit {self.limits.nesting}")
        if top:
            self.open_element = (tag, vr, start, value_start)
        # UN of undefined length is encoded as implicit VR little endian (PS3.5 6.2.2, note 4).
        implicit, little = (True, True) if vr == "UN" else (inside.implicit, inside.little_endian)
        self.stack.append(_Container(True, end, implicit, little))
        return value_start

    def _check_end(self, end: int | None, inside: _Container) -> None:
        if end is None:
            return
        if end > self.size:
            raise Refused("truncated")
        if inside.end is not None and end > inside.end:
            raise Refused("bad_header", "an element is longer than the sequence that holds it")

    def _note_pixels(self, pixels: PixelElement) -> None:
        if self.found.pixels is not None:
            raise Refused("pixel_form_mismatch", "there are two pixel data elements")
        self.found.pixels = pixels

    def _encapsulated(self, start: int, tag: int, vr: str, value_start: int, inside: _Container, *, top: bool) -> int:
        """Collect the fragments up to the sequence delimiter (PS3.5 A.4)."""
        order = "<" if inside.little_endian else ">"
        items: list[tuple[int, int]] = []
        position = value_start
        while True:
            self._count_one()
            if position == self.size and items:
                self.found.warnings.append("missing_sequence_delimiter")
                break
            group, element, length = struct.unpack(order + "HHL", self._read(position, 8))
            position += 8
            item_tag = group << 16 | element
            if item_tag == SEQUENCE_END:
                break
            if item_tag != ITEM or length == UNDEFINED:
                raise Refused("bad_header", "the compressed pixel data are not a list of fragments")
            self._check_end(position + length, inside)
            items.append((position, length))
            position += length
        if top:
            self.found.elements.append(ElementSpan(tag, vr, start, value_start, position))
            if not items:
                raise Refused("no_pixel_data")
            byte_count = sum(length for _, length in items[1:])
            self._note_pixels(PixelElement(tag, vr, value_start, byte_count, items[0], tuple(items[1:])))
        return position


def _implicit_sequence(tag: int, length: int) -> bool:
    """Whether an implicit VR element is a sequence, by its length or the dictionary."""
    if length == UNDEFINED:
        return True
    try:
        return dictionary_VR(tag) == "SQ"
    except KeyError:
        return False
