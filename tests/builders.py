"""Small valid files for tests: mammograms by the product's own generator, plain pictures by Pillow."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from mammogram_viewer.synthetic.mammogram import SyntheticMammogram, build_mammogram


def dicom_bytes(*, seed: int, sop_instance_uid: str | None = None, **wanted: object) -> bytes:
    """A small synthetic mammogram; other seeds give other bytes."""
    data_set = build_mammogram(SyntheticMammogram(seed=seed, **wanted))  # type: ignore[arg-type] - its own fields
    if sop_instance_uid is not None:
        data_set.SOPInstanceUID = sop_instance_uid
        data_set.file_meta.MediaStorageSOPInstanceUID = sop_instance_uid
    buffer = io.BytesIO()
    data_set.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _picture(seed: int, side: int) -> Image.Image:
    values = np.random.default_rng(seed).integers(0, 255, (side, side), dtype=np.uint8)
    return Image.fromarray(values)


def png_bytes(*, seed: int, side: int = 64) -> bytes:
    return _saved(_picture(seed, side), "PNG")


def jpeg_bytes(*, seed: int, side: int = 64) -> bytes:
    return _saved(_picture(seed, side), "JPEG")


def tiff_bytes(*, seed: int, side: int = 64) -> bytes:
    return _saved(_picture(seed, side), "TIFF")


def _saved(picture: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind)
    return buffer.getvalue()
