"""Files that end too early: at every structural boundary of each syntax, and inside plain pictures."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from hostile.clean import picture, twin
from hostile.files import MUST_FAIL, NO_REDUNDANCY, SAME_OR_REFUSED, Allowed, HostileFile, dice
from hostile.parts import ENCAPSULATED, NATIVE, PIXEL_DATA, UNDEFINED, element, frame, item, parts, short
from mammogram_viewer.dicom.syntaxes import (
    DEFLATED_EXPLICIT_LITTLE_ENDIAN,
    EXPLICIT_LITTLE_ENDIAN,
    transfer_syntax,
)

Cut = Callable[[str], bytes]


def _to(uid: str, position: Callable[[bytes, dict[int, int]], int]) -> bytes:
    made = parts(uid)
    whole = made.to_bytes()
    return whole[: position(whole, dict(made.offsets()))]


# Where to cut, by the whole file and the offsets of its elements. Deflated files are cut by share instead.
_EVERYWHERE: dict[str, Callable[[bytes, dict[int, int]], int]] = {
    "in_preamble": lambda whole, at: 100,
    "behind_magic": lambda whole, at: 132,
    "in_meta_length": lambda whole, at: 139,
    "in_meta_syntax": lambda whole, at: whole.index(b"\x02\x00\x10\x00UI") + 14,
}
_STRUCTURED: dict[str, Callable[[bytes, dict[int, int]], int]] = {
    "behind_meta": lambda whole, at: min(at.values()),
    "in_first_element": lambda whole, at: min(at.values()) + 5,
    "behind_patient": lambda whole, at: at[0x00100040],
    "in_sequence": lambda whole, at: at[0x00540220] + 20,
    "behind_rows": lambda whole, at: at[0x00280011],
    "before_pixel_data": lambda whole, at: at[PIXEL_DATA],
    "in_pixel_data_head": lambda whole, at: at[PIXEL_DATA] + 6,
    "behind_pixel_data_head": lambda whole, at: at[PIXEL_DATA] + 12,
}
_FRAGMENTS: dict[str, Callable[[bytes, dict[int, int]], int]] = {
    "behind_offset_table": lambda whole, at: at[PIXEL_DATA] + 20,
    "behind_item_head": lambda whole, at: at[PIXEL_DATA] + 28,
    "in_fragment": lambda whole, at: at[PIXEL_DATA] + 28 + (len(whole) - at[PIXEL_DATA]) // 2,
    "before_fragment_end": lambda whole, at: len(whole) - 11,
    "in_delimiter": lambda whole, at: len(whole) - 3,
}


def truncated_files(seed: int) -> Iterator[HostileFile]:
    yield from _dicom()
    yield from _deflated(seed)
    yield from _closed_codestreams()
    yield from _pictures()


def _dicom() -> Iterator[HostileFile]:
    for uid in (*NATIVE, *ENCAPSULATED):
        # Up to the syntax, files of all syntaxes are the same.
        cuts = {name: cut for name, cut in _EVERYWHERE.items() if uid == EXPLICIT_LITTLE_ENDIAN or "syntax" in name}
        if uid != DEFLATED_EXPLICIT_LITTLE_ENDIAN:
            cuts |= _STRUCTURED
        if transfer_syntax(uid).encapsulated:
            cuts |= _FRAGMENTS
        elif uid != DEFLATED_EXPLICIT_LITTLE_ENDIAN:
            cuts |= {
                "in_pixels": lambda whole, at: (at[PIXEL_DATA] + len(whole)) // 2,
                "last_byte": lambda whole, at: len(whole) - 1,
            }
        for name, position in cuts.items():
            yield HostileFile(
                name=f"truncated/{short(uid)}/{name}",
                # All pixels are there when only the sequence's end is missing.
                allowed=SAME_OR_REFUSED if name == "in_delimiter" else MUST_FAIL,
                make=lambda uid=uid, position=position: _to(uid, position),
                twin=twin(uid),
            )
        if transfer_syntax(uid).encapsulated:
            yield HostileFile(
                name=f"truncated/{short(uid)}/before_delimiter",
                allowed=SAME_OR_REFUSED,
                make=lambda uid=uid: parts(uid).to_bytes()[:-8],
                twin=twin(uid),
            )


def _deflated(seed: int) -> Iterator[HostileFile]:
    for number in range(8):
        name = f"truncated/deflated/{number}"
        share = dice(seed, name).uniform(0.05, 0.98)

        def make(share: float = share) -> bytes:
            made = parts(DEFLATED_EXPLICIT_LITTLE_ENDIAN)
            whole = made.to_bytes()
            start = min(offset for _, offset in made.offsets())
            return whole[: start + int((len(whole) - start) * share)]

        yield HostileFile(name=name, allowed=MUST_FAIL, make=make)


def _closed_codestreams() -> Iterator[HostileFile]:
    """Codestreams that were cut and then properly closed, inside a file that is whole."""
    for uid in ENCAPSULATED:
        for percent in (25, 60, 90):
            for closed in (False, True):
                end = _end_marker(uid) if closed else b""
                if closed and not end:
                    continue
                yield HostileFile(
                    name=f"truncated/{short(uid)}/codestream_{percent}{'_closed' if closed else ''}",
                    allowed=_allowed_for_cut(uid),
                    make=lambda uid=uid, percent=percent, end=end: _cut_codestream(uid, percent, end),
                    twin=twin(uid),
                )


def _allowed_for_cut(uid: str) -> Allowed:
    return NO_REDUNDANCY if not transfer_syntax(uid).codec else MUST_FAIL


def _end_marker(uid: str) -> bytes:
    return b"\xff\xd9" if transfer_syntax(uid).codec in ("jpeg", "jpegls", "j2k", "htj2k") else b""


def _cut_codestream(uid: str, percent: int, end: bytes) -> bytes:
    whole = frame(uid)
    return parts(uid, frames=[whole[: len(whole) * percent // 100].rstrip(b"\xff") + end]).to_bytes()


def _pictures() -> Iterator[HostileFile]:
    for kind in ("png", "jpeg", "tiff"):
        for percent in (3, 10, 40, 70, 95):
            yield HostileFile(
                name=f"truncated/{kind}/{percent}",
                # The last bytes of a PNG are a checksum and an end mark: all pixels may be there.
                allowed=SAME_OR_REFUSED if kind == "png" else MUST_FAIL,
                make=lambda kind=kind, percent=percent: _share(picture(kind), percent),
                file_name=f"cut.{kind}",
                twin=f"clean/{kind}",
            )
    yield HostileFile(
        name="truncated/png/without_end_chunk",
        allowed=SAME_OR_REFUSED,
        make=lambda: picture("png")[:-12],
        file_name="cut.png",
        twin="clean/png",
    )
    for percent in (40, 80):
        yield HostileFile(
            name=f"truncated/jpeg/{percent}_closed",
            allowed=MUST_FAIL,
            make=lambda percent=percent: _share(picture("jpeg"), percent).rstrip(b"\xff") + b"\xff\xd9",
            file_name="cut.jpg",
        )
    yield HostileFile(
        name="truncated/short_native_pixels",
        allowed=MUST_FAIL,
        make=lambda: parts(pixels=element(PIXEL_DATA, "OW", b"\x10\x00" * 1000)).to_bytes(),
    )
    yield HostileFile(
        name="truncated/sequence_that_never_ends",
        allowed=MUST_FAIL,
        make=lambda: (
            parts(EXPLICIT_LITTLE_ENDIAN)
            .with_element(0x00540220, element(0x00540220, "SQ", item(b"", length=UNDEFINED), length=UNDEFINED))
            .to_bytes()
        ),
    )
    yield HostileFile(
        name="truncated/group_length_only",
        allowed=MUST_FAIL,
        make=lambda: bytes(128) + b"DICM" + element(0x00020000, "UL", struct.pack("<L", 4)),
    )


def _share(whole: bytes, percent: int) -> bytes:
    return whole[: len(whole) * percent // 100]
