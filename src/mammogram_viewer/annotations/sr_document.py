"""Measurements as a DICOM Structured Report: Comprehensive SR, TID 1500. Imports highdicom: import it late."""

from __future__ import annotations

import hashlib
import io
import uuid
from datetime import datetime

import highdicom.sr as sr
import msgspec
from pydicom.dataset import Dataset

from mammogram_viewer import __version__
from mammogram_viewer.annotations.models import MeasuredImage
from mammogram_viewer.annotations.sr_groups import Group, annotation_group, key_image_group, observer
from mammogram_viewer.annotations.sr_models import ReportSource
from mammogram_viewer.annotations.sr_texts import header_match, header_text

_MAMMOGRAPHY = sr.CodedConcept("71651007", "SCT", "Mammography")
_SERIES_NUMBER = 9900  # behind those that units give
_DATE, _TIME = r"\d{8}", r"([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?"


def write_report(source: ReportSource) -> bytes:
    """A DICOM file. The same content has the same SOP Instance UID and the same bytes."""
    images = {image.id: image for image in source.images}
    groups: list[Group] = [annotation_group(one, images[one.image_id]) for one in source.annotations]
    groups += [key_image_group(mark, images[mark.image_id]) for mark in source.key_images]
    evidence = [_evidence(image) for image in source.images]
    evidence[0].update(_patient_and_study(source))
    study = evidence[0].StudyInstanceUID
    changed = _changed_at(source)
    report = sr.ComprehensiveSR(
        evidence=evidence,
        content=_content(source, groups),
        series_instance_uid=_uid(f"{study} measurements".encode()),
        series_number=_SERIES_NUMBER,
        sop_instance_uid=_uid(msgspec.json.encode([__version__, source])),
        instance_number=1,
        manufacturer="Mammogram Viewer",
        manufacturer_model_name="Mammogram Viewer",
        software_versions=__version__,
        series_description="Measurements",
        is_complete=True,
        is_final=False,
        specific_character_set="ISO_IR 192",
        content_date=changed.date(),
        content_time=changed.time().replace(tzinfo=None),
    )
    report.InstanceCreationDate, report.InstanceCreationTime = report.ContentDate, report.ContentTime
    for equipment in report.get("ContributingEquipmentSequence", []):  # highdicom's own entry, with the present moment
        equipment.ContributionDateTime = changed.strftime("%Y%m%d%H%M%S")
    buffer = io.BytesIO()
    report.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _content(source: ReportSource, groups: list[Group]) -> sr.MeasurementReport:
    """All who drew or marked are observers of the whole; each group names its own (PS3.16 TID 1001)."""
    people = {one.user_id: one.user_name for one in [*source.annotations, *source.key_images]}
    first, *others = [observer(name, user_id) for user_id, name in people.items()]
    context = sr.ObservationContext(observer_person_context=first)
    for other in others:
        context.extend(other)
    return sr.MeasurementReport(context, procedure_reported=_MAMMOGRAPHY, imaging_measurements=groups)


def _evidence(image: MeasuredImage) -> Dataset:
    found = Dataset()
    found.SOPClassUID, found.SOPInstanceUID = image.sop_class_uid, image.sop_instance_uid
    found.SeriesInstanceUID, found.StudyInstanceUID = image.series_instance_uid, image.study_instance_uid
    return found


def _patient_and_study(source: ReportSource) -> Dataset:
    """As the first image's own file says it, not the rows that files share."""
    header, found = source.header, Dataset()
    found.SpecificCharacterSet = "ISO_IR 192"
    found.PatientName = header_text(header, "00100010", 64)
    found.PatientID = header_text(header, "00100020", 64)
    found.PatientBirthDate = header_match(header, "00100030", _DATE)
    found.PatientSex = header_match(header, "00100040", "[MFO]")
    found.StudyDate = header_match(header, "00080020", _DATE)
    found.StudyTime = header_match(header, "00080030", _TIME)
    found.AccessionNumber = header_text(header, "00080050", 16)
    found.ReferringPhysicianName = header_text(header, "00080090", 64)
    found.StudyID = header_text(header, "00200010", 16)
    return found


def _changed_at(source: ReportSource) -> datetime:
    """When the newest of it was drawn; on the server's clock."""
    moments = [one.updated_at for one in source.annotations] + [mark.created_at for mark in source.key_images]
    return max(moments).astimezone()


def _uid(content: bytes) -> str:
    """PS3.5 B.2: a UUID, here of what it names."""
    return f"2.25.{uuid.UUID(bytes=hashlib.sha256(content).digest()[:16], version=5).int}"
