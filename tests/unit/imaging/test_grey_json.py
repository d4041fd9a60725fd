"""Whoever paints the viewer's samples by `greyscale` shows the picture's own greys."""

from __future__ import annotations

import json

import imagecodecs
import numpy as np
import pytest

from mammogram_viewer.dicom.syntaxes import EXPLICIT_BIG_ENDIAN, IMPLICIT_LITTLE_ENDIAN
from mammogram_viewer.synthetic.mammogram import SyntheticMammogram, build_mammogram
from mammogram_viewer.synthetic.secondary_capture import SyntheticCapture, build_capture
from unit.imaging.painting import paint
from unit.imaging.rendering import rendered

VARIANTS = {
    "sigmoid": {"voi": "sigmoid"},
    "linear": {"voi": "linear"},
    "linear exact, inverted": {"voi": "linear_exact", "photometric_interpretation": "MONOCHROME1"},
    "a table": {"voi": "lut"},
    "a table in OW, big endian": {
        "voi": "lut", "lut_data_ow": True, "transfer_syntax_uid": EXPLICIT_BIG_ENDIAN},
    "a table, implicit VR": {"voi": "lut", "transfer_syntax_uid": IMPLICIT_LITTLE_ENDIAN},
    "several, inverted": {"voi": "several", "photometric_interpretation": "MONOCHROME1"},
    "signed": {"signed": True, "bits_stored": 12},
    "signed, a table": {"signed": True, "voi": "lut"},
    "signed 8 bits": {"signed": True, "bits_stored": 8},
    "rescaled": {"rescale_slope": 2.5, "rescale_intercept": -100},
    "modality table": {"modality_lut": True},
    "signed modality table and table": {"modality_lut": True, "signed": True, "voi": "lut", "bits_stored": 10},
    "14 bits, padding range": {"bits_stored": 14, "padding_range": True},
    "16 bits": {"bits_stored": 16, "voi": "several"},
    "10 bits": {"bits_stored": 10, "padding": False},
    "nothing said": {"voi": "none", "for_processing": True},
}  # fmt: skip


@pytest.mark.parametrize("name", VARIANTS)
def test_painting_by_the_grey_scale_gives_the_picture(name: str):
    wanted = SyntheticMammogram(seed=5, rows=120, columns=90, **VARIANTS[name])  # type: ignore[arg-type] - its fields
    with rendered(build_mammogram(wanted), "png8", "htj2k", "greyscale") as found:
        scale = json.loads(found.bytes_of("greyscale"))
        samples = imagecodecs.htj2k_decode(found.frames()[0])
        painted = paint(samples, scale)
        difference = np.abs(painted.astype(int) - found.picture())
        candidates = found.header.voi_candidates
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.001, "only where a decimal half is none in binary"
    assert (scale["bits"], scale["signed"]) == (samples.dtype.itemsize * 8, samples.dtype.kind == "i")
    assert scale["least"] <= samples.min() <= samples.max() <= scale["greatest"]
    if candidates:
        assert [one["id"] for one in scale["voi"]] == [one.id for one in candidates]
    else:
        assert [one["id"] for one in scale["voi"]] == ["auto"]
    assert [one["isDefault"] for one in scale["voi"]].count(True) == 1


@pytest.mark.parametrize("voi", ["window-2", "window-3", "lut-2", "lut-3"])
def test_every_candidate_paints_what_the_picture_of_that_choice_shows(voi: str):
    ds = build_mammogram(SyntheticMammogram(seed=6, rows=120, columns=90, voi="several"))
    with rendered(ds, "htj2k", "greyscale") as found:
        scale = json.loads(found.bytes_of("greyscale"))
        painted = paint(imagecodecs.htj2k_decode(found.frames()[0]), scale, voi)
    with rendered(ds, "png8", voi=voi) as found:
        picture = found.picture(f"png8.voi-{voi}")
    assert np.abs(painted.astype(int) - picture).max() <= 1


def test_images_in_colour_have_no_grey_scale():
    with rendered(build_capture(SyntheticCapture()), "png8", "greyscale") as found:
        assert set(found.files) == {"png8"}
