"""An independent reading of PS3.3 C.7.6.3 and C.11, value by value, in exact fractions.

Written from the standard's pseudo code, without a look at the code under test. Slow, and meant to be."""

from __future__ import annotations

import math
from fractions import Fraction


def stored_value(word: int, *, bits_stored: int, high_bit: int, signed: bool) -> int:
    """C.7.6.3.1: BitsStored bits that end at HighBit, in two's complement when PixelRepresentation is 1."""
    bits = [(word >> position) & 1 for position in range(high_bit - bits_stored + 1, high_bit + 1)]
    value = sum(bit << position for position, bit in enumerate(bits))
    if signed and bits[-1]:
        value -= 1 << bits_stored
    return value


def window(x: Fraction, center: Fraction, width: Fraction, function: str) -> Fraction | float:
    """C.11.2.1.2.1, C.11.2.1.3.1 and C.11.2.1.3.2 with ymin 0 and ymax 255."""
    if function == "LINEAR":
        if x <= center - Fraction(1, 2) - (width - 1) / 2:
            return Fraction(0)
        if x > center - Fraction(1, 2) + (width - 1) / 2:
            return Fraction(255)
        return ((x - (center - Fraction(1, 2))) / (width - 1) + Fraction(1, 2)) * 255
    if function == "LINEAR_EXACT":
        if x <= center - width / 2:
            return Fraction(0)
        if x > center + width / 2:
            return Fraction(255)
        return ((x - center) / width + Fraction(1, 2)) * 255
    exponent = float(-4 * (x - center) / width)
    return 0.0 if exponent > 700 else 255 / (1 + math.exp(exponent))


def lookup(x: Fraction, entries: list[int], first: int) -> int:
    """C.11.2.1.1: values below the first get the first entry, values beyond the last the last."""
    index = math.floor(x + Fraction(1, 2)) - first
    return entries[max(0, min(index, len(entries) - 1))]


def nearest(y: Fraction | float) -> int:
    """To nearest, halves up."""
    return math.floor(y + Fraction(1, 2)) if isinstance(y, Fraction) else math.floor(y + 0.5)


def is_padding(value: int, padding: int | None, limit: int | None) -> bool:
    """C.7.5.1.1.2: Pixel Padding Value alone, or the closed range between it and Pixel Padding Range Limit."""
    if padding is None:
        return False
    ends = (padding, padding if limit is None else limit)
    return min(ends) <= value <= max(ends)


def overlay_bit(packed: bytes, rows: int, columns: int, row: int, column: int, frame: int = 0) -> int:
    """C.9.2 and PS3.5 8.1.2: one bit a pixel, row by row and frame by frame, the first in the lowest bit of a byte.
    Row, column and frame count from 0."""
    position = (frame * rows + row) * columns + column
    return packed[position // 8] >> (position % 8) & 1


def overlay_pixel(origin: tuple[int, int], row: int, column: int) -> tuple[int, int]:
    """C.9.2.1.1: where in the image, from 0, a pixel of the plane lies; origin 1, 1 is the upper left pixel."""
    return row + origin[0] - 1, column + origin[1] - 1


def rgb_of_ybr_full(y: int, cb: int, cr: int) -> tuple[int, int, int]:
    """C.7.6.3.1.2: the inverse of the matrix there, to nearest, halves up, within 0 to 255."""
    red = y + 1.402 * (cr - 128)
    blue = y + 1.772 * (cb - 128)
    green = (y - 0.299 * red - 0.114 * blue) / 0.587
    return tuple(max(0, min(255, math.floor(part + 0.5))) for part in (red, green, blue))  # type: ignore[return-value]  # three parts


def rgb_of_palette(code: int, first: int, palettes: tuple[list[int], list[int], list[int]], bits: int) -> list[int]:
    """C.7.6.3.1.5: values below the first get the first entry, beyond the last the last; 16 bits become 8."""
    index = max(0, min(code - first, len(palettes[0]) - 1))
    full = (1 << bits) - 1
    return [math.floor(Fraction(palette[index] * 255, full) + Fraction(1, 2)) for palette in palettes]


def physical_value(sample: int, calibration: bytes) -> tuple[float, str]:
    """PNG extensions 5.2, pCAL with equation type 0, for 16-bit samples: the value and its unit."""
    _, _, rest = calibration.partition(b"\0")
    x0, x1 = (int.from_bytes(rest[start : start + 4], "big", signed=True) for start in (0, 4))
    equation, count = rest[8], rest[9]
    unit, *parameters = rest[10:].split(b"\0")
    assert (equation, count, len(parameters)) == (0, 2, 2)
    p0, p1 = map(float, parameters)
    original = (sample * (x1 - x0) + 32_767) // 65_535 + x0
    return p0 + p1 * original / (x1 - x0), unit.decode("latin-1")
