"""From stored words to modality values: mask, sign, then Modality LUT or rescale (PS3.3 C.7.6.3.1, C.11.1).

Worked out once for every possible word, so that nothing here costs anything per pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from mammogram_viewer.dicom import values
from mammogram_viewer.dicom.pixels import PixelDescription
from mammogram_viewer.foundation.reasons import Refused
from mammogram_viewer.imaging.functional_groups import frame_group
from mammogram_viewer.imaging.lookup import read_lookup_table

Reals = npt.NDArray[np.float64]
Stored = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Modality:
    """`stored[word]` is the stored value, `output[word]` the modality value; (256,) or (65536,).

    `slope` and `intercept` lead from one to the other, but for a Modality LUT, where `slope` is None. `unit` is
    Rescale Type or Modality LUT Type as written, empty where the file is silent."""

    stored: Stored
    output: Reals
    slope: float | None
    intercept: float
    unit: str


def stored_values(pixels: PixelDescription, *, shifted: bool) -> Stored:
    """The stored value of every possible word. `shifted`: native words, whose value may not start at bit 0."""
    words = np.arange(1 << pixels.bits_allocated, dtype=np.int64)
    shift = pixels.high_bit + 1 - pixels.bits_stored if shifted else 0
    codes = (words >> shift) & ((1 << pixels.bits_stored) - 1)
    if pixels.signed:
        sign = 1 << (pixels.bits_stored - 1)
        codes = (codes ^ sign) - sign
    return codes


def read_modality(
    dataset: Dataset, stored: Stored, frame_index: int, *, little_endian: bool, warnings: list[str]
) -> Modality:
    """What the file says about one frame (from 0); the identity where it says nothing.

    Refused (bad_header) when the file carries a Modality LUT or a rescale that cannot be read: its windows are in
    the units behind it, so no other picture would be right."""
    for item in values.items(dataset, "ModalityLUTSequence")[:1]:
        input_range = (float(stored.min()), float(stored.max()))
        table = read_lookup_table(item, input_range=input_range, little_endian=little_endian, warnings=warnings)
        if table is None:
            raise Refused("bad_header", "the Modality LUT cannot be read")
        unit = values.text(item, "ModalityLUTType") or ""
        return Modality(stored, table.apply(stored.astype(np.float64)), None, 0.0, unit)
    holder = frame_group(dataset, "PixelValueTransformationSequence", frame_index) or dataset
    slope, intercept = _number(holder, "RescaleSlope", 1.0), _number(holder, "RescaleIntercept", 0.0)
    if slope == 0:
        warnings.append("rescale_slope_zero")
        slope = 1.0
    output = stored.astype(np.float64) * slope + intercept
    if not np.isfinite(output).all():
        raise Refused("bad_header", "the rescale goes beyond all numbers")
    return Modality(stored, output, slope, intercept, values.text(holder, "RescaleType") or "")


def _number(holder: Dataset, keyword: str, default: float) -> float:
    """The number, or `default` where there is none; Refused where something else stands in its place."""
    number = values.real(holder, keyword)
    if number is None and values.values(holder, keyword):
        raise Refused("bad_header", f"{keyword} cannot be read")
    return default if number is None else number
