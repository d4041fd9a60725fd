"""The grey-scale chain of PS3.3 C.11 as one table: stored word in, 8-bit display value out, 0 black, 255 white.

word → stored value (mask, sign) → Modality LUT → VOI → 8 bits → presentation (inversion) → padding black.

Rules that the standard leaves to us, each with its test:
- 8 bits: the real VOI output in [0, 255] is rounded to nearest, halves up. LUT output of n bits is scaled by
  255 / (2ⁿ - 1) first. Inversion is 255 - p of the rounded p, so MONOCHROME1 is the exact negative.
- VOI: the one that was asked for; else the default, which is the first usable VOI LUT, else the first usable window
  (`voi` lists them).
- No VOI: a percentile window over the breast (`percentile`), and `voi_source` says so.
- Inversion: PhotometricInterpretation MONOCHROME1 or PresentationLUTShape INVERSE. For mammograms each implies the
  other (C.8.11.3), so together they invert once.
- Padding (C.7.5.1.1.2) is black under every window and after inversion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from mammogram_viewer.dicom import values
from mammogram_viewer.dicom.pixels import PixelDescription
from mammogram_viewer.dicom.reader import DicomObject
from mammogram_viewer.imaging.modality import Modality, Reals, Stored, read_modality, stored_values
from mammogram_viewer.imaging.percentile import breast_window
from mammogram_viewer.imaging.voi import Curve, Voi, Window, list_voi

# Rescale and windows are decimal; three of 100,000 halves come out a binary digit too small.
ROUNDING_ERROR = 1e-9


@dataclass(frozen=True)
class GreyScale:
    """What the file says about the greys of one frame. `padding[word]` tells padding."""

    modality: Modality
    padding: npt.NDArray[np.bool_]
    inverted: bool
    voi: tuple[Voi, ...]


def read_grey_scale(found: DicomObject, pixels: PixelDescription, frame_index: int, warnings: list[str]) -> GreyScale:
    """The chain of a MONOCHROME1 or MONOCHROME2 object for frame `frame_index` (from 0), before any pixel is read."""
    dataset, little_endian = found.dataset, found.syntax.little_endian
    stored = stored_values(pixels, shifted=found.syntax.keeps_words)
    modality = read_modality(dataset, stored, frame_index, little_endian=little_endian, warnings=warnings)
    return GreyScale(
        modality,
        _padding_mask(dataset, stored, warnings),
        _is_inverted(dataset, pixels),
        list_voi(dataset, modality.output, frame_index, little_endian=little_endian, warnings=warnings),
    )


def display_table(scale: GreyScale, voi: Voi | Window) -> npt.NDArray[np.uint8]:
    """`table[word]` is the display value, (256,) or (65536,) uint8."""
    transformation = voi.transformation if isinstance(voi, Voi) else voi
    table = to_8_bits(transformation.apply(scale.modality.output))
    if scale.inverted:
        table = 255 - table
    table[scale.padding] = 0
    return table


def window_over_breast(scale: GreyScale, words: npt.NDArray[np.unsignedinteger]) -> Window:
    """What stands in for the VOI of a file that has none."""
    found = breast_window(words, scale.modality.output, scale.padding, air_is_high=scale.inverted)
    return Window(*found, "LINEAR_EXACT")


def voi_source(voi: Voi | None) -> str:
    """How `ImageHeader.voi_source` tells where the greys come from; None stands for a file that says nothing."""
    if voi is None:
        return "none_percentile"
    return "voi_lut_sequence" if isinstance(voi.transformation, Curve) else "window"


def to_8_bits(shown: Reals) -> npt.NDArray[np.uint8]:
    """[0, 255] to uint8, to nearest, halves up; also those that binary fractions put just below a half."""
    return np.floor(np.clip(shown, 0, 255) + (0.5 + ROUNDING_ERROR)).astype(np.uint8)


def _is_inverted(dataset: Dataset, pixels: PixelDescription) -> bool:
    return (
        pixels.photometric_interpretation == "MONOCHROME1"
        or values.code_string(dataset, "PresentationLUTShape") == "INVERSE"
    )


def _padding_mask(dataset: Dataset, stored: Stored, warnings: list[str]) -> npt.NDArray[np.bool_]:
    """Words that are padding: the value, or the closed range between value and range limit, either way round. A range
    that would leave no image is passed over, but for its beginning.

    Both are compared as bit patterns of the stored value, because their VR (US or SS) is often written wrong."""
    value = _padding_value(dataset, "PixelPaddingValue", stored, warnings)
    if value is None:
        return np.zeros(len(stored), bool)
    limit = _padding_value(dataset, "PixelPaddingRangeLimit", stored, warnings)
    limit = value if limit is None else limit
    padding = (stored >= min(value, limit)) & (stored <= max(value, limit))
    if padding.all():
        warnings.append("padding_covers_all_values")
        return stored == value
    return padding


def _padding_value(dataset: Dataset, keyword: str, stored: Stored, warnings: list[str]) -> int | None:
    value = values.integer(dataset, keyword)
    if value is None and values.values(dataset, keyword):
        warnings.append(f"unreadable_{keyword}")
    return None if value is None else _in_range(value, stored)


def _in_range(value: int, stored: Stored) -> int:
    """`value` read with the sign that stored values have: 0xFFFE is -2 among signed ones, and the reverse."""
    if value > stored.max() and stored.min() < 0 and value >= 0x8000:
        return value - 0x10000
    if value < 0 and stored.min() >= 0:
        return value + 0x10000
    return value
