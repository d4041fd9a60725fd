"""Overlay planes against an independent reading of C.9.2: drawn on request only, and only when they are sound."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import FileDataset

from mammogram_viewer.dicom.syntaxes import JPEG_LS_LOSSLESS
from mammogram_viewer.synthetic.encode import encode_frame
from unit.dicom.builders import BIG_ENDIAN, EXPLICIT, IMPLICIT, image_dataset
from unit.imaging import standard
from unit.imaging.rendering import rendered

settings.register_profile("overlays", max_examples=60, deadline=None, derandomize=True)
ROWS, COLUMNS = 20, 16


def grey(value: int = 100, **attributes: Any) -> FileDataset:
    """A grey that is 100 everywhere."""
    words = np.full((ROWS, COLUMNS), value, np.uint8)
    return image_dataset(words, WindowCenter=128, WindowWidth=256, **attributes)


def add_overlay(ds: FileDataset, bits: np.ndarray, origin: tuple[int, int] = (1, 1), group: int = 0x6000, **other: Any):
    """A plane with `bits` (frames, rows, columns) or (rows, columns)."""
    packed = np.packbits(bits.reshape(-1).astype(np.uint8), bitorder="little").tobytes()
    packed += b"\0" * (len(packed) % 2)
    ds.add_new((group, 0x0010), "US", bits.shape[-2])
    ds.add_new((group, 0x0011), "US", bits.shape[-1])
    ds.add_new((group, 0x0040), "CS", other.get("kind", "G"))
    ds.add_new((group, 0x0050), "SS", list(origin))
    ds.add_new((group, 0x0100), "US", 1)
    ds.add_new((group, 0x0102), "US", 0)
    if bits.ndim == 3:
        ds.add_new((group, 0x0015), "IS", bits.shape[0])
    if "frame_origin" in other:
        ds.add_new((group, 0x0051), "US", other["frame_origin"])
    vr = other.get("vr", "OW")
    if vr == "OW" and not ds.original_encoding[1] and ds.original_encoding[1] is not None:
        packed = np.frombuffer(packed, "<u2").astype(">u2").tobytes()
    ds.add_new((group, 0x3000), vr, packed)
    return packed


@settings(settings.get_profile("overlays"))
@given(
    rows=st.integers(1, 30),
    columns=st.integers(1, 30),
    origin=st.tuples(st.integers(-25, 30), st.integers(-25, 30)),
    syntax=st.sampled_from([EXPLICIT, IMPLICIT, BIG_ENDIAN]),
    group=st.sampled_from([0x6000, 0x601E]),
    seed=st.integers(0, 99),
)
def test_graphics_are_white_where_the_standard_puts_them_and_nowhere_else(rows, columns, origin, syntax, group, seed):
    bits = np.random.default_rng(seed).integers(0, 2, (rows, columns))
    ds = grey(transfer_syntax_uid=syntax)
    add_overlay(ds, bits, origin, group)
    packed = np.packbits(bits.reshape(-1).astype(np.uint8), bitorder="little").tobytes()
    expected = np.full((ROWS, COLUMNS), 100)
    for row in range(rows):
        for column in range(columns):
            y, x = standard.overlay_pixel(origin, row, column)
            if 0 <= y < ROWS and 0 <= x < COLUMNS and standard.overlay_bit(packed, rows, columns, row, column):
                expected[y, x] = 255
    with rendered(ds, "png8", "htj2k", overlays=True) as found:
        assert (found.picture("png8.overlays") == expected).all()
        assert found.header.has_overlays
        assert found.header.warnings == ()
    with rendered(ds) as found:
        assert (found.picture() == 100).all()
        assert found.header.has_overlays


def test_overlays_are_in_thumbnails_too_but_not_in_16_bits():
    ds = grey()
    add_overlay(ds, np.ones((ROWS, COLUMNS)))
    with rendered(ds, "thumbnail256", "png16", overlays=True) as found:
        assert found.picture("thumbnail256.overlays").min() > 250
        assert (found.picture("png16") == 100).all()


def test_a_region_of_interest_is_drawn_by_its_outline():
    bits = np.zeros((ROWS, COLUMNS))
    bits[5:12, 4:10] = 1
    ds = grey()
    add_overlay(ds, bits, kind="R")
    with rendered(ds, overlays=True) as found:
        picture = found.picture("png8.overlays")
    assert (picture[6:11, 5:9] == 100).all()
    assert (picture[5, 4:10] == 255).all() and (picture[5:12, 9] == 255).all()
    assert np.count_nonzero(picture == 255) == 2 * 6 + 2 * 5


@pytest.mark.parametrize(("frame_origin", "drawn"), [(None, {1: 0, 2: 1, 3: None}), (2, {1: None, 2: 0, 3: 1})])
def test_frames_of_an_overlay_go_with_frames_of_the_image(frame_origin, drawn):
    planes = np.random.default_rng(5).integers(0, 2, (2, ROWS - 1, COLUMNS - 3))  # no whole number of bytes a frame
    ds = grey()
    ds.NumberOfFrames = 3
    ds.PixelData = ds.PixelData * 3
    add_overlay(ds, planes, **({} if frame_origin is None else {"frame_origin": frame_origin}))
    for frame, plane in drawn.items():
        with rendered(ds, overlays=True, frame=frame) as found:
            shown = found.picture(f"png8.frame-{frame}.overlays")[: ROWS - 1, : COLUMNS - 3] == 255
            assert (shown == (0 if plane is None else planes[plane])).all()


def test_one_plane_without_frames_is_on_every_frame():
    ds = grey()
    ds.NumberOfFrames = 2
    ds.PixelData = ds.PixelData * 2
    add_overlay(ds, np.ones((ROWS, COLUMNS)))
    for frame in (1, 2):
        with rendered(ds, overlays=True, frame=frame) as found:
            assert (found.picture(f"png8.frame-{frame}.overlays") == 255).all()


def test_several_planes_are_drawn_together_and_a_broken_one_among_them_is_left_out():
    ds = grey()
    first, second = np.zeros((ROWS, COLUMNS)), np.zeros((ROWS, COLUMNS))
    first[0], second[-1] = 1, 1
    add_overlay(ds, first)
    add_overlay(ds, second, group=0x6004)
    add_overlay(ds, np.ones((ROWS, COLUMNS)), group=0x6002)
    ds[0x6002, 0x3000].value = b"\xff\xff"
    with rendered(ds, overlays=True) as found:
        assert (found.picture("png8.overlays") == np.where(first + second, 255, 100)).all()
        assert "broken_overlay" in found.header.warnings


def embedded(position: int, stored: int = 12, high_bit: int = 11, **attributes: Any) -> tuple[FileDataset, np.ndarray]:
    """16-bit words with a plane in one bit that the pixels leave unused."""
    random = np.random.default_rng(8)
    bits = random.integers(0, 2, (ROWS, COLUMNS))
    words = (random.integers(0, 1 << stored, (ROWS, COLUMNS)) << (high_bit + 1 - stored)) | (bits << position)
    ds = image_dataset(
        words.astype(np.uint16), BitsStored=stored, HighBit=high_bit, WindowCenter=2048, WindowWidth=4096, **attributes
    )
    for element, vr, value in ((0x10, "US", ROWS), (0x11, "US", COLUMNS), (0x40, "CS", "G"), (0x50, "SS", [1, 1]),
                               (0x100, "US", 16), (0x102, "US", position)):  # fmt: skip
        ds.add_new((0x6000, element), vr, value)
    return ds, bits


@pytest.mark.parametrize(("position", "high_bit"), [(12, 11), (15, 11), (0, 15), (3, 15), (15, 12)])
def test_a_plane_in_unused_bits_of_the_pixels_is_drawn_and_does_not_change_them(position, high_bit):
    ds, bits = embedded(position, high_bit=high_bit)
    with rendered(ds) as found:
        plain = found.picture()
    with rendered(ds, overlays=True) as found:
        assert (found.picture("png8.overlays") == np.where(bits, 255, plain)).all()
        assert found.header.warnings == ()


@pytest.mark.parametrize("position", [0, 5, 11, 16, 40_000])
def test_a_plane_in_bits_that_pixels_use_or_that_do_not_exist_is_broken(position):
    ds, _ = embedded(12)
    ds[0x6000, 0x0102].value = position
    with rendered(ds, overlays=True) as found:
        assert not found.header.has_overlays
        assert "broken_overlay" in found.header.warnings
        assert set(found.files) == {"png8.overlays"}


def test_compressed_pixels_have_no_room_for_a_plane():
    ds, _ = embedded(12)
    words = np.zeros((ROWS, COLUMNS), np.uint16)
    frame = bytes(encode_frame(words, 12, JPEG_LS_LOSSLESS))
    other = image_dataset(words, transfer_syntax_uid=JPEG_LS_LOSSLESS, frames=[frame], BitsStored=12)
    for element in ds.group_dataset(0x6000):
        other.add(element)
    with rendered(other, overlays=True) as found:
        assert not found.header.has_overlays


@pytest.mark.parametrize(
    ("element", "vr", "value"),
    [
        (0x0010, "US", 0), (0x0010, "US", 65_535), (0x0011, "US", 40_000), (0x0010, "LO", "many"), (0x0050, "SS", 1),
        (0x0050, "SS", [1, 1, 1]), (0x0050, "LO", "x\\y"), (0x0040, "CS", "Q"), (0x0040, "CS", ""), (0x0100, "US", 16),
        (0x0102, "US", 3), (0x0060, "CS", "RLE"), (0x0015, "IS", 2), (0x0015, "IS", 0), (0x0015, "IS", -1),
        (0x0051, "US", 0), (0x3000, "OW", b""),
    ],
)  # fmt: skip
def test_planes_that_contradict_themselves_are_ignored_with_a_warning(element, vr, value):
    ds = grey()
    add_overlay(ds, np.ones((ROWS, COLUMNS)))
    if (0x6000, element) in ds:
        del ds[0x6000, element]
    if value != b"":
        ds.add_new((0x6000, element), vr, value)
    with rendered(ds, overlays=True) as found:
        assert (found.picture("png8.overlays") == 100).all()
        assert "broken_overlay" in found.header.warnings
        assert not found.header.has_overlays


def test_overlays_on_colour_are_white():
    ds = image_dataset(np.zeros((ROWS, COLUMNS, 3), np.uint8))
    bits = np.eye(ROWS, COLUMNS)
    add_overlay(ds, bits)
    with rendered(ds, overlays=True) as found:
        assert (found.picture("png8.overlays") == np.repeat(bits[..., None] * 255, 3, axis=2)).all()
