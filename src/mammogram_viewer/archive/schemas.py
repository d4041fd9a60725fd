"""Wire shapes of an image, shared by the gallery and the viewer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import field as msgspec_field
from msgspec.structs import astuple

from mammogram_viewer.archive.exam_models import ExamImage
from mammogram_viewer.archive.models import FileType, Image, ImageStatus, ObjectKind
from mammogram_viewer.archive.rendition_links import SHOWN_KINDS, RenditionAddress
from mammogram_viewer.foundation.wire import Wire
from mammogram_viewer.jobs.models import job_id_for_image


class ImageLinks(Wire, frozen=True, kw_only=False, gc=False):
    """Root-relative addresses; null until the rendition exists. With `v` they never change and may be cached. Where a
    CDN serves renditions (PUBLIC_RENDITION_BASE_URL), `png` and the thumbnails are absolute, signed, and expire."""

    self_: str = msgspec_field(name="self")
    file: str
    png: str | None
    thumbnail256: str | None
    thumbnail512: str | None
    tags: str | None


class ImageAnswer(Wire, frozen=True, kw_only=False, gc=False):
    """One image as lists and pages show it. Made by position, which is three times as fast: a page makes a hundred.
    The last three are worked out (`image_values`), the others are the image's own."""

    id: int
    created_at: datetime
    file_type: FileType
    original_name: str
    byte_count: int
    object_kind: ObjectKind
    status: ImageStatus
    reason_code: str | None
    reason: str | None
    user_id: int
    uploader_name: str | None
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
    sha256: str
    job_id: str
    links: ImageLinks


def links_of(image: Image | ExamImage, address: RenditionAddress | None = None) -> ImageLinks:
    """With `address` signed links to what pages show (`archive/rendition_links.py`), else those for a session."""
    base = f"/api/images/{image.id}"
    if image.recipe_version is None:
        return ImageLinks(base, f"{base}/file", None, None, None, None)
    version = f"v={image.recipe_version}"
    tags = f"{base}/tags?{version}" if image.has_tags else None
    if image.object_kind != "image":
        return ImageLinks(base, f"{base}/file", None, None, None, tags)
    if address is not None:
        png, small, large = (address(image.id, image.recipe_version, kind) for kind in SHOWN_KINDS)
        return ImageLinks(base, f"{base}/file", png, small, large, tags)
    sized = f"{base}/thumbnail?size="
    return ImageLinks(
        base, f"{base}/file", f"{base}/png?{version}", f"{sized}256&{version}", f"{sized}512&{version}", tags
    )


_WORKED_OUT = 3
_OWN = len(ImageAnswer.__struct_fields__) - _WORKED_OUT
# What an image tells of itself stands in the same order in both shapes, so that one slice carries it over.
assert Image.__struct_fields__[:_OWN] == ImageAnswer.__struct_fields__[:_OWN]


def image_values(image: Image, address: RenditionAddress | None = None) -> tuple[Any, ...]:
    """The values of `ImageAnswer` in the order of its fields, for it and for shapes that add to it."""
    job_id = job_id_for_image(image.file_type, image.id)
    return *astuple(image)[:_OWN], image.sha256.hex(), job_id, links_of(image, address)


def image_answer(image: Image, address: RenditionAddress | None = None) -> ImageAnswer:
    """The wire shape of one image; `address` is what `RenditionLinks.addresses` gives for this answer."""
    return ImageAnswer(*image_values(image, address))
