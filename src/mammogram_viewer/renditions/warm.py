"""Loaded once into the fork server: everything that a first file would otherwise load in every single child.

imagecodecs and Pillow load each codec when it is first used, pydicom some of its modules; in a child that lives for
one file that would be paid again and again (about 100 ms)."""

from __future__ import annotations

import tempfile
from pathlib import Path

import imagecodecs
from PIL import Image

from mammogram_viewer.imaging.order import RenderOrder
from mammogram_viewer.renditions.task import RenderLimits, render_task
from mammogram_viewer.synthetic.mammogram import SyntheticMammogram, write_mammogram

_CODECS = ("jpeg8_decode", "jpegls_decode", "jpeg2k_decode", "htj2k_decode", "packbits_decode")


def warm_up() -> None:
    """Touch every codec, and render one tiny mammogram and its picture."""
    Image.init()
    for name in _CODECS:
        getattr(imagecodecs, name)
    with tempfile.TemporaryDirectory() as folder:
        mammogram = write_mammogram(Path(folder, "warm.dcm"), SyntheticMammogram(rows=64, columns=64))
        render_task(str(mammogram), folder, "dicom", RenderLimits(), RenderOrder())
        render_task(str(Path(folder, "png8.png")), folder, "png", RenderLimits(), RenderOrder())


warm_up()
