"""The PNG writer against two independent readers."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from mammogram_viewer.imaging.png import encode_png


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((1, 1), np.uint8), ((1, 7), np.uint16), ((9, 1), np.uint16), ((64, 33), np.uint8), ((700, 900), np.uint16),
     ((700, 900), np.uint8), ((1, 1, 3), np.uint8), ((5, 6, 3), np.uint8), ((300, 500, 3), np.uint8)],
)  # fmt: skip
def test_what_is_written_is_read_back_by_pillow_and_opencv(shape, dtype, tmp_path):
    image = np.random.default_rng(3).integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)
    path = tmp_path / "a.png"
    path.write_bytes(encode_png(image))
    with Image.open(path) as opened:
        opened.verify()
    assert (np.asarray(Image.open(path)) == image).all()
    read = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert (read == (image[..., ::-1] if image.ndim == 3 else image)).all()
