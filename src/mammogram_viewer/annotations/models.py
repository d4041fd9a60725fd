"""Annotations and key images as the database holds them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

import msgspec

from mammogram_viewer.dicom.geometry import Spacing, SpacingBasis

Kind = Literal["length", "ellipse", "angle", "arrow", "text", "freehand"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Point = tuple[float, float]  # x along a row, y down a column, pixels; (0, 0) is the outer corner of the first one


class Statistics(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Of the modality values of the `pixels` whose centres lie inside, as the author's browser computed them."""

    mean: float
    standard_deviation: float
    minimum: float
    maximum: float
    pixels: int


class Annotation(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `annotations`, with what measuring it needs of its image."""

    image_id: int
    annotation_id: UUID
    user_id: int
    user_name: str
    kind: Kind
    frame: int
    points: list[Point]
    text: str | None
    statistics: Statistics | None
    revision: int
    created_at: datetime
    updated_at: datetime
    spacing_row_mm: float | None
    spacing_column_mm: float | None
    spacing_basis: SpacingBasis | None
    magnification: float | None

    @property
    def spacing(self) -> Spacing:
        """Pixels alone where nobody knows millimetres, or the image has not been read yet."""
        return Spacing(
            row_mm=self.spacing_row_mm,
            column_mm=self.spacing_column_mm,
            basis=self.spacing_basis or "none",
            magnification=self.magnification,
        )


class KeyImage(msgspec.Struct, frozen=True, kw_only=True):
    """A frame that somebody has marked."""

    image_id: int
    frame: int
    user_id: int
    user_name: str
    created_at: datetime


class MeasuredImage(msgspec.Struct, frozen=True, kw_only=True):
    """What exports tell of an image beside its measurements."""

    id: int
    sop_class_uid: str | None
    sop_instance_uid: str | None
    study_instance_uid: str | None
    series_instance_uid: str | None
    laterality: str | None
    view_position: str | None
    rows: int | None
    columns: int | None
    number_of_frames: int | None
