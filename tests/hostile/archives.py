"""ZIP archives that climb out, explode, nest, or lie about their contents."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator

from hostile.clean import PLAIN
from hostile.files import MUST_FAIL, MUST_STOP_AT_THE_DOOR, SAME_OR_REFUSED, Allowed, HostileFile
from hostile.parts import element, parts

_MIB = 1024 * 1024
# Numbers beside the data: where the CRC is right, so is the file.
_CRC_DECIDES = (
    "comment_length", "needs_version_99", "size_huge", "packed_size_huge", "size_zip64", "name_length",
)  # fmt: skip
Entries = dict[str, bytes]


def zipped(entries: Entries, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, body in entries.items():
            # A date of its own: ZipInfo would take the clock's, and the same seed must give the same bytes.
            archive.writestr(zipfile.ZipInfo(name or "unnamed", (2024, 1, 8, 8, 30, 0)), body, method)
    return target.getvalue()


def archive_files(seed: int) -> Iterator[HostileFile]:
    del seed
    for name, (allowed, make, slow) in {**_names(), **_bombs(), **_lies()}.items():
        yield HostileFile(
            name=f"archive/{name}", allowed=allowed, make=make, file_name="exam.zip", twin=PLAIN, slow=slow
        )


def _image(label: str) -> bytes:
    """The base under another description, so that no two archives hold the same bytes."""
    text = label.encode()[:60]
    return parts().with_element(0x00081030, element(0x00081030, "LO", text + b" " * (len(text) % 2))).to_bytes()


def _names() -> dict[str, tuple[Allowed, Callable[[], bytes], bool]]:
    names = {
        "slip": "../../../../../../tmp/hostile-drill-slipped.dcm",
        "slip_absolute": "/tmp/hostile-drill-slipped.dcm",
        "slip_windows": "..\\..\\..\\hostile-drill-slipped.dcm",
        "slip_drive": "C:\\hostile-drill-slipped.dcm",
        "slip_mixed": "a/../../../hostile-drill-slipped.dcm",
        "script_name": "<img src=x onerror=alert(1)>.dcm",
        "long_name": "n" * 30_000 + ".dcm",
        "deep_name": "d/" * 5000 + "x.dcm",
        "right_to_left_name": "\u202emcd.x.dcm",
        "control_name": "a\x01\x1b[2J\r\n.dcm",
        "space_name": " ",
    }
    found: dict[str, tuple[Allowed, Callable[[], bytes], bool]] = {
        label: (SAME_OR_REFUSED, lambda label=label, name=name: zipped({name: _image(label)}), False)
        for label, name in names.items()
    }
    found["same_name_twice"] = (SAME_OR_REFUSED, _same_name_twice, False)
    found["symbolic_link"] = (MUST_STOP_AT_THE_DOOR, _symbolic_link, False)
    found["symbolic_link_and_write"] = (SAME_OR_REFUSED, _link_and_write, False)
    return found


def _same_name_twice() -> bytes:
    whole = zipped({"a.dcm": _image("first"), "b.dcm": _image("second")})
    return whole.replace(b"b.dcm", b"a.dcm")


def _link_entry(target: io.BytesIO, then: Entries) -> bytes:
    with zipfile.ZipFile(target, "w") as archive:
        link = zipfile.ZipInfo("link.dcm", (2024, 1, 8, 8, 30, 0))
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        for name, body in then.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 8, 8, 30, 0)), body)
    return target.getvalue()


def _symbolic_link() -> bytes:
    return _link_entry(io.BytesIO(), {})


def _link_and_write() -> bytes:
    return _link_entry(io.BytesIO(), {"link.dcm/x.dcm": _image("behind a link")})


def _bombs() -> dict[str, tuple[Allowed, Callable[[], bytes], bool]]:
    inner = zipped({"x.dcm": _image("inside")})
    refused = MUST_STOP_AT_THE_DOOR
    return {
        "nested": (refused, lambda: zipped({"inner.zip": inner}), False),
        "nested_named_dcm": (refused, lambda: zipped({"inner.dcm": inner}), False),
        "nested_40_deep": (refused, _deep, False),
        "zeros_300_mib": (MUST_FAIL, lambda: _zero_bomb(300), False),
        "zeros_3_gib": (refused, lambda: _zero_bomb(3000), True),
        "bzip2": (MUST_FAIL, lambda: zipped({"x.dcm": _opening() + bytes(120 * _MIB)}, zipfile.ZIP_BZIP2), True),
        "lzma": (MUST_FAIL, lambda: zipped({"x.dcm": _opening() + bytes(100 * _MIB)}, zipfile.ZIP_LZMA), True),
        "overlapping_100": (refused, _overlapping, True),
        "entries_12000": (
            refused,
            lambda: zipped({f"{at}.dcm": b"" for at in range(12_000)}, zipfile.ZIP_STORED),
            False,
        ),
        "entries_of_junk_500": (refused, lambda: zipped({f"{at}.txt": b"x" * 200 for at in range(500)}), False),
    }


def _opening() -> bytes:
    return bytes(128) + b"DICM"


def _deep() -> bytes:
    body = zipped({"x.dcm": _image("deep inside")})
    for _ in range(40):
        body = zipped({"inner.zip": body}, zipfile.ZIP_STORED)
    return body


def _zero_bomb(mebibytes: int) -> bytes:
    """One entry that begins as a mammogram does and goes on with zeros."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    head = deflater.compress(_opening()) + deflater.flush(zlib.Z_FULL_FLUSH)
    block = deflater.compress(bytes(_MIB)) + deflater.flush(zlib.Z_FULL_FLUSH)
    packed = head + block * mebibytes + deflater.flush()
    crc = zlib.crc32(_opening())
    for _ in range(mebibytes):
        crc = zlib.crc32(bytes(_MIB), crc)
    return _one_entry(b"bomb.dcm", packed, crc, 132 + mebibytes * _MIB)


