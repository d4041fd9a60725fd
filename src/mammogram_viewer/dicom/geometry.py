"""Millimetres: one value object that viewer, measurement and export share (PS3.3 10.7, C.8.11.7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SpacingBasis = Literal["detector", "magnification_corrected", "calibrated", "scanned_film", "none"]


@dataclass(frozen=True, kw_only=True)
class Spacing:
    """Millimetres between the centres of neighbouring pixels, and what they are millimetres of.

    `basis` says it: at the `detector`'s face; `magnification_corrected`, from the detector into the patient by
    `magnification`; `calibrated` by the maker against something of known size; on the `scanned_film`; `none`: lengths
    are in pixels, and the two values are None."""

    row_mm: float | None = None  # between rows, that is down a column
    column_mm: float | None = None  # between columns, that is along a row
    basis: SpacingBasis = "none"
    magnification: float | None = None  # Estimated Radiographic Magnification Factor, when it was applied
