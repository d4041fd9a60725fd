"""Seeded damage to the codestreams of every syntax, to headers of files, and to plain pictures.

Three classes: damage that anybody can see must fail; damage to headers may pass only where the picture is the same;
flips inside entropy-coded bits, where the format has no check value, may give another valid picture."""

from __future__ import annotations

import random
from collections.abc import Iterator

from hostile.clean import picture, twin
from hostile.files import NO_REDUNDANCY, SAID_OR_REFUSED, SAME_OR_REFUSED, Allowed, HostileFile, dice
from hostile.parts import ENCAPSULATED, PIXEL_DATA, frame, parts, short
from mammogram_viewer.dicom.syntaxes import (
    EXPLICIT_BIG_ENDIAN,
    EXPLICIT_LITTLE_ENDIAN,
    IMPLICIT_LITTLE_ENDIAN,
    transfer_syntax,
)

_EACH_WAY = 4  # of every kind of damage and syntax
# Image Pixel numbers (Rows, bits, sign) and the grey scale are where a flip is another valid file.
_TELLING = (0x0028, 0x2050)


def mutated_files(seed: int) -> Iterator[HostileFile]:
    yield from _codestreams(seed)
    yield from _headers(seed)
    yield from _pictures(seed)


def _codestreams(seed: int) -> Iterator[HostileFile]:
    for uid in ENCAPSULATED:
        for number in range(_EACH_WAY):
            for kind, allowed in _kinds(uid).items():
                name = f"mutated/{short(uid)}/{kind}_{number}"
                yield HostileFile(
                    name=name,
                    allowed=allowed,
                    make=lambda uid=uid, kind=kind, name=name: _damaged(uid, kind, dice(seed, name)),
                    twin=twin(uid),
                )


def _kinds(uid: str) -> dict[str, Allowed]:
    """Kinds of damage. Markers and segment lengths say what the bits mean, so another picture is a lie; but a
    quantisation or Huffman table, as entropy-coded bits, has no check value."""
    markers = SAME_OR_REFUSED if transfer_syntax(uid).codec in ("j2k", "jpegls") else NO_REDUNDANCY
    return {
        "start": SAME_OR_REFUSED,
        "size": SAME_OR_REFUSED,
        "header": markers,
        "bit": NO_REDUNDANCY,
        "bits": NO_REDUNDANCY,
        "zeroed": NO_REDUNDANCY,
        "removed": NO_REDUNDANCY,
        "doubled": NO_REDUNDANCY,
    }


def _damaged(uid: str, kind: str, random: random.Random) -> bytes:
    stream = bytearray(frame(uid))
    start, end = _data(uid, bytes(stream))
    if kind == "start":
        _flip(stream, random, 0, 4, 2)
    elif kind == "size":
        at = _size_at(uid, bytes(stream))
        _flip(stream, random, at, at + _SIZE_BYTES.get(transfer_syntax(uid).codec, 4), 1)
    elif kind == "header":
        _flip(stream, random, 4, start, 1)
    elif kind == "bit":
        _flip(stream, random, start, end, 1)
    elif kind == "bits":
        _flip(stream, random, start, end, 12)
    else:
        at = random.randrange(start, end - 40)
        count = random.randrange(2, 40)
        chunk = {"zeroed": bytes(count), "removed": b"", "doubled": bytes(stream[at : at + count]) * 2}[kind]
        stream[at : at + count] = chunk
    return parts(uid, frames=[bytes(stream)]).to_bytes()


_SIZE_BYTES = {"j2k": 8, "htj2k": 8, "rle": 12, "deflated_frame": 2, "jxl": 4}


def _size_at(uid: str, stream: bytes) -> int:
    codec = transfer_syntax(uid).codec
    if codec in ("j2k", "htj2k"):
        return stream.index(b"\xff\x51") + 6
    if codec in ("jpeg", "jpegls"):
        return next(at for at in range(len(stream)) if stream[at] == 255 and stream[at + 1] in b"\xc0\xc1\xc3\xf7") + 5
    return 0


def _data(uid: str, stream: bytes) -> tuple[int, int]:
    """Where the coded pixels begin and end."""
    codec = transfer_syntax(uid).codec
    if codec in ("j2k", "htj2k"):
        return stream.index(b"\xff\x93") + 2, len(stream) - 2
    if codec in ("jpeg", "jpegls"):
        scan = stream.index(b"\xff\xda")
        return scan + 2 + int.from_bytes(stream[scan + 2 : scan + 4], "big"), len(stream) - 2
    return {"rle": 64}.get(codec, 16), len(stream)


def _flip(stream: bytearray, random: random.Random, start: int, end: int, count: int) -> None:
    for at in random.sample(range(start, end), min(count, end - start)):
        stream[at] ^= 1 << random.randrange(8)


def _headers(seed: int) -> Iterator[HostileFile]:
    """Flips in the data set's header, outside the groups that say what pixels mean, and in the meta group."""
    for uid in (EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN, EXPLICIT_BIG_ENDIAN):
        for number in range(8):
            name = f"mutated_header/{short(uid)}/{number}"
            yield HostileFile(
                name=name,
                allowed=SAID_OR_REFUSED,
                make=lambda uid=uid, name=name: _damaged_header(uid, dice(seed, name)),
                twin=twin(uid),
            )
    for number in range(8):
        name = f"mutated_header/meta/{number}"

        def make(name: str = name) -> bytes:
            made = parts()
            whole = bytearray(made.to_bytes())
            _flip(whole, dice(seed, name), 128, min(at for _, at in made.offsets()), 3)
            return bytes(whole)

        yield HostileFile(name=name, allowed=SAID_OR_REFUSED, make=make, twin=twin(EXPLICIT_LITTLE_ENDIAN))


def _damaged_header(uid: str, random: random.Random) -> bytes:
    made = parts(uid)
    whole = bytearray(made.to_bytes())
    starts = made.offsets()
    ends = [offset for _, offset in starts[1:]]
    spans = [
        (start, end)
        for (tag, start), end in zip(starts, ends, strict=False)
        if tag >> 16 not in _TELLING and tag != PIXEL_DATA
    ]
    for start, end in random.sample(spans, 3):
        _flip(whole, random, start, end, 1)
    return bytes(whole)


def _pictures(seed: int) -> Iterator[HostileFile]:
    for kind in ("png", "jpeg", "tiff"):
        for number in range(8):
            name = f"mutated/{kind}/{number}"

            def make(kind: str = kind, name: str = name) -> bytes:
                stream = bytearray(picture(kind))
                _flip(stream, dice(seed, name), 8, len(stream), 2)
                return bytes(stream)

            yield HostileFile(
                name=name,
                # Every chunk of a PNG carries a CRC; JPEG and TIFF have nothing of the kind.
                allowed=SAME_OR_REFUSED if kind == "png" else NO_REDUNDANCY,
                make=make,
                file_name=f"mutated.{kind}",
                twin=f"clean/{kind}",
            )
