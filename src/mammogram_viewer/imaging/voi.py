"""The ways to grey that a file offers: every VOI LUT and every window, with its id (PS3.3 C.11.2, C.7.6.16.2.10).

Ids count positions in the file, `lut-1`, `lut-2`, … and `window-1`, `window-2`, …: first what the functional groups
say of the frame, as the modality transformation does, then what the data set says of all. A broken one is left out
with a warning and keeps its number, so the ids of the others never move."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from pydicom.dataset import Dataset

from mammogram_viewer.dicom import values
from mammogram_viewer.dicom.header import VoiCandidate
from mammogram_viewer.foundation.reasons import Refused
from mammogram_viewer.imaging.functional_groups import frame_group
from mammogram_viewer.imaging.lookup import LookupTable, read_lookup_table
from mammogram_viewer.imaging.modality import Reals

WINDOW_FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")
MAX_CANDIDATES = 64  # of each kind; real files carry up to a handful


@dataclass(frozen=True)
class Window:
    """Center and width in modality units (C.11.2.1.2)."""

    center: float
    width: float
    function: str = "LINEAR"

    def apply(self, inputs: Reals) -> Reals:
        """Modality values to [0, 255]."""
        return apply_window(inputs, self)


@dataclass(frozen=True)
class Curve:
    """A VOI LUT, its output of n bits scaled to [0, 255]."""

    table: LookupTable

    def apply(self, inputs: Reals) -> Reals:
        """Modality values to [0, 255]."""
        return self.table.apply(inputs) * (255 / ((1 << self.table.bits) - 1))


@dataclass(frozen=True)
class Voi:
    """One candidate and what it does."""

    candidate: VoiCandidate
    transformation: Window | Curve


def list_voi(
    dataset: Dataset, modality: Reals, frame_index: int, *, little_endian: bool, warnings: list[str]
) -> tuple[Voi, ...]:
    """All usable candidates of one frame (from 0), LUTs first; the first of them is the default.

    A file with both offers alternatives (C.11.2.1.1 gives neither precedence); the LUT is the maker's own curve."""
    group = frame_group(dataset, "FrameVOILUTSequence", frame_index)
    holders = [dataset] if group is None else [group, dataset]
    input_range = (float(modality.min()), float(modality.max()))
    found = [
        *_luts(holders, input_range, little_endian=little_endian, warnings=warnings),
        *_windows(holders, warnings),
    ]
    if found:
        found[0] = replace(found[0], candidate=replace(found[0].candidate, is_default=True))
    return tuple(found)


def choose_voi(offered: tuple[Voi, ...], wanted: str | None) -> Voi | None:
    """The candidate with id `wanted`, or the default, or None where the file offers nothing.

    Refused (no_such_voi) when the file offers others only."""
    if wanted is None:
        return offered[0] if offered else None
    for voi in offered:
        if voi.candidate.id == wanted:
            return voi
    raise Refused("no_such_voi")


def _luts(
    holders: list[Dataset], input_range: tuple[float, float], *, little_endian: bool, warnings: list[str]
) -> Iterator[Voi]:
    items = [item for holder in holders for item in values.items(holder, "VOILUTSequence")]
    for number, item in enumerate(items[:MAX_CANDIDATES], start=1):
        table = read_lookup_table(item, input_range=input_range, little_endian=little_endian, warnings=warnings)
        if table is not None:
            explanation = values.text(item, "LUTExplanation")
            yield Voi(VoiCandidate(id=f"lut-{number}", explanation=explanation), Curve(table))


def _windows(holders: list[Dataset], warnings: list[str]) -> Iterator[Voi]:
    """Windows whose width their function allows: at least 1 for LINEAR, above 0 for the others."""
    number = 0
    for holder in holders:
        function = values.code_string(holder, "VOILUTFunction") or "LINEAR"
        centers, widths = _each_real(holder, "WindowCenter"), _each_real(holder, "WindowWidth")
        if len(centers) != len(widths):
            warnings.append("window_width_not_allowed")
        if centers and (function not in WINDOW_FUNCTIONS or len(values.values(holder, "VOILUTFunction")) > 1):
            warnings.append("unknown_voi_lut_function")
            function = "LINEAR"
        explanations = values.values(holder, "WindowCenterWidthExplanation")
        for position, (center, width) in enumerate(zip(centers, widths, strict=False)):
            number += 1
            if number > MAX_CANDIDATES:
                return
            if center is None or width is None or width <= 0 or (width < 1 and function == "LINEAR"):
                warnings.append("window_width_not_allowed")
                continue
            explanation = values.clean_text(explanations[position]) if position < len(explanations) else ""
            candidate = VoiCandidate(
                id=f"window-{number}", explanation=explanation or None, function=function, center=center, width=width
            )
            yield Voi(candidate, Window(center, width, function))


def _each_real(holder: Dataset, keyword: str) -> list[float | None]:
    """Every value in its place; None for one that is no finite number."""
    found: list[float | None] = []
    for value in values.values(holder, keyword):
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        found.append(number if math.isfinite(number) else None)
    return found


def apply_window(inputs: Reals, window: Window) -> Reals:
    """Window modality output to [0, 255] (C.11.2.1.2.1 LINEAR, C.11.2.1.3.1 SIGMOID, C.11.2.1.3.2 LINEAR_EXACT).

    The product comes before the quotient so that halves are exact and round the same way everywhere."""
    center, width = window.center, window.width
    if window.function == "SIGMOID":
        # The exponent is bounded because exp overflows; the result is 0 or 255 long before.
        return 255 / (1 + np.exp(np.clip(-4 * (inputs - center) / width, -700, 700)))
    if window.function == "LINEAR":
        center, width = center - 0.5, width - 1
    low, high = center - width / 2, center + width / 2
    if width == 0:
        return np.where(inputs <= low + 1e-9, 0.0, 255.0)  # decimals that binary fractions overshoot
    ramp = (inputs - center) * 255 / width + 127.5
    return np.where(inputs <= low, 0.0, np.where(inputs > high, 255.0, ramp))
