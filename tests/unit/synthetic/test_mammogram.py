"""The synthetic mammograms are deterministic, valid by `dciodvfy`, and look like what they say."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pydicom
import pytest

from mammogram_viewer.dicom.syntaxes import SYNTAXES
from mammogram_viewer.imaging.render import Rendered, RenderLimits, render_original
from mammogram_viewer.synthetic.mammogram import SCREENING_VIEWS, SyntheticMammogram, write_exam, write_mammogram
from mammogram_viewer.synthetic.phantom import AIR, breast_phantom

# dicom3tools as Debian ships it knows neither HTJ2K nor deflated frames, and inflates no data set.
VALIDATED = sorted(
    uid for uid, syntax in SYNTAXES.items() if syntax.codec not in ("htj2k", "deflated_frame") and not syntax.deflated
)
GREY_SCALES = [
    {"voi": voi, "photometric_interpretation": photometric}
    for voi in ("linear", "linear_exact", "sigmoid", "lut")
    for photometric in ("MONOCHROME1", "MONOCHROME2")
]


def problems(path) -> list[str]:
    """What dciodvfy calls an error."""
    run = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, timeout=30, check=False)
    return [line for line in (run.stdout + run.stderr).splitlines() if line.startswith("Error")]


@pytest.mark.skipif(not shutil.which("dciodvfy"), reason="LOUD: apt-get install dicom3tools, or validity goes untested")
@pytest.mark.parametrize(
    "wanted",
    [
        *(SyntheticMammogram(transfer_syntax_uid=uid) for uid in VALIDATED),
        *(SyntheticMammogram(**grey) for grey in GREY_SCALES),
        *(SyntheticMammogram(laterality=side, view=view) for side, view in SCREENING_VIEWS),
        SyntheticMammogram(for_processing=True),
        SyntheticMammogram(padding=False),
    ],
    ids=lambda wanted: "-".join(
        map(str, (wanted.transfer_syntax_uid[-4:], wanted.voi, wanted.laterality, wanted.view))
    ),
)
def test_dciodvfy_finds_no_error(wanted, tmp_path):
    assert problems(write_mammogram(tmp_path / "a.dcm", wanted)) == []


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path):
    wanted = SyntheticMammogram(seed=4)
    first = write_mammogram(tmp_path / "a.dcm", wanted).read_bytes()
    assert write_mammogram(tmp_path / "b.dcm", wanted).read_bytes() == first
    assert write_mammogram(tmp_path / "c.dcm", replace(wanted, seed=5)).read_bytes() != first


@pytest.mark.parametrize(("rows", "columns"), [(256, 200), (574, 479), (2294, 1914)])
def test_the_breast_is_at_its_chest_wall_with_air_around_it(rows, columns):
    for laterality in "RL":
        pixels = breast_phantom(2, laterality, "MLO", rows, columns)
        assert pixels.shape == (rows, columns)
        assert pixels.max() < 4096
        near = pixels[:, -columns // 8 :] if laterality == "R" else pixels[:, : columns // 8]
        far = pixels[:, : columns // 8] if laterality == "R" else pixels[:, -columns // 8 :]
        assert near.mean() > 500
        assert (far == AIR).all()
        assert 0.2 < (pixels == AIR).mean() < 0.75
        assert pixels[pixels != AIR].std() > 150


def test_an_exam_is_four_views_of_one_study(tmp_path):
    paths = write_exam(tmp_path, 9, template=SyntheticMammogram(rows=64, columns=52))
    headers = []
    for path in paths:
        found = render_original(str(path), str(tmp_path), "dicom", RenderLimits())
        assert isinstance(found, Rendered)
        headers.append(found.header)
        assert pydicom.dcmread(path).OrganDose < 0.03
    assert [(header.laterality, header.view_position) for header in headers] == list(SCREENING_VIEWS)
    assert len({header.study_instance_uid for header in headers}) == 1
    assert len({header.series_instance_uid for header in headers}) == 1
    assert len({header.sop_instance_uid for header in headers}) == 4
    assert {header.patient_id for header in headers} == {"SYN-000009"}


def test_pydicom_reads_the_same_words(tmp_path):
    path = write_mammogram(tmp_path / "a.dcm", SyntheticMammogram())
    pixels = pydicom.dcmread(path).pixel_array
    assert np.array_equal(pixels, breast_phantom(0, "R", "CC", 256, 200))
