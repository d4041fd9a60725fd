"""What the header of one DICOM object tells about the image, its series, study and patient.

Field names are the DICOM keywords in snake_case. Built in the disposable child, filed by `archive`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from mammogram_viewer.dicom.geometry import Spacing
from mammogram_viewer.dicom.technique import Technique

LATERALITIES = ("R", "L", "B")
VIEW_POSITIONS = ("CC", "MLO", "ML", "LM", "LMO", "XCC", "XCCL", "XCCM", "FB", "SIO", "ISO", "AT", "CV")


@dataclass(frozen=True, kw_only=True)
class VoiCandidate:
    """One way to grey that the file offers (PS3.3 C.11.2): any of them may be asked for by its `id`.

    `id` is `lut-<n>` or `window-<n>`, n counting from 1 within its kind; the default is the one that renditions use
    unless asked for another."""

    id: str
    explanation: str | None = None  # LUT Explanation or Window Center & Width Explanation
    function: str | None = None  # LINEAR, LINEAR_EXACT or SIGMOID; None for a LUT
    center: float | None = None  # of windows, in modality units
    width: float | None = None
    is_default: bool = False


@dataclass(frozen=True, kw_only=True)
class ImageHeader:
    """Values are cleaned strings (no NUL, no trailing padding), numbers or None where the file is silent."""

    # image
    object_kind: Literal["image", "dose_report"] = "image"
    sop_class_uid: str | None = None
    sop_instance_uid: str | None = None
    transfer_syntax_uid: str | None = None
    modality: str | None = None
    instance_number: int | None = None
    acquired_at: datetime | None = None  # local to the unit, no zone
    presentation_intent_type: str | None = None
    photometric_interpretation: str | None = None
    rows: int | None = None
    columns: int | None = None
    number_of_frames: int | None = None
    bits_stored: int | None = None
    laterality: str | None = None  # R, L or B
    laterality_source: str | None = None  # the keyword the answer came from, e.g. ImageLaterality
    view_position: str | None = None  # CC, MLO, ML, LM, ...
    view_position_source: str | None = None
    view_modifiers: tuple[str, ...] = ()  # implant_displaced, spot_compression, magnification, ...
    # How stored values became grey: voi_lut_sequence; window; none_percentile (the file says nothing, we
    # chose a window over the breast); full_range (a plain 16-bit picture, scaled by its bits); not_applicable
    # (colour, 8-bit pictures)
    voi_source: str | None = None
    voi_candidates: tuple[VoiCandidate, ...] = ()
    has_overlays: bool = False  # at least one overlay plane that can be drawn
    breast_implant_present: bool | None = None
    partial_view: bool | None = None
    quality_control_image: bool | None = None
    spacing: Spacing = field(default_factory=Spacing)
    technique: Technique = field(default_factory=Technique)
    # series
    series_instance_uid: str | None = None
    series_number: int | None = None
    series_description: str | None = None
    manufacturer: str | None = None
    station_name: str | None = None
    # study
    study_instance_uid: str | None = None
    study_id: str | None = None
    accession_number: str | None = None
    study_description: str | None = None
    study_at: datetime | None = None
    # patient
    patient_id: str | None = None
    issuer_of_patient_id: str | None = None
    patient_name: str | None = None
    patient_birth_date: date | None = None
    patient_sex: str | None = None
    warnings: tuple[str, ...] = field(default=())
