"""Read one lookup table, of a Modality LUT or VOI LUT Sequence (PS3.3 C.11.1.1, C.11.2.1.1) or a colour of a palette
(C.7.6.3.1.5), whatever its encoding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from mammogram_viewer.dicom.reader import PYDICOM_TROUBLE
from mammogram_viewer.imaging.segments import expand_segments


@dataclass(frozen=True)
class LookupTable:
    """`entries[i]` is the output for input `first + i`, as float64; `bits` is the width of an entry, corrected where
    the descriptor's, `declared_bits`, cannot be."""

    first: int
    bits: int
    entries: npt.NDArray[np.float64]
    declared_bits: int

    def apply(self, inputs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Inputs below the first get the first entry, above the last the last; fractions are rounded, half up, and a
        decimal half is one even where binary fractions fall short of it."""
        index = np.floor(inputs + (0.5 + 1e-9)) - self.first
        return self.entries[np.clip(index, 0, len(self.entries) - 1).astype(np.int64)]


def read_lookup_table(
    item: Dataset,
    *,
    input_range: tuple[float, float],
    little_endian: bool,
    warnings: list[str],
    keywords: tuple[str, str] = ("LUTDescriptor", "LUTData"),
) -> LookupTable | None:
    """The table, or None with a warning when descriptor and entries contradict each other."""
    try:
        descriptor = [int(value) for value in item[keywords[0]].value]
        guessed = item.original_encoding[0] is True  # in implicit VR, pydicom goes by Pixel Representation
        vr = str(item[keywords[0]].VR)
        stored = item[keywords[1]].value
        if len(descriptor) != 3:
            raise ValueError
        count = (descriptor[0] & 0xFFFF) or 65_536  # 0 stands for 65,536
        words = _words(stored, little_endian=little_endian)
        if keywords[1].startswith("Segmented"):
            words = _expanded(words, descriptor[2])
        entries = _entries(words, count, descriptor[2])
    except PYDICOM_TROUBLE:
        warnings.append("broken_lookup_table")
        return None
    bits = descriptor[2] & 0xFFFF
    highest = int(entries.max())
    if not 1 <= bits <= 16 or highest >= 1 << bits:
        # Writers mix up entry and word width; the entries themselves say what they need.
        warnings.append("lookup_table_bits_corrected")
        bits = max(8, highest.bit_length())
    first = _first_mapped(descriptor[1], vr, input_range, guessed=guessed)
    return LookupTable(first, bits, entries.astype(np.float64), descriptor[2] & 0xFFFF)


def _words(stored: Any, *, little_endian: bool) -> npt.NDArray[np.uint16]:
    """LUT data as unsigned words, be they US or SS values or the bytes of OW."""
    if isinstance(stored, bytes):
        whole = stored[: len(stored) // 2 * 2]
        return np.frombuffer(whole, "<u2" if little_endian else ">u2").astype(np.uint16)
    listed = [stored] if isinstance(stored, int) else list(stored)
    return (np.array([int(value) for value in listed], np.int64) & 0xFFFF).astype(np.uint16)


def _entries(words: npt.NDArray[np.uint16], count: int, bits: int) -> npt.NDArray[np.uint16]:
    """One entry in each word, or two 8-bit entries packed in each, the first in the low byte."""
    if len(words) == count:
        return words
    if len(words) == (count + 1) // 2 and bits <= 8:
        return words.astype("<u2").view(np.uint8)[:count].astype(np.uint16)
    raise ValueError("another number of entries than the descriptor says")


def _expanded(words: npt.NDArray[np.uint16], bits: int) -> npt.NDArray[np.uint16]:
    """The entries of a segmented table, whose fields are as wide as its entries (C.7.9.2)."""
    fields = words.astype("<u2").view(np.uint8) if bits == 8 else words
    return np.array(expand_segments(fields.tolist(), 8 if bits == 8 else 16), np.uint16)


def _first_mapped(value: int, vr: str, input_range: tuple[float, float], *, guessed: bool) -> int:
    """The first input that is mapped. In a US field it may be a negative number in disguise: then, and only
    then, its unsigned reading lies outside of what the modality transformation can give.

    Where the file does not write VRs, it is SS if the input may be negative and US otherwise, whatever the sign of
    the pixels (C.11.2.1.1)."""
    low, high = input_range
    if guessed and value < 0 <= low and value + 0x10000 <= high:
        return value + 0x10000
    if vr == "SS" or value < 0x8000:
        return value
    return value - 0x10000 if low < 0 and value > high else value
