"""Wire shapes of an image, shared by the gallery and the viewer."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter
from typing import Any

from msgspec import field as msgspec_field

from mammogram_viewer.archive.models import FileType, Image, ImageStatus
from mammogram_viewer.foundation.wire import Wire
from mammogram_viewer.jobs.models import job_id_for_image


class ImageLinks(Wire, frozen=True):
    """Root-relative addresses; null until the rendition exists. With `v` they never change and may be cached."""

    self_: str = msgspec_field(name="self")
    file: str
    png: str | None
    thumbnail256: str | None
    thumbnail512: str | None
    tags: str | None


class ImageAnswer(Wire, frozen=True):
    """One image as lists and pages show it."""

    id: int
    created_at: datetime
    file_type: FileType
    original_name: str
    byte_count: int
    sha256: str
    status: ImageStatus
    reason_code: str | None
    reason: str | None
    user_id: int
    uploader_name: str | None
    job_id: str
    study_id: int | None
    modality: str | None
    laterality: str | None
    laterality_source: str | None
    view_position: str | None
    view_position_source: str | None
    acquired_at: datetime | None
    patient_id: str | None
    patient_name: str | None
    rows: int | None
    columns: int | None
    number_of_frames: int | None
    presentation_intent_type: str | None
    conflicts_with: int | None
    voi_source: str | None
    warnings: list[str]
    thumbnail_width: int | None
    thumbnail_height: int | None
    links: ImageLinks


def links_of(image: Image) -> ImageLinks:
    base = f"/api/images/{image.id}"
    shown = image.recipe_version is not None
    version = f"v={image.recipe_version}"
    return ImageLinks(
        self_=base,
        file=f"{base}/file",
        png=f"{base}/png?{version}" if shown else None,
        thumbnail256=f"{base}/thumbnail?size=256&{version}" if shown else None,
        thumbnail512=f"{base}/thumbnail?size=512&{version}" if shown else None,
        tags=f"{base}/tags?{version}" if shown and image.has_tags else None,
    )


def image_answer(image: Image) -> ImageAnswer:
    """The wire shape of one image."""
    return ImageAnswer(**image_fields(image))


def image_fields(image: Image) -> dict[str, Any]:
    """The fields of `ImageAnswer`, for shapes that add to them. Written for speed: a page makes a hundred."""
    fields = dict(zip(_SAME, _same_of(image), strict=True))
    fields["sha256"] = image.sha256.hex()
    fields["job_id"] = job_id_for_image(image.file_type, image.id)
    fields["links"] = links_of(image)
    return fields


_SAME = [name for name in ImageAnswer.__struct_fields__ if name not in {"sha256", "job_id", "links"}]
_same_of = attrgetter(*_SAME)
