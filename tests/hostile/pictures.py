"""Plain PNG, JPEG and TIFF pictures that explode or lie."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image

from hostile.bombs import resized
from hostile.clean import picture
from hostile.files import MUST_FAIL, SAME_OR_REFUSED, WITHIN_LIMITS, Allowed, HostileFile
from mammogram_viewer.dicom.syntaxes import JPEG_BASELINE

_MIB = 1024 * 1024
_END = 12  # bytes of IEND


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))


def png(columns: int, rows: int, packed: bytes, *, depth: int = 8, colour: int = 0, extra: bytes = b"") -> bytes:
    head = struct.pack(">LLBBBBB", columns, rows, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def picture_files(seed: int) -> Iterator[HostileFile]:
    del seed
    for kind, cases in {"png": _pngs(), "jpeg": _jpegs(), "tiff": _tiffs()}.items():
        for name, (allowed, make, slow) in cases.items():
            yield HostileFile(
                name=f"picture/{kind}/{name}",
                allowed=allowed,
                make=make,
                file_name=f"picture.{kind}",
                twin=f"clean/{kind}",
                slow=slow,
            )


Cases = dict[str, tuple[Allowed, Callable[[], bytes], bool]]


def _zlib_zeros(mebibytes: int) -> bytes:
    deflater = zlib.compressobj(9)
    head = deflater.compress(b"") + deflater.flush(zlib.Z_FULL_FLUSH)
    block = deflater.compress(bytes(_MIB)) + deflater.flush(zlib.Z_FULL_FLUSH)
    total = mebibytes * _MIB
    # Adler-32 of n zeros (RFC 1950): a stays 1, b counts the bytes.
    return head + block * mebibytes + b"\3\0" + struct.pack(">L", (total % 65_521) << 16 | 1)


def _inserted(extra: bytes, *, before: bytes = b"IDAT") -> bytes:
    whole = picture("png")
    where = whole.index(before) - 4
    return whole[:where] + extra + whole[where:]


def _flipped_idat(at: float, *, repair: bool = False) -> bytes:
    """One bit of stored (not compressed) image data flipped: only checksums can tell."""
    rows = b"".join(b"\0" + bytes((x + y) % 256 for x in range(96)) for y in range(96))
    packed = bytearray(zlib.compress(rows, 0))
    packed[int(len(packed) * at)] ^= 4
    if repair:
        packed[-4:] = struct.pack(">L", zlib.adler32(bytes(packed[7:-4])))
    whole = bytearray(png(96, 96, zlib.compress(rows, 0)))
    where = whole.index(b"IDAT") + 4
    whole[where : where + len(packed)] = packed
    return bytes(whole)


def _pngs() -> Cases:
    whole = picture("png")
    body = whole.index(b"IDAT") + 4
    zeros = _zlib_zeros(60)
    text = b"Comment\0\0" + zlib.compress(bytes(80 * _MIB), 9)
    small = zlib.compress(b"\0" * 10_000)
    return {
        "2_gigapixels": (MUST_FAIL, lambda: png(65_535, 32_768, small), False),
        "most_columns": (MUST_FAIL, lambda: png(2**31 - 1, 1, small), False),
        "most_rows": (MUST_FAIL, lambda: png(1, 2**31 - 1, small), False),
        "columns_0": (MUST_FAIL, lambda: png(0, 96, small), False),
        "64_megapixels_without_data": (MUST_FAIL, lambda: png(8000, 8000, small), False),
        "64_megapixels_honest": (WITHIN_LIMITS, lambda: png(8191, 7680, zeros), True),
        "64_megapixels_of_rgba_16": (MUST_FAIL, lambda: png(8000, 8000, zeros, depth=16, colour=6), True),
        "data_beyond_size": (WITHIN_LIMITS, lambda: png(16, 16, zeros), False),
        "text_bomb": (SAME_OR_REFUSED, lambda: _inserted(chunk(b"zTXt", text)), False),
        "text_bombs_40": (SAME_OR_REFUSED, lambda: _inserted(chunk(b"zTXt", text) * 40), True),
        "profile_bomb": (
            SAME_OR_REFUSED,
            lambda: _inserted(chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(80 * _MIB), 9))),
            False,
        ),
        "profile_of_noise": (SAME_OR_REFUSED, lambda: _inserted(chunk(b"iCCP", b"x\0\0noise")), False),
        "chunks_100000": (SAME_OR_REFUSED, lambda: _inserted(chunk(b"prVt", b"") * 100_000), False),
        "chunk_length_huge": (MUST_FAIL, lambda: _inserted(b"\x7f\xff\xff\xffprVt"), False),
        "chunk_length_minus": (MUST_FAIL, lambda: _inserted(b"\xff\xff\xff\xffprVt"), False),
        "critical_chunk_unknown": (SAME_OR_REFUSED, lambda: _inserted(chunk(b"ABCD", b"x")), False),
        "header_twice": (SAME_OR_REFUSED, lambda: _inserted(whole[8:33]), False),
        "header_crc": (MUST_FAIL, lambda: whole[:29] + b"\0\0\0\0" + whole[33:], False),
        "data_crc": (SAME_OR_REFUSED, lambda: whole[: -_END - 4] + b"\0\0\0\0" + whole[-_END:], False),
        "data_flipped": (MUST_FAIL, lambda: _flipped_idat(0.5), False),
        "data_flipped_early": (MUST_FAIL, lambda: _flipped_idat(0.01), False),
        "data_flipped_in_the_last_row": (MUST_FAIL, lambda: _flipped_idat(0.999), False),
        "data_flipped_adler_repaired": (MUST_FAIL, lambda: _flipped_idat(0.5, repair=True), False),
        "data_of_noise": (MUST_FAIL, lambda: png(96, 96, bytes(range(256))), False),
        "data_too_short": (MUST_FAIL, lambda: png(96, 96, zlib.compress(bytes(96 * 50))), False),
        "filter_unknown": (MUST_FAIL, lambda: png(96, 96, zlib.compress((b"\7" + bytes(96)) * 96)), False),
        "depth_3": (MUST_FAIL, lambda: png(96, 96, small, depth=3), False),
        "colour_5": (MUST_FAIL, lambda: png(96, 96, small, colour=5), False),
        "palette_missing": (MUST_FAIL, lambda: png(96, 96, zlib.compress(bytes(97 * 96)), colour=3), False),
        "end_before_data": (MUST_FAIL, lambda: whole[: body - 8] + chunk(b"IEND", b""), False),
        "animated_bomb": (
            SAME_OR_REFUSED,
            lambda: _inserted(chunk(b"acTL", struct.pack(">LL", 2**31 - 1, 0))),
            False,
        ),
    }


def _progressive(side: int, scans: int) -> bytes:
    """A progressive JPEG whose last scan is repeated: each costs a walk over the whole picture."""
    target = io.BytesIO()
    Image.fromarray(np.zeros((side, side), np.uint8)).save(target, "JPEG", progressive=True, quality=50)
    whole = target.getvalue()
    last = whole.rindex(b"\xff\xda")
    table = whole.rindex(b"\xff\xc4", 0, last)
    return whole[:-2] + whole[table:-2] * scans + b"\xff\xd9"


def _jpegs() -> Cases:
    whole = picture("jpeg")
    scan = whole.index(b"\xff\xda")
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 65_535) + bytes(400)
    return {
        "4_gigapixels": (MUST_FAIL, lambda: resized(JPEG_BASELINE, whole, 65_500, 65_500), False),
        "64_megapixels_without_data": (MUST_FAIL, lambda: resized(JPEG_BASELINE, whole, 8000, 8000), False),
        "taller_than_data": (MUST_FAIL, lambda: resized(JPEG_BASELINE, whole, 192, 96), False),
        "rows_0": (MUST_FAIL, lambda: resized(JPEG_BASELINE, whole, 0, 96), False),
        "scans_400": (WITHIN_LIMITS, lambda: _progressive(400, 400), False),
        "scans_3000_of_16_megapixels": (WITHIN_LIMITS, lambda: _progressive(4000, 3000), True),
        "two_pictures": (SAME_OR_REFUSED, lambda: whole + picture("jpeg", 64), False),
        "tables_missing": (MUST_FAIL, lambda: whole[:2] + whole[whole.index(b"\xff\xc0") :], False),
        "scan_before_frame": (MUST_FAIL, lambda: whole[:2] + whole[scan:], False),
        "without_scan": (MUST_FAIL, lambda: whole[:scan] + b"\xff\xd9", False),
        "restart_every_block": (MUST_FAIL, lambda: whole[:scan] + b"\xff\xdd\0\4\0\1" + whole[scan:], False),
        "exif_of_noise": (
            SAME_OR_REFUSED,
            lambda: whole[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + whole[2:],
            False,
        ),
        "comments_4_mib": (
            SAME_OR_REFUSED,
            lambda: whole[:2] + (b"\xff\xfe\xff\xff" + bytes(65_533)) * 60 + whole[2:],
            False,
        ),
    }


def _tiff(*entries: tuple[int, int, int, int], data: bytes = bytes(96 * 96), next_ifd: int = 0) -> bytes:
    """A little-endian TIFF of one directory: tag, type, count, value."""
    listed = b"".join(struct.pack("<HHLL", *entry) for entry in sorted(entries))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + listed + struct.pack("<L", next_ifd) + data


def _grey_tiff(**lies: int) -> bytes:
    """A 96 × 96 grey TIFF of one strip, with some of its numbers replaced."""
    numbers = {
        "width": 96, "length": 96, "bits": 8, "compression": 1, "photometric": 1, "offset": 8 + 2 + 9 * 12 + 4,
        "samples": 1, "rows_per_strip": 96, "byte_count": 96 * 96, **lies,
    }  # fmt: skip
    tags = {
        "width": 256, "length": 257, "bits": 258, "compression": 259, "photometric": 262, "offset": 273,
        "samples": 277, "rows_per_strip": 278, "byte_count": 279,
    }  # fmt: skip
    shades = bytes((y * 2 + x) % 256 for y in range(96) for x in range(96))
    return _tiff(*((tags[name], 4, 1, value) for name, value in numbers.items() if name in tags), data=shades)


def _tiffs() -> Cases:
    packed = zlib.compress(bytes(150 * _MIB), 9)
    loop = bytearray(_grey_tiff())
    loop[8 + 2 + 9 * 12 : 8 + 2 + 9 * 12 + 4] = struct.pack("<L", 8)
    return {
        "4_gigapixels": (MUST_FAIL, lambda: _grey_tiff(width=65_535, length=65_535), False),
        "most_columns": (MUST_FAIL, lambda: _grey_tiff(width=2**32 - 1, length=1), False),
        "rows_0": (MUST_FAIL, lambda: _grey_tiff(length=0), False),
        "taller_than_data": (MUST_FAIL, lambda: _grey_tiff(length=192, rows_per_strip=192), False),
        "strip_beyond_end": (MUST_FAIL, lambda: _grey_tiff(offset=10_000_000), False),
        "strip_huge": (SAME_OR_REFUSED, lambda: _grey_tiff(byte_count=2**31), False),
        "strip_short": (MUST_FAIL, lambda: _grey_tiff(byte_count=100), False),
        "strip_is_the_header": (MUST_FAIL, lambda: _grey_tiff(offset=100_000), False),
        "bits_64": (MUST_FAIL, lambda: _grey_tiff(bits=64), False),
        "bits_3": (MUST_FAIL, lambda: _grey_tiff(bits=3), False),
        "samples_200": (MUST_FAIL, lambda: _grey_tiff(samples=200), False),
        "compression_unknown": (MUST_FAIL, lambda: _grey_tiff(compression=31_337), False),
        "not_deflated": (MUST_FAIL, lambda: _grey_tiff(compression=8), False),
        "not_lzw": (MUST_FAIL, lambda: _grey_tiff(compression=5), False),
        "not_a_jpeg": (MUST_FAIL, lambda: _grey_tiff(compression=7), False),
        "not_fax": (MUST_FAIL, lambda: _grey_tiff(compression=4, bits=1), False),
        "photometric_unknown": (MUST_FAIL, lambda: _grey_tiff(photometric=77), False),
        "directory_loop": (SAME_OR_REFUSED, lambda: bytes(loop), False),
        "directory_beyond": (MUST_FAIL, lambda: b"II*\0" + struct.pack("<L", 2**31) + bytes(200), False),
        "entries_65535": (MUST_FAIL, lambda: b"II*\0\x08\0\0\0\xff\xff" + bytes(800), False),
        "count_most": (
            MUST_FAIL,
            lambda: _tiff((256, 4, 1, 96), (257, 4, 1, 96), (258, 3, 2**32 - 1, 8), (273, 4, 2**31, 8)),
            False,
        ),
        "big_tiff_lies": (MUST_FAIL, lambda: b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 2**60) + bytes(400), False),
        "deflate_bomb": (
            WITHIN_LIMITS,
            lambda: _grey_tiff(compression=8, byte_count=len(packed))[: 8 + 2 + 9 * 12 + 4] + packed,
            False,
        ),
        "colour_map_missing": (MUST_FAIL, lambda: _grey_tiff(photometric=3), False),
    }
