"""Thumbnails: small, black in air, and alike whether made from the whole picture or from the one in the codestream."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import cv2
import imagecodecs
import numpy as np
import pytest

from mammogram_viewer.dicom.syntaxes import (
    EXPLICIT_LITTLE_ENDIAN,
    HTJ2K_LOSSLESS,
    HTJ2K_LOSSLESS_RPCL,
    JPEG_2000,
    JPEG_2000_LOSSLESS,
)
from mammogram_viewer.imaging import object_renderer
from mammogram_viewer.imaging.thumbnail import thumbnail_size
from mammogram_viewer.synthetic.encode import encode_frame
from mammogram_viewer.synthetic.phantom import breast_phantom
from unit.dicom.builders import image_dataset, lut_item, sequence, write
from unit.imaging.rendering import rejection, rendered


def in_full(*_: Any) -> None:
    """Stands in for the quick way and never takes it."""


def small(source: str, monkeypatch: pytest.MonkeyPatch, *, quick: bool) -> np.ndarray:
    """The 512-pixel thumbnail before it is packed with loss, made in one way or the other."""
    kept: list[np.ndarray] = []
    with monkeypatch.context() as patch:
        patch.setattr("mammogram_viewer.imaging.files.encode_webp", lambda shown: kept.append(shown.copy()) or b"x")
        if not quick:
            patch.setattr(object_renderer, "quick_thumbnail", in_full)
        with rendered(source, "thumbnail512"):
            return kept[0]


def mammogram(folder: Path, uid: str, rows: int = 2294, columns: int = 1914, **attributes: Any) -> str:
    """A breast with a lead marker in padded air, on a wide SIGMOID that would turn air grey."""
    words = breast_phantom(2, "R", "MLO", rows, columns)
    words[40:140, 60:100] = 4095
    if attributes.get("PhotometricInterpretation") == "MONOCHROME1":
        words = 4095 - words
    attributes = {
        "PixelPaddingValue": 4095 if attributes.get("PhotometricInterpretation") == "MONOCHROME1" else 0,
        "WindowCenter": 2000, "WindowWidth": 3500, "VOILUTFunction": "SIGMOID", **attributes,
    }  # fmt: skip
    frames = None if uid == EXPLICIT_LITTLE_ENDIAN else [bytes(encode_frame(words, 12, uid))]
    ds = image_dataset(words, transfer_syntax_uid=uid, frames=frames, BitsStored=12, **attributes)
    return write(folder / "image.dcm", ds)


RISING = (np.linspace(0, 1, 4096) ** 1.3 * 1023).round().astype(int).tolist()


@pytest.mark.parametrize(
    ("uid", "size"),
    [
        (JPEG_2000_LOSSLESS, (2294, 1914)),
        (HTJ2K_LOSSLESS, (2294, 1914)),
        (JPEG_2000_LOSSLESS, (1501, 1203)),
        (HTJ2K_LOSSLESS_RPCL, (3001, 2407)),
    ],
)
@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"PhotometricInterpretation": "MONOCHROME1"},
        {"VOILUTFunction": "LINEAR"},
        {"VOILUTSequence": sequence(lut_item(RISING, 0, 10))},
    ],
    ids=["sigmoid", "monochrome1", "linear", "lut"],
)
def test_the_small_picture_in_the_codestream_gives_almost_the_same_and_air_is_black(
    uid, size, attributes, tmp_path, monkeypatch
):
    source = mammogram(tmp_path, uid, *size, **attributes)
    quick, full = (small(source, monkeypatch, quick=way) for way in (True, False))
    assert quick.shape == full.shape
    difference = np.abs(quick.astype(int) - full)
    assert 0 < difference.mean() < 0.8
    assert np.percentile(difference, 99) <= 6
    # The marker is all edge, where a shift of a tenth of a pixel is seen; tissue is not.
    top, left = (math.ceil(160 * shown / whole) for shown, whole in zip(quick.shape, size, strict=True))
    difference[:top, :left] = 0
    assert cv2.blur(difference.astype(np.float32), (3, 3)).max() <= 12
    air = cv2.erode((full == 0).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    assert np.count_nonzero(air) > 0.2 * air.size
    assert quick[air].max() <= 2


@pytest.mark.parametrize(
    ("uid", "attributes"),
    [
        (EXPLICIT_LITTLE_ENDIAN, {}),
        (JPEG_2000, {}),  # padding that was packed with loss is no longer padding
        (HTJ2K_LOSSLESS, {"WindowWidth": 100, "VOILUTFunction": "LINEAR"}),
        (HTJ2K_LOSSLESS, {"PixelPaddingValue": 700}),
        (HTJ2K_LOSSLESS, {"PixelPaddingValue": 0, "PixelPaddingRangeLimit": 4095}),
        (HTJ2K_LOSSLESS, {"WindowCenter": None, "WindowWidth": None}),
        (HTJ2K_LOSSLESS, {"VOILUTSequence": sequence(lut_item(RISING[::2] + RISING[::-2], 0, 10))}),
    ],
    ids=["native", "lossy", "narrow window", "padding inside", "all padding", "no voi", "hill"],
)
def test_where_the_small_picture_might_tell_another_story_the_whole_one_is_taken(
    uid, attributes, tmp_path, monkeypatch
):
    source = mammogram(tmp_path, uid, 1100, 900, **attributes)
    assert (small(source, monkeypatch, quick=True) == small(source, monkeypatch, quick=False)).all()


def test_tissue_that_is_nearly_padding_is_not_darkened(tmp_path, monkeypatch):
    words = breast_phantom(2, "R", "CC", 2048, 1600)
    words[words > 0] = words[words > 0] // 16 + 1  # all of it within a sixteenth above padding
    frame = bytes(encode_frame(words, 12, HTJ2K_LOSSLESS))
    ds = image_dataset(
        words, transfer_syntax_uid=HTJ2K_LOSSLESS, frames=[frame], BitsStored=12, PixelPaddingValue=0, WindowCenter=300,
        WindowWidth=2000, VOILUTFunction="SIGMOID",
    )  # fmt: skip
    source = write(tmp_path / "a.dcm", ds)
    assert (small(source, monkeypatch, quick=True) == small(source, monkeypatch, quick=False)).all()


def test_a_damaged_codestream_is_refused_by_thumbnails_as_by_all_others(tmp_path):
    words = np.random.default_rng(0).integers(0, 4096, (2100, 1100)).astype(np.uint16)
    frame = bytearray(imagecodecs.jpeg2k_encode(words, level=0, codecformat="j2k", reversible=True, bitspersample=12))
    for frames in ([bytes(frame[: len(frame) // 2])], [bytes(frame[:-2])]):
        ds = image_dataset(
            words, transfer_syntax_uid=JPEG_2000_LOSSLESS, frames=frames, BitsStored=12, WindowCenter=2048,
            WindowWidth=4096,
        )  # fmt: skip
        assert rejection(ds, "thumbnail512").code == rejection(ds, "png8").code


@pytest.mark.parametrize(
    ("rows", "columns", "expected"),
    [
        (4096, 3328, (512, 416)),
        (512, 100, (512, 100)),
        (3, 9000, (1, 512)),
        (9000, 1, (512, 1)),
        (900, 600, (512, 341)),
    ],
)
def test_sizes_keep_the_shape_and_never_enlarge(rows, columns, expected):
    assert thumbnail_size(rows, columns, 512) == expected


def test_the_smaller_thumbnail_is_the_same_with_or_without_the_larger(tmp_path):
    source = mammogram(tmp_path, EXPLICIT_LITTLE_ENDIAN, 1100, 900)
    with (
        rendered(source, "thumbnail256") as alone,
        rendered(source, "png8", "thumbnail512", "thumbnail256") as together,
    ):
        assert alone.bytes_of("thumbnail256") == together.bytes_of("thumbnail256")
