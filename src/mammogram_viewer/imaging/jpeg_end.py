"""Whether the bits of a JPEG lasted to its last sample: libjpeg fills what is missing, and nobody is told.

The entropy-coded bits carry no count, so a codestream that was cut in the middle and closed with its end marker
passes every check of its headers. Two ways tell: counting the bits that the decoded samples need, or decoding again
with more bits behind the last ones, which change nothing where they are not needed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from mammogram_viewer.foundation.reasons import Refused

_LOSSLESS, _SCAN, _END = 0xC3, 0xDA, 0xD9
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
# Bits that no decoder takes for nothing: no byte of them is FF, and they hold codes of every length.
_MORE_BITS = bytes(byte for byte in np.random.default_rng(7).integers(0, 255, 2048, np.uint8).tolist())
Samples = npt.NDArray[Any]


def check_bits_lasted(frame: bytes, samples: Samples, decode: Callable[[bytes], Samples]) -> None:
    """Refused (codestream_truncated) when `samples`, decoded from `frame`, are filled up and not coded to the end.

    At most 17 ms for 13.6 megapixels of lossless grey with the usual predictor; the others are decoded twice."""
    layout = _layout(frame)
    usual = layout.process == _LOSSLESS and layout.predictor == 1
    if usual and samples.ndim == 2 and b"\xff\xdd" not in frame[: layout.scan]:
        if not (samples[-1] == samples[-1, 0]).all():
            return  # a row that was filled repeats its first sample
        needed = _needed_bits(frame[: layout.scan], layout.precision, samples)
        if needed is not None:
            available = 8 * (layout.end - layout.scan - frame.count(b"\xff\x00", layout.scan, layout.end))
            if needed > available:
                raise Refused("codestream_truncated")
            return
    starts = [0, *layout.ends]
    again = decode(_MORE_BITS.join(frame[start:end] for start, end in zip(starts, [*layout.ends, None], strict=True)))
    if not np.array_equal(samples, again):
        raise Refused("codestream_truncated")


@dataclass(frozen=True)
class _Layout:
    """SOF marker and precision, Ss of the last scan (the predictor in lossless mode), where its bits begin, and where
    those of each scan end."""

    process: int
    precision: int
    predictor: int
    scan: int
    ends: tuple[int, ...]

    @property
    def end(self) -> int:
        return self.ends[-1]


def _layout(frame: bytes) -> _Layout:
    """Of a frame that `dicom.jpeg` has accepted."""
    position, process, precision, predictor = 2, 0, 0, 0
    scan = len(frame)
    ends: list[int] = []
    while position + 4 <= len(frame):
        marker = frame[position + 1]
        if marker == _END:
            break
        if marker == 0xFF or marker == 1 or 0xD0 <= marker <= 0xD7:
            position += 1 if marker == 0xFF else 2
            continue
        if 0xC0 <= marker <= 0xC3:
            process, precision = marker, frame[position + 4]
        position += 2 + int.from_bytes(frame[position + 2 : position + 4], "big")
        if marker == _SCAN:
            scan, predictor = position, frame[position - 3]
            found = _MARKER.search(frame, position)
            position = found.start() if found else len(frame)
            ends.append(position)
    return _Layout(process, precision, predictor, scan, tuple(ends))


def _needed_bits(head: bytes, precision: int, samples: Samples) -> int | None:
    """What the differences to the left neighbour take, that of the first column to the one above (T.81 H.1.2)."""
    cost = _bits_by_difference(head)
    if cost is None:
        return None
    wide = samples.astype(np.uint16, copy=False)
    differences = (
        wide[:, 1:] - wide[:, :-1],
        wide[1:, :1] - wide[:-1, :1],
        wide[:1, :1] - np.uint16(1 << (precision - 1)),
    )
    return sum(int(cv2.sumElems(cv2.LUT(part, cost))[0]) for part in differences if part.size)


def _bits_by_difference(head: bytes) -> npt.NDArray[np.uint8] | None:
    """Bits that each difference modulo 2**16 takes: its category's code and the category's own bits (table H.2). None
    when the one Huffman table is not found for certain."""
    tables = re.findall(rb"\xff\xc4(..)(.)(.{16})", head, re.DOTALL)
    if len(tables) != 1 or tables[0][1][0] >> 4:
        return None
    counts = tables[0][2]
    start = head.index(b"\xff\xc4" + tables[0][0]) + 5 + 16
    categories = head[start : start + sum(counts)]
    if int.from_bytes(tables[0][0], "big") != 19 + len(categories):
        return None
    code_lengths = [length for length, count in enumerate(counts, start=1) for _ in range(count)]
    by_category = dict(zip(categories, code_lengths, strict=True))
    differences = np.arange(65_536, dtype=np.int32)
    differences[differences > 32_768] -= 65_536
    category = np.ceil(np.log2(np.abs(differences) + 1.0)).astype(int)  # 32768 alone is category 16, without own bits
    own = np.where(category == 16, 0, category)
    codes = np.array([by_category.get(number, 100) for number in range(17)])  # no code: more than any scan has
    return (codes[category] + own).astype(np.uint8)
