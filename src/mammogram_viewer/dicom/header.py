"""What the header of one DICOM object tells about the image, its series, study and patient.

Field names are the DICOM keywords in snake_case. Built in the disposable child, filed by `archive`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, kw_only=True)
class ImageHeader:
    """Values are cleaned strings (no NUL, no trailing padding), numbers or None where the file is silent."""

    # image
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
