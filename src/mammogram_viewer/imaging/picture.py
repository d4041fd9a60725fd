"""Plain PNG, JPEG and TIFF pictures to 8-bit grey or RGB: upright, over black, in sRGB, without their
metadata."""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from mammogram_viewer.dicom.header import ImageHeader
from mammogram_viewer.dicom.limits import RenderLimits
from mammogram_viewer.foundation.reasons import Refused
from mammogram_viewer.imaging.picture_checks import (
    check_indices,
    check_jpeg,
    check_jpeg_samples,
    check_png,
    check_tiff,
)

# Our own budget is stricter and speaks in our codes; Pillow's would warn only.
Image.MAX_IMAGE_PIXELS = None
_FORMATS = {"png": "PNG", "jpeg": "JPEG", "tiff": "TIFF"}
_ORIENTATION = 0x0112
_WHITE_IS_ZERO = 0
_PHOTOMETRIC = 262
# What Pillow raises on damaged files.
_TROUBLE = (
    OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, SyntaxError, OverflowError,
    EOFError, NotImplementedError, RuntimeError, AssertionError, ZeroDivisionError, struct.error, zlib.error,
    UnidentifiedImageError,
)  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """`shown` is (rows, columns) or (rows, columns, 3) uint8; `samples` the grey values as the file has them, more is
    brighter, (rows, columns) uint8 or uint16, or None for colour. `header` is what there is of one."""

    shown: npt.NDArray[np.uint8]
    samples: npt.NDArray[np.unsignedinteger] | None
    header: ImageHeader


def read_picture(source: str, file_type: str, limits: RenderLimits) -> Picture:
    """The picture at `source`; Refused when it is broken, too large, or of a kind that is not shown.

    16-bit grey is scaled by the least of 8, 10, 12, 14 or 16 bits that holds it (`voi_source` full_range). Of
    a TIFF with several pages the first is shown."""
    warnings: list[str] = []
    try:
        with Image.open(source, formats=[_FORMATS[file_type]]) as picture:
            if picture.width * picture.height > limits.megapixels * 1_000_000:
                raise Refused("over_megapixels", f"limit {limits.megapixels} megapixels")
            check_what_was_decoded = _check_before(source, file_type, picture)
            picture.load()
            check_what_was_decoded(picture)
            orientation = picture.getexif().get(_ORIENTATION, 1)
            if picture.mode in ("I;16", "I;16B", "I;16L", "I", "F"):
                shown, samples, bits = _deep_grey(picture)
                shown, samples = _upright(shown, orientation), _upright(samples, orientation)
            else:
                shown, bits = np.asarray(_eight_bits(ImageOps.exif_transpose(picture), warnings)), 8
                samples = shown if shown.ndim == 2 else None
    except (Image.DecompressionBombError, MemoryError) as trouble:
        raise Refused("out_of_memory") from trouble
    except _TROUBLE as trouble:
        raise Refused("picture_broken") from trouble
    header = ImageHeader(
        photometric_interpretation="MONOCHROME2" if shown.ndim == 2 else "RGB",
        rows=shown.shape[0],
        columns=shown.shape[1],
        number_of_frames=1,
        bits_stored=bits,
        voi_source="full_range" if bits > 8 else "not_applicable",
        warnings=tuple(warnings),
    )
    return Picture(np.ascontiguousarray(shown), samples, header)


def _check_before(source: str, file_type: str, picture: Image.Image) -> Callable[[Image.Image], None]:
    """Look at what can be told without decoding. The answer looks at the rest, once it is decoded."""
    path = Path(source)
    if file_type == "jpeg":
        stream = check_jpeg(path.read_bytes())
        return lambda decoded: check_jpeg_samples(stream, np.asarray(decoded), _decoded_jpeg)
    if file_type == "tiff":
        check_tiff(getattr(picture, "tag_v2", {}), path.stat().st_size)
        return _nothing_more
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        palette = check_png(mapped)
    if palette is None or picture.mode != "P":
        return _nothing_more
    return lambda decoded: check_indices(np.asarray(decoded), palette)


def _nothing_more(_: Image.Image) -> None:
    pass


def _decoded_jpeg(stream: bytes) -> npt.NDArray[Any]:
    with Image.open(BytesIO(stream), formats=[_FORMATS["jpeg"]]) as picture:
        return np.asarray(picture)


def _deep_grey(picture: Image.Image) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint16], int]:
    """More than 8 bits of grey as 8 and as they are, and how many bits were taken for full scale."""
    if picture.mode == "F":
        raise Refused("picture_unsupported", "floating point pixels")
    values = np.asarray(picture)
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > 65_535:
        raise Refused("picture_unsupported", "more than 16 bits")
    bits = next(bits for bits in (8, 10, 12, 14, 16) if high < 1 << bits)
    full = (1 << bits) - 1
    shown = np.floor(np.arange(full + 1) * (255 / full) + 0.5).astype(np.uint8)
    # Pillow inverts 8-bit TIFFs whose zero is white, not the deeper ones.
    if getattr(picture, "tag_v2", {}).get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        return shown[::-1][values], (full - values).astype(np.uint16), bits
    return shown[values], values.astype(np.uint16), bits


def _upright(pixels: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """Undo the EXIF orientation (1 to 8) on an array."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.T
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels


def _eight_bits(picture: Image.Image, warnings: list[str]) -> Image.Image:
    """Mode L or RGB, in sRGB, transparency over black."""
    profile = picture.info.get("icc_profile")
    if picture.mode in ("LA", "PA", "RGBA", "RGBa", "La") or "transparency" in picture.info:
        grey = picture.mode in ("LA", "La", "L", "1")
        over = picture.convert("RGBA")
        black = Image.new("RGBA", over.size, (0, 0, 0, 255))
        picture = Image.alpha_composite(black, over).convert("L" if grey else "RGB")
    if profile and picture.mode in ("RGB", "CMYK", "L"):
        picture = _to_srgb(picture, profile, warnings)
    if picture.mode in ("L", "RGB"):
        return picture
    return picture.convert("L" if picture.mode == "1" else "RGB")


def _to_srgb(picture: Image.Image, profile: bytes, warnings: list[str]) -> Image.Image:
    try:
        target = ImageCms.createProfile("sRGB")
        mode = "RGB" if picture.mode == "CMYK" else picture.mode
        if mode == "L":
            return picture  # grey profiles describe a gamma close to sRGB's; stored greys are what people expect
        shown = ImageCms.profileToProfile(picture, BytesIO(profile), target, outputMode=mode)
        return shown or picture
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        warnings.append("unusable_colour_profile")
        return picture
