"""Plain pictures whose data end early or are damaged are refused; whole ones of every kind are shown."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mammogram_viewer.foundation.reasons import Refused
from mammogram_viewer.imaging.picture import read_picture
from mammogram_viewer.imaging.render import RenderLimits

NOISE = np.random.default_rng(1).integers(0, 256, (61, 83, 3)).astype(np.uint8)


def outcome(folder: Path, file_type: str, body: bytes) -> str | np.ndarray:
    path = folder / "a"
    path.write_bytes(body)
    try:
        return read_picture(str(path), file_type, RenderLimits()).shown
    except Refused as refused:
        return refused.code


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))


def png(
    size: tuple[int, int], depth: int, colour: int, rows: bytes, *, interlaced: int = 0, extra: bytes = b""
) -> bytes:
    head = chunk(b"IHDR", struct.pack(">LLBBBBB", *size, depth, colour, 0, 0, interlaced))
    return b"\x89PNG\r\n\x1a\n" + head + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "I;16"]))
@settings(max_examples=60, deadline=None)
def test_whole_png_and_tiff_of_each_kind_are_shown(tmp_path_factory, rows, columns, mode):
    folder = tmp_path_factory.mktemp("a")
    array = np.random.default_rng(rows).integers(0, 256, (rows, columns, 3)).astype(np.uint8)
    deep = Image.fromarray(array[..., 0].astype(np.uint16) * 200)
    picture = deep if mode == "I;16" else Image.fromarray(array).convert(mode)
    assert isinstance(outcome(folder, "png", saved(picture, "PNG")), np.ndarray)
    for compression in (None, "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits"):
        body = saved(picture, "TIFF", compression=compression)
        assert isinstance(outcome(folder, "tiff", body), np.ndarray), compression


@given(
    st.integers(1, 70), st.integers(1, 70), st.sampled_from(["L", "RGB", "CMYK"]), st.booleans(),
    st.sampled_from([0, 1, 2]), st.sampled_from([0, 1, 3]), st.integers(1, 100),
)  # fmt: skip
@settings(max_examples=120, deadline=None)
def test_whole_jpegs_of_each_kind_are_shown(
    tmp_path_factory, rows, columns, mode, progressive, subsampling, restarts, quality
):
    folder = tmp_path_factory.mktemp("a")
    array = np.random.default_rng(rows).integers(0, 256, (rows, columns, 3)).astype(np.uint8)
    array[rows // 2 :] = 90
    options = {"progressive": progressive, "quality": quality, "restart_marker_blocks": restarts}
    body = saved(Image.fromarray(array).convert(mode), "JPEG", subsampling=subsampling, **options)
    assert isinstance(outcome(folder, "jpeg", body), np.ndarray)
    # Cameras put other things behind the end.
    assert isinstance(outcome(folder, "jpeg", body + b"MPF and more \xff\xd8\xff"), np.ndarray)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("restarts", [0, 5])
def test_a_jpeg_that_was_cut_and_closed_is_refused(progressive, restarts, tmp_path):
    body = saved(Image.fromarray(NOISE), "JPEG", progressive=progressive, restart_marker_blocks=restarts, quality=90)
    for percent in range(10, 100, 6):
        cut = body[: len(body) * percent // 100].rstrip(b"\xff") + b"\xff\xd9"
        assert outcome(tmp_path, "jpeg", cut) == "picture_broken", percent
    if progressive:
        last = body.rindex(b"\xff\xda")
        assert outcome(tmp_path, "jpeg", body[:last] + b"\xff\xd9") == "picture_broken"  # as many a cut download


def test_a_png_with_a_damaged_byte_anywhere_is_refused(tmp_path):
    body = saved(Image.fromarray(NOISE), "PNG", compress_level=0)
    for place in range(8, len(body), 97):
        damaged = body[:place] + bytes([body[place] ^ 4]) + body[place + 1 :]
        assert outcome(tmp_path, "png", damaged) == "picture_broken", place


def test_png_data_are_as_long_as_the_header_says(tmp_path):
    rows = b"".join(b"\0" + bytes(12) for _ in range(9))
    assert isinstance(outcome(tmp_path, "png", png((12, 9), 8, 0, rows)), np.ndarray)
    for other in (rows[:-1], rows + b"\0", rows[:-13], b""):
        assert outcome(tmp_path, "png", png((12, 9), 8, 0, other)) == "picture_broken"


@given(st.integers(1, 20), st.integers(1, 20), st.sampled_from([1, 2, 4, 8, 16]))
@settings(max_examples=60, deadline=None)
def test_an_interlaced_png_has_seven_passes(tmp_path_factory, rows, columns, depth):
    """Adam7 by its drawing in the standard: each pixel belongs to the pass that its place in a square of 8 names."""
    drawing = [
        "16462646", "77777777", "56565656", "77777777", "36463646", "77777777", "56565656", "77777777",
    ]  # fmt: skip
    data = b""
    for number in "1234567":
        for row in range(rows):
            width = sum(drawing[row % 8][column % 8] == number for column in range(columns))
            if width:
                data += b"\0" + bytes((width * depth + 7) // 8)
    shown = outcome(tmp_path_factory.mktemp("a"), "png", png((columns, rows), depth, 0, data, interlaced=1))
    assert isinstance(shown, np.ndarray)


def test_a_png_needs_the_palette_that_its_pixels_name(tmp_path):
    rows = b"\0\0\1\2" * 3
    colours = bytes([9, 9, 9, 50, 60, 70, 200, 0, 0])
    shown = outcome(tmp_path, "png", png((3, 3), 8, 3, rows, extra=chunk(b"PLTE", colours)))
    assert isinstance(shown, np.ndarray)
    assert shown[0].tolist() == [[9, 9, 9], [50, 60, 70], [200, 0, 0]]
    assert outcome(tmp_path, "png", png((3, 3), 8, 3, rows)) == "picture_broken"
    assert outcome(tmp_path, "png", png((3, 3), 8, 3, rows, extra=chunk(b"PLTE", colours[:6]))) == "picture_broken"


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_a_tiff_strip_that_is_too_short_is_refused(compression, tmp_path):
    body = saved(Image.fromarray(NOISE), "TIFF", compression=compression)
    with Image.open(io.BytesIO(body)) as picture:
        count = picture.tag_v2[279][0]  # type: ignore[attr-defined]  # of TIFF alone
    for kind, least in (("<HHLL", 4), ("<HHLH", 3)):
        entry = struct.pack(kind, 279, least, 1, count)
        short = body.replace(entry, struct.pack(kind, 279, least, 1, count // 2))
        if short != body:
            assert outcome(tmp_path, "tiff", short) == "picture_broken"
            return
    raise AssertionError("the strip's length was not found")


def test_a_tiff_compression_that_hides_what_is_missing_is_not_shown(tmp_path):
    body = saved(Image.fromarray(NOISE), "TIFF", compression="jpeg")
    assert outcome(tmp_path, "tiff", body) == "picture_unsupported"
