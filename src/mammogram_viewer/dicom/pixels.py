"""The Image Pixel module (PS3.3 C.7.6.3) as checked numbers, and the gate that every original passes before
decoding.

Invariant: a `PixelDescription` that comes out of `describe_pixels` is within the budgets and consistent in
itself."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.dataset import Dataset

from mammogram_viewer.dicom import values
from mammogram_viewer.dicom.limits import RenderLimits
from mammogram_viewer.dicom.reader import DicomObject
from mammogram_viewer.foundation.reasons import Refused

MONOCHROME = frozenset({"MONOCHROME1", "MONOCHROME2"})
COLOUR = frozenset({"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT"})
# Objects without pixels that modalities and archives send along with images.
_NO_IMAGES = (
    "1.2.840.10008.5.1.4.1.1.88.",  # structured reports, dose reports, key object selection, CAD
    "1.2.840.10008.5.1.4.1.1.11.",  # presentation states
    "1.2.840.10008.5.1.4.1.1.104.",  # encapsulated documents
    "1.2.840.10008.5.1.4.1.1.66",  # raw data and its kin, but for segmentations, which hold pixels
    "1.2.840.10008.5.1.4.1.1.9.",  # waveforms
    "1.2.840.10008.5.1.4.1.1.481.",  # radiotherapy
    "1.2.840.10008.1.3.10",  # DICOMDIR
)


@dataclass(frozen=True, kw_only=True)
class PixelDescription:
    """How the stored bits are laid out. One frame is (rows, columns, samples_per_pixel)."""

    rows: int
    columns: int
    frames: int
    samples_per_pixel: int
    photometric_interpretation: str
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    planar: bool

    @property
    def bytes_per_sample(self) -> int:
        return self.bits_allocated // 8

    @property
    def native_frame_bytes(self) -> int:
        """Bytes of one uncompressed frame; YBR_FULL_422 shares chroma between two columns (C.7.6.3.1.2)."""
        samples = 2 if self.photometric_interpretation == "YBR_FULL_422" else self.samples_per_pixel
        return self.rows * self.columns * samples * self.bytes_per_sample


def describe_pixels(found: DicomObject, limits: RenderLimits) -> PixelDescription:
    """The checked description; Refused when the object is no image, over a budget, or contradicts itself."""
    dataset = found.dataset
    sop_class_uid = values.text(dataset, "SOPClassUID") or values.text(found.file_meta, "MediaStorageSOPClassUID") or ""
    if found.pixels is None:
        raise Refused("not_an_image_object" if sop_class_uid.startswith(_NO_IMAGES) else "no_pixel_data")
    if not found.syntax.codec:
        raise Refused("unsupported_transfer_syntax", found.syntax.uid[:64])
    if found.pixels.tag != 0x7FE00010:
        raise Refused("unsupported_bit_depth", "floating point pixels")
    description = _read_description(dataset)
    _check_budgets(description, limits)
    _check_consistency(description)
    if found.syntax.codec == "native":
        _check_native_length(description, found)
    elif found.pixels.fragments is None:
        raise Refused("pixel_form_mismatch", "a compressed transfer syntax with uncompressed pixels")
    elif not found.pixels.fragments:
        raise Refused("no_pixel_data")
    return description


def _read_description(dataset: Dataset) -> PixelDescription:
    bits_allocated = _needed(dataset, "BitsAllocated")
    bits_stored = _needed(dataset, "BitsStored", default=bits_allocated)
    frames = values.integer(dataset, "NumberOfFrames")
    if frames is None and values.values(dataset, "NumberOfFrames"):
        raise Refused("bad_header", "NumberOfFrames cannot be read")
    samples = _needed(dataset, "SamplesPerPixel", default=1)
    return PixelDescription(
        rows=_needed(dataset, "Rows"),
        columns=_needed(dataset, "Columns"),
        frames=frames or 1,  # some writers put 0 where there is one
        samples_per_pixel=samples,
        photometric_interpretation=values.code_string(dataset, "PhotometricInterpretation"),
        bits_allocated=bits_allocated,
        bits_stored=bits_stored,
        high_bit=_needed(dataset, "HighBit", default=bits_stored - 1),
        signed=_needed(dataset, "PixelRepresentation", default=0) == 1,
        planar=samples > 1 and _needed(dataset, "PlanarConfiguration", default=0) == 1,
    )


def _needed(dataset: Dataset, keyword: str, *, default: int | None = None) -> int:
    """An unsigned 16-bit number; another VR or several values in its place are a lie, not a default."""
    raw = values.raw_value(dataset, keyword)
    if raw is None and default is not None and keyword not in dataset:
        return default
    if not isinstance(raw, int) or not 0 <= raw <= 65_535:
        raise Refused("bad_header", f"{keyword} is missing or cannot be read")
    return int(raw)


def _check_budgets(pixels: PixelDescription, limits: RenderLimits) -> None:
    if not pixels.rows or not pixels.columns or pixels.frames < 0:
        raise Refused("bad_header", "the image has no rows, no columns or no frames")
    if pixels.rows * pixels.columns > limits.megapixels * 1_000_000:
        raise Refused("over_megapixels", f"limit {limits.megapixels} megapixels")
    if pixels.frames > limits.frames:
        raise Refused("over_frames", f"limit {limits.frames} frames")


def _check_consistency(pixels: PixelDescription) -> None:
    samples = {1: MONOCHROME | {"PALETTE COLOR"}, 3: COLOUR}.get(pixels.samples_per_pixel, frozenset())
    if pixels.photometric_interpretation not in samples:
        if pixels.photometric_interpretation in MONOCHROME | COLOUR | {"PALETTE COLOR"}:
            raise Refused("bad_header", "PhotometricInterpretation and SamplesPerPixel contradict each other")
        raise Refused("unsupported_photometric_interpretation")
    if pixels.bits_allocated not in (8, 16) or pixels.bits_stored < 1:
        raise Refused("unsupported_bit_depth", f"BitsAllocated {pixels.bits_allocated}")
    if (
        pixels.bits_stored > pixels.bits_allocated
        or not pixels.bits_stored - 1 <= pixels.high_bit < pixels.bits_allocated
    ):
        raise Refused("bad_header", "BitsAllocated, BitsStored and HighBit contradict each other")


def _check_native_length(pixels: PixelDescription, found: DicomObject) -> None:
    assert found.pixels is not None
    if found.pixels.fragments is not None:
        raise Refused("pixel_form_mismatch", "an uncompressed transfer syntax with compressed pixels")
    if pixels.photometric_interpretation in ("YBR_ICT", "YBR_RCT"):
        raise Refused("bad_header", "PhotometricInterpretation is for JPEG 2000 only")
    expected = pixels.native_frame_bytes * pixels.frames
    if found.pixels.byte_count not in (expected, expected + expected % 2):
        raise Refused("pixel_length_mismatch", f"{found.pixels.byte_count} bytes instead of {expected}")
