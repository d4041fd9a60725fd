"""A slow, plain reading of the grey scale as the DICOM standard gives it: stored cells to 8-bit greys, value by value.

Written from PS3.3 and PS3.5, not from the code under test, and in exact numbers: fractions, and decimals of 60 digits
where there is an exponential. It reads the data set as it was meant, before it is written to a file, so that what a
value representation leaves open in the file is part of the test.

Where the standard leaves the choice, ours are: greys are 0..255, rounded to nearest, halves up; LUT output of n bits
is scaled by 255 / (2^n - 1); inversion is 255 - p of the rounded p; padding is black under every window."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian

Greys = npt.NDArray[np.uint8]
Cells = npt.NDArray[np.integer]
Curve = Callable[[Fraction], int]  # modality value to grey, before inversion


def native_cells(ds: Dataset) -> list[Cells]:
    """Frames of unsigned pixel cells, (rows, columns) each, from native Pixel Data (PS3.5 8.1.1, annex A.1-A.3)."""
    count = int(ds.get("NumberOfFrames", 1))
    shape = (count, ds.Rows, ds.Columns)
    octets = word_octets(ds, ds["PixelData"].value, ds["PixelData"].VR)
    cells = np.frombuffer(octets, f"<u{ds.BitsAllocated // 8}")
    return list(cells[: int(np.prod(shape))].reshape(shape))


def word_octets(ds: Dataset, octets: bytes, vr: str) -> bytes:
    """Octets of OB or OW in little-endian order: OW is a string of 16-bit words, swapped in big-endian files, OB is
    the same everywhere (PS3.5 6.2, 7.3)."""
    if vr == "OW" and ds.file_meta.TransferSyntaxUID == ExplicitVRBigEndian:
        return np.frombuffer(octets, ">u2").astype("<u2").tobytes()
    return octets


def stored_values(ds: Dataset, cells: Cells) -> npt.NDArray[np.int64]:
    """Bits Stored bits of each cell, the highest at High Bit, two's complement if Pixel Representation is 1 (PS3.5
    8.1.1, PS3.3 C.7.6.3)."""
    bits = ds.BitsStored
    lowest_bit = ds.HighBit + 1 - bits
    values = (cells.astype(np.int64) >> lowest_bit) & ((1 << bits) - 1)
    if ds.PixelRepresentation == 1:
        values = np.where(values >= 1 << (bits - 1), values - (1 << bits), values)
    return values


def group(ds: Dataset, frame: int, keyword: str) -> Dataset:
    """Where the frame (from 0) has the attributes of a functional group: its own item, the shared one, or, for images
    without functional groups, the data set itself (PS3.3 C.7.6.16.1)."""
    for groups in (ds.get("PerFrameFunctionalGroupsSequence"), ds.get("SharedFunctionalGroupsSequence")):
        if groups:
            item = groups[frame if len(groups) > 1 else 0]
            if keyword in item:
                return item[keyword].value[0]
    return ds


def exactly(number: Any) -> Fraction:
    """The number that a decimal string writes, not the binary one next to it (PS3.5 6.2, DS)."""
    return Fraction(str(number))


# Modality (PS3.3 C.11.1)


def modality(ds: Dataset, frame: int = 0) -> Callable[[int], Fraction]:
    """Output of the modality transformation for a stored value (PS3.3 C.11.1, C.7.6.16.2.9)."""
    where = group(ds, frame, "PixelValueTransformationSequence")
    if where.get("ModalityLUTSequence"):
        look_up = lookup_table(ds, where.ModalityLUTSequence[0])
        return lambda stored: Fraction(look_up(Fraction(stored)))
    if "RescaleSlope" in where:
        slope, intercept = exactly(where.RescaleSlope), exactly(where.RescaleIntercept)
        return lambda stored: slope * stored + intercept
    return Fraction


# Lookup tables (PS3.3 C.11.1.1, C.11.2.1.1)


def lut_entries(ds: Dataset, item: Dataset) -> list[int]:
    """The entries of LUT Data, always unsigned. Entries of 8 bits lie two in a word, the first in the low byte; some
    writers give each a word of its own, which the length tells."""
    count = item.LUTDescriptor[0] % 65536 or 65536  # unsigned, even where the first value mapped makes the VR SS
    element = item["LUTData"]
    if element.VR in ("OW", "OB"):
        octets = word_octets(ds, element.value, element.VR)
    else:
        words = [element.value] if isinstance(element.value, int) else list(element.value)
        octets = b"".join((word % 65536).to_bytes(2, "little") for word in words)
    if item.LUTDescriptor[2] == 8 and len(octets) < 2 * count:
        return list(octets[:count])
    return [octets[2 * index] + 256 * octets[2 * index + 1] for index in range(count)]


def lookup_table(ds: Dataset, item: Dataset) -> Callable[[Fraction], int]:
    """The entry for a whole input value: below the first one mapped the first entry, beyond the last the last."""
    entries, first = lut_entries(ds, item), item.LUTDescriptor[1]

    def look_up(value: Fraction) -> int:
        assert value.denominator == 1, "the standard does not say which entry a fraction has"
        return entries[min(max(int(value) - first, 0), len(entries) - 1)]

    return look_up


# Values of interest (PS3.3 C.11.2)


def nearest(value: Fraction) -> int:
    """The nearest whole number, halves up."""
    return floor(value + Fraction(1, 2))


def linear(value: Fraction, center: Fraction, width: Fraction) -> int:
    """PS3.3 C.11.2.1.2.1."""
    if value <= center - Fraction(1, 2) - (width - 1) / 2:
        return 0
    if value > center - Fraction(1, 2) + (width - 1) / 2:
        return 255
    return nearest(((value - (center - Fraction(1, 2))) / (width - 1) + Fraction(1, 2)) * 255)


def linear_exact(value: Fraction, center: Fraction, width: Fraction) -> int:
    """PS3.3 C.11.2.1.3.2."""
    if value <= center - width / 2:
        return 0
    if value > center + width / 2:
        return 255
    return nearest(((value - center) / width + Fraction(1, 2)) * 255)


def sigmoid(value: Fraction, center: Fraction, width: Fraction) -> int:
    """PS3.3 C.11.2.1.3.1."""
    exponent = -4 * (value - center) / width
    if exponent > 20:  # 255 / (1 + e^20) is far below one half
        return 0
    if exponent < -20:
        return 255
    with localcontext() as context:
        context.prec = 60
        power = (Decimal(exponent.numerator) / Decimal(exponent.denominator)).exp()
        grey = 255 / (1 + power)
    return nearest(Fraction(grey))


FUNCTIONS = {"LINEAR": linear, "LINEAR_EXACT": linear_exact, "SIGMOID": sigmoid}


def multiple(value: Any) -> list[Any]:
    """The values of an element whose multiplicity may be 1."""
    if value is None:
        return []
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]


def vois(ds: Dataset, frame: int) -> Iterator[tuple[str, Curve]]:
    """Every way to grey that the file offers for the frame, the default first: LUTs, then windows, as the file has
    them. Windows whose width their function does not allow are passed over."""
    where = group(ds, frame, "FrameVOILUTSequence")
    for number, item in enumerate(where.get("VOILUTSequence") or [], start=1):
        yield f"lut-{number}", _lut_curve(ds, item)
    function = where.get("VOILUTFunction") or "LINEAR"
    pairs = zip(multiple(where.get("WindowCenter")), multiple(where.get("WindowWidth")), strict=True)
    for number, (center, width) in enumerate(pairs, start=1):
        if exactly(width) >= 1 if function == "LINEAR" else exactly(width) > 0:
            yield f"window-{number}", _window_curve(function, exactly(center), exactly(width))


def _lut_curve(ds: Dataset, item: Dataset) -> Curve:
    look_up, most = lookup_table(ds, item), (1 << item.LUTDescriptor[2]) - 1
    return lambda value: nearest(Fraction(look_up(value) * 255, most))


def _window_curve(function: str, center: Fraction, width: Fraction) -> Curve:
    return lambda value: FUNCTIONS[function](value, center, width)


# Presentation (PS3.3 C.7.6.3.1.2, C.11.6) and padding (C.7.5.1.1.2)


def is_inverted(ds: Dataset) -> bool:
    """Whether the least value is meant to be white. MONOCHROME1 and INVERSE say the same of one thing."""
    return ds.PhotometricInterpretation == "MONOCHROME1" or ds.get("PresentationLUTShape") == "INVERSE"


def is_padding(ds: Dataset, stored: int) -> bool:
    """Between Pixel Padding Value and Pixel Padding Range Limit, both included, in whichever order (C.7.5.1.1.2)."""
    if "PixelPaddingValue" not in ds:
        return False
    ends = (ds.PixelPaddingValue, ds.get("PixelPaddingRangeLimit", ds.PixelPaddingValue))
    return min(ends) <= stored <= max(ends)


def greys(ds: Dataset, cells: Cells, voi: str | None = None, frame: int = 0) -> Greys:
    """The picture of a frame, (rows, columns) uint8, 0 black; `voi` None is the default."""
    value_of = modality(ds, frame)
    curve = next(curve for name, curve in vois(ds, frame) if voi in (None, name))

    def grey(stored: int) -> int:
        if is_padding(ds, stored):
            return 0
        shown = curve(value_of(stored))
        return 255 - shown if is_inverted(ds) else shown

    stored, inverse = np.unique(stored_values(ds, cells), return_inverse=True)
    return np.array([grey(int(value)) for value in stored], np.uint8)[inverse].reshape(cells.shape)


def modality_values(ds: Dataset, cells: Cells, frame: int = 0) -> list[Fraction]:
    """Modality output of every pixel, row by row."""
    value_of = modality(ds, frame)
    return [value_of(int(value)) for value in stored_values(ds, cells).flat]


def middle_frame(ds: Dataset) -> int:
    """The frame (from 0) that stands for a multi-frame image; ours to choose."""
    return int(ds.get("NumberOfFrames", 1)) // 2