def _one_entry(name: bytes, packed: bytes, crc: int, size: int, count: int = 1) -> bytes:
    """An archive of one deflated entry, listed `count` times in the table of contents."""
    common = struct.pack("<HHHHHLLLHH", 20, 0, 8, 0x43C0, 0x5828, crc, len(packed), size & 0xFFFFFFFF, len(name), 0)
    local = b"PK\x03\x04" + common + name + packed
    entry = b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<HHHLL", 0, 0, 0, 0, 0) + name
    listed = entry * count
    end = b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, count, count, len(listed), len(local), 0)
    return local + listed + end


def _overlapping() -> bytes:
    """The same 20 MiB behind 100 names."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = _opening() + bytes(20 * _MIB)
    packed = deflater.compress(body) + deflater.flush()
    return _one_entry(b"same.dcm", packed, zlib.crc32(body), len(body), 100)


def _lies() -> dict[str, tuple[Allowed, Callable[[], bytes], bool]]:
    def listed(label: str, offset: int, value: bytes, *, mark: bytes = b"PK\x01\x02") -> bytes:
        whole = bytearray(zipped({"x.dcm": _image(label)}))
        where = whole.rindex(mark) + offset
        whole[where : where + len(value)] = value
        return bytes(whole)

    field = {
        "crc": (16, b"\1\2\3\4"),
        "packed_size_small": (20, struct.pack("<L", 40)),
        "packed_size_huge": (20, struct.pack("<L", 2**31)),
        "size_small": (24, struct.pack("<L", 1000)),
        "size_huge": (24, struct.pack("<L", 2**31)),
        "size_zip64": (24, b"\xff\xff\xff\xff"),
        "method_unknown": (10, b"\x63\0"),
        "method_stored": (10, b"\0\0"),
        "encrypted": (8, b"\1\0"),
        "offset_beyond": (42, struct.pack("<L", 2**30)),
        "offset_inside": (42, struct.pack("<L", 17)),
        "name_length": (28, b"\xff\xff"),
        "comment_length": (32, b"\xff\xff"),
        "needs_version_99": (6, b"\x63\0"),
    }
    found: dict[str, tuple[Allowed, Callable[[], bytes], bool]] = {
        f"lying_{name}": (
            SAME_OR_REFUSED if name in _CRC_DECIDES else MUST_FAIL,
            lambda name=name, offset=offset, value=value: listed(name, offset, value),
            False,
        )
        for name, (offset, value) in field.items()
    }
    end = {"count_0": (8, b"\0\0\0\0"), "count_most": (8, b"\xff\xff\xff\xff"), "offset": (16, b"\xff\xff\xff\x7f")}
    for name, (offset, value) in end.items():
        found[f"lying_end_{name}"] = (
            SAME_OR_REFUSED,
            lambda name=name, offset=offset, value=value: listed(f"end {name}", offset, value, mark=b"PK\x05\x06"),
            False,
        )
    whole = zipped({"x.dcm": _image("cut")})
    refused = MUST_STOP_AT_THE_DOOR
    found |= {
        "empty": (refused, lambda: zipped({}), False),
        "cut_in_half": (refused, lambda: whole[: len(whole) // 2], False),
        "without_table": (refused, lambda: whole[: whole.rindex(b"PK\x01\x02")], False),
        "noise": (refused, lambda: b"PK\x03\x04" + bytes(range(256)) * 9, False),
        "trailing": (SAME_OR_REFUSED, lambda: zipped({"x.dcm": _image("trailing")}) + b"<script>" * 9, False),
        "damaged_data": (MUST_FAIL, lambda: _flipped(zipped({"x.dcm": _image("damaged")})), False),
        "hostile_inside": (
            MUST_FAIL,
            lambda: zipped({"x.dcm": parts().to_bytes()[:9000], "y.dcm": _opening(), "z.png": b"\x89PNG\r\n\x1a\n"}),
            False,
        ),
    }
    return found


def _flipped(whole: bytes) -> bytes:
    stream = bytearray(whole)
    stream[len(stream) // 2] ^= 0x10
    return bytes(stream)
