"""What the viewer's answers are made from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec

from mammogram_viewer.archive.models import StoredFile
from mammogram_viewer.dicom.geometry import SpacingBasis


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One frame: a part of the file that holds all of them. `file.byte_count` is the frame's own length."""

    file: StoredFile
    begins_at: int


class HeaderSource(msgspec.Struct, frozen=True, kw_only=True):
    """What the header of one shown DICOM image is told from. `storage_key` is that of its `tags`; `frames`: how many
    codestreams it has, None for a report."""

    id: int
    sop_class_uid: str | None
    sop_instance_uid: str | None
    study_instance_uid: str | None
    series_instance_uid: str | None
    modality: str | None
    rows: int | None
    columns: int | None
    photometric_interpretation: str | None
    storage_key: str
    byte_count: int
    frames: int | None


class AcquisitionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `image_acquisitions`, as far as hanging and overlays need it."""

    image_id: int
    view_modifiers: list[str]
    breast_implant_present: bool | None
    partial_view: bool | None
    quality_control_image: bool | None
    has_overlays: bool
    spacing_row_mm: float | None
    spacing_column_mm: float | None
    spacing_basis: SpacingBasis
    magnification: float | None
    kvp_kv: float | None
    exposure_mas: float | None
    organ_dose_mgy: float | None
    entrance_dose_mgy: float | None
    compression_force_n: float | None
    body_part_thickness_mm: float | None
    anode_target_material: str | None
    filter_material: str | None


class SeriesFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Where an image is filed."""

    image_id: int
    study_instance_uid: str
    series_instance_uid: str
    series_description: str | None
    manufacturer: str | None
    station_name: str | None


class ShownFile(msgspec.Struct, frozen=True, kw_only=True):
    """One rendition of the recipe that an image shows."""

    image_id: int
    kind: str
    storage_key: str
    byte_count: int


class PriorExam(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier exam of the same patient, as the viewer may see it."""

    id: int
    study_at: datetime | None
    study_description: str | None
    image_count: int
