"""Small files that ask for much: inflation, dimensions, tiles, nesting, counts, scans. Each is made within a second."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache

from hostile.clean import PLAIN, twin
from hostile.files import MUST_FAIL, NO_REDUNDANCY, SAME_OR_REFUSED, WITHIN_LIMITS, Allowed, HostileFile
from hostile.parts import (
    ITEM_END,
    PIXEL_DATA,
    SEQUENCE_END,
    UNDEFINED,
    element,
    fragments,
    frame,
    item,
    parts,
    setting,
    short,
)
from mammogram_viewer.dicom.syntaxes import (
    DEFLATED_EXPLICIT_LITTLE_ENDIAN,
    DEFLATED_IMAGE_FRAME,
    HTJ2K_LOSSLESS,
    JPEG_2000_LOSSLESS,
    JPEG_BASELINE,
    JPEG_EXTENDED,
    JPEG_LOSSLESS_FIRST_ORDER,
    JPEG_LS_LOSSLESS,
    RLE_LOSSLESS,
    transfer_syntax,
)

_MIB = 1024 * 1024
_JPEGS = (JPEG_BASELINE, JPEG_EXTENDED, JPEG_LOSSLESS_FIRST_ORDER, JPEG_LS_LOSSLESS)
_J2KS = (JPEG_2000_LOSSLESS, HTJ2K_LOSSLESS)


@cache
def zeros(mebibytes: int) -> bytes:
    """Deflate blocks that inflate to so many MiB of zeros and leave the stream open: one block, repeated."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = deflater.compress(bytes(_MIB)) + deflater.flush(zlib.Z_FULL_FLUSH)
    return block * mebibytes


def raw_deflate(before: bytes, mebibytes: int, after: bytes = b"") -> bytes:
    """`before`, then MiB of zeros, then `after`, as one raw deflate stream."""
    head = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    tail = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    opened = head.compress(before) + head.flush(zlib.Z_FULL_FLUSH)
    return opened + zeros(mebibytes) + tail.compress(after) + tail.flush()


def bomb_files(seed: int) -> Iterator[HostileFile]:
    del seed
    yield from _deflated()
    for name, allowed, make in (*_dimensions(), *_j2k_segments(), *_structures()):
        yield HostileFile(name=f"bomb/{name}", allowed=allowed, make=make, twin=PLAIN)
    yield from _tables()


def _deflated() -> Iterator[HostileFile]:
    for name, mebibytes, slow in (("100_mib", 100, False), ("1100_mib", 1100, True), ("4000_mib", 4000, True)):
        private = struct.pack("<HH2sHL", 0x0009, 0x1001, b"OB", 0, mebibytes * _MIB)

        def make(private: bytes = private, mebibytes: int = mebibytes) -> bytes:
            made = parts(DEFLATED_EXPLICIT_LITTLE_ENDIAN)
            before = b"".join(value for tag, value in made.elements if tag < 0x00091001)
            after = b"".join(value for tag, value in made.elements if tag > 0x00091001)
            return made.preamble + made.meta_bytes() + raw_deflate(before + private, mebibytes, after)

        yield HostileFile(
            name=f"bomb/deflated_data_set/{name}",
            allowed=WITHIN_LIMITS if mebibytes < 1024 else MUST_FAIL,
            make=make,
            slow=slow,
        )
    yield HostileFile(
        name="bomb/deflated_data_set/elements",
        allowed=MUST_FAIL,
        make=lambda: _deflated_body(element(0x00091001, "LO", b"") * 2_000_000),
    )
    yield HostileFile(name="bomb/deflated_data_set/zeros", allowed=MUST_FAIL, make=lambda: _deflated_body(b"", 60))
    for mebibytes in (1, 500):
        yield HostileFile(
            name=f"bomb/deflated_frame/{mebibytes}_mib",
            allowed=MUST_FAIL,
            make=lambda mebibytes=mebibytes: parts(
                DEFLATED_IMAGE_FRAME, frames=[raw_deflate(b"", mebibytes)]
            ).to_bytes(),
        )


def _deflated_body(body: bytes, mebibytes: int = 0) -> bytes:
    made = parts(DEFLATED_EXPLICIT_LITTLE_ENDIAN)
    return made.preamble + made.meta_bytes() + raw_deflate(body, mebibytes)


def resized(uid: str, stream: bytes, rows: int, columns: int) -> bytes:
    """A codestream whose own header claims another size."""
    if transfer_syntax(uid).codec in ("j2k", "htj2k"):
        where = stream.index(b"\xff\x51") + 6
        size = struct.pack(">LLLLLL", columns, rows, 0, 0, columns, rows)
        return stream[:where] + size + stream[where + 24 :]
    marker = next(at for at in range(len(stream)) if stream[at] == 0xFF and stream[at + 1] in (0xC0, 0xC1, 0xC3, 0xF7))
    return stream[: marker + 5] + struct.pack(">HH", rows, columns) + stream[marker + 9 :]


