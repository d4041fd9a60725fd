"""Thumbnails are the picture made smaller: each of their pixels near the mean of the area that it covers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from pydicom.dataset import Dataset

from standard.building import LOSSLESS, NATIVE, describe, encoded, native, new_image
from standard.rendering import Outcome, render

AIR_COLUMNS = 500  # of 900, to the right


def breast(syntax: str, *, signed: int = 0, monochrome1: bool = False, enlarged: int = 1) -> Dataset:
    """A soft structure of 12 bits beside air that is padding. The window makes what lies at the level of air grey."""
    rows, columns = 1100, 900
    y, x = np.mgrid[:rows, :columns]
    values = 1500 + 900 * np.sin(y / 90) * np.cos(x / 70) + 200 * np.sin(x / 11 + y / 17)
    values[:, columns - AIR_COLUMNS :] = 0
    values = np.kron(values.round().astype(np.int64), np.ones((enlarged, enlarged), np.int64))
    if monochrome1:
        values = 4095 - values
    if signed:
        values -= 2048
    ds = new_image(syntax)
    describe(ds, *values.shape, allocated=16, stored=12)
    ds.PixelRepresentation = signed
    ds.PhotometricInterpretation = "MONOCHROME1" if monochrome1 else "MONOCHROME2"
    ds.PixelPaddingValue = int(values[0, -1])
    ds["PixelPaddingValue"].VR = "SS" if signed else "US"
    center = 2047.5 - 2048 * signed
    ds.WindowCenter, ds.WindowWidth, ds.VOILUTFunction = str(center), "3000", "SIGMOID"
    if syntax in NATIVE:
        native(ds, [values & 0xFFFF])
    else:
        encoded(ds, [values.astype(np.int16 if signed else np.uint16)])
    return ds


def area_means(picture: npt.NDArray[np.uint8], rows: int, columns: int) -> npt.NDArray[np.float64]:
    """The mean of each pixel's area; pixels on the edge between two areas count in part for both."""

    def shares(length: int, parts: int) -> npt.NDArray[np.float64]:
        edges = np.arange(parts + 1) * length / parts
        at = np.arange(length)
        overlap = np.minimum(edges[1:, None], at + 1) - np.maximum(edges[:-1, None], at)
        return np.clip(overlap, 0, None) * parts / length

    return shares(picture.shape[0], rows) @ picture.astype(float) @ shares(picture.shape[1], columns).T


def assert_small_pictures_follow(outcome: Outcome) -> None:
    picture = outcome.picture("png8")
    air = picture.shape[1] - AIR_COLUMNS
    assert not picture[:, air:].any()
    for size in (256, 512):
        found = outcome.picture(f"thumbnail{size}").astype(float)
        grey = found if found.ndim == 2 else found.mean(axis=2)
        assert max(grey.shape) == size
        assert abs(grey.shape[1] - size * picture.shape[1] / picture.shape[0]) <= 1
        expected = area_means(picture, *grey.shape)
        difference = np.abs(grey - expected)
        edge = air * grey.shape[1] // picture.shape[1]
        # WebP loses a little everywhere, and more at the skin line than inside.
        assert np.median(difference[:, : edge - 2]) <= 3
        assert np.quantile(difference, 0.99) <= 10
        assert np.median(grey[:, edge + 3 :]) == 0
        assert grey[:, edge + 8 :].max() <= 3


@pytest.mark.parametrize("name", ["JPEG lossless SV1", "JPEG-LS lossless", "JPEG 2000 lossless", "HTJ2K lossless RPCL"])
def test_small_pictures_of_compressed_images_are_means_of_areas_and_air_stays_black(name: str) -> None:
    ds = breast(LOSSLESS[name])
    assert_small_pictures_follow(render(ds, "png8", "thumbnail512", "thumbnail256"))


@pytest.mark.parametrize("monochrome1", [False, True])
@pytest.mark.parametrize("signed", [0, 1])
def test_small_pictures_of_native_images_are_means_of_areas_and_air_stays_black(signed: int, monochrome1: bool) -> None:
    ds = breast(NATIVE[1], signed=signed, monochrome1=monochrome1)
    assert_small_pictures_follow(render(ds, "png8", "thumbnail512", "thumbnail256"))


@pytest.mark.parametrize("voi", [None, "window-2"])
@pytest.mark.parametrize("name", ["native", "JPEG 2000 lossless", "HTJ2K lossless RPCL"])
def test_a_small_picture_alone_is_that_of_the_large_one_under_every_window(name: str, voi: str | None) -> None:
    """Alone it may be made from a reduced codestream, where means of values take the place of means of greys."""
    ds = breast(LOSSLESS.get(name, NATIVE[1]), enlarged=2 if name.startswith("HT") else 1)
    ds.WindowCenter, ds.WindowWidth = [str(ds.WindowCenter), "1500"], [str(ds.WindowWidth), "800"]
    suffix = f".voi-{voi}" if voi else ""
    picture = render(ds, "png8", voi=voi).picture(f"png8{suffix}")
    small = render(ds, "thumbnail256", voi=voi).picture(f"thumbnail256{suffix}").astype(float)
    grey = small if small.ndim == 2 else small.mean(axis=2)
    difference = np.abs(grey - area_means(picture, *grey.shape))
    assert np.median(difference[:, : grey.shape[1] * 2 // 5]) <= 3
    assert np.quantile(difference, 0.97) <= 10
    assert grey[:, round(grey.shape[1] * 400 / 900) + 8 :].max() <= 3
