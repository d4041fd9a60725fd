"""An archive is refused early when its entries share bytes, or grow out of proportion to its size."""

from __future__ import annotations

import struct
import time
import zipfile
import zlib
from pathlib import Path

import pytest

from mammogram_viewer.intake import unpack
from mammogram_viewer.intake.unpack import Unpacked, UnpackLimits, unpack_zip

MIB = 1024 * 1024
IMAGE = bytes(128) + b"DICM" + bytes(1000)
LIMITS = UnpackLimits(files=500, file_bytes=2048 * MIB, total_bytes=16 * 1024 * MIB)


def unpacked(folder: Path, limits: UnpackLimits = LIMITS) -> Unpacked:
    inside = folder / "inside"
    inside.mkdir()
    return unpack_zip(str(folder / "a.zip"), str(inside), limits)


def write_zip(path: Path, *bodies: bytes, method: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w", method) as archive:
        for number, body in enumerate(bodies):
            archive.writestr(f"{number}.dcm", body)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_honest_archives_are_unpacked(method, tmp_path):
    write_zip(tmp_path / "a.zip", *[IMAGE + bytes([number]) for number in range(5)], method=method)
    found = unpacked(tmp_path)
    assert (found.code, [file.byte_count for file in found.files]) == ("", [1133] * 5)


def test_four_empty_images_of_13_megapixels_are_no_bomb(tmp_path):
    write_zip(tmp_path / "a.zip", *[IMAGE + bytes(2 * 3328 * 4096)] * 4)
    assert len(unpacked(tmp_path).files) == 4


def test_one_entry_behind_many_names_is_refused_before_anything_is_written(tmp_path):
    packed = zlib.compress(IMAGE)[2:-4]
    common = struct.pack("<HHHHHLLLHH", 20, 0, 8, 0x43C0, 0x5828, zlib.crc32(IMAGE), len(packed), len(IMAGE), 5, 0)
    local = b"PK\x03\x04" + common + b"a.dcm" + packed
    listed = (b"PK\x01\x02\x14\0" + common + bytes(6) + bytes(8) + b"a.dcm") * 30
    end = b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, 30, 30, len(listed), len(local), 0)
    (tmp_path / "a.zip").write_bytes(local + listed + end)
    assert unpacked(tmp_path).code == "archive_broken"
    assert list((tmp_path / "inside").iterdir()) == []


def test_many_entries_that_together_grow_too_much_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(unpack, "_FREE_RATIO_BYTES", 8 * MIB)
    write_zip(tmp_path / "a.zip", *[IMAGE + bytes(3 * MIB)] * 10)
    assert unpacked(tmp_path).code == "archive_too_large"
    written = sum(path.stat().st_size for path in (tmp_path / "inside").iterdir())
    assert written <= 13 * MIB


def test_an_archive_that_takes_too_long_for_its_size_is_refused(tmp_path, monkeypatch):
    write_zip(tmp_path / "a.zip", IMAGE, IMAGE + b"x")
    clock = iter(range(0, 1000, 9))
    monkeypatch.setattr(unpack.time, "monotonic", lambda: float(next(clock)))
    started = time.perf_counter()
    assert unpacked(tmp_path).code == "archive_too_large"
    assert time.perf_counter() - started < 5
