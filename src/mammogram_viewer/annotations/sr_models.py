"""What a Structured Report of measurements is written from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mammogram_viewer.annotations.models import Annotation, KeyImage, MeasuredImage


@dataclass(frozen=True, kw_only=True)
class ReportSource:
    """`images`: those with something on them, all with UIDs, the oldest first; the report belongs to the study of the
    first one. `header`: that image's own header as DICOM JSON, {} where it has none."""

    images: list[MeasuredImage]
    annotations: list[Annotation]
    key_images: list[KeyImage]
    header: dict[str, Any]


def can_be_referenced(image: MeasuredImage) -> bool:
    """Whether it is a DICOM image that has been read; plain pictures have no UIDs."""
    return None not in (
        image.sop_class_uid, image.sop_instance_uid, image.series_instance_uid, image.study_instance_uid
    )  # fmt: skip
