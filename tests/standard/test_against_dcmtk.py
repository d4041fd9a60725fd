"""The greys of DCMTK's dcmj2pnm, a viewer's engine of another hand, are ours to one level inside the breast.

DCMTK computes with doubles and truncates where we round, so one level of difference is its rounding. Needs the Debian
package dcmtk; a test that cannot find it fails."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from mammogram_viewer.imaging.order import RenderOrder
from mammogram_viewer.synthetic.mammogram import SyntheticMammogram, build_mammogram, stored_words, write_mammogram
from standard.rendering import Outcome, render_file

TEXTURED = SyntheticMammogram(seed=3, rows=300, columns=200)


def dcmtk_greys(path: Path, *options: str) -> npt.NDArray[np.uint8]:
    program = shutil.which("dcmj2pnm")
    assert program, "dcmj2pnm is not installed; it is in the Debian package dcmtk"
    target = path.with_suffix(".png")
    subprocess.run([program, "--quiet", "+on", *options, str(path), str(target)], check=True)
    return np.asarray(Image.open(target).convert("L"))


def our_greys(path: Path, voi: str) -> npt.NDArray[np.uint8]:
    wanted = RenderOrder(kinds=("png8",), voi=voi)
    outcome = render_file(path, wanted)
    assert isinstance(outcome, Outcome), outcome
    return outcome.picture(wanted.kind("png8"))


def breast(wanted: SyntheticMammogram) -> npt.NDArray[np.bool_]:
    """Where there is no air, which DCMTK does not keep black: it knows no Pixel Padding Range Limit, and a window
    makes its padding grey."""
    return stored_words(replace(wanted, photometric_interpretation="MONOCHROME2", signed=False)) > 0


def assert_within_one_level(folder: Path, wanted: SyntheticMammogram, voi: str) -> None:
    path = write_mammogram(folder / "image.dcm", wanted)
    kind, number = voi.split("-")
    options = ["+Wi" if kind == "window" else "+Wl", number]
    ours, theirs = our_greys(path, voi).astype(int), dcmtk_greys(path, *options).astype(int)
    inside = breast(wanted)
    assert inside.mean() > 0.2
    assert len(np.unique(ours[inside])) > 50, "nothing to compare"
    difference = np.abs(ours - theirs)[inside]
    assert difference.max() <= 1, f"{voi}: {np.bincount(difference)[:9]} pixels by levels of difference"


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("voi", ["window-1", "window-2", "window-3"])
@pytest.mark.parametrize("function", ["linear", "sigmoid"])
def test_windows_are_those_of_dcmtk(tmp_path: Path, function: str, voi: str, photometric: str) -> None:
    wanted = replace(TEXTURED, voi=function, photometric_interpretation=photometric)
    assert_within_one_level(tmp_path, wanted, voi)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("opaque", [False, True], ids=["US", "OW"])
@pytest.mark.parametrize("voi", ["lut-1", "lut-2", "lut-3"])
def test_voi_luts_are_those_of_dcmtk(tmp_path: Path, voi: str, opaque: bool, photometric: str) -> None:
    wanted = replace(TEXTURED, voi="several", lut_data_ow=opaque, photometric_interpretation=photometric)
    assert_within_one_level(tmp_path, wanted, voi)


@pytest.mark.parametrize("slope", [0.25, 1.5, 2])
@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
def test_rescaled_values_are_those_of_dcmtk(tmp_path: Path, signed: bool, slope: float) -> None:
    for bits in (12, 16):
        wanted = replace(TEXTURED, bits_stored=bits, signed=signed, rescale_slope=slope, rescale_intercept=-100)
        for function in ("linear", "sigmoid"):
            assert_within_one_level(tmp_path, replace(wanted, voi=function), "window-1")


@pytest.mark.parametrize("function", ["linear", "sigmoid"])
def test_values_of_a_modality_lut_are_those_of_dcmtk(tmp_path: Path, function: str) -> None:
    assert_within_one_level(tmp_path, replace(TEXTURED, modality_lut=True, voi=function), "window-1")


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.2"])
def test_encodings_that_dcmtk_reads_give_its_greys(tmp_path: Path, syntax: str) -> None:
    assert_within_one_level(tmp_path, replace(TEXTURED, transfer_syntax_uid=syntax), "window-1")


def test_dcmtk_takes_linear_exact_for_linear_and_we_do_not(tmp_path: Path) -> None:
    """Why LINEAR_EXACT is not compared: DCMTK 3.6.7 knows LINEAR and SIGMOID only (+Wfl, +Wfs)."""
    level = stored_words(TEXTURED)
    center = int(np.median(level[level > 0]))
    changes = (("WindowCenter", str(center)), ("WindowWidth", "2"), ("WindowCenterWidthExplanation", None))
    wanted = replace(TEXTURED, voi="linear_exact", changes=changes)
    path = write_mammogram(tmp_path / "image.dcm", wanted)
    theirs, ours = dcmtk_greys(path, "+Wi", "1"), our_greys(path, "window-1")
    assert build_mammogram(wanted).VOILUTFunction == "LINEAR_EXACT"
    at = level == center
    assert set(ours[at].tolist()) == {128}, "the center of an exact window is the middle grey (C.11.2.1.3.2)"
    assert set(theirs[at].tolist()) == {255}, "the upper end of a linear one (C.11.2.1.2.1)"
