"""What a file is, from its first 64 KiB and nothing more (the full parse happens in a disposable child).

Refuses what is certainly no image; what may be one is taken and judged by the child."""

from __future__ import annotations

import struct
from typing import Literal

from mammogram_viewer.archive.models import FileType
from mammogram_viewer.foundation.errors import Unsupported

SniffedType = FileType | Literal["zip"]
HEAD_BYTES = 64 * 1024
_PREAMBLE_BYTES = 128
_SHORTEST_DICOM_BYTES = 132

# Content that people drop by mistake, named so that the answer can say what it is.
_KNOWN_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"GIF8", "a GIF picture"),
    (b"RIFF", "a WebP picture, sound or film"),
    (b"BM", "a Windows bitmap"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
)
_TAKEN = "DICOM, PNG, JPEG and TIFF files are taken, and ZIP archives of them."


def sniff(head: bytes, byte_count: int) -> SniffedType:
    """The file type by content; the name never decides. Raises Unsupported with a code and the mend."""
    if byte_count == 0:
        raise Unsupported("The file is empty; nothing was kept.", code="empty_file")
    if head[_PREAMBLE_BYTES:_SHORTEST_DICOM_BYTES] == b"DICM":
        return "dicom"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith((b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")):
        return "tiff"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if _is_svg(head):
        raise Unsupported(f"SVG drawings are not taken, because they can carry scripts. {_TAKEN}", code="svg_refused")
    for magic, name in _KNOWN_OTHERS:
        if head.startswith(magic):
            raise Unsupported(f"This is {name}, not an image that can be shown here. {_TAKEN}")
    if _may_be_bare_dicom(head):
        return "dicom"
    raise Unsupported(f"This is not an image that can be shown here. {_TAKEN}")


def _is_svg(head: bytes) -> bool:
    text = head[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return text.startswith((b"<svg", b"<?xml")) and b"<svg" in head[:HEAD_BYTES].lower()


def _may_be_bare_dicom(head: bytes) -> bool:
    """A data set without preamble or meta header (ACR-NEMA style): the first element is of group 0002 or 0008
    with a believable length, in little or big endian. The child decides for certain."""
    if len(head) < _SHORTEST_DICOM_BYTES:
        return False
    for order in "<>":
        group, element, length = struct.unpack(f"{order}HHI", head[:8])
        if group not in (0x0002, 0x0008) or element > 0x0070:
            continue
        explicit = head[4:6].isalpha() and head[4:6].isupper()
        if explicit or length <= 1024:
            return True
    return False
