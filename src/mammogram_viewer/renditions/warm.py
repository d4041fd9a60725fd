"""Loaded once into the fork server: everything that a first file would otherwise load in every single child.

imagecodecs and Pillow load each codec when it is first used, pydicom some of its modules; in a child that lives for
one file that would be paid again and again (about 100 ms)."""

from __future__ import annotations

import gc
import tempfile
from pathlib import Path

import imagecodecs
from PIL import Image

from mammogram_viewer.dicom.syntaxes import HTJ2K_LOSSLESS, JPEG_2000_LOSSLESS
from mammogram_viewer.imaging.order import RenderOrder
from mammogram_viewer.renditions.task import RenderLimits, render_task
from mammogram_viewer.synthetic.mammogram import SyntheticMammogram, write_mammogram

_CODECS = ("jpeg8_decode", "jpegls_decode", "jpeg2k_decode", "jpegxl_decode", "htj2k_decode", "packbits_decode")
# The fork server has all the time that it needs; a timer must not end it.
_LIMITS = RenderLimits(seconds=0, multiframe_seconds=0)
_TALL = 1088  # rows; a thumbnail is read out of a codestream from 1024 on


def warm_up() -> None:
    """Touch every codec, and render one tiny mammogram, its picture, and thumbnails out of codestreams."""
    Image.init()
    for name in _CODECS:
        getattr(imagecodecs, name)
    with tempfile.TemporaryDirectory() as folder:
        mammogram = write_mammogram(Path(folder, "warm.dcm"), SyntheticMammogram(rows=64, columns=64))
        render_task(str(mammogram), folder, "dicom", _LIMITS, RenderOrder())
        render_task(str(Path(folder, "png8.png")), folder, "png", _LIMITS, RenderOrder())
        for uid in (JPEG_2000_LOSSLESS, HTJ2K_LOSSLESS):
            tall = SyntheticMammogram(rows=_TALL, columns=64, transfer_syntax_uid=uid)
            written = write_mammogram(Path(folder, "warm.dcm"), tall)
            render_task(str(written), folder, "dicom", _LIMITS, RenderOrder(kinds=("thumbnail512",)))
    # What lives now lives as long as the fork server. A child that looked through it for garbage would write into
    # every page of it, and so copy them all.
    gc.collect()
    gc.freeze()


warm_up()