def _dimensions() -> Iterator[tuple[str, Allowed, Callable[[], bytes]]]:
    for uid in (*_JPEGS, *_J2KS):
        for rows, columns in ((65_500, 65_500), (8000, 8000), (1, 65_500), (65_500, 1)):
            claim = setting(Rows=rows, Columns=columns)
            stream = resized(uid, frame(uid), rows, columns)
            yield (
                f"dimensions/{short(uid)}/{rows}x{columns}",
                MUST_FAIL,
                lambda uid=uid, claim=claim, stream=stream: parts(uid, claim, frames=[stream]).to_bytes(),
            )
            if rows == columns:
                yield (
                    f"dimensions/{short(uid)}/{rows}x{columns}_in_the_codestream_alone",
                    MUST_FAIL,
                    lambda uid=uid, stream=stream: parts(uid, frames=[stream]).to_bytes(),
                )
    for uid in _J2KS:
        # As many code blocks as in 128 × 96 pixels, so that packets and bytes are as before: nothing can tell.
        stream = resized(uid, frame(uid), 100, 70)
        yield (
            f"dimensions/{short(uid)}/smaller_within_its_code_blocks",
            NO_REDUNDANCY,
            lambda uid=uid, stream=stream: parts(uid, setting(Rows=100, Columns=70), frames=[stream]).to_bytes(),
        )
    honest = setting(Rows=8000, Columns=8000)
    run = b"\x81\0" * (8000 * 8000 // 128)
    rle = struct.pack("<16L", 2, 64, 64 + len(run), *[0] * 13) + run * 2
    yield (
        "dimensions/rle-5/honest_64_megapixels",
        WITHIN_LIMITS,
        lambda: parts(RLE_LOSSLESS, honest, frames=[rle]).to_bytes(),
    )
    yield (
        "dimensions/deflated_frame/honest_64_megapixels",
        WITHIN_LIMITS,
        lambda: parts(
            DEFLATED_IMAGE_FRAME, honest, frames=[raw_deflate(b"", 122, bytes(8000 * 8000 * 2 - 122 * _MIB))]
        ).to_bytes(),
    )


def _patched(uid: str, marker: bytes, offset: int, value: bytes) -> bytes:
    """The codestream with `value` at `offset` behind a marker."""
    stream = frame(uid)
    where = stream.index(marker) + offset
    return stream[:where] + value + stream[where + len(value) :]


def _j2k_segments() -> Iterator[tuple[str, Allowed, Callable[[], bytes]]]:
    for uid in _J2KS:
        lies = {
            "tiles_1x1": (b"\xff\x51", 22, struct.pack(">LL", 1, 1)),
            "tiles_7x5": (b"\xff\x51", 22, struct.pack(">LL", 7, 5)),
            "tiles_0": (b"\xff\x51", 22, struct.pack(">LL", 0, 0)),
            "origin_far": (b"\xff\x51", 14, struct.pack(">LL", 2**31, 2**31)),
            "tile_origin_far": (b"\xff\x51", 30, struct.pack(">LL", 2**31, 2**31)),
            "components_16384": (b"\xff\x51", 38, struct.pack(">H", 16_384)),
            "components_0": (b"\xff\x51", 38, struct.pack(">H", 0)),
            "depth_38": (b"\xff\x51", 40, b"\x25"),
            "depth_signed": (b"\xff\x51", 40, b"\x8b"),
            "subsampled_255": (b"\xff\x51", 41, b"\xff\xff"),
            "layers_65535": (b"\xff\x52", 6, struct.pack(">H", 65_535)),
            "layers_0": (b"\xff\x52", 6, struct.pack(">H", 0)),
            "levels_32": (b"\xff\x52", 9, b"\x20"),
            "levels_255": (b"\xff\x52", 9, b"\xff"),
            "code_blocks_huge": (b"\xff\x52", 10, b"\x0f\x0f"),
            "tile_index": (b"\xff\x90", 4, struct.pack(">H", 9)),
            "tile_part_length": (b"\xff\x90", 6, struct.pack(">L", 2**31)),
            "tile_part_short": (b"\xff\x90", 6, struct.pack(">L", 40)),
            "tile_part_number": (b"\xff\x90", 10, b"\x07"),
        }
        for name, (marker, offset, value) in lies.items():
            allowed = SAME_OR_REFUSED if name in ("layers_0", "tile_part_number") else MUST_FAIL
            yield (
                f"segments/{short(uid)}/{name}",
                allowed,
                lambda uid=uid, marker=marker, offset=offset, value=value: parts(
                    uid, frames=[_patched(uid, marker, offset, value)]
                ).to_bytes(),
            )


def _nest(depth: int, inner: bytes = b"") -> bytes:
    """So many sequences of undefined length inside one another."""
    opening = element(0x00081140, "SQ", item(b"", length=UNDEFINED), length=UNDEFINED)
    return opening * depth + inner + (ITEM_END + SEQUENCE_END) * depth


def _with(tag: int, encoded: bytes) -> bytes:
    return parts().with_element(tag, encoded).to_bytes()


def _structures() -> Iterator[tuple[str, Allowed, Callable[[], bytes]]]:
    for depth in (60, 64):
        yield f"nesting/{depth}", SAME_OR_REFUSED, lambda depth=depth: _with(0x00081140, _nest(depth))
    for depth in (65, 500, 2000, 200_000):
        yield f"nesting/{depth}", MUST_FAIL, lambda depth=depth: _with(0x00081140, _nest(depth))
    yield (
        "nesting/open_200000",
        MUST_FAIL,
        lambda: _with(0x00081140, element(0x00081140, "SQ", item(b"", length=UNDEFINED), length=UNDEFINED) * 200_000),
    )
    hidden = struct.pack("<HHL", 0x0008, 0x1140, UNDEFINED) + item(b"", length=UNDEFINED)
    for depth in (100, 5000):
        yield (
            f"nesting/hidden_in_unknown_{depth}",
            SAME_OR_REFUSED,
            lambda depth=depth: _with(0x00081140, element(0x00081140, "UN", hidden * depth)),
        )
    yield "elements/private_200000", MUST_FAIL, lambda: _with(0x00091001, element(0x00091001, "LO", b"") * 200_000)
    yield (
        "elements/60000",
        SAME_OR_REFUSED,
        lambda: _with(
            0x00091001, b"".join(element(0x00110000 + at, "LO", b"") for at in range(0x1000, 0x1000 + 60_000))
        ),
    )
    yield "elements/items_150000", MUST_FAIL, lambda: _with(0x00081140, element(0x00081140, "SQ", item(b"") * 150_000))
    yield (
        "elements/items_40000",
        SAME_OR_REFUSED,
        lambda: _with(0x00081140, element(0x00081140, "SQ", item(element(0x00081155, "UI", b"1.2\0")) * 40_000)),
    )
    yield (
        "elements/fragments_150000",
        MUST_FAIL,
        lambda: parts(JPEG_2000_LOSSLESS, pixels=fragments([b""] * 150_000)).to_bytes(),
    )
    yield (
        "elements/functional_groups_90000",
        SAME_OR_REFUSED,
        lambda: _with(0x52009230, element(0x52009230, "SQ", item(b"") * 90_000)),
    )
    yield (
        "values/window_centers_13000",
        SAME_OR_REFUSED,
        lambda: _with(0x00281050, element(0x00281050, "DS", b"\\".join([b"1556"] * 12_999) + b" ")),
    )
    yield (
        "values/image_types_32000",
        SAME_OR_REFUSED,
        lambda: _with(0x00080008, element(0x00080008, "CS", b"A\\" * 32_000)),
    )
    yield (
        "values/text_of_6_mib",
        SAME_OR_REFUSED,
        lambda: _with(0x00204000, element(0x00204000, "UT", b"long " * 1_200_000)),
    )
    yield (
        "values/private_of_9_mib",
        SAME_OR_REFUSED,
        lambda: _with(0x00091001, element(0x00091001, "OB", b"\1" * 9 * _MIB)),
    )
    yield (
        "pixels/over_megapixels",
        MUST_FAIL,
        lambda: parts(
            change=setting(Rows=40_000, Columns=40_000), pixels=element(PIXEL_DATA, "OW", bytes(2000))
        ).to_bytes(),
    )


def _tables() -> Iterator[HostileFile]:
    """JPEG tables that are costly or lie: too many scans, segments without end."""
    uid = JPEG_BASELINE
    stream = frame(uid)
    scan = stream.index(b"\xff\xda")
    comments = b"".join(b"\xff\xfe\xff\xff" + bytes(65_533) for _ in range(60))
    cases = {
        "comments_4_mib": (SAME_OR_REFUSED, stream[:2] + comments + stream[2:]),
        "scans_repeated_500": (SAME_OR_REFUSED, stream[:-2] + stream[scan:-2] * 500 + b"\xff\xd9"),
        "two_frames": (MUST_FAIL, stream[:scan] + stream[2:]),
        "no_tables": (MUST_FAIL, stream[:2] + stream[stream.index(b"\xff\xc0") :]),
        "huffman_missing": (SAME_OR_REFUSED, stream[: stream.index(b"\xff\xc4")] + stream[scan:]),
        "restart_interval_1": (MUST_FAIL, stream[:scan] + b"\xff\xdd\0\4\0\1" + stream[scan:]),
        "number_of_lines_later": (MUST_FAIL, resized(uid, stream, 0, 96)[:-2] + b"\xff\xdc\0\4\0\x80\xff\xd9"),
    }
    for name, (allowed, made) in cases.items():
        yield HostileFile(
            name=f"bomb/jpeg_segments/{name}",
            allowed=allowed,
            make=lambda made=made: parts(uid, frames=[made]).to_bytes(),
            twin=twin(uid),
        )
