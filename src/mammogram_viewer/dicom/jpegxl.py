"""Read the header of a JPEG XL frame without decoding it: size, depth, components (ISO/IEC 18181-1, -2).

Only what is read for certain comes out: animation, previews, extra channels, floating point samples and turned
images have no place in a DICOM frame (PS3.5 A.4.14) and are refused."""

from __future__ import annotations

import struct

from mammogram_viewer.dicom.codestream_header import CodestreamHeader
from mammogram_viewer.foundation.reasons import Refused

CONTAINER = b"\x00\x00\x00\x0cJXL \r\n\x87\n"
CODESTREAM = b"\xff\x0a"
HEAD_BYTES = 64  # size, depth and colour take less than 30 bytes even in their longest form
MAX_BOXES = 10_000
# Rows times this give the columns (18181-1 C.2): 0 means that the columns are stated.
_RATIOS = ((0, 1), (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
GREY = 1


class _Bits:
    """Bits of `head` from the lowest of the first byte on (18181-1 B.2); Refused past its end."""

    def __init__(self, head: bytes) -> None:
        self._value = int.from_bytes(head, "little")
        self._left = 8 * len(head)

    def take(self, count: int) -> int:
        if count > self._left:
            raise Refused("codestream_truncated")
        taken = self._value & ((1 << count) - 1)
        self._value >>= count
        self._left -= count
        return taken

    def choose(self, *forms: tuple[int, int]) -> int:
        """U32: two bits choose one of four (offset, bit count) forms."""
        offset, count = forms[self.take(2)]
        return offset + self.take(count)


def read_jpeg_xl(frame: bytes | memoryview) -> CodestreamHeader:
    """Header of a bare codestream or of a container around one; Refused for what does not belong into DICOM.

    `reversible` is False where it is certain that bits were lost: in the perceptual colour space XYB, and in a
    recompressed JPEG. True does not prove the contrary."""
    view = memoryview(frame)
    if bytes(view[: len(CONTAINER)]) == CONTAINER:
        head, from_jpeg = _codestream_in_container(view)
    else:
        head, from_jpeg = bytes(view[:HEAD_BYTES]), False
    if head[:2] != CODESTREAM:
        raise Refused("codestream_mismatch", "there is no JPEG XL codestream")
    return _read_head(_Bits(head[2:]), from_jpeg=from_jpeg)


def _codestream_in_container(view: memoryview) -> tuple[bytes, bool]:
    """First bytes of the codestream, whole in one box or in numbered parts, and whether a JPEG can be rebuilt."""
    head, position, part, whole, last, from_jpeg = b"", 0, 0, 0, False, False
    for _ in range(MAX_BOXES):
        if position == len(view):
            break
        kind, start, position = _box(view, position)
        from_jpeg = from_jpeg or kind == b"jbrd"
        if kind == b"jxlc":
            whole += 1
            head = bytes(view[start : min(start + HEAD_BYTES, position)])
        elif kind == b"jxlp":
            if position - start < 4 or last:
                raise Refused("codestream_mismatch", "the parts of the JPEG XL codestream do not add up")
            (number,) = struct.unpack_from(">L", view, start)
            if number & 0x7FFFFFFF != part:
                raise Refused("codestream_mismatch", "the parts of the JPEG XL codestream are out of order")
            part, last = part + 1, bool(number >> 31)
            head += bytes(view[start + 4 : min(start + 4 + HEAD_BYTES, position)])
    else:
        raise Refused("codestream_mismatch", "there are too many boxes")
    if part and not last:
        raise Refused("codestream_truncated")
    if whole + bool(part) != 1:
        raise Refused("codestream_mismatch", "the container does not hold one JPEG XL codestream")
    return head[:HEAD_BYTES], from_jpeg


def _box(view: memoryview, position: int) -> tuple[bytes, int, int]:
    """Kind, start of contents and end of the box at `position` (ISO/IEC 14496-12, 4.2)."""
    if position + 8 > len(view):
        # DICOM pads a frame to an even length.
        if bytes(view[position:]) == b"\0":
            return b"", position, len(view)
        raise Refused("codestream_truncated")
    (size,) = struct.unpack_from(">L", view, position)
    kind, start = bytes(view[position + 4 : position + 8]), position + 8
    if size == 1:
        if start + 8 > len(view):
            raise Refused("codestream_truncated")
        (size,) = struct.unpack_from(">Q", view, start)
        start += 8
    end = len(view) if size == 0 else position + size
    if end > len(view):
        raise Refused("codestream_truncated")
    if end < start:
        raise Refused("codestream_mismatch", "a box is shorter than its own header")
    return kind, start, end


def _read_head(bits: _Bits, *, from_jpeg: bool) -> CodestreamHeader:
    """SizeHeader and the first fields of ImageMetadata (18181-1 C.2, D.2, D.3)."""
    rows, columns = _size(bits)
    if bits.take(1):  # all_default: 8 bits, colour, XYB
        return CodestreamHeader(0, rows, columns, 3, 8, reversible=False)
    if bits.take(1):  # extra_fields
        turned = bits.take(3) != 0
        # Intrinsic size, preview, animation.
        if turned or bits.take(1) or bits.take(1) or bits.take(1):
            raise Refused("codestream_mismatch", "the JPEG XL image is turned, animated or has a preview")
    if bits.take(1):
        raise Refused("codestream_mismatch", "floating point samples")
    depth = bits.choose((8, 0), (10, 0), (12, 0), (1, 6))
    bits.take(1)  # modular_16bit_buffers
    if bits.choose((0, 0), (1, 0), (2, 4), (1, 12)):
        raise Refused("codestream_mismatch", "the JPEG XL image has extra channels")
    xyb = bool(bits.take(1))
    icc, space = False, 0
    if not bits.take(1):  # ColourEncoding is not the default, sRGB
        icc = bool(bits.take(1))
        space = bits.choose((0, 0), (1, 0), (2, 4), (18, 6))
    if space not in (0, GREY):
        raise Refused("codestream_mismatch", "the colour space of the JPEG XL image is neither grey nor RGB")
    if xyb and icc:
        raise Refused("codestream_mismatch", "XYB samples under a colour profile have no certain values")
    components = 1 if space == GREY else 3
    return CodestreamHeader(0, rows, columns, components, depth, reversible=not (xyb or from_jpeg))


def _size(bits: _Bits) -> tuple[int, int]:
    small = bits.take(1)
    rows = _extent(bits, small=small)
    times, over = _RATIOS[bits.take(3)]
    return rows, rows * times // over if times else _extent(bits, small=small)


def _extent(bits: _Bits, *, small: int) -> int:
    return 8 * (bits.take(5) + 1) if small else bits.choose((1, 9), (1, 13), (1, 18), (1, 30))
