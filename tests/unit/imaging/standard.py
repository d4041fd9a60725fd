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
