"""Synthetic secondary captures (PS3.3 A.8.1): a workstation's screen in colour or grey, and a digitised film.

Colour pixels are exact where the encoding is: a test can compare them with `screen`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileDataset

from mammogram_viewer.dicom.syntaxes import EXPLICIT_BIG_ENDIAN, EXPLICIT_LITTLE_ENDIAN, transfer_syntax
from mammogram_viewer.synthetic.attributes import (
    LOSSY_METHODS,
    add_patient_and_study,
    made_at,
    new_file,
    set_moments,
    set_pixel_data,
    uid,
)
from mammogram_viewer.synthetic.encode import LOSSY, pixel_data
from mammogram_viewer.synthetic.phantom import breast_phantom

SOP_CLASS_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
CaptureKind = Literal["rgb", "rgb_planar", "palette", "ybr_full", "ybr_full_422", "ybr_rct", "ybr_ict", "grey8", "film"]
_PHOTOMETRIC = {
    "rgb": "RGB",
    "rgb_planar": "RGB",
    "palette": "PALETTE COLOR",
    "ybr_full": "YBR_FULL",
    "ybr_full_422": "YBR_FULL_422",
    "ybr_rct": "YBR_RCT",
    "ybr_ict": "YBR_ICT",
    "grey8": "MONOCHROME2",
    "film": "MONOCHROME2",
}
# Kinds that not every codec can hold (PS3.5 8.2).
_HELD_BY = {
    "rgb_planar": {"native", "rle", "deflated_frame"},
    "ybr_full": {"native", "rle", "deflated_frame", "jpeg"},
    "ybr_full_422": {"native", "jpeg"},
    "ybr_rct": {"j2k", "htj2k"},
    "ybr_ict": {"j2k", "htj2k"},
}
_MARK_COLOUR = (240, 180, 40)
_PALETTE_COLOURS = 256
Pixels = npt.NDArray[np.unsignedinteger]


@dataclass(frozen=True, kw_only=True)
class SyntheticCapture:
    """One capture to write. `palette_bits` are those of the palette's entries, 8 or 16.

    ybr_rct and ybr_ict are what JPEG 2000 makes of RGB; ybr_full_422 is valid in a secondary capture when compressed
    only, though some devices write it without (PS3.3 C.7.6.3.1.2)."""

    kind: CaptureKind = "rgb"
    seed: int = 0
    laterality: str = "R"
    view: str = "CC"
    rows: int = 240
    columns: int = 180
    pixel_spacing_mm: float = 0.05  # of the film's scanner; a screen has none
    palette_bits: int = 16
    transfer_syntax_uid: str = EXPLICIT_LITTLE_ENDIAN
    instance_number: int = 21


def write_capture(path: str | Path, wanted: SyntheticCapture) -> Path:
    """Write the object at `path`, replacing what is there."""
    path = Path(path)
    build_capture(wanted).save_as(path, enforce_file_format=True)
    return path


def screen(wanted: SyntheticCapture) -> npt.NDArray[np.uint8]:
    """What a person saw, (rows, columns, 3) uint8 RGB: the breast with a frame and a finding marked in colour."""
    grey = grey_words(wanted)
    shown = np.repeat(grey[..., None], 3, axis=2)
    thickness = max(wanted.rows // 120, 1)
    cv2.rectangle(shown, (0, 0), (wanted.columns - 1, wanted.rows - 1), (60, 90, 160), thickness)
    middle = (wanted.columns // 2, wanted.rows // 2)
    cv2.circle(shown, middle, wanted.rows // 8, _MARK_COLOUR, thickness)
    return shown


def grey_words(wanted: SyntheticCapture) -> npt.NDArray[np.uint8]:
    """(rows, columns) uint8: the phantom as a screen shows it, and what grey8 stores."""
    pixels = breast_phantom(wanted.seed, wanted.laterality, wanted.view, wanted.rows, wanted.columns)
    return np.clip((pixels.astype(np.float32) - 300) * (255 / 2800), 0, 255).astype(np.uint8)


def stored_pixels(wanted: SyntheticCapture) -> Pixels:
    """What the file stores before any compression: (rows, columns) for grey and palette, (rows, columns, 3) else."""
    match wanted.kind:
        case "film":
            pixels = breast_phantom(wanted.seed, wanted.laterality, wanted.view, wanted.rows, wanted.columns)
            return np.asarray(pixels * np.uint16(16) + 15 * (pixels > 0), np.uint16)
        case "grey8" | "palette":
            return grey_words(wanted)
        case "ybr_full" | "ybr_full_422":
            return _ybr(screen(wanted), shared_chroma=wanted.kind == "ybr_full_422")
        case _:
            return screen(wanted)


def build_capture(wanted: SyntheticCapture) -> FileDataset:
    """The whole data set with its file meta group. ValueError for a kind that the syntax cannot hold, and for an odd
    width with YBR_FULL_422."""
    codec = transfer_syntax(wanted.transfer_syntax_uid).codec
    if codec not in _HELD_BY.get(wanted.kind, {codec}):
        raise ValueError(f"{wanted.kind} is not for {wanted.transfer_syntax_uid}")
    if wanted.kind == "ybr_full_422" and wanted.columns % 2:
        raise ValueError("YBR_FULL_422 has an even number of columns (PS3.3 C.7.6.3.1.2)")
    at = made_at(wanted.seed, wanted.instance_number)
    ds = new_file(SOP_CLASS_SECONDARY_CAPTURE, uid("capture", repr(wanted)), wanted.transfer_syntax_uid)
    add_patient_and_study(ds, wanted.seed, at)
    set_moments(ds, at, "Content")
    film = wanted.kind == "film"
    ds.Modality = "MG"
    ds.ConversionType = "DF" if film else "WSD"
    ds.Manufacturer = "Mammogram Viewer"
    ds.SecondaryCaptureDeviceManufacturer = "Mammogram Viewer"
    ds.DateOfSecondaryCapture, ds.TimeOfSecondaryCapture = ds.ContentDate, ds.ContentTime
    ds.SeriesInstanceUID = uid("series", wanted.seed, "capture", wanted.kind)
    ds.SeriesNumber, ds.InstanceNumber = 21, wanted.instance_number
    ds.SeriesDescription = f"{wanted.laterality} {wanted.view} {'film' if film else 'screen'}"
    ds.ImageType = ["ORIGINAL" if film else "DERIVED", "PRIMARY" if film else "SECONDARY"]
    ds.BodyPartExamined = "BREAST"
    ds.Laterality = wanted.laterality
    ds.PatientOrientation = ""
    ds.BurnedInAnnotation = "NO"
    if film:
        ds.NominalScannedPixelSpacing = [wanted.pixel_spacing_mm] * 2
        ds.PixelSpacing = [wanted.pixel_spacing_mm] * 2
    _add_pixels(ds, wanted)
    return ds


def _add_pixels(ds: Dataset, wanted: SyntheticCapture) -> None:
    pixels = stored_pixels(wanted)
    syntax = transfer_syntax(wanted.transfer_syntax_uid)
    colour = pixels.ndim == 3
    photometric = _PHOTOMETRIC[wanted.kind]
    planar = wanted.kind == "rgb_planar"
    bits = pixels.dtype.itemsize * 8
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 3 if colour else 1, photometric
    if colour:
        ds.PlanarConfiguration = int(planar)
    ds.Rows, ds.Columns = pixels.shape[:2]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, bits, bits - 1, 0
    lossy = wanted.kind == "ybr_ict"  # the transform itself is not reversible
    # A codec that turns RGB into YBR itself is given RGB; native words and RLE are stored as they are.
    bare = screen(wanted) if colour and syntax.codec == "jpeg" else pixels
    encoded = pixel_data(
        bare,
        bits,
        wanted.transfer_syntax_uid,
        photometric_interpretation=photometric if colour else "",
        planar=planar,
        lossy=lossy,
    )
    set_pixel_data(ds, encoded, wanted.transfer_syntax_uid)
    lossy |= wanted.transfer_syntax_uid in LOSSY
    ds.LossyImageCompression = "01" if lossy else "00"
    if lossy:
        ds.LossyImageCompressionRatio = round(pixels.nbytes / len(encoded), 2)
        ds.LossyImageCompressionMethod = LOSSY_METHODS[syntax.codec]
    if wanted.kind == "palette":
        _add_palette(ds, wanted)


def palette(wanted: SyntheticCapture) -> npt.NDArray[np.uint16]:
    """(256, 3): the entries for red, green and blue, from black over brown to white; full scale is their bits'."""
    level = np.linspace(0, 1, _PALETTE_COLOURS)
    curves = np.stack([level**0.7, level, level**1.6], axis=1)
    return np.round(curves * ((1 << wanted.palette_bits) - 1)).astype(np.uint16)


