"""Wire shape of one image with everything its page shows."""

from __future__ import annotations

from datetime import datetime

from mammogram_viewer.archive.models import Image, StudyOfImage
from mammogram_viewer.archive.schemas import ImageAnswer, image_values
from mammogram_viewer.foundation.wire import Wire
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


class ImageDetail(ImageAnswer, frozen=True, kw_only=True):
    """`GET /api/images/{id}`."""

    study: StudyAnswer | None
    series: SeriesAnswer | None
    dicom: DicomFields | None
    job: JobAnswer | None


def image_detail(image: Image, study: StudyOfImage | None, job: JobAnswer | None) -> ImageDetail:
    dicom = {name: getattr(image, name) for name in DicomFields.__struct_fields__}
    return ImageDetail(
        *image_values(image),
        study=None if study is None else _study(study),
        series=None if study is None else _series(study),
        dicom=DicomFields(**dicom) if image.file_type == "dicom" else None,
        job=job,
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
