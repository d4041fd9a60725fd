"""patient > study > series > image (one SOP instance, or one plain picture), and the renditions of an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec

from mammogram_viewer.dicom.geometry import Spacing
from mammogram_viewer.dicom.header import VoiCandidate
from mammogram_viewer.dicom.technique import Technique

ImageStatus = Literal["pending", "processing", "ready", "rejected", "failed"]
FileType = Literal["dicom", "png", "jpeg", "tiff"]
ObjectKind = Literal["image", "dose_report"]
CorrectedField = Literal["laterality", "view_position"]
PERSON = "person"  # the source of a side or view that somebody has corrected
IMAGE_STATUSES: tuple[ImageStatus, ...] = ("pending", "processing", "ready", "rejected", "failed")
FILE_TYPES: tuple[FileType, ...] = ("dicom", "png", "jpeg", "tiff")


@dataclass(frozen=True, kw_only=True)
class NewImage:
    """An original that lies in storage already: a blob precedes its row."""

    user_id: int
    file_type: FileType
    original_name: str
    byte_count: int
    sha256: bytes
    storage_key: str


@dataclass(frozen=True, kw_only=True)
class RegisteredImage:
    """The answer to a registration; `duplicate` when this user's image with the same bytes was there before."""

    id: int
    file_type: FileType
    status: ImageStatus
    sha256: bytes
    duplicate: bool
    storage_key: str


@dataclass(frozen=True, kw_only=True)
class NewRendition:
    """Something derived from an image that lies in storage already."""

    kind: str
    recipe_version: int
    storage_key: str
    content_type: str
    byte_count: int
    width: int | None
    height: int | None
    frame_offsets: list[int] | None = None


class Image(msgspec.Struct, frozen=True, gc=False):
    """One row of `images` with the names that pages show beside it. A Struct, because lists make many of them: a
    frozen dataclass of forty fields costs ten times as much."""

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
    # Not told in lists as they are.
    sha256: bytes
    storage_key: str
    series_id: int | None
    sop_class_uid: str | None
    sop_instance_uid: str | None
    transfer_syntax_uid: str | None
    instance_number: int | None
    photometric_interpretation: str | None
    bits_stored: int | None
    recipe_version: int | None
    has_tags: bool


_FIELD_COUNT = len(Image.__struct_fields__)


def image_from(row: Sequence[Any]) -> Image:
    """An image from a row of SELECT_IMAGE, by position: looking forty columns up by name would cost a page of twenty a
    tenth of its time."""
    return Image(*row[:_FIELD_COUNT])


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """What serving a file needs, in one row: where it lies and how it is described."""

    storage_key: str
    content_type: str
    byte_count: int
    etag: str


@dataclass(frozen=True, kw_only=True)
class StudyOfImage:
    """The study and series an image is filed under."""

    id: int
    study_instance_uid: str
    study_description: str | None
    study_at: datetime | None
    accession_number: str | None
    series_id: int
    series_instance_uid: str
    series_description: str | None
    series_modality: str | None
    manufacturer: str | None
    station_name: str | None


@dataclass(frozen=True, kw_only=True)
class OutdatedImage:
    """An image whose renditions an older recipe has made."""

    recipe_version: int
    id: int
    user_id: int


class Acquisition(msgspec.Struct, frozen=True, kw_only=True):
    """How an image was taken, as its header tells: one row of `image_acquisitions`."""

    view_modifiers: list[str]
    breast_implant_present: bool | None
    partial_view: bool | None
    quality_control_image: bool | None
    has_overlays: bool
    voi_candidates: list[VoiCandidate]
    spacing: Spacing
    technique: Technique


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `image_corrections`: what a person says instead of the file."""

    field: CorrectedField
    value: str | None
    file_value: str | None
    file_source: str | None
    corrected_by: int
    corrected_by_name: str | None
    corrected_at: datetime


class RenditionSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One rendition that is kept, without where it lies."""

    kind: str
    recipe_version: int
    content_type: str
    byte_count: int
    width: int | None
    height: int | None


class ImageDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What the page of one image shows and lists do not."""

    tags: list[str]
    acquisition: Acquisition | None
    corrections: list[Correction]
    renditions: list[RenditionSummary]
