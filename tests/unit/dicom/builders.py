"""Small DICOM files for tests, written with pydicom from no code of ours but the list of syntaxes."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
from pydicom._uid_dict import UID_dictionary
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import UID

from mammogram_viewer.dicom.syntaxes import JPEG_XL, JPEG_XL_JPEG_RECOMPRESSION, JPEG_XL_LOSSLESS, SYNTAXES

EXPLICIT = "1.2.840.10008.1.2.1"
IMPLICIT = "1.2.840.10008.1.2"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
NATIVE_SYNTAXES = (IMPLICIT, EXPLICIT, BIG_ENDIAN, "1.2.840.10008.1.2.1.99")
DEFLATED_IMAGE_FRAME = "1.2.840.10008.1.2.8.1"
# A recompressed JPEG holds 8 bits, which the synthetic mammograms have for JPEG baseline only.
WRITTEN_SYNTAXES = tuple(uid for uid in SYNTAXES if uid != JPEG_XL_JPEG_RECOMPRESSION)
# pydicom 3.0 refuses to write what its list lacks.
for _uid in (DEFLATED_IMAGE_FRAME, JPEG_XL_LOSSLESS, JPEG_XL_JPEG_RECOMPRESSION, JPEG_XL):
    UID_dictionary.setdefault(_uid, (_uid, "Transfer Syntax", "", "", ""))
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def image_dataset(
    words: np.ndarray,
    *,
    transfer_syntax_uid: str = EXPLICIT,
    frames: list[bytes] | None = None,
    implicit: bool | None = None,
    **attributes: Any,
) -> FileDataset:
    """A one-frame grey or RGB image around `words`; `frames` are codestreams to encapsulate instead.

    Keyword attributes replace or add elements; None leaves one out."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(SECONDARY_CAPTURE)
    meta.MediaStorageSOPInstanceUID = UID("1.2.3.4.5")
    meta.TransferSyntaxUID = UID(transfer_syntax_uid)
    big = transfer_syntax_uid == BIG_ENDIAN
    implicit = transfer_syntax_uid == IMPLICIT if implicit is None else implicit
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128, is_implicit_VR=implicit, is_little_endian=not big)
    bits = words.dtype.itemsize * 8
    colour = words.ndim == 3
    chosen: dict[str, Any] = {
        "SOPClassUID": SECONDARY_CAPTURE,
        "SOPInstanceUID": "1.2.3.4.5",
        "StudyInstanceUID": "1.2.3.4",
        "SeriesInstanceUID": "1.2.3.4.1",
        "Modality": "MG",
        "SamplesPerPixel": 3 if colour else 1,
        "PhotometricInterpretation": "RGB" if colour else "MONOCHROME2",
        "PlanarConfiguration": 0 if colour else None,
        "Rows": words.shape[0],
        "Columns": words.shape[1],
        "BitsAllocated": bits,
        "BitsStored": bits,
        "PixelRepresentation": 0,
        **attributes,
    }
    chosen.setdefault("HighBit", chosen["BitsStored"] - 1 if chosen["BitsStored"] else None)
    for keyword, value in chosen.items():
        if value is not None:
            setattr(ds, keyword, value)
    if frames is not None:
        ds.PixelData = encapsulate(frames)
        ds["PixelData"].VR = "OB"
        ds["PixelData"].is_undefined_length = True
    else:
        native = words.astype(words.dtype.newbyteorder(">" if big else "<")).tobytes()
        ds.PixelData = native + b"\0" * (len(native) % 2)
        ds["PixelData"].VR = "OW" if bits == 16 else "OB"
    return ds


def write(path: Path, ds: FileDataset) -> str:
    ds.save_as(path, enforce_file_format=True)
    return str(path)


def write_dataset(path: Path, ds: Dataset, transfer_syntax_uid: str = EXPLICIT) -> str:
    """An object without pixels as a file."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ds.SOPClassUID
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    meta.TransferSyntaxUID = UID(transfer_syntax_uid)
    ds.file_meta = meta
    ds.save_as(path, enforce_file_format=True)
    return str(path)


def item(**attributes: Any) -> Dataset:
    found = Dataset()
    for keyword, value in attributes.items():
        setattr(found, keyword, value)
    return found


def code(value: str, scheme: str, **attributes: Any) -> Dataset:
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning="x", **attributes)


def lut_item(entries: list[int], first: int, bits: int, *, data_vr: str = "US", first_vr: str = "US") -> Dataset:
    """A LUT sequence item; `data_vr` OW8 packs two 8-bit entries in a word, low byte first."""
    found = Dataset()
    count = len(entries) % 65_536
    found.LUTDescriptor = [count, first, bits]
    found["LUTDescriptor"].VR = first_vr
    if data_vr == "US":
        found.LUTData = entries
        found["LUTData"].VR = "US"
    else:
        kind = "u1" if data_vr == "OW8" else "<u2"
        raw = np.array(entries, kind).tobytes()
        found.LUTData = raw + b"\0" * (len(raw) % 2)
        found["LUTData"].VR = "OW"
    return found


def sequence(*items: Dataset) -> Sequence:
    return Sequence(items)


def write_deflated_frame(path: Path, words: np.ndarray, **attributes: Any) -> str:
    """A file with a deflated image frame around the words as they are."""
    frame = zlib.compress(words.tobytes())[2:-4]
    return write(path, image_dataset(words, transfer_syntax_uid=DEFLATED_IMAGE_FRAME, frames=[frame], **attributes))


def content(value_type: str, concept: str, *children: Dataset, scheme: str = "DCM", **attributes: Any) -> Dataset:
    """A content item of a structured report (PS3.3 C.17.3)."""
    found = item(
        RelationshipType="CONTAINS", ValueType=value_type, ConceptNameCodeSequence=sequence(code(concept, scheme)),
        **attributes,
    )  # fmt: skip
    if children:
        found.ContentSequence = sequence(*children)
    return found


def number(concept: str, value: str, unit: str, *children: Dataset, unit_scheme: str = "UCUM") -> Dataset:
    """A NUM content item with its unit."""
    measured = item(NumericValue=value, MeasurementUnitsCodeSequence=sequence(code(unit, unit_scheme)))
    return content("NUM", concept, *children, MeasuredValueSequence=sequence(measured))


def laterality(value: str, scheme: str = "SCT") -> Dataset:
    concept = "272741003" if scheme == "SCT" else "G-C171"
    return content("CODE", concept, scheme=scheme, ConceptCodeSequence=sequence(code(value, scheme)))


def dose_report(*children: Dataset, sop_class_uid: str = "1.2.840.10008.5.1.4.1.1.88.67", **attributes: Any) -> Dataset:
    """A structured report whose root has these content items."""
    return item(
        SOPClassUID=sop_class_uid, SOPInstanceUID="1.2.3.9", Modality="SR", ValueType="CONTAINER",
        ConceptNameCodeSequence=sequence(code("113701", "DCM")), ContentSequence=sequence(*children), **attributes,
    )  # fmt: skip
