"""Modality LUT, VOI and presentation of a synthetic mammogram (PS3.3 C.11.1, C.11.2), and its padding.

Windows and LUTs are made for the phantom's own scale, 0 to 1 where 0 is air and 1 the densest, and carried to the units
of the stored values or of the modality's output; so each variant shows the same breast."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from mammogram_viewer.dicom.syntaxes import EXPLICIT_BIG_ENDIAN
from mammogram_viewer.synthetic.phantom import AIR, NOISY_AIR
from mammogram_viewer.synthetic.wanted import SyntheticMammogram

EXPLANATIONS = ("NORMAL", "HARDER", "SOFTER")
_CENTER = 0.38
_WIDTHS = {"linear": 0.8, "linear_exact": 0.8, "sigmoid": 0.55, "several": 0.55}
_HARDNESS = (1.0, 0.75, 1.25)
_MODALITY_OUTPUT = 65535
VOI_KINDS = frozenset({*_WIDTHS, "lut", "none"})


def add_grey_scale(ds: Dataset, wanted: SyntheticMammogram) -> None:
    """Everything between a stored value and the grey that is shown."""
    if wanted.voi not in VOI_KINDS:
        raise ValueError(f"unknown voi {wanted.voi!r}")
    _add_modality(ds, wanted)
    if wanted.is_digital_mammography:
        ds.PixelIntensityRelationship = "LIN" if wanted.for_processing else "LOG"
        ds.PixelIntensityRelationshipSign = 1 if wanted.inverted else -1
        ds.PresentationLUTShape = "INVERSE" if wanted.inverted else "IDENTITY"
    if wanted.padding:
        _add_padding(ds, wanted)
    if wanted.for_processing:
        return  # such an image needs no VOI (PS3.3 C.8.11.3)
    if wanted.voi in _WIDTHS:
        centers, widths = zip(*_windows(wanted), strict=True)
        ds.WindowCenter, ds.WindowWidth = list(centers), list(widths)
        ds.WindowCenterWidthExplanation = list(EXPLANATIONS)
        ds.VOILUTFunction = "SIGMOID" if wanted.voi == "several" else wanted.voi.upper()
    if wanted.voi in ("lut", "several"):
        count = len(EXPLANATIONS) if wanted.voi == "several" else 1
        ds.VOILUTSequence = Sequence([_voi_lut(wanted, index) for index in range(count)])


def modality_output(wanted: SyntheticMammogram, stored: npt.NDArray[np.signedinteger]) -> npt.NDArray[np.float64]:
    """Modality values of stored ones, as the attributes that `add_grey_scale` writes say."""
    if wanted.modality_lut:
        return _modality_curve(wanted)[stored - wanted.offset].astype(np.float64)
    return stored.astype(np.float64) * wanted.rescale_slope + wanted.rescale_intercept


def _modality_curve(wanted: SyntheticMammogram) -> npt.NDArray[np.uint16]:
    """For every stored value, the least first: a bent curve to 16 bits, so that taking it for a line would show."""
    inputs = np.arange(wanted.largest + 1) / wanted.largest
    return np.round(_MODALITY_OUTPUT * inputs**1.3).astype(np.uint16)


def _add_modality(ds: Dataset, wanted: SyntheticMammogram) -> None:
    if not wanted.modality_lut:
        ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = wanted.rescale_intercept, wanted.rescale_slope, "US"
        return
    item = _lut_item(wanted, _modality_curve(wanted), wanted.offset, 16)
    item.ModalityLUTType = "US"
    ds.ModalityLUTSequence = Sequence([item])


def _stored(wanted: SyntheticMammogram, level: float) -> int:
    """The stored value for a level of the phantom's scale."""
    level = 1 - level if wanted.inverted else level
    return round(min(max(level, 0), 1) * wanted.largest) + wanted.offset


def _windows(wanted: SyntheticMammogram) -> Iterator[tuple[float, float]]:
    """Centers and widths in modality units, rounded to what DS can say."""
    for hardness in _HARDNESS:
        half = _WIDTHS[wanted.voi] * hardness / 2
        # Ends outside of the scale would be cut by a modality LUT, and the window with them.
        levels = (_CENTER - min(half, _CENTER), _CENTER + min(half, 1 - _CENTER))
        first, last = sorted(modality_output(wanted, np.array([_stored(wanted, level) for level in levels])))
        yield round((first + last) / 2, 3), max(round(last - first, 3), 2)


def _voi_lut(wanted: SyntheticMammogram, index: int) -> Dataset:
    """An S-shaped curve over all modality values, the steeper the smaller its hardness."""
    lowest, highest = wanted.offset, wanted.offset + wanted.largest
    ends = modality_output(wanted, np.array([lowest, highest]))
    first = int(np.floor(ends.min()))
    entries = int(np.ceil(ends.max())) - first + 1
    center = modality_output(wanted, np.array([_stored(wanted, _CENTER)]))[0]
    slopes = -4 * (np.arange(first, first + entries) - center) / (entries * 0.5 * _HARDNESS[index])
    # 8 or 16 bits, unless the object's own module allows others, as that of mammography does (PS3.3 C.11.2.1.1).
    bits = 12 if wanted.is_digital_mammography else 16
    curve = np.round(((1 << bits) - 1) / (1 + np.exp(slopes))).astype(np.uint16)
    item = _lut_item(wanted, curve, first, bits)
    item.LUTExplanation = EXPLANATIONS[index]
    return item


def _lut_item(wanted: SyntheticMammogram, curve: npt.NDArray[np.uint16], first: int, bits: int) -> Dataset:
    """LUT Descriptor and Data (PS3.3 C.11.1.1); a count of 65536 is written as 0."""
    item = Dataset()
    item.LUTDescriptor = [len(curve) % 65536, first, bits]
    item["LUTDescriptor"].VR = "SS" if first < 0 else "US"
    # In explicit VR, US holds less than 64 KiB.
    opaque = wanted.lut_data_ow or len(curve) >= 32768
    if opaque:
        order = ">" if wanted.transfer_syntax_uid == EXPLICIT_BIG_ENDIAN else "<"
        item.LUTData = curve.astype(f"{order}u2").tobytes()
    else:
        item.LUTData = curve.tolist()
    item["LUTData"].VR = "OW" if opaque else "US"
    return item


def _add_padding(ds: Dataset, wanted: SyntheticMammogram) -> None:
    """Pixel Padding Value, and with a range its other end (PS3.3 C.7.5.1.1.2)."""

    def stored(word: int) -> int:
        return (wanted.largest - word if wanted.inverted else word) + wanted.offset

    ds.PixelPaddingValue = stored(AIR)
    ds["PixelPaddingValue"].VR = "SS" if wanted.signed else "US"
    if wanted.padding_range:
        ds.PixelPaddingRangeLimit = stored(scaled(NOISY_AIR, wanted.stored_bits))
        ds["PixelPaddingRangeLimit"].VR = "SS" if wanted.signed else "US"


def scaled(word: int, bits: int) -> int:
    """A 12-bit value of the phantom among `bits`; the largest that its low bits may make of it."""
    return word >> (12 - bits) if bits <= 12 else ((word + 1) << (bits - 12)) - 1
