"""From a parsed data set to the `ImageHeader` that `archive` files. Never raises for a strange value: the
field stays None, and a warning says which one could not be read."""

from __future__ import annotations

import re
from dataclasses import replace

from pydicom.dataset import Dataset

from mammogram_viewer.dicom import values
from mammogram_viewer.dicom.dose_report import is_dose_report
from mammogram_viewer.dicom.header import ImageHeader
from mammogram_viewer.dicom.read_spacing import spacing_of
from mammogram_viewer.dicom.read_technique import technique_of
from mammogram_viewer.dicom.reader import DicomObject
from mammogram_viewer.dicom.views import side_and_view

_FOR_PROCESSING_SOP_CLASSES = frozenset({"1.2.840.10008.5.1.4.1.1.1.2.1", "1.2.840.10008.5.1.4.1.1.1.1.1"})
_UID = re.compile(r"[0-9.]{1,64}")


def image_header(found: DicomObject) -> ImageHeader:
    """What the header tells; what pixels and overlays tell is added by `imaging`."""
    dataset = found.dataset
    where = side_and_view(dataset)
    spacing, spacing_warnings = spacing_of(dataset)
    header = ImageHeader(
        sop_class_uid=values.text(dataset, "SOPClassUID") or values.text(found.file_meta, "MediaStorageSOPClassUID"),
        sop_instance_uid=values.text(dataset, "SOPInstanceUID")
        or values.text(found.file_meta, "MediaStorageSOPInstanceUID"),
        transfer_syntax_uid=values.clean_text(found.syntax.uid) or None,
        modality=values.text(dataset, "Modality"),
        instance_number=values.integer(dataset, "InstanceNumber"),
        acquired_at=values.date_time(dataset, "AcquisitionDateTime")
        or values.moment(dataset, "AcquisitionDate", "AcquisitionTime")
        or values.moment(dataset, "ContentDate", "ContentTime"),
        photometric_interpretation=values.text(dataset, "PhotometricInterpretation"),
        rows=values.integer(dataset, "Rows"),
        columns=values.integer(dataset, "Columns"),
        number_of_frames=values.integer(dataset, "NumberOfFrames") or 1,
        bits_stored=values.integer(dataset, "BitsStored"),
        laterality=where.laterality,
        laterality_source=where.laterality_source,
        view_position=where.view_position,
        view_position_source=where.view_position_source,
        view_modifiers=where.view_modifiers,
        breast_implant_present=values.yes_no(dataset, "BreastImplantPresent"),
        partial_view=_partial_view(dataset),
        quality_control_image=_quality_control_image(dataset),
        spacing=spacing,
        technique=technique_of(dataset),
        series_instance_uid=values.text(dataset, "SeriesInstanceUID"),
        series_number=values.integer(dataset, "SeriesNumber"),
        series_description=values.text(dataset, "SeriesDescription"),
        manufacturer=values.text(dataset, "Manufacturer"),
        station_name=values.text(dataset, "StationName"),
        study_instance_uid=values.text(dataset, "StudyInstanceUID"),
        study_id=values.text(dataset, "StudyID"),
        accession_number=values.text(dataset, "AccessionNumber"),
        study_description=values.text(dataset, "StudyDescription"),
        study_at=values.moment(dataset, "StudyDate", "StudyTime"),
        patient_id=values.text(dataset, "PatientID"),
        issuer_of_patient_id=values.text(dataset, "IssuerOfPatientID"),
        patient_name=values.text(dataset, "PatientName"),
        patient_birth_date=values.calendar_date(dataset, "PatientBirthDate"),
        patient_sex=values.text(dataset, "PatientSex"),
    )
    header = replace(
        header,
        object_kind="dose_report" if is_dose_report(dataset, header.sop_class_uid) else "image",
        presentation_intent_type=_presentation_intent(dataset, header.sop_class_uid),
    )
    warnings = (*found.warnings, *where.warnings, *spacing_warnings, *_doubts(dataset, header))
    return replace(header, warnings=tuple(dict.fromkeys(warnings)))


def _presentation_intent(dataset: Dataset, sop_class_uid: str | None) -> str | None:
    """(0008,0068), or what the SOP class implies: a For Processing image is never passed off as the other."""
    declared = values.text(dataset, "PresentationIntentType")
    if sop_class_uid in _FOR_PROCESSING_SOP_CLASSES:
        return "FOR PROCESSING"
    return declared.upper() if declared else None


def _partial_view(dataset: Dataset) -> bool | None:
    """(0028,1350), or YES where only the code of the part (0028,1352) is there, which is for YES alone (C.8.11.7)."""
    declared = values.yes_no(dataset, "PartialView")
    return True if declared is None and values.items(dataset, "PartialViewCodeSequence") else declared


def _quality_control_image(dataset: Dataset) -> bool | None:
    """(0028,0300): whether it shows a phantom or the like and nothing else. BOTH is an image of a patient beside such
    material (C.7.6.1), which must not be hidden among phantoms."""
    if values.code_string(dataset, "QualityControlImage") == "BOTH":
        return False
    return values.yes_no(dataset, "QualityControlImage")


def _doubts(dataset: Dataset, header: ImageHeader) -> list[str]:
    """Warnings about values that are there but cannot be read, or look wrong."""
    doubts = []
    read = {
        "StudyDate": header.study_at,
        "PatientBirthDate": header.patient_birth_date,
        "InstanceNumber": header.instance_number,
        "SeriesNumber": header.series_number,
    }
    doubts += [
        f"unreadable_{keyword}" for keyword, value in read.items() if value is None and values.text(dataset, keyword)
    ]
    for keyword, uid in (
        ("SOPInstanceUID", header.sop_instance_uid),
        ("SeriesInstanceUID", header.series_instance_uid),
        ("StudyInstanceUID", header.study_instance_uid),
    ):
        if uid is None:
            doubts.append(f"missing_{keyword}")
        elif not _UID.fullmatch(uid):
            doubts.append(f"malformed_{keyword}")
    for keyword in ("BreastImplantPresent", "PartialView", "QualityControlImage"):
        if values.has_value(dataset, keyword) and values.code_string(dataset, keyword) not in ("YES", "NO", "BOTH"):
            doubts.append(f"unreadable_{keyword}")
    if values.code_string(dataset, "QualityControlImage") == "BOTH":
        doubts.append("quality_control_material_in_image")
    if header.presentation_intent_type == "FOR PROCESSING":
        doubts.append("for_processing")
    return doubts
