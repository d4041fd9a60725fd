"""Valid synthetic DICOM mammograms: Digital Mammography X-Ray Image Storage (PS3.3 A.27), and CR images for what that
object cannot say.

Used by `demo`, the tests and the benchmarks. Deterministic: the same `SyntheticMammogram` gives the same file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

from mammogram_viewer.dicom.syntaxes import transfer_syntax
from mammogram_viewer.synthetic.anatomy import add_anatomy, zoom
from mammogram_viewer.synthetic.attributes import (
    LOSSY_METHODS,
    Code,
    add_equipment,
    add_patient_and_study,
    code_item,
    made_at,
    new_file,
    set_moments,
    set_pixel_data,
    uid,
)
from mammogram_viewer.synthetic.encode import pixel_data
from mammogram_viewer.synthetic.grey_scale import add_grey_scale
from mammogram_viewer.synthetic.overlay import add_overlays
from mammogram_viewer.synthetic.phantom import AIR, MOST, NOISY_AIR, breast_phantom
from mammogram_viewer.synthetic.technique import add_technique
from mammogram_viewer.synthetic.wanted import (
    DETECTOR_70_UM,
    DETECTOR_100_UM,
    Detector,
    SyntheticMammogram,
    for_processing_twin,
    on_detector,
)

__all__ = [
    "DETECTOR_70_UM",
    "DETECTOR_100_UM",
    "SCREENING_VIEWS",
    "SOP_CLASS_FOR_PRESENTATION",
    "SOP_CLASS_FOR_PROCESSING",
    "Detector",
    "SyntheticMammogram",
    "build_mammogram",
    "for_processing_twin",
    "on_detector",
    "stored_words",
    "write_exam",
    "write_mammogram",
]

SOP_CLASS_FOR_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.2"
SOP_CLASS_FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.2.1"
SOP_CLASS_CR = "1.2.840.10008.5.1.4.1.1.1"
SCREENING_VIEWS = (("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO"))
_PROCESSING_SOURCE = Code("121322", "DCM", "Source image for image processing operation")
Words = npt.NDArray[np.integer]


def write_mammogram(path: str | Path, wanted: SyntheticMammogram) -> Path:
    """Write the image at `path`, replacing what is there."""
    path = Path(path)
    build_mammogram(wanted).save_as(path, enforce_file_format=True)
    return path


def write_exam(
    folder: str | Path,
    seed: int,
    *,
    template: SyntheticMammogram | None = None,
    views: tuple[tuple[str, str], ...] = SCREENING_VIEWS,
) -> list[Path]:
    """Write a screening exam (RCC, LCC, RMLO, LMLO) of one study and series; `template` sets size and encoding."""
    template = template or on_detector(SyntheticMammogram(), DETECTOR_70_UM)
    paths = []
    for number, (laterality, view) in enumerate(views, start=1):
        wanted = replace(template, seed=seed, laterality=laterality, view=view, instance_number=number)
        paths.append(write_mammogram(Path(folder) / f"synthetic-{seed}-{number}-{laterality}{view}.dcm", wanted))
    return paths


def stored_words(wanted: SyntheticMammogram) -> Words:
    """The values that the file stores, (rows, columns): uint16 or uint8, or int16 or int8 when signed; mirrored for
    MONOCHROME1."""
    pixels = breast_phantom(
        wanted.seed,
        wanted.laterality,
        wanted.view,
        wanted.rows,
        wanted.columns,
        zoom=zoom(wanted),
        implant=wanted.implant and "implant_displaced" not in wanted.view_modifiers,
        noisy_air=wanted.padding_range,
    )
    if wanted.for_processing:
        pixels = _unprocessed()[pixels]
    pixels = _with_bits(pixels, wanted)
    if wanted.inverted:
        pixels = (wanted.largest - pixels).astype(pixels.dtype)
    if wanted.signed:
        return (pixels.astype(np.int32) + wanted.offset).astype(f"i{pixels.dtype.itemsize}")
    return pixels


def build_mammogram(wanted: SyntheticMammogram) -> FileDataset:
    """The whole data set with its file meta group."""
    at = made_at(wanted.seed, wanted.instance_number)
    ds = new_file(_sop_class(wanted), _sop_instance_uid(wanted), wanted.transfer_syntax_uid)
    add_patient_and_study(ds, wanted.seed, at, patient_id=wanted.patient_id, patient_name=wanted.patient_name)
    add_equipment(ds)
    set_moments(ds, at, "Content", "Acquisition")
    _add_series(ds, wanted)
    add_anatomy(ds, wanted)
    add_technique(ds, wanted)
    _add_pixels(ds, wanted)
    add_grey_scale(ds, wanted)
    add_overlays(ds, wanted.overlays)
    for keyword, value in wanted.changes:
        if value is None:
            del ds[keyword]
        else:
            setattr(ds, keyword, value)
    return ds


def _sop_class(wanted: SyntheticMammogram) -> str:
    if not wanted.is_digital_mammography:
        return SOP_CLASS_CR
    return SOP_CLASS_FOR_PROCESSING if wanted.for_processing else SOP_CLASS_FOR_PRESENTATION


def _sop_instance_uid(wanted: SyntheticMammogram) -> UID:
    return uid("image", repr(wanted))


def _unprocessed() -> npt.NDArray[np.uint16]:
    """Phantom values to those before processing: linear in what reached the detector, dense tissue still bright."""
    exposure = np.exp(-1.6 * np.arange(MOST + 1) / MOST)
    table = np.round((1 - exposure) / (1 - exposure[-1]) * MOST).astype(np.uint16)
    table[: NOISY_AIR + 1] = np.arange(NOISY_AIR + 1)  # padding stays what it is
    return table


def _with_bits(pixels: npt.NDArray[np.uint16], wanted: SyntheticMammogram) -> Words:
    """12-bit values among the wanted bits; where there are more, the low ones are noise, but air stays what it is."""
    bits = wanted.stored_bits
    if bits <= 12:
        return (pixels >> (12 - bits)).astype(np.uint8 if bits == 8 else np.uint16)
    random = np.random.default_rng([wanted.seed, 4])
    noise = random.integers(0, 1 << (bits - 12), pixels.shape, np.uint16)
    noise[pixels == AIR] = 0
    return np.add(pixels << (bits - 12), noise, dtype=np.uint16)


def _add_series(ds: Dataset, wanted: SyntheticMammogram) -> None:
    intent = "FOR PROCESSING" if wanted.for_processing else "FOR PRESENTATION"
    ds.SeriesInstanceUID = uid("series", wanted.seed, intent, wanted.is_digital_mammography)
    ds.SeriesNumber = 2 if wanted.for_processing else 1
    ds.SeriesDescription = f"{wanted.laterality} {wanted.view}"
    ds.InstanceNumber = wanted.instance_number
    ds.ImageType = ["ORIGINAL" if wanted.for_processing else "DERIVED", "PRIMARY"]
    if not wanted.is_digital_mammography:
        ds.Modality = "CR"
        return
    ds.Modality = "MG"
    ds.PresentationIntentType = intent
    ds.AcquisitionContextSequence = Sequence()
    if not wanted.for_processing:
        source = Dataset()
        source.ReferencedSOPClassUID = UID(SOP_CLASS_FOR_PROCESSING)
        source.ReferencedSOPInstanceUID = _sop_instance_uid(for_processing_twin(wanted))
        source.PurposeOfReferenceCodeSequence = Sequence([code_item(_PROCESSING_SOURCE)])
        ds.SourceImageSequence = Sequence([source])


def _add_pixels(ds: Dataset, wanted: SyntheticMammogram) -> None:
    words = stored_words(wanted)
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = wanted.photometric_interpretation
    ds.Rows, ds.Columns = words.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = (
        words.dtype.itemsize * 8,
        wanted.stored_bits,
        wanted.stored_bits - 1,
    )
    ds.PixelRepresentation = int(wanted.signed)
    ds.BurnedInAnnotation = "NO"
    encoded = pixel_data(words, wanted.stored_bits, wanted.transfer_syntax_uid, lossy=wanted.lossy)
    ds.LossyImageCompression = "01" if wanted.loses else "00"
    if wanted.loses:
        ds.LossyImageCompressionRatio = round(words.nbytes / len(encoded), 2)
        ds.LossyImageCompressionMethod = LOSSY_METHODS[transfer_syntax(wanted.transfer_syntax_uid).codec]
    set_pixel_data(ds, encoded, wanted.transfer_syntax_uid)
