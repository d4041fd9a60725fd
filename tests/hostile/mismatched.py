"""Codestreams that are not what the file says: another codec, size, depth or number of components."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import imagecodecs
import numpy as np
from PIL import Image

from hostile.clean import picture, twin
from hostile.files import MUST_FAIL, SAME_OR_REFUSED, Allowed, HostileFile
from hostile.parts import (
    COLUMNS,
    EIGHT_BIT,
    ENCAPSULATED,
    NATIVE,
    PIXEL_DATA,
    ROWS,
    element,
    fragments,
    frame,
    native_pixels,
    parts,
    setting,
    short,
    wanted,
)
from mammogram_viewer.dicom.syntaxes import (
    DEFLATED_IMAGE_FRAME,
    EXPLICIT_BIG_ENDIAN,
    EXPLICIT_LITTLE_ENDIAN,
    IMPLICIT_LITTLE_ENDIAN,
    JPEG_2000_LOSSLESS,
    JPEG_BASELINE,
    RLE_LOSSLESS,
    transfer_syntax,
)
from mammogram_viewer.synthetic.mammogram import stored_words


def mismatched_files(seed: int) -> Iterator[HostileFile]:
    del seed
    yield from _kinds()
    yield from _sizes()
    yield from _forms()
    for name, (uid, allowed, make) in _oddities().items():
        yield HostileFile(name=f"mismatched/{name}", allowed=allowed, make=make, twin=twin(uid))


def _kinds() -> Iterator[HostileFile]:
    """Every codec under every other syntax, with the depth that the codestream has."""
    for outer in ENCAPSULATED:
        seen = set()
        for inner in ENCAPSULATED:
            here, there = transfer_syntax(outer), transfer_syntax(inner)
            same = here.codec == there.codec and (here.codec != "jpeg" or here.jpeg_processes & there.jpeg_processes)
            # One of each codec is enough; JPEG's processes count as codecs of their own.
            kind = (there.codec, there.jpeg_processes)
            if same or kind in seen:
                continue
            seen.add(kind)
            yield HostileFile(
                name=f"mismatched/{short(outer)}/holds_{short(inner)}",
                allowed=MUST_FAIL,
                make=lambda outer=outer, inner=inner: _relabelled(outer, inner),
            )


def _relabelled(outer: str, inner: str) -> bytes:
    bits = 8 if inner in EIGHT_BIT else 12
    change = setting(BitsAllocated=8 if bits == 8 else 16, BitsStored=bits, HighBit=bits - 1)
    return parts(outer, change, frames=[frame(inner)]).to_bytes()


def _sizes() -> Iterator[HostileFile]:
    for uid in ENCAPSULATED:
        eight = uid in EIGHT_BIT
        streams: dict[str, Callable[[], bytes]] = {
            "taller": lambda uid=uid: frame(uid, rows=ROWS + 8),
            "narrower": lambda uid=uid: frame(uid, columns=COLUMNS - 8),
            "much_larger": lambda uid=uid: frame(uid, rows=900, columns=700),
            "turned": lambda uid=uid: frame(uid, rows=COLUMNS, columns=ROWS),
            "colour": lambda uid=uid: _colour(uid),
        }
        if not eight:
            streams["flatter"] = lambda uid=uid: frame(uid, bits=8)
            if transfer_syntax(uid).codec not in ("rle", "deflated_frame") and "4.51" not in uid:
                streams["deeper"] = lambda uid=uid: frame(uid, bits=16)
        for name, make in streams.items():
            if name == "turned" and transfer_syntax(uid).codec in ("rle", "deflated_frame"):
                continue  # they carry no size: it would be a valid picture
            yield HostileFile(
                name=f"mismatched/{short(uid)}/{name}",
                allowed=MUST_FAIL,
                make=lambda uid=uid, make=make: parts(uid, frames=[make()]).to_bytes(),
            )


def _colour(uid: str) -> bytes:
    """An RGB codestream of the right size; planes in a row where the codec knows no colour."""
    grey = (stored_words(wanted(EXPLICIT_LITTLE_ENDIAN)) >> 4).astype(np.uint8)
    rgb = np.ascontiguousarray(np.dstack([grey, grey.T.reshape(grey.shape), grey[::-1]]))
    codec = transfer_syntax(uid).codec
    if codec == "jpeg":
        return bytes(imagecodecs.jpeg8_encode(rgb, 90, lossless=transfer_syntax(uid).jpeg_processes == {0xC3}))
    if codec == "jpegls":
        return bytes(imagecodecs.jpegls_encode(rgb))
    if codec == "j2k":
        return bytes(imagecodecs.jpeg2k_encode(rgb, level=0, codecformat="j2k", reversible=True))
    if codec == "htj2k":
        return bytes(imagecodecs.htj2k_encode(rgb, reversible=True))
    if codec == "jxl":
        return bytes(imagecodecs.jpegxl_encode(rgb, lossless=True))
    return frame(uid, rows=ROWS * 3)


def _forms() -> Iterator[HostileFile]:
    """Native pixels under compressed syntaxes, and the reverse."""
    words = bytes(stored_words(wanted(EXPLICIT_LITTLE_ENDIAN)).astype("<u2").tobytes())
    for uid in ENCAPSULATED:
        yield HostileFile(
            name=f"mismatched/{short(uid)}/native_pixels",
            allowed=MUST_FAIL,
            make=lambda uid=uid: parts(uid, pixels=element(PIXEL_DATA, "OW", words)).to_bytes(),
        )
        yield HostileFile(
            name=f"mismatched/{short(uid)}/native_pixels_in_a_fragment",
            allowed=MUST_FAIL,
            make=lambda uid=uid: parts(uid, frames=[words]).to_bytes(),
        )
    for uid in NATIVE:
        for inner in (RLE_LOSSLESS, JPEG_BASELINE, JPEG_2000_LOSSLESS):
            if uid in (EXPLICIT_BIG_ENDIAN, IMPLICIT_LITTLE_ENDIAN) and inner != RLE_LOSSLESS:
                continue
            yield HostileFile(
                name=f"mismatched/{short(uid)}/holds_{short(inner)}",
                allowed=MUST_FAIL,
                make=lambda uid=uid, inner=inner: parts(uid, pixels=fragments([frame(inner)])).to_bytes(),
            )
            yield HostileFile(
                name=f"mismatched/{short(uid)}/bare_{short(inner)}",
                allowed=MUST_FAIL,
                make=lambda uid=uid, inner=inner: parts(
                    uid, pixels=native_pixels(uid, frame(inner) + b"\0" * (len(frame(inner)) % 2))
                ).to_bytes(),
            )


def _jp2() -> bytes:
    words = stored_words(wanted(JPEG_2000_LOSSLESS))
    return bytes(imagecodecs.jpeg2k_encode(words, level=0, codecformat="jp2", reversible=True, bitspersample=12))


def _progressive() -> bytes:
    target = io.BytesIO()
    grey = stored_words(wanted(JPEG_BASELINE))
    Image.fromarray(grey).save(target, "JPEG", progressive=True, quality=92)
    return target.getvalue()


def _oddities() -> dict[str, tuple[str, Allowed, Callable[[], bytes]]]:
    j2k, jpeg = JPEG_2000_LOSSLESS, JPEG_BASELINE

    def holding(uid: str, *streams: bytes) -> Callable[[], bytes]:
        return lambda: parts(uid, frames=streams).to_bytes()

    wrapped = _jp2()
    return {
        "jp2_boxes": (j2k, SAME_OR_REFUSED, holding(j2k, wrapped)),
        "jp2_without_codestream": (j2k, MUST_FAIL, holding(j2k, wrapped[: wrapped.index(b"\xff\x4f\xff\x51")])),
        "jp2_two_codestreams": (j2k, MUST_FAIL, holding(j2k, wrapped + frame(j2k, seed=9))),
        "j2k_trailing_codestream": (j2k, MUST_FAIL, holding(j2k, frame(j2k) + frame(j2k, seed=9))),
        "jpeg_trailing_codestream": (jpeg, MUST_FAIL, holding(jpeg, frame(jpeg) + frame(jpeg, seed=9))),
        "jpeg_leading_garbage": (jpeg, MUST_FAIL, holding(jpeg, b"garbage!" + frame(jpeg))),
        "jpeg_progressive": (jpeg, MUST_FAIL, holding(jpeg, _progressive())),
        "png_in_a_fragment": (jpeg, MUST_FAIL, holding(jpeg, picture("png"))),
        "tiff_in_a_fragment": (j2k, MUST_FAIL, holding(j2k, picture("tiff"))),
        "zeros_in_a_fragment": (j2k, MUST_FAIL, holding(j2k, bytes(5000))),
        "deflated_twice": (
            DEFLATED_IMAGE_FRAME,
            MUST_FAIL,
            lambda: parts(DEFLATED_IMAGE_FRAME, frames=[frame(DEFLATED_IMAGE_FRAME) * 2]).to_bytes(),
        ),
        "unknown_syntax": (j2k, MUST_FAIL, lambda: _under_syntax(b"1.2.840.10008.1.2.4.999")),
        "mpeg_syntax": (j2k, MUST_FAIL, lambda: _under_syntax(b"1.2.840.10008.1.2.4.100")),
        "syntax_climbing_out": (j2k, MUST_FAIL, lambda: _under_syntax(b"../../../etc/passwd")),
        "syntax_missing": (j2k, MUST_FAIL, lambda: _under_syntax(b"")),
        "syntax_of_garbage": (j2k, MUST_FAIL, lambda: _under_syntax(bytes(range(1, 64)))),
    }


def _under_syntax(uid: bytes) -> bytes:
    made = parts(JPEG_2000_LOSSLESS)
    whole = made.meta_bytes()
    old = element(0x00020010, "UI", JPEG_2000_LOSSLESS.encode())
    new = element(0x00020010, "UI", uid + b"\0" * (len(uid) % 2))
    return made.preamble + whole.replace(old, new) + made.body()
