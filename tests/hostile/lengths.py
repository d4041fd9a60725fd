"""Lying lengths: of elements, sequences, items, groups, fragments and offset tables."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import replace

from pydicom.dataset import Dataset

from hostile.clean import PLAIN, twin
from hostile.files import MUST_FAIL, SAID_OR_REFUSED, SAME_OR_REFUSED, Allowed, HostileFile
from hostile.parts import (
    ITEM_END,
    PIXEL_DATA,
    SEQUENCE_END,
    UNDEFINED,
    Parts,
    element,
    frame,
    item,
    parts,
    setting,
    short,
)
from mammogram_viewer.dicom.syntaxes import JPEG_2000_LOSSLESS, JPEG_LS_LOSSLESS, RLE_LOSSLESS

_STUDY_DESCRIPTION = 0x00081030
_VIEW_CODES = 0x00540220


def length_files(seed: int) -> Iterator[HostileFile]:
    del seed
    for name, (allowed, make) in {**_elements(), **_sequences(), **_groups()}.items():
        yield HostileFile(name=f"lying_length/{name}", allowed=allowed, make=make, twin=PLAIN)
    yield from _pixel_lengths()
    yield from _single_frame_fragments()
    yield from _multi_frame_tables()


def _put(tag: int, encoded: bytes) -> Callable[[], bytes]:
    return lambda: parts().with_element(tag, encoded).to_bytes()


def _elements() -> dict[str, tuple[Allowed, Callable[[], bytes]]]:
    text = b"Synthetic screening "
    lies = {f"text_{length}": length for length in (0, 1, 2, 19, 22, 28, 4000, 0xFFFE, 0xFFFF)}
    found: dict[str, tuple[Allowed, Callable[[], bytes]]] = {
        name: (
            SAID_OR_REFUSED if length < 100 else MUST_FAIL,
            _put(_STUDY_DESCRIPTION, element(_STUDY_DESCRIPTION, "LO", text, length=length)),
        )
        for name, length in lies.items()
    }
    for length in (3, 12, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, UNDEFINED):
        encoded = element(0x00091001, "OB", b"\1" * 12, length=length)
        allowed = SAME_OR_REFUSED if length <= 12 else MUST_FAIL
        found[f"private_{length:x}"] = (allowed, _put(0x00091001, encoded))
    for length in (0, 1, 3, 4, 6, 500):
        encoded = element(0x00280010, "US", struct.pack("<H", 128), length=length)
        found[f"rows_{length}"] = (MUST_FAIL if length in (0, 500) else SAME_OR_REFUSED, _put(0x00280010, encoded))
    return found


def _sequences() -> dict[str, tuple[Allowed, Callable[[], bytes]]]:
    inner = element(0x00080100, "SH", b"399162004 ") + element(0x00080102, "SH", b"SCT ")
    whole = item(inner)
    cases = {
        "sequence_short": (element(_VIEW_CODES, "SQ", whole, length=len(whole) - 4), MUST_FAIL),
        "sequence_long": (element(_VIEW_CODES, "SQ", whole, length=len(whole) + 6), MUST_FAIL),
        "sequence_huge": (element(_VIEW_CODES, "SQ", whole, length=0x7FFFFFF0), MUST_FAIL),
        "item_short": (element(_VIEW_CODES, "SQ", item(inner, length=len(inner) - 5)), MUST_FAIL),
        "item_long": (element(_VIEW_CODES, "SQ", item(inner, length=len(inner) + 40)), MUST_FAIL),
        "item_huge": (element(_VIEW_CODES, "SQ", item(inner, length=0xFFFFFFF0)), MUST_FAIL),
        "item_endless": (element(_VIEW_CODES, "SQ", item(inner, length=UNDEFINED), length=UNDEFINED), MUST_FAIL),
        "item_end_only": (element(_VIEW_CODES, "SQ", ITEM_END + SEQUENCE_END, length=UNDEFINED), MUST_FAIL),
        "end_too_often": (element(_VIEW_CODES, "SQ", whole + SEQUENCE_END * 2, length=UNDEFINED), MUST_FAIL),
        "item_in_root": (element(_VIEW_CODES, "SQ", whole) + item(inner), MUST_FAIL),
        "unknown_undefined": (element(_VIEW_CODES, "UN", whole + SEQUENCE_END, length=UNDEFINED), SAID_OR_REFUSED),
        "text_as_sequence": (element(_VIEW_CODES, "SQ", b"not an item, but words"), MUST_FAIL),
    }
    return {name: (allowed, _put(_VIEW_CODES, encoded)) for name, (encoded, allowed) in cases.items()}


def _groups() -> dict[str, tuple[Allowed, Callable[[], bytes]]]:
    def meta(length: int) -> Callable[[], bytes]:
        def make() -> bytes:
            whole = parts().to_bytes()
            return whole[:140] + struct.pack("<L", length) + whole[144:]

        return make

    def body(group: int, length: int) -> Callable[[], bytes]:
        encoded = element(group << 16, "UL", struct.pack("<L", length))
        return lambda: parts().with_element(group << 16, encoded).to_bytes()

    def without_meta_length() -> bytes:
        made = parts()
        return made.preamble + b"".join(value for _, value in made.meta) + made.body()

    # Group lengths are retired (PS3.5 7.2): the elements themselves tell where the group ends.
    found: dict[str, tuple[Allowed, Callable[[], bytes]]] = {
        f"meta_group_{length:x}": (SAME_OR_REFUSED, meta(length))
        for length in (0, 1, 14, 60, 0x1000, 0x7FFFFFFF, 0xFFFFFFFF)
    }
    for group in (0x0008, 0x0028, 0x7FE0):
        for length in (0, 7, 0xFFFFFFF0):
            found[f"group_{group:04x}_{length:x}"] = (SAME_OR_REFUSED, body(group, length))
    found["meta_group_missing"] = (SAME_OR_REFUSED, without_meta_length)
    return found


def _pixel_lengths() -> Iterator[HostileFile]:
    words = 128 * 96 * 2
    for change in (-words, -2000, -2, -1, 1, 2, 3, 4000, 2**31 - words, 0xFFFFFFFE - words):
        yield HostileFile(
            name=f"lying_length/pixels_{change:+d}",
            allowed=MUST_FAIL,
            make=lambda change=change: _relabelled(words + change),
            twin=PLAIN,
        )
        if -words < change < 5000:
            yield HostileFile(
                name=f"lying_length/pixels_really_{change:+d}",
                allowed=MUST_FAIL,
                make=lambda change=change: parts(
                    pixels=element(PIXEL_DATA, "OW", (b"\x31\x02" * words)[: words + change])
                ).to_bytes(),
            )


def _relabelled(length: int) -> bytes:
    made = parts()
    encoded = made.get(PIXEL_DATA)
    return made.with_element(PIXEL_DATA, encoded[:8] + struct.pack("<L", length) + encoded[12:]).to_bytes()


def _single_frame_fragments() -> Iterator[HostileFile]:
    for uid in (RLE_LOSSLESS, JPEG_LS_LOSSLESS, JPEG_2000_LOSSLESS):
        stream = frame(uid) + b"\0" * (len(frame(uid)) % 2)
        half = len(stream) // 4 * 2
        table = item(b"")
        cases: dict[str, tuple[Allowed, bytes]] = {
            "fragment_long": (MUST_FAIL, table + item(stream, length=len(stream) + 64) + SEQUENCE_END),
            "fragment_short": (MUST_FAIL, table + item(stream, length=len(stream) - 64) + SEQUENCE_END),
            "fragment_undefined": (MUST_FAIL, table + item(stream, length=UNDEFINED) + SEQUENCE_END),
            "fragment_huge": (MUST_FAIL, table + item(stream, length=0xFFFFFF00) + SEQUENCE_END),
            "no_offset_table": (MUST_FAIL, item(stream) + SEQUENCE_END),
            "no_items": (MUST_FAIL, SEQUENCE_END),
            "table_only": (MUST_FAIL, table + SEQUENCE_END),
            "empty_fragment": (MUST_FAIL, table + item(b"") + SEQUENCE_END),
            "empty_fragments_around": (
                SAME_OR_REFUSED,
                table + item(b"") + item(stream) + item(b"") + SEQUENCE_END,
            ),
            "two_fragments": (SAME_OR_REFUSED, table + item(stream[:half]) + item(stream[half:]) + SEQUENCE_END),
            "halves_swapped": (MUST_FAIL, table + item(stream[half:]) + item(stream[:half]) + SEQUENCE_END),
            "one_half_twice": (MUST_FAIL, table + item(stream[:half]) * 2 + SEQUENCE_END),
            "stream_twice": (MUST_FAIL, table + item(stream) * 2 + SEQUENCE_END),
            "table_beyond_end": (SAME_OR_REFUSED, item(b"\xff\xff\xff\x7f") + item(stream) + SEQUENCE_END),
            "table_odd": (SAME_OR_REFUSED, item(b"\0\0\0\0\0\0") + item(stream) + SEQUENCE_END),
            "garbage_item": (MUST_FAIL, table + b"GARBAGE!" + item(stream) + SEQUENCE_END),
        }
        for name, (allowed, body) in cases.items():
            yield HostileFile(
                name=f"lying_length/{short(uid)}/{name}",
                allowed=allowed,
                make=lambda uid=uid, body=body: parts(
                    uid, pixels=element(PIXEL_DATA, "OB", body, length=UNDEFINED)
                ).to_bytes(),
                twin=twin(uid),
            )


def _multi_frame_tables() -> Iterator[HostileFile]:
    """Two and three frames whose tables point elsewhere. The twin is the middle frame, which stands for the object."""
    uid = JPEG_LS_LOSSLESS
    streams = [frame(uid, seed=seed) + b"\0" * (len(frame(uid, seed=seed)) % 2) for seed in (8, 7, 9)]
    halves = [half for stream in streams for half in (stream[: len(stream) // 4 * 2], stream[len(stream) // 4 * 2 :])]
    starts = [0, 8 + len(streams[0]), 16 + len(streams[0]) + len(streams[1])]
    split = [0, 16 + len(streams[0]), 32 + len(streams[0]) + len(streams[1])]
    tables = {
        "right": (SAME_OR_REFUSED, streams, starts),
        "reversed": (SAME_OR_REFUSED, streams, starts[::-1]),
        "all_zero": (SAME_OR_REFUSED, streams, [0, 0, 0]),
        "beyond_end": (SAME_OR_REFUSED, streams, [0, 2**31, 2**32 - 8]),
        "split_right": (SAME_OR_REFUSED, halves, split),
        "split_reversed": (SAID_OR_REFUSED, halves, split[::-1]),
        "split_all_zero": (SAME_OR_REFUSED, halves, [0, 0, 0]),
        "split_in_fragment": (SAME_OR_REFUSED, halves, [0, 11, 13]),
        "split_beyond_end": (SAME_OR_REFUSED, halves, [0, 2**31, 2**32 - 8]),
        "split_between_halves": (MUST_FAIL, halves, [0, 8 + len(halves[0]), split[2]]),
    }
    for name, (allowed, pieces, offsets) in tables.items():
        body = item(struct.pack("<3L", *offsets)) + b"".join(map(item, pieces)) + SEQUENCE_END
        yield _three_frames(f"offset_table_{name}", allowed, body)
    for name, count in (("too_many_frames", 4), ("too_few_frames", 2), ("one_frame", 1), ("511_frames", 511)):
        body = item(b"") + b"".join(map(item, streams)) + SEQUENCE_END
        yield _three_frames(name, MUST_FAIL, body, count)
    lying = {"offsets": (struct.pack("<3Q", 0, 2**40, 5), b"\x10\0\0\0\0\0\0\0" * 3), "short": (b"\0" * 8, b"\0" * 8)}
    for name, (offsets, lengths) in lying.items():
        body = item(b"") + b"".join(map(item, streams)) + SEQUENCE_END
        yield _three_frames(f"extended_table_{name}", SAME_OR_REFUSED, body, extended=(offsets, lengths))


def _three_frames(
    name: str, allowed: Allowed, body: bytes, count: int = 3, *, extended: tuple[bytes, bytes] | None = None
) -> HostileFile:
    def change(ds: Dataset) -> None:
        setting(NumberOfFrames=str(count))(ds)
        if extended is not None:
            ds.ExtendedOffsetTable, ds.ExtendedOffsetTableLengths = extended

    def make() -> bytes:
        pixels = element(PIXEL_DATA, "OB", body, length=UNDEFINED)
        made: Parts = parts(JPEG_LS_LOSSLESS, change, pixels=pixels)
        return replace(made, preamble=bytes(128) + b"DICM").to_bytes()

    return HostileFile(name=f"lying_length/frames/{name}", allowed=allowed, make=make, twin=twin(JPEG_LS_LOSSLESS))
