"""What a synthetic mammogram is to be: one frozen value from which every byte of the file follows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from mammogram_viewer.dicom.syntaxes import EXPLICIT_LITTLE_ENDIAN
from mammogram_viewer.synthetic.encode import EIGHT_BIT, LOSSY, MAY_LOSE

SpacingKind = Literal["contact", "detector", "magnification", "calibrated", "none"]


@dataclass(frozen=True, kw_only=True)
class SyntheticMammogram:
    """One image to write.

    `voi` is linear, linear_exact, sigmoid (three windows each, the first is the default), lut, several (three SIGMOID
    windows and three LUTs), or none, which the standard forbids for a For Presentation image. `view_modifiers` are
    names of `anatomy.MODIFIER_CODES`; a magnification or spot view shows a part of the breast, enlarged.

    `spacing`: contact (Imager Pixel Spacing and a magnification of 1.03125, as units write), detector (Imager Pixel
    Spacing alone), magnification (the same with a factor of 1.5), calibrated (Pixel Spacing of half the detector's,
    from a fiducial), none.

    The mammography object knows unsigned pixels, identity rescale and spacing at the detector only (PS3.3 C.8.11.3,
    C.8.11.4), so whatever else is asked for is written as the CR images that cassettes for mammography gave."""

    seed: int = 0
    laterality: str = "R"
    view: str = "CC"
    rows: int = 256
    columns: int = 200
    pixel_spacing_mm: float = 0.07  # at the detector
    transfer_syntax_uid: str = EXPLICIT_LITTLE_ENDIAN
    lossy: bool = False  # for syntaxes that leave the choice
    photometric_interpretation: str = "MONOCHROME2"
    bits_stored: int = 12  # 8 to 16; some syntaxes always store 8
    signed: bool = False
    rescale_slope: float = 1
    rescale_intercept: float = 0
    modality_lut: bool = False  # a Modality LUT Sequence in place of the rescale values
    voi: str = "sigmoid"
    lut_data_ow: bool = False  # LUT Data as OW; US otherwise
    padding: bool = True  # air carries Pixel Padding Value
    padding_range: bool = False  # air is noisy, up to Pixel Padding Range Limit
    for_processing: bool = False
    view_modifiers: tuple[str, ...] = ()
    implant: bool = False
    partial_view: bool = False
    spacing: SpacingKind = "contact"
    overlays: int = 0  # planes 6000, 6002, …
    quality_control: bool = False
    instance_number: int = 1
    patient_id: str | None = None
    patient_name: str | None = None
    # Keyword and value, set last and as they stand; None removes the element.
    changes: tuple[tuple[str, object], ...] = ()

    @property
    def stored_bits(self) -> int:
        """Bits that a stored value takes in the file."""
        return 8 if self.transfer_syntax_uid in EIGHT_BIT else self.bits_stored

    @property
    def largest(self) -> int:
        """The largest stored value, were it unsigned."""
        return (1 << self.stored_bits) - 1

    @property
    def offset(self) -> int:
        """What is added to an unsigned value to have the stored one."""
        return -(1 << (self.stored_bits - 1)) if self.signed else 0

    @property
    def loses(self) -> bool:
        """Whether the file's pixels are not exactly `stored_words`."""
        return self.transfer_syntax_uid in (MAY_LOSE if self.lossy else LOSSY)

    @property
    def inverted(self) -> bool:
        return self.photometric_interpretation == "MONOCHROME1"

    @property
    def is_digital_mammography(self) -> bool:
        """Whether the Digital Mammography X-Ray Image IOD (PS3.3 A.27) can say what is wanted."""
        rescaled = (self.rescale_slope, self.rescale_intercept) != (1, 0)
        return not (self.signed or rescaled or self.modality_lut or self.spacing == "none")


@dataclass(frozen=True)
class Detector:
    """The matrix of a full-field unit."""

    rows: int
    columns: int
    pixel_spacing_mm: float


DETECTOR_70_UM = Detector(4096, 3328, 0.07)
DETECTOR_100_UM = Detector(2294, 1914, 0.1)


def on_detector(wanted: SyntheticMammogram, detector: Detector) -> SyntheticMammogram:
    """The same image at the size of a full-field detector."""
    return replace(wanted, rows=detector.rows, columns=detector.columns, pixel_spacing_mm=detector.pixel_spacing_mm)


def for_processing_twin(wanted: SyntheticMammogram) -> SyntheticMammogram:
    """The image before the maker's processing, which the For Presentation one names as its source."""
    return replace(wanted, for_processing=True)
