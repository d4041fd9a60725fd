"""The viewer's codestreams: lossless HTJ2K in RPCL order with tile-part lengths (1.2.840.10008.1.2.4.202, T.814).

Samples are the stored values at bit 0, signed when the file's are, whatever HighBit says; colour is 8-bit RGB. The
codestream always declares 8 or 16 bits: the encoder's binding takes the depth of the array for that of the samples,
and the values are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[Any]  # int8, uint8, int16 or uint16
END_OF_CODESTREAM = b"\xff\xd9"  # EOC (T.800 A.4.4)
LEAST_DECOMPOSITIONS = 6
LOWEST_RESOLUTION_PIXELS = 64  # the longer side of the smallest picture inside (PS3.5 A.4.8 wants at most 64)


class FrameFile:
    """The frames of one object, one behind the other in one file. `offsets` has one more entry than frames."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._check: Samples | None = None
        self.offsets = [0]

    def add(self, samples: Samples) -> None:
        """Append the next frame, (rows, columns) or (rows, columns, 3)."""
        codestream = encode_htj2k(samples)
        if self._check is None or self._check.shape != samples.shape:
            self._check = np.empty_like(samples)
        check_lossless(codestream, samples, self._check)
        self._file.write(codestream)
        self.offsets.append(self.offsets[-1] + len(codestream))

    def close(self) -> None:
        self._file.close()


def encode_htj2k(samples: Samples) -> bytes:
    """One codestream. The binding swallows the encoder's errors, so let `check_lossless` see it."""
    decompositions = LEAST_DECOMPOSITIONS
    while max(samples.shape[:2]) > LOWEST_RESOLUTION_PIXELS << decompositions:
        decompositions += 1
    colour = samples.ndim == 3
    return bytes(
        imagecodecs.htj2k_encode(
            np.ascontiguousarray(samples),
            rgb=colour,
            planar=False,
            resolutions=decompositions,
            reversible=True,
            tlm=True,
        )
    )


def check_lossless(codestream: bytes, samples: Samples, scratch: Samples) -> None:
    """RuntimeError unless `codestream` is whole and decodes to `samples`; `scratch` is of their shape and type.

    Every frame is decoded again, which takes two thirds of the time that encoding takes: it is what the viewer will
    show, and the binding tells of no error. `scratch` is filled with wrong values first, since the decoder's binding
    would leave it untouched without a word as well, with the right picture in it perhaps."""
    np.invert(samples, out=scratch)
    imagecodecs.htj2k_decode(codestream, planar=False, out=scratch)
    if not codestream.endswith(END_OF_CODESTREAM) or not np.array_equal(scratch, samples):
        raise RuntimeError("the HTJ2K encoder has lost pixels")
