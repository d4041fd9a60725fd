"""What an annotation may be: everything here is judged before anything is written."""

from __future__ import annotations

import math

from mammogram_viewer.annotations.models import Kind
from mammogram_viewer.annotations.schemas import AnnotationChange
from mammogram_viewer.archive.models import Image
from mammogram_viewer.foundation.errors import Invalid
from mammogram_viewer.foundation.settings import Settings

_COUNTS: dict[Kind, int] = {"length": 2, "ellipse": 4, "angle": 3, "arrow": 2, "text": 1}
_LEAST_OF_FREEHAND = 3
_LONGEST_SIDE = 1_000_000  # pixels; of an image whose size is not known yet
_MOST_REVISION = 2**31 - 2


def check_annotation(wanted: AnnotationChange, image: Image, settings: Settings) -> None:
    """Invalid, with a code that says which, for what cannot be drawn on this image."""
    check_frame(wanted.frame, image)
    _check_points(wanted, image, settings)
    if wanted.text is not None:
        if len(wanted.text) > settings.annotation_text_characters:
            raise Invalid(f"A text has at most {settings.annotation_text_characters} characters.", code="text_too_long")
        if "\0" in wanted.text or any(0xD800 <= ord(character) <= 0xDFFF for character in wanted.text):
            raise Invalid("The text holds characters that cannot be stored.", code="invalid_text")
    if wanted.kind == "text" and not (wanted.text or "").strip():
        raise Invalid("An annotation of kind text needs a text.", code="invalid_text")
    if wanted.revision is not None and not 1 <= wanted.revision <= _MOST_REVISION:
        raise Invalid("revision is what the server last told, or null.", code="invalid_revision")
    _check_statistics(wanted)


def check_frame(frame: int, image: Image) -> None:
    """Frames count from 1."""
    frames = image.number_of_frames or 1
    if not 1 <= frame <= frames:
        raise Invalid(f"frame must be from 1 to {frames}.", code="invalid_frame")


def _check_points(wanted: AnnotationChange, image: Image, settings: Settings) -> None:
    count = len(wanted.points)
    if wanted.kind == "freehand":
        if not _LEAST_OF_FREEHAND <= count <= settings.annotation_points:
            most = settings.annotation_points
            raise Invalid(f"freehand has {_LEAST_OF_FREEHAND} to {most} points.", code="wrong_point_count")
    elif count != _COUNTS[wanted.kind]:
        raise Invalid(f"{wanted.kind} has {_COUNTS[wanted.kind]} points.", code="wrong_point_count")
    if not all(math.isfinite(value) for point in wanted.points for value in point):
        raise Invalid("Points are finite numbers.", code="invalid_points")
    # As far beyond an edge as the frame is long: a text may stand beside the picture.
    width, height = image.columns or _LONGEST_SIDE, image.rows or _LONGEST_SIDE
    if not all(-width <= x <= 2 * width and -height <= y <= 2 * height for x, y in wanted.points):
        raise Invalid("A point lies far outside the frame.", code="points_outside")


def _check_statistics(wanted: AnnotationChange) -> None:
    told = wanted.statistics
    if told is None:
        return
    if wanted.kind not in ("ellipse", "freehand"):
        raise Invalid("Only an area has statistics of its grey values.", code="invalid_statistics")
    values = (told.mean, told.standard_deviation, told.minimum, told.maximum)
    if not all(math.isfinite(value) for value in values) or told.pixels < 1 or told.standard_deviation < 0:
        raise Invalid("Statistics are finite numbers of at least one pixel.", code="invalid_statistics")
    # A mean is a sum, and rounds.
    slack = 1e-6 * max(1.0, abs(told.minimum), abs(told.maximum))
    if not told.minimum - slack <= told.mean <= told.maximum + slack:
        raise Invalid("The mean lies between the minimum and the maximum.", code="invalid_statistics")
