"""Colour models of secondary captures to RGB, 8 bits (PS3.3 C.7.6.3.1.2)."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from mammogram_viewer.foundation.reasons import Refused

# Inverse of the matrix of C.7.6.3.1.2, rows R, G, B over Y, Cb - 128, Cr - 128.
_YBR_TO_RGB = np.array([[1, 0, 1.402], [1, -0.344136, -0.714136], [1, 1.772, 0]], np.float32)


def ybr_full_to_rgb(ybr: npt.NDArray[np.unsignedinteger]) -> npt.NDArray[np.uint8]:
    """(rows, columns, 3) uint8 YBR_FULL to RGB, rounded to nearest."""
    centred = ybr.astype(np.float32) - np.array([0, 128, 128], np.float32)
    rgb = cv2.transform(centred, _YBR_TO_RGB)
    return np.clip(np.floor(rgb + 0.5), 0, 255).astype(np.uint8)


def unpack_422(samples: npt.NDArray[np.unsignedinteger], rows: int, columns: int) -> npt.NDArray[np.unsignedinteger]:
    """Native YBR_FULL_422, Y1 Y2 Cb Cr for two columns, to (rows, columns, 3)."""
    if columns % 2:
        raise Refused("bad_header", "YBR_FULL_422 needs an even number of columns")
    quads = samples.reshape(rows, columns // 2, 4)
    full = np.empty((rows, columns, 3), samples.dtype)
    full[:, 0::2, 0] = quads[..., 0]
    full[:, 1::2, 0] = quads[..., 1]
    full[..., 1] = np.repeat(quads[..., 2], 2, axis=1)
    full[..., 2] = np.repeat(quads[..., 3], 2, axis=1)
    return full
