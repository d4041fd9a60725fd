"""The grey-scale chain of PS3.3 C.11 as one table: stored word in, 8-bit display value out, 0 black, 255
white.

word → stored value (mask, sign) → Modality LUT → VOI → 8 bits → presentation (inversion) → padding black.

Rules that the standard leaves to us, each with its test:
- 8 bits: the real VOI output in [0, 255] is rounded to nearest, halves up. LUT output of n bits is scaled by
  255 / (2ⁿ - 1) first. Inversion is 255 - p of the rounded p, so MONOCHROME1 is the exact negative.
- VOI: the first VOI LUT where there is a sequence, else the first usable window. A file with both offers
  alternatives (C.11.2.1.1 gives neither precedence); the LUT is the maker's own curve, so it is our default.
- No VOI: a percentile window over the breast (`percentile`), and `voi_source` says so.
- Inversion: PhotometricInterpretation MONOCHROME1 or PresentationLUTShape INVERSE. For mammograms each
  implies the other (C.8.11.3), so together they invert once.
- Padding (C.7.5.1.1.2) is black under every window and after inversion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from mammogram_viewer.dicom import values
from mammogram_viewer.dicom.pixels import PixelDescription
from mammogram_viewer.imaging.lookup import LookupTable, read_lookup_table
from mammogram_viewer.imaging.percentile import breast_window

Reals = npt.NDArray[np.float64]
WINDOW_FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


@dataclass(frozen=True)
class DisplayTable:
    """`table[word]` is the display value, (256,) or (65536,) uint8."""

    table: npt.NDArray[np.uint8]
    voi_source: str


@dataclass(frozen=True)
class Window:
    """Center and width in modality units (C.11.2.1.2)."""

    center: float
    width: float
    function: str = "LINEAR"


def stored_values(pixels: PixelDescription, *, shifted: bool) -> npt.NDArray[np.int64]:
    """The stored value of every possible word. `shifted`: native words, whose value may not start at bit
    0."""
    words = np.arange(1 << pixels.bits_allocated, dtype=np.int64)
    shift = pixels.high_bit + 1 - pixels.bits_stored if shifted else 0
    codes = (words >> shift) & ((1 << pixels.bits_stored) - 1)
    if pixels.signed:
        sign = 1 << (pixels.bits_stored - 1)
        codes = (codes ^ sign) - sign
    return codes


def display_table(
    dataset: Dataset,
    pixels: PixelDescription,
    words: npt.NDArray[np.unsignedinteger],
    *,
    frame_index: int,
    shifted: bool,
    little_endian: bool,
    warnings: list[str],
) -> DisplayTable:
    """The table for one frame; `words` are looked at only when the file carries no VOI."""
    stored = stored_values(pixels, shifted=shifted)
    modality = modality_output(dataset, stored, frame_index, little_endian=little_endian, warnings=warnings)
    padding = _padding_mask(dataset, stored)
    inverted = _is_inverted(dataset, pixels)
    voi = _find_voi(dataset, modality, frame_index, little_endian=little_endian, warnings=warnings)
    if isinstance(voi, LookupTable):
        shown, voi_source = voi.apply(modality) * (255 / ((1 << voi.bits) - 1)), "voi_lut_sequence"
    elif isinstance(voi, Window):
        shown, voi_source = apply_window(modality, voi), "window"
    else:
        found = breast_window(words, modality, padding, air_is_high=inverted)
        shown, voi_source = apply_window(modality, Window(*found, "LINEAR_EXACT")), "none_percentile"
    table = to_8_bits(shown)
    if inverted:
        table = 255 - table
    table[padding] = 0
    return DisplayTable(table, voi_source)


def to_8_bits(shown: Reals) -> npt.NDArray[np.uint8]:
    """[0, 255] to uint8, to nearest, halves up."""
    return np.floor(np.clip(shown, 0, 255) + 0.5).astype(np.uint8)


def apply_window(inputs: Reals, window: Window) -> Reals:
    """Window modality output to [0, 255] (C.11.2.1.2.1 LINEAR, C.11.2.1.3.1 SIGMOID, C.11.2.1.3.2
    LINEAR_EXACT).

    The product comes before the quotient so that halves are exact and round the same way everywhere."""
    center, width = window.center, window.width
    if window.function == "SIGMOID":
        # The exponent is bounded because exp overflows; the result is 0 or 255 long before.
        return 255 / (1 + np.exp(np.clip(-4 * (inputs - center) / width, -700, 700)))
    if window.function == "LINEAR":
        center, width = center - 0.5, width - 1
    low, high = center - width / 2, center + width / 2
    if width == 0:
        return np.where(inputs <= low, 0.0, 255.0)
    ramp = (inputs - center) * 255 / width + 127.5
    return np.where(inputs <= low, 0.0, np.where(inputs > high, 255.0, ramp))


def modality_output(
    dataset: Dataset,
    stored: npt.NDArray[np.int64],
    frame_index: int,
    *,
    little_endian: bool,
    warnings: list[str],
) -> Reals:
    """Modality LUT Sequence or rescale (C.11.1); the identity when there is neither."""
    inputs = stored.astype(np.float64)
    for item in values.items(dataset, "ModalityLUTSequence")[:1]:
        input_range = (float(stored.min()), float(stored.max()))
        table = read_lookup_table(item, input_range=input_range, little_endian=little_endian, warnings=warnings)
        if table is not None:
            return table.apply(inputs)
    holder = _frame_group(dataset, "PixelValueTransformationSequence", frame_index) or dataset
    slope = values.real(holder, "RescaleSlope")
    intercept = values.real(holder, "RescaleIntercept")
    if slope == 0:
        warnings.append("rescale_slope_zero")
        slope = 1.0
    return inputs * (1.0 if slope is None else slope) + (intercept or 0.0)


def _find_voi(
    dataset: Dataset, modality: Reals, frame_index: int, *, little_endian: bool, warnings: list[str]
) -> LookupTable | Window | None:
    input_range = (float(modality.min()), float(modality.max()))
    for item in values.items(dataset, "VOILUTSequence"):
        table = read_lookup_table(item, input_range=input_range, little_endian=little_endian, warnings=warnings)
        if table is not None:
            return table
    for holder in (dataset, _frame_group(dataset, "FrameVOILUTSequence", frame_index)):
        if holder is not None and (window := _first_window(holder, warnings)):
            return window
    return None


def _first_window(holder: Dataset, warnings: list[str]) -> Window | None:
    """The first window whose width its function allows: at least 1 for LINEAR, above 0 for the others."""
    function = values.code_string(holder, "VOILUTFunction") or "LINEAR"
    if function not in WINDOW_FUNCTIONS:
        warnings.append("unknown_voi_lut_function")
        function = "LINEAR"
    centers, widths = values.reals(holder, "WindowCenter"), values.reals(holder, "WindowWidth")
    for center, width in zip(centers, widths, strict=False):
        if width >= 1 or (width > 0 and function != "LINEAR"):
            return Window(center, width, function)
        warnings.append("window_width_not_allowed")
    return None


def _frame_group(dataset: Dataset, keyword: str, frame_index: int) -> Dataset | None:
    """A functional group macro of an enhanced object: of this frame, else shared by all (C.7.6.16)."""
    per_frame = values.items(dataset, "PerFrameFunctionalGroupsSequence")[frame_index : frame_index + 1]
    for group in (*per_frame, *values.items(dataset, "SharedFunctionalGroupsSequence")[:1]):
        for item in values.items(group, keyword)[:1]:
            return item
    return None


def _is_inverted(dataset: Dataset, pixels: PixelDescription) -> bool:
    return (
        pixels.photometric_interpretation == "MONOCHROME1"
        or values.code_string(dataset, "PresentationLUTShape") == "INVERSE"
    )


def _padding_mask(dataset: Dataset, stored: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Words that are padding: the value, or the closed range between value and range limit, either way round.

    Both are compared as bit patterns of the stored value, because their VR (US or SS) is often written
    wrong."""
    value = values.integer(dataset, "PixelPaddingValue")
    if value is None:
        return np.zeros(len(stored), bool)
    limit = values.integer(dataset, "PixelPaddingRangeLimit")
    value = _in_range(value, stored)
    limit = value if limit is None else _in_range(limit, stored)
    return (stored >= min(value, limit)) & (stored <= max(value, limit))


def _in_range(value: int, stored: npt.NDArray[np.int64]) -> int:
    """`value` read with the sign that stored values have: 0xFFFE is -2 among signed ones, and the reverse."""
    if value > stored.max() and stored.min() < 0 and value >= 0x8000:
        return value - 0x10000
    if value < 0 and stored.min() >= 0:
        return value + 0x10000
    return value
