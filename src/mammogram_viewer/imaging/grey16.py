"""The 16-bit PNG for research: modality values, no VOI, no inversion, padding as it is.

Where the modality transformation gives whole numbers within 0..65535, the sample is the modality value. Else the
stored values are counted from the one with the least modality value (they fit 16 bits, so nothing is lost), and the
PNG's pCAL chunk (PNG extensions 1.5.0, 5.2) says what a sample stands for:

    modality = p0 + p1 × sample / 65535

The chunk is always there, so that a reader need not know which case it is. There is no sBIT chunk: it describes
samples that were scaled up to 16 bits, which ours never are."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mammogram_viewer.imaging.modality import Modality

_MOST = 65_535
MAX_UNIT_CHARACTERS = 64


@dataclass(frozen=True)
class Grey16:
    """`table[word]` is the 16-bit sample, (256,) or (65536,) uint16; `modality = least + step × sample`."""

    table: npt.NDArray[np.uint16]
    least: float
    step: float
    unit: str

    @property
    def calibration(self) -> bytes:
        """The body of the pCAL chunk: name, x0, x1, equation 0 (linear), unit, p0 and p1."""
        unit = self.unit.encode("latin-1", "replace")[:MAX_UNIT_CHARACTERS]
        parameters = b"\0".join(_decimal(number) for number in (self.least, self.step * _MOST))
        return b"modality\0" + struct.pack(">llBB", 0, _MOST, 0, 2) + unit + b"\0" + parameters


def grey16(modality: Modality) -> Grey16:
    """How words become samples."""
    output = modality.output
    if modality.slope is None or (output.min() >= 0 and output.max() <= _MOST and (output == np.floor(output)).all()):
        return Grey16(output.astype(np.uint16), 0.0, 1.0, modality.unit)
    stored = modality.stored
    rising = modality.slope > 0
    samples = stored - stored.min() if rising else stored.max() - stored
    return Grey16(samples.astype(np.uint16), float(output.min()), abs(modality.slope), modality.unit)


def _decimal(number: float) -> bytes:
    """The shortest decimal that reads back as the same number, as PNG extensions 5.2 want them written."""
    return repr(float(number)).encode()
