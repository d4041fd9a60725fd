"""What every synthetic object shares: UIDs by name, coded items, file meta group, patient, study and equipment."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID

from mammogram_viewer.dicom.syntaxes import transfer_syntax

# Lossy Image Compression Method (0028,2114), by codec (PS3.3 C.7.6.1.1.5.1).
LOSSY_METHODS = {
    "jpeg": "ISO_10918_1",
    "jpegls": "ISO_14495_1",
    "j2k": "ISO_15444_1",
    "htj2k": "ISO_15444_15",
    "jxl": "ISO_18181_1",
}
_SEQUENCE_DELIMITER = b"\xfe\xff\xdd\xe0\0\0\0\0"
_NAMESPACE = uuid.UUID("4a6ad0a0-8a54-4f6e-9d0b-6d6d6f677261")


@dataclass(frozen=True)
class Code:
    """A coded concept (PS3.3 8.8)."""

    value: str
    scheme: str
    meaning: str


def code_item(code: Code) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code.value, code.scheme, code.meaning
    return item


def uid(*parts: object) -> UID:
    """A UID of ours that depends on nothing but `parts` (PS3.5 B.2)."""
    return UID(f"2.25.{uuid.uuid5(_NAMESPACE, '/'.join(map(str, parts))).int}")


def made_at(seed: int, number: int) -> datetime:
    """When image `number` of exam `seed` was taken."""
    return datetime(2024, 1, 8, 8, 30) + timedelta(days=seed % 700, minutes=2 * number)


def new_file(sop_class_uid: str, sop_instance_uid: UID, transfer_syntax_uid: str) -> FileDataset:
    """An object with its file meta group and SOP Common module."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(sop_class_uid)
    meta.MediaStorageSOPInstanceUID = sop_instance_uid
    meta.TransferSyntaxUID = UID(transfer_syntax_uid)
    meta.ImplementationClassUID = uid("implementation")
    meta.ImplementationVersionName = "SYNTHETIC_1"
    syntax = transfer_syntax(transfer_syntax_uid)
    ds = FileDataset(
        "",
        {},
        file_meta=meta,
        preamble=b"\0" * 128,
        is_implicit_VR=syntax.implicit,
        is_little_endian=syntax.little_endian,
    )
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID = meta.MediaStorageSOPClassUID, sop_instance_uid
    return ds


def add_patient_and_study(
    ds: Dataset, seed: int, at: datetime, *, patient_id: str | None = None, patient_name: str | None = None
) -> None:
    """Patient and General Study modules; all objects of one seed are of one study."""
    born = 1950 + seed % 35
    ds.PatientName = patient_name or f"Synthetic^Exam {seed}"
    ds.PatientID = patient_id or f"SYN-{seed:06d}"
    ds.PatientBirthDate = f"{born}0615"
    ds.PatientSex = "F"
    ds.PatientAge = f"{at.year - born - (at.month < 6 or (at.month, at.day) < (6, 15)):03d}Y"
    ds.StudyInstanceUID = uid("study", seed)
    ds.StudyDate, ds.StudyTime = at.strftime("%Y%m%d"), "083000"
    ds.StudyID = str(seed)
    ds.AccessionNumber = f"A{seed:07d}"
    ds.ReferringPhysicianName = ""
    ds.StudyDescription = "Synthetic screening mammography"


def add_equipment(ds: Dataset) -> None:
    ds.Manufacturer = "Mammogram Viewer"
    ds.ManufacturerModelName = "Synthetic phantom"
    ds.StationName = "SYNTH1"
    ds.DeviceSerialNumber = "1"
    ds.SoftwareVersions = "1"


def set_moments(ds: Dataset, at: datetime, *prefixes: str) -> None:
    """Date and time under each prefix: Content, Acquisition, Series."""
    for prefix in prefixes:
        setattr(ds, f"{prefix}Date", at.strftime("%Y%m%d"))
        setattr(ds, f"{prefix}Time", at.strftime("%H%M%S"))


def set_pixel_data(ds: Dataset, encoded: bytes, transfer_syntax_uid: str) -> None:
    """Pixel Data in the form of its syntax (PS3.5 8.2, A.4). pydicom writes the sequence delimiter itself, so it must
    not stand in the value as well."""
    encapsulated = transfer_syntax(transfer_syntax_uid).encapsulated
    ds.PixelData = encoded.removesuffix(_SEQUENCE_DELIMITER) if encapsulated else encoded
    ds["PixelData"].VR = "OB" if encapsulated or ds.BitsAllocated == 8 else "OW"
    ds["PixelData"].is_undefined_length = encapsulated
