"""Elements under another value representation than the dictionary gives them, and VRs that do not exist."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from hostile.clean import PLAIN
from hostile.files import MUST_FAIL, SAID_OR_REFUSED, SAME_OR_REFUSED, Allowed, HostileFile
from hostile.parts import PIXEL_DATA, element, parts

_ROWS, _BITS, _SLOPE, _CENTER, _VIEWS = 0x00280010, 0x00280101, 0x00281053, 0x00281050, 0x00540220

_CASES: dict[str, tuple[Allowed, int, bytes]] = {
    "rows_as_text": (SAME_OR_REFUSED, _ROWS, element(_ROWS, "LO", b"128 ")),
    "rows_as_signed": (SAME_OR_REFUSED, _ROWS, element(_ROWS, "SS", b"\x80\0")),
    "rows_as_minus": (MUST_FAIL, _ROWS, element(_ROWS, "SS", b"\x80\xff")),
    "rows_as_long": (SAME_OR_REFUSED, _ROWS, element(_ROWS, "UL", b"\x80\0\0\0")),
    "rows_as_huge_long": (MUST_FAIL, _ROWS, element(_ROWS, "UL", b"\x80\0\1\0")),
    "rows_as_double": (SAME_OR_REFUSED, _ROWS, element(_ROWS, "FD", struct.pack("<d", 128))),
    "rows_as_bytes": (SAME_OR_REFUSED, _ROWS, element(_ROWS, "OB", b"\x80\0")),
    "rows_as_unknown": (SAME_OR_REFUSED, _ROWS, element(_ROWS, "UN", b"\x80\0")),
    "rows_as_sequence": (MUST_FAIL, _ROWS, element(_ROWS, "SQ", b"")),
    "rows_as_tag": (SAME_OR_REFUSED, _ROWS, element(_ROWS, "AT", b"\x80\0\0\0")),
    "bits_as_decimal": (SAME_OR_REFUSED, _BITS, element(_BITS, "DS", b"12")),
    "bits_as_person": (SAME_OR_REFUSED, _BITS, element(_BITS, "PN", b"12")),
    "slope_as_short": (SAME_OR_REFUSED, _SLOPE, element(_SLOPE, "US", b"\1\0")),
    "slope_as_double": (SAME_OR_REFUSED, _SLOPE, element(_SLOPE, "FD", struct.pack("<d", 1))),
    "slope_as_bytes": (SAID_OR_REFUSED, _SLOPE, element(_SLOPE, "OB", b"1 ")),
    "slope_as_date": (SAID_OR_REFUSED, _SLOPE, element(_SLOPE, "DA", b"1 ")),
    "slope_as_sequence": (SAID_OR_REFUSED, _SLOPE, element(_SLOPE, "SQ", b"")),
    "center_as_float": (SAME_OR_REFUSED, _CENTER, element(_CENTER, "FL", struct.pack("<3f", 1556, 1556, 1556))),
    "center_as_sequence": (SAID_OR_REFUSED, _CENTER, element(_CENTER, "SQ", b"")),
    "center_as_bytes": (SAID_OR_REFUSED, _CENTER, element(_CENTER, "OW", b"\1\2\3\4")),
    "views_as_text": (SAME_OR_REFUSED, _VIEWS, element(_VIEWS, "LO", b"MLO ")),
    "views_as_bytes": (SAME_OR_REFUSED, _VIEWS, element(_VIEWS, "OB", b"\1\2\3\4")),
    "no_such_vr": (MUST_FAIL, _SLOPE, element(_SLOPE, "ZZ", b"1 ")),
    "small_letters": (MUST_FAIL, _SLOPE, element(_SLOPE, "ds", b"1 ")),
    "nul_vr": (MUST_FAIL, _SLOPE, element(_SLOPE, "\0\0", b"1 ")),
    "spaces_vr": (MUST_FAIL, _SLOPE, element(_SLOPE, "  ", b"1 ")),
}


def vr_files(seed: int) -> Iterator[HostileFile]:
    del seed
    for name, (allowed, tag, encoded) in _CASES.items():
        yield HostileFile(
            name=f"wrong_vr/{name}",
            allowed=allowed,
            make=lambda tag=tag, encoded=encoded: parts().with_element(tag, encoded).to_bytes(),
            twin=PLAIN,
        )
    for vr in ("OB", "UN", "UT", "OL", "OF", "SQ"):
        yield HostileFile(
            name=f"wrong_vr/pixels_as_{vr}",
            allowed=SAME_OR_REFUSED,
            make=lambda vr=vr: _pixels_as(vr),
            twin=PLAIN,
        )
    yield HostileFile(name="wrong_vr/pixels_twice", allowed=MUST_FAIL, make=_pixels_twice)
    yield HostileFile(name="wrong_vr/pixels_first", allowed=SAME_OR_REFUSED, make=_pixels_first, twin=PLAIN)


def _pixels_as(vr: str) -> bytes:
    made = parts()
    encoded = made.get(PIXEL_DATA)
    return made.with_element(PIXEL_DATA, encoded[:4] + vr.encode() + encoded[6:]).to_bytes()


def _pixels_twice() -> bytes:
    made = parts()
    return made.to_bytes() + element(PIXEL_DATA, "OW", bytes(128 * 96 * 2))


def _pixels_first() -> bytes:
    made = parts()
    rest = b"".join(value for tag, value in made.elements if tag != PIXEL_DATA)
    return made.preamble + made.meta_bytes() + made.get(PIXEL_DATA) + rest
