"""Millimetres: one value object that viewer, measurement and export share (PS3.3 10.7, C.8.11.4, C.8.11.7).

It knows no pydicom, so that servers may hold it; `read_spacing` makes it out of a data set."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

SpacingBasis = Literal["detector", "magnification_corrected", "calibrated", "scanned_film", "none"]


@dataclass(frozen=True, kw_only=True)
class Spacing:
    """Millimetres between the centres of neighbouring pixels, and what they are millimetres of.

    `basis` says it: at the `detector`'s face; `magnification_corrected`, from the detector into the patient by
    `magnification`; `calibrated`: in the patient, as the maker states it, by a known geometry, an object of known
    size or a reconstruction; on the `scanned_film`; `none`: lengths are in pixels, and the two values are None."""

    row_mm: float | None = None  # between rows, that is down a column
    column_mm: float | None = None  # between columns, that is along a row
    basis: SpacingBasis = "none"
    magnification: float | None = None  # Estimated Radiographic Magnification Factor, when it was applied

    def length_mm(self, d_rows: float, d_columns: float) -> float | None:
        """Length of a line that runs over so many pixels down and along; None where there are only pixels."""
        if self.row_mm is None or self.column_mm is None:
            return None
        return math.hypot(d_rows * self.row_mm, d_columns * self.column_mm)

    @property
    def label(self) -> str:
        """What stands beside a number, for people."""
        if self.basis == "magnification_corrected":
            return f"corrected ×{self.magnification:.3g}"
        return {"detector": "at detector", "calibrated": "calibrated", "scanned_film": "on the film"}.get(
            self.basis, "pixels"
        )
