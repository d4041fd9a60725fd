"""Wire shapes of annotations and key images."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.annotations import models
from mammogram_viewer.annotations.measure import MEASURED, Measurement, measure
from mammogram_viewer.dicom.geometry import SpacingBasis
from mammogram_viewer.foundation.wire import Wire, WireRequest


class AnnotationChange(WireRequest, frozen=True):
    """`points`: [x, y] in pixels of the stored frame, (0, 0) the outer corner of the first pixel. `length`: 2; `angle`:
    3, the vertex in the middle; `ellipse`: 4, the ends of the major and then of the minor axis; `arrow`: 2, the head
    first; `text`: 1; `freehand`: a closed polygon of 3 or more. `revision`: the one that was changed, null for a new
    annotation. `statistics`: of the grey values inside, computed by the browser."""

    kind: models.Kind
    frame: int
    points: list[tuple[float, float]]
    text: str | None = None
    revision: int | None = None
    statistics: models.Statistics | None = None


class AnnotationAnswer(Wire, frozen=True):
    """`measurements`: of geometry, computed here; then the grey values, as the browser told them. `basis`: what the
    millimetres are of; null for what measures nothing."""

    id: UUID
    image_id: int
    user_id: int
    user_name: str
    own: bool
    kind: models.Kind
    frame: int
    points: list[tuple[float, float]]
    text: str | None
    revision: int
    created_at: datetime
    updated_at: datetime
    measurements: list[Measurement]
    statistics: models.Statistics | None
    basis: SpacingBasis | None


class KeyImageAnswer(Wire, frozen=True):
    """A frame that somebody has marked as one that matters."""

    image_id: int
    frame: int
    user_id: int
    user_name: str
    own: bool
    created_at: datetime


class Annotations(Wire, frozen=True):
    """Everybody's, the oldest first."""

    annotations: list[AnnotationAnswer]
    key_images: list[KeyImageAnswer]


def measurements_of(one: models.Annotation) -> list[Measurement]:
    """Geometry first, then grey values."""
    found = measure(one.kind, one.points, one.spacing)
    if one.statistics is not None:
        told = one.statistics
        found += [
            Measurement(name="mean", value=told.mean, unit="1"),
            Measurement(name="standardDeviation", value=told.standard_deviation, unit="1"),
            Measurement(name="minimum", value=told.minimum, unit="1"),
            Measurement(name="maximum", value=told.maximum, unit="1"),
        ]
    return found


def annotation_answer(one: models.Annotation, principal: Principal) -> AnnotationAnswer:
    return AnnotationAnswer(
        id=one.annotation_id,
        image_id=one.image_id,
        user_id=one.user_id,
        user_name=one.user_name,
        own=one.user_id == principal.user_id,
        kind=one.kind,
        frame=one.frame,
        points=one.points,
        text=one.text,
        revision=one.revision,
        created_at=one.created_at,
        updated_at=one.updated_at,
        measurements=measurements_of(one),
        statistics=one.statistics,
        basis=one.spacing.basis if one.kind in MEASURED else None,
    )


def key_image_answer(one: models.KeyImage, principal: Principal) -> KeyImageAnswer:
    return KeyImageAnswer(
        image_id=one.image_id,
        frame=one.frame,
        user_id=one.user_id,
        user_name=one.user_name,
        own=one.user_id == principal.user_id,
        created_at=one.created_at,
    )
