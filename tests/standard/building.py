"""Small data sets, put together attribute by attribute and written to files, for comparison with a plain reading."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    generate_uid,
)

from mammogram_viewer.synthetic.encode import encapsulated, encode_frame

Array = npt.NDArray[np.integer]
DIGITAL_MAMMOGRAPHY = "1.2.840.10008.5.1.4.1.1.1.2"
TOMOSYNTHESIS = "1.2.840.10008.5.1.4.1.1.13.1.3"
NATIVE = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian)
# Encapsulated syntaxes that keep every bit, or may (PS3.5 annex A.4).
LOSSLESS = {
    "RLE": "1.2.840.10008.1.2.5",
    "deflated frame": "1.2.840.10008.1.2.8.1",
    "JPEG lossless": "1.2.840.10008.1.2.4.57",
    "JPEG lossless SV1": "1.2.840.10008.1.2.4.70",
    "JPEG-LS lossless": "1.2.840.10008.1.2.4.80",
    "JPEG-LS near-lossless, of error 0": "1.2.840.10008.1.2.4.81",
    "JPEG 2000 lossless": "1.2.840.10008.1.2.4.90",
    "JPEG 2000, reversible": "1.2.840.10008.1.2.4.91",
    "HTJ2K lossless": "1.2.840.10008.1.2.4.201",
    "HTJ2K lossless RPCL": "1.2.840.10008.1.2.4.202",
    "HTJ2K, reversible": "1.2.840.10008.1.2.4.203",
    "JPEG XL lossless": "1.2.840.10008.1.2.4.110",
    "JPEG XL, without loss": "1.2.840.10008.1.2.4.112",
}


def new_image(transfer_syntax_uid: str = ExplicitVRLittleEndian, sop_class_uid: str = DIGITAL_MAMMOGRAPHY) -> Dataset:
    """A data set with what every image object must have, and no pixels yet."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(transfer_syntax_uid)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = UID(sop_class_uid)
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["standard", sop_class_uid])
    ds.StudyInstanceUID = generate_uid(entropy_srcs=["standard", "study"])
    ds.SeriesInstanceUID = generate_uid(entropy_srcs=["standard", "series"])
    ds.PatientID, ds.PatientName, ds.Modality, ds.PresentationIntentType = "P1", "Test", "MG", "FOR PRESENTATION"
    ds.ImageLaterality, ds.ViewPosition = "L", "CC"
    return ds


def describe(ds: Dataset, rows: int, columns: int, *, allocated: int, stored: int, high: int | None = None) -> None:
    """Size and depth of a grey image of unsigned values."""
    ds.Rows, ds.Columns, ds.SamplesPerPixel = rows, columns, 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = allocated, stored, stored - 1 if high is None else high
    ds.PixelRepresentation = 0


def native(ds: Dataset, frames: Sequence[Array]) -> None:
    """Pixel Data of unsigned cells or samples as the native syntaxes hold them: OW, as bytes of the file."""
    octets = np.stack([np.asarray(frame) for frame in frames]).astype(f"<u{ds.BitsAllocated // 8}").tobytes()
    put_words(ds, 0x7FE00010, octets)
    if len(frames) > 1:
        ds.NumberOfFrames = len(frames)


def put_words(ds: Dataset, tag: int, octets: bytes, file: Dataset | None = None) -> None:
    """An OW element from octets in little-endian order, swapped where the file is big-endian (PS3.5 7.3)."""
    octets += b"\0" * (len(octets) % 2)
    if (file or ds).file_meta.TransferSyntaxUID == ExplicitVRBigEndian:
        octets = np.frombuffer(octets, "<u2").astype(">u2").tobytes()
    ds.add_new(tag, "OW", octets)


def encoded(ds: Dataset, frames: Sequence[Array], colour: str = "") -> None:
    """Encapsulated Pixel Data; `frames` hold stored values, int or uint of Bits Allocated."""
    syntax = str(ds.file_meta.TransferSyntaxUID)
    streams = [encode_frame(frame, ds.BitsStored, syntax, photometric_interpretation=colour) for frame in frames]
    ds.add_new(0x7FE00010, "OB", encapsulated(streams))
    ds["PixelData"].is_undefined_length = True
    if len(frames) > 1:
        ds.NumberOfFrames = len(frames)


def sign(ds: Dataset, keyword: str, value: int | list[int], signed: bool) -> None:
    """An element whose VR may be US or SS."""
    setattr(ds, keyword, value)
    ds[keyword].VR = "SS" if signed else "US"


def lut_item(
    ds: Dataset, entries: Sequence[int], first: int, bits: int, *, signed: bool, form: str = "OW", packed: bool = True
) -> Dataset:
    """An item of a LUT sequence (PS3.3 C.11.1.1). `form` is the VR of LUT Data, `packed` puts entries of 8 bits two
    in a word."""
    item = Dataset()
    sign(item, "LUTDescriptor", [len(entries) % 65536, first, bits], signed)
    octets = bytes(entries) if bits == 8 and packed else np.array(entries, "<u2").tobytes()
    octets += b"\0" * (len(octets) % 2)
    if form == "OW":
        put_words(item, 0x00283006, octets, ds)
    else:
        words = np.frombuffer(octets, "<i2" if form == "SS" else "<u2").tolist()
        item.add_new(0x00283006, form, words[0] if len(words) == 1 else words)
    return item


def add_overlay(ds: Dataset, group: int, planes: npt.NDArray[np.bool_], origin: tuple[int, int], **more: Any) -> None:
    """An overlay plane (PS3.3 C.9.2); `planes` (rows, columns) or (frames, rows, columns)."""
    rows, columns = planes.shape[-2:]
    ds.add_new(group << 16 | 0x0010, "US", rows)
    ds.add_new(group << 16 | 0x0011, "US", columns)
    if planes.ndim == 3:
        ds.add_new(group << 16 | 0x0015, "IS", len(planes))
    ds.add_new(group << 16 | 0x0040, "CS", more.get("kind", "G"))
    ds.add_new(group << 16 | 0x0050, "SS", list(origin))
    if "image_frame_origin" in more:
        ds.add_new(group << 16 | 0x0051, "US", more["image_frame_origin"])
    ds.add_new(group << 16 | 0x0100, "US", 1)
    ds.add_new(group << 16 | 0x0102, "US", 0)
    put_words(ds, group << 16 | 0x3000, np.packbits(planes.ravel(), bitorder="little").tobytes())


@contextmanager
def written(ds: Dataset) -> Iterator[Path]:
    """The data set as a file, for as long as the block runs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image.dcm"
        dcmwrite(path, ds, enforce_file_format=True)
        yield path