def _add_palette(ds: Dataset, wanted: SyntheticCapture) -> None:
    """Palette Color Lookup Tables (PS3.3 C.7.6.3.1.5, C.7.6.3.1.6); entries of 8 bits are packed two to a word."""
    entries = palette(wanted)
    order = ">" if wanted.transfer_syntax_uid == EXPLICIT_BIG_ENDIAN else "<"
    for index, name in enumerate(("Red", "Green", "Blue")):
        descriptor = f"{name}PaletteColorLookupTableDescriptor"
        setattr(ds, descriptor, [_PALETTE_COLOURS, 0, wanted.palette_bits])
        ds[descriptor].VR = "US"
        curve = entries[:, index]
        packed = curve if wanted.palette_bits == 16 else curve[0::2] | (curve[1::2] << 8)
        setattr(ds, f"{name}PaletteColorLookupTableData", packed.astype(f"{order}u2").tobytes())


def _ybr(rgb: npt.NDArray[np.uint8], *, shared_chroma: bool) -> npt.NDArray[np.uint8]:
    """YBR_FULL of 8-bit RGB (PS3.3 C.7.6.3.1.2), rounded; two columns may share the left one's chroma."""
    red, green, blue = np.moveaxis(rgb.astype(np.float64), -1, 0)
    ybr = np.stack(
        [
            0.2990 * red + 0.5870 * green + 0.1140 * blue,
            -0.1687 * red - 0.3313 * green + 0.5000 * blue + 128,
            0.5000 * red - 0.4187 * green - 0.0813 * blue + 128,
        ],
        axis=-1,
    )
    rounded = np.clip(np.round(ybr), 0, 255).astype(np.uint8)
    if shared_chroma:
        rounded[:, 1::2, 1:] = rounded[:, 0::2, 1:]
    return rounded
