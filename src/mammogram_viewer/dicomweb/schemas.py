"""Wire shapes of an exam as the viewer opens it: everything that hanging, greys, lengths and overlays need."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from mammogram_viewer.archive.models import FileType, ImageStatus, ObjectKind
from mammogram_viewer.dicom.geometry import SpacingBasis
from mammogram_viewer.foundation.wire import Wire


class LookupTable(Wire, frozen=True):
    """`entries`: base64 of little-endian uint16; entry i is the output of input `first` + i, in `bits` bits. Inputs are
    rounded, halves up; those before the first get the first entry, those behind the last the last."""

    first: int
    bits: int
    entries: str


class ModalityTransformation(Wire, frozen=True):
    """Stored value to modality value: by `slope` and `intercept`, or where `slope` is null by `lut`. `unit` as the file
    writes it."""

    slope: float | None
    intercept: float
    unit: str
    lut: LookupTable | None


class VoiTransformation(Wire, frozen=True):
    """Modality value to grey: a window (`function`, `center`, `width`) or a table (`lut`). `id` is what `?voi=` of the
    picture takes; `auto` is the window that we chose, where the file says nothing."""

    id: str
    explanation: str | None
    function: Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"] | None
    center: float | None
    width: float | None
    is_default: bool
    lut: LookupTable | None


class Padding(Wire, frozen=True):
    """Stored values from `low` to `high`, both included, are padding: black under every window and after inversion."""

    low: int
    high: int


class GreyScale(Wire, frozen=True):
    """From the samples of the frames to greys, as the rendered picture shows them. Samples are stored values at bit 0
    in `bits` bits, signed or not, from `least` to `greatest`. `inverted`: 255 minus the grey, at the end, before
    padding is made black. Where frames differ, this is of `frame`."""

    frame: int
    bits: Literal[8, 16]
    signed: bool
    least: int
    greatest: int
    padding: Padding | None
    inverted: bool
    modality: ModalityTransformation
    voi: list[VoiTransformation]


class ViewingLinks(Wire, frozen=True):
    """Root-relative. `frames` ends in `/frames/{frame}`, counted from 1, and a version with which they never change;
    null for what has none (plain pictures, reports, what is not ready): then `png` shows it. What was seen is told
    to `views`."""

    self_: str = msgspec.field(name="self")
    file: str
    png: str | None
    thumbnail256: str | None
    thumbnail512: str | None
    tags: str | None
    metadata: str | None
    frames: str | None
    grey_scale: str | None
    views: str


class ViewingSpacing(Wire, frozen=True):
    """Millimetres between pixel centres, and what they are millimetres of."""

    row_mm: float | None
    column_mm: float | None
    basis: SpacingBasis
    magnification: float | None
    label: str


class ViewingTechnique(Wire, frozen=True):
    """What overlays tell of the exposure, as the file says it."""

    kvp_kv: float | None
    exposure_mas: float | None
    organ_dose_mgy: float | None
    entrance_dose_mgy: float | None
    compression_force_n: float | None
    body_part_thickness_mm: float | None
    anode_target_material: str | None
    filter_material: str | None


class ViewingImage(Wire, frozen=True):
    """One image of the exam. `bitsStored` and `photometricInterpretation` are the file's; what frames hold is told by
    `greyScale`, or is 8-bit RGB where `isColour`. `patientOrientation`: along a row, then down a column. `greyScale` is
    null for what has none, and where the exam's would be too many: then `links.greyScale` has it."""

    id: int
    status: ImageStatus
    reason_code: str | None
    reason: str | None
    file_type: FileType
    object_kind: ObjectKind
    original_name: str
    created_at: datetime
    study_id: int | None
    study_instance_uid: str | None
    series_instance_uid: str | None
    series_description: str | None
    sop_class_uid: str | None
    sop_instance_uid: str | None
    instance_number: int | None
    conflicts_with: int | None
    modality: str | None
    laterality: str | None
    laterality_source: str | None
    view_position: str | None
    view_position_source: str | None
    view_modifiers: list[str]
    patient_orientation: list[str] | None
    presentation_intent_type: str | None
    acquired_at: datetime | None
    manufacturer: str | None
    station_name: str | None
    rows: int | None
    columns: int | None
    number_of_frames: int | None
    frame_time_ms: float | None
    photometric_interpretation: str | None
    bits_stored: int | None
    is_colour: bool
    lossy: bool | None
    lossy_ratio: float | None
    has_overlays: bool
    breast_implant_present: bool | None
    partial_view: bool | None
    quality_control_image: bool | None
    spacing: ViewingSpacing
    technique: ViewingTechnique | None
    grey_scale: GreyScale | None
    voi_source: str | None
    warnings: list[str]
    links: ViewingLinks


class ViewingPatient(Wire, frozen=True):
    """As the exam's first image tells it."""

    patient_id: str | None
    patient_name: str | None
    patient_birth_date: str | None
    patient_sex: str | None


class Prior(Wire, frozen=True):
    """An earlier exam of the same patient."""

    id: int
    study_at: datetime | None
    study_description: str | None
    image_count: int


class ExamViewing(Wire, frozen=True):
    """One request opens an exam. Of a very large one the first images; `imageCount` tells how many there are."""

    id: int
    study_instance_uid: str | None
    study_at: datetime | None
    study_description: str | None
    accession_number: str | None
    patient: ViewingPatient
    image_count: int
    images: list[ViewingImage]
    priors: list[Prior]
