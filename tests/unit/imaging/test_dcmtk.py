"""Our greys beside those of DCMTK's dcmj2pnm, another maker's reading of the same standard: never more than one level
apart in the breast. DCMTK rounds down where we round to nearest, and does not know LINEAR_EXACT.

dcmj2pnm comes with `apt-get install dcmtk`; without it these tests fail, because nothing else here is independent of
our own understanding."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pydicom.dataset import FileDataset

from mammogram_viewer.synthetic.phantom import breast_phantom
from unit.dicom.builders import image_dataset, lut_item, sequence, write
from unit.imaging.rendering import rendered

PHANTOM = breast_phantom(3, "L", "MLO", 512, 400)  # 12 bits, air is 0


def dcmtk(ds: FileDataset, folder: Path, *options: str) -> np.ndarray:
    source, target = write(folder / "image.dcm", ds), folder / "dcmtk.png"
    subprocess.run(["dcmj2pnm", "+on", *options, source, str(target)], check=True, capture_output=True)
    shown = cv2.imread(str(target), cv2.IMREAD_UNCHANGED)
    assert shown is not None
    return shown


def assert_alike(ds: FileDataset, folder: Path, option: str, voi: str) -> None:
    with rendered(ds, voi=voi) as found:
        ours = found.picture(f"png8.voi-{voi}").astype(int)
    difference = np.abs(ours - dcmtk(ds, folder, option, voi.partition("-")[2]))[PHANTOM > 0]
    assert difference.max() <= 1
    assert ours[PHANTOM > 0].std() > 10  # there is something to compare


def mammogram(photometric: str, **attributes: Any) -> FileDataset:
    words = PHANTOM if photometric == "MONOCHROME2" else 4095 - PHANTOM
    return image_dataset(words.astype(np.uint16), BitsStored=12, PhotometricInterpretation=photometric, **attributes)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("function", ["LINEAR", "SIGMOID"])
@pytest.mark.parametrize(("slope", "intercept"), [(1, 0), (0.5, -300), (2, 17.25)])
def test_windows(photometric, function, slope, intercept, tmp_path):
    ds = mammogram(
        photometric,
        RescaleSlope=slope,
        RescaleIntercept=intercept,
        WindowCenter=[2048 * slope + intercept, 1500.5 * slope + intercept],
        WindowWidth=[3500 * slope, 900 * slope],
        VOILUTFunction=function,
    )
    for voi in ("window-1", "window-2"):
        assert_alike(ds, tmp_path, "+Wi", voi)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("intercept", [0, -1024])
def test_voi_luts(photometric, intercept, tmp_path):
    rising = (np.linspace(0, 1, 4096) ** 1.7 * 1023).round().astype(int).tolist()
    short = np.linspace(255, 0, 1800).round().astype(int).tolist()
    first_vr = "SS" if intercept < 0 else "US"
    ds = mammogram(
        photometric,
        RescaleSlope=1,
        RescaleIntercept=intercept,
        VOILUTSequence=sequence(
            lut_item(rising, intercept, 10, first_vr=first_vr), lut_item(short, 900 + intercept, 8, first_vr=first_vr)
        ),
    )
    for voi in ("lut-1", "lut-2"):
        assert_alike(ds, tmp_path, "+Wl", voi)


def test_signed_pixels_and_a_modality_lut(tmp_path):
    signed = image_dataset(
        (PHANTOM.astype(np.int16) - 2048).view(np.uint16), BitsStored=16, PixelRepresentation=1, WindowCenter=0,
        WindowWidth=3000,
    )  # fmt: skip
    assert_alike(signed, tmp_path, "+Wi", "window-1")
    entries = (np.linspace(1, 0, 4096) ** 2 * 60_000).round().astype(int).tolist()
    looked_up = mammogram(
        "MONOCHROME2", ModalityLUTSequence=sequence(lut_item(entries, 0, 16)), WindowCenter=20_000, WindowWidth=40_000
    )
    assert_alike(looked_up, tmp_path, "+Wi", "window-1")


def test_overlays(tmp_path):
    ds = mammogram("MONOCHROME2", WindowCenter=2048, WindowWidth=4096)
    bits = np.zeros(PHANTOM.shape, np.uint8)
    bits[100:120, 30:300] = 1
    for element, vr, value in ((0x10, "US", 512), (0x11, "US", 400), (0x40, "CS", "G"), (0x50, "SS", [-4, 11]),
                               (0x100, "US", 1), (0x102, "US", 0)):  # fmt: skip
        ds.add_new((0x6000, element), vr, value)
    ds.add_new((0x6000, 0x3000), "OW", np.packbits(bits, bitorder="little").tobytes())
    with rendered(ds, overlays=True) as found:
        ours = found.picture("png8.overlays").astype(int)
    theirs = dcmtk(ds, tmp_path, "+Wi", "1", "+O", "0")
    assert np.abs(ours - theirs).max() <= 1
    assert np.count_nonzero(theirs == 255) >= 20 * 270
