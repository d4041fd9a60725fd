"""Measurements as CSV: a row for each number; what measures nothing (arrows, texts) has one row without."""

from __future__ import annotations

from mammogram_viewer.annotations.models import Annotation, KeyImage, MeasuredImage
from mammogram_viewer.annotations.schemas import MEASURED, measurements_of
from mammogram_viewer.foundation.csv_text import CsvValue, csv_row

_BOM = "\ufeff"  # spreadsheet programs take the file for UTF-8
_HEADER = (
    "imageId", "sopInstanceUid", "laterality", "viewPosition", "frame", "annotationId", "kind", "measurement", "value",
    "unit", "basis", "text", "author", "createdAt", "updatedAt",
)  # fmt: skip
_GREY = frozenset({"mean", "standardDeviation", "minimum", "maximum"})


def write_csv(images: dict[int, MeasuredImage], annotations: list[Annotation], key_images: list[KeyImage]) -> bytes:
    """UTF-8 with a byte order mark. `basis` tells what millimetres are of, and `browser` for grey values, which the
    author's browser computed."""
    rows: list[tuple[CsvValue, ...]] = [_HEADER]
    for one in annotations:
        begin = (*_of_image(images[one.image_id]), one.frame, str(one.annotation_id), one.kind)
        end = (one.text, one.user_name, one.created_at, one.updated_at)
        basis = one.spacing.basis if one.kind in MEASURED else None
        numbers: list[tuple[CsvValue, ...]] = [
            (number.name, number.value, number.unit, "browser" if number.name in _GREY else basis)
            for number in measurements_of(one)
        ]
        rows += [(*begin, *number, *end) for number in numbers or [(None, None, None, None)]]
    for mark in key_images:
        rows.append((
            *_of_image(images[mark.image_id]), mark.frame, None, "keyImage", None, None, None, None, None,
            mark.user_name, mark.created_at, None,
        ))  # fmt: skip
    return (_BOM + "".join(csv_row(row) for row in rows)).encode()


def _of_image(image: MeasuredImage) -> tuple[CsvValue, ...]:
    return image.id, image.sop_instance_uid, image.laterality, image.view_position
