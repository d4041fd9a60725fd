"""Wire shapes of one image with everything its page shows, and of what people may change about it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from mammogram_viewer.archive.models import Correction, Image, ImageDetails, StudyOfImage
from mammogram_viewer.archive.rendition_links import RenditionAddress
from mammogram_viewer.archive.schemas import ImageAnswer, image_values
from mammogram_viewer.dicom.geometry import SpacingBasis
from mammogram_viewer.foundation.keyset import MAX_BIGINT
from mammogram_viewer.foundation.wire import Wire, WireRequest
from mammogram_viewer.jobs.schemas import JobAnswer


class StudyAnswer(Wire, frozen=True):
    id: int
    study_instance_uid: str
    study_description: str | None
    study_at: datetime | None
    accession_number: str | None


class SeriesAnswer(Wire, frozen=True):
    id: int
    series_instance_uid: str
    series_description: str | None
    modality: str | None
    manufacturer: str | None
    station_name: str | None


class DicomFields(Wire, frozen=True):
    sop_class_uid: str | None
    sop_instance_uid: str | None
    transfer_syntax_uid: str | None
    photometric_interpretation: str | None
    bits_stored: int | None
    instance_number: int | None


class VoiCandidateAnswer(Wire, frozen=True):
    """One way to grey that the file offers; `id` is what `?voi=` takes. Center and width in modality units."""

    id: str
    explanation: str | None
    function: Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"] | None
    center: float | None
    width: float | None
    is_default: bool


class SpacingAnswer(Wire, frozen=True):
    """Millimetres between pixel centres, and what they are millimetres of."""

    row_mm: float | None
    column_mm: float | None
    basis: SpacingBasis
    magnification: float | None


class TechniqueAnswer(Wire, frozen=True):
    """`implausible` names the values that lie outside of what mammography units give."""

    kvp_kv: float | None
    exposure_mas: float | None
    organ_dose_mgy: float | None
    entrance_dose_mgy: float | None
    compression_force_n: float | None
    body_part_thickness_mm: float | None
    half_value_layer_mm_al: float | None
    anode_target_material: str | None
    filter_material: str | None
    detector_id: str | None
    device_serial_number: str | None
    operators_name: str | None
    irradiation_event_uid: str | None
    implausible: list[str]


class AcquisitionAnswer(Wire, frozen=True):
    """How the image was taken."""

    view_modifiers: list[str]
    breast_implant_present: bool | None
    partial_view: bool | None
    quality_control_image: bool | None
    has_overlays: bool
    voi_candidates: list[VoiCandidateAnswer]
    spacing: SpacingAnswer
    technique: TechniqueAnswer


class CorrectionAnswer(Wire, frozen=True):
    """What a person says instead of the file."""

    field: Literal["laterality", "viewPosition"]
    value: str | None
    file_value: str | None
    file_source: str | None
    corrected_by: int
    corrected_by_name: str | None
    corrected_at: datetime


class RenditionAnswer(Wire, frozen=True):
    """One rendition that is kept."""

    kind: str
    recipe_version: int
    content_type: str
    byte_count: int
    width: int | None
    height: int | None


class CorrectionRequest(Wire, frozen=True):
    """`PATCH /api/images/{id}`: what is left out stays; null takes a correction back."""

    laterality: str | msgspec.UnsetType | None = msgspec.UNSET
    view_position: str | msgspec.UnsetType | None = msgspec.UNSET
    tags: list[str] | msgspec.UnsetType = msgspec.UNSET


class ViewHeartbeat(WireRequest, frozen=True):
    """`POST /api/images/{id}/views/heartbeat`: for how long the picture was looked at since the last one."""

    seconds: Annotated[int, msgspec.Meta(ge=1, le=60)]


class ReadingHeartbeat(WireRequest, frozen=True):
    """`POST /api/images/views/heartbeat`: for how long these images were looked at, side by side, since the last."""

    image_ids: Annotated[list[Annotated[int, msgspec.Meta(ge=1, le=MAX_BIGINT)]], msgspec.Meta(min_length=1)]
    seconds: Annotated[int, msgspec.Meta(ge=1, le=60)]


class ImageDetail(ImageAnswer, frozen=True, kw_only=True):
    """`GET /api/images/{id}`."""

    study: StudyAnswer | None
    series: SeriesAnswer | None
    dicom: DicomFields | None
    acquisition: AcquisitionAnswer | None
    corrections: list[CorrectionAnswer]
    tags: list[str]
    renditions: list[RenditionAnswer]
    job: JobAnswer | None


def image_detail(
    image: Image,
    study: StudyOfImage | None,
    details: ImageDetails,
    job: JobAnswer | None,
    address: RenditionAddress | None = None,
) -> ImageDetail:
    dicom = {name: getattr(image, name) for name in DicomFields.__struct_fields__}
    return ImageDetail(
        *image_values(image, address),
        study=None if study is None else _study(study),
        series=None if study is None else _series(study),
        dicom=DicomFields(**dicom) if image.file_type == "dicom" else None,
        acquisition=msgspec.convert(details.acquisition, AcquisitionAnswer | None, from_attributes=True),
        corrections=[_correction(correction) for correction in details.corrections],
        tags=details.tags,
        renditions=msgspec.convert(details.renditions, list[RenditionAnswer], from_attributes=True),
        job=job,
    )


def _correction(correction: Correction) -> CorrectionAnswer:
    return CorrectionAnswer(
        field="laterality" if correction.field == "laterality" else "viewPosition",
        value=correction.value,
        file_value=correction.file_value,
        file_source=correction.file_source,
        corrected_by=correction.corrected_by,
        corrected_by_name=correction.corrected_by_name,
        corrected_at=correction.corrected_at,
    )


def _study(study: StudyOfImage) -> StudyAnswer:
    return StudyAnswer(**{name: getattr(study, name) for name in StudyAnswer.__struct_fields__})


def _series(study: StudyOfImage) -> SeriesAnswer:
    return SeriesAnswer(
        id=study.series_id,
        series_instance_uid=study.series_instance_uid,
        series_description=study.series_description,
        modality=study.series_modality,
        manufacturer=study.manufacturer,
        station_name=study.station_name,
    )
