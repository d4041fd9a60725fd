"""A thumbnail from the small picture inside of a JPEG 2000 or HTJ2K codestream, for orders of thumbnails alone.

The full way averages what is shown; this one shows what the wavelet has averaged, which is the same only where the
display table is nearly straight. So it is taken where that is certain, and elsewhere the answer is None:
- unsigned samples, a window or LUT of the file that rises or falls throughout and takes at least a sixteenth of the
  range of values to get from black to white;
- padding, if there is any, at one end of the range, so that over- and undershoot beside it run into black; between
  padding and the least tissue the table is drawn straight, so that air does not turn grey beside the breast."""

from __future__ import annotations

import cv2
import numpy as np

from mammogram_viewer.dicom.pixels import PixelDescription
from mammogram_viewer.dicom.syntaxes import HTJ2K_LOSSLESS, HTJ2K_LOSSLESS_RPCL, JPEG_2000_LOSSLESS, TransferSyntax
from mammogram_viewer.imaging.decode import Words
from mammogram_viewer.imaging.display import GreyScale, display_table
from mammogram_viewer.imaging.reduced import decode_reduced
from mammogram_viewer.imaging.thumbnail import SIDES, Shown, thumbnail, thumbnail_size
from mammogram_viewer.imaging.voi import Voi

STEEPEST = 16  # levels in a 256th of the range of values
BESIDE_PADDING = 32  # tissue keeps this part of the range of values away from padding
_LOSSLESS = (JPEG_2000_LOSSLESS, HTJ2K_LOSSLESS, HTJ2K_LOSSLESS_RPCL)
_MOST_DOUBTFUL = 0.001  # share of pixels that are nearly padding without lying beside any


def quick_thumbnail(
    frame: bytes | memoryview, pixels: PixelDescription, syntax: TransferSyntax, scale: GreyScale, voi: Voi
) -> Shown | None:
    """The largest thumbnail of the checked frame, (rows, columns) uint8, or None where it must be made in full."""
    side = SIDES[0]
    reduction = (max(pixels.rows, pixels.columns) // side).bit_length() - 1
    # HTJ2K decodes so fast that twice the size is affordable, which comes closer to the average of areas.
    finer = 2 if syntax.codec == "htj2k" else 1
    reduction -= finer - 1
    if syntax.codec not in ("j2k", "htj2k") or reduction < 1 or pixels.signed:
        return None
    values = 1 << pixels.bits_stored
    table = display_table(scale, voi)[:values]
    padding = scale.padding[:values]
    tissue = _tissue(padding)
    if tissue is None or not _is_smooth(table[tissue]) or (padding.any() and syntax.uid not in _LOSSLESS):
        return None
    words = decode_reduced(frame, pixels, syntax, reduction)
    if words is None:
        return None
    if padding.any():
        ramped = _ramp(table, tissue)
        if _tissue_beside_padding(words, padding, ramped):
            return None
    rows, columns = thumbnail_size(pixels.rows, pixels.columns, side)
    whole = np.zeros(len(scale.padding), np.uint8)
    whole[:values] = table
    shown = np.asarray(cv2.LUT(words, whole), np.uint8)
    return thumbnail(_aligned(shown, pixels, reduction, (rows * finer, columns * finer)), (rows, columns))


def _tissue(padding: np.ndarray) -> slice | None:
    """The values that are no padding, as one run; None where padding lies inside of them or leaves none."""
    free = np.flatnonzero(~padding)
    if not len(free) or free[-1] - free[0] + 1 != len(free) or (free[0] > 0 and free[-1] < len(padding) - 1):
        return None
    return slice(int(free[0]), int(free[-1]) + 1)


def _is_smooth(shown: np.ndarray) -> bool:
    """Whether the table rises, or falls, throughout and nowhere steeply."""
    levels = shown.astype(np.int16)
    steps = np.diff(levels)
    step = max(len(levels) // 256, 1)
    steepest = np.abs(levels[step:] - levels[:-step]).max(initial=0)
    return bool((steps >= 0).all() or (steps <= 0).all()) and steepest <= STEEPEST


def _ramp(table: np.ndarray, tissue: slice) -> slice:
    """Draw the table straight from black at padding to tissue, in place; the values that are concerned."""
    width = len(table) // BESIDE_PADDING
    if tissue.start > 0:
        ramped = slice(tissue.start, min(tissue.start + width, tissue.stop))
        target, ascending = int(table[ramped.stop - 1]), True
    else:
        ramped = slice(max(tissue.stop - width, 0), tissue.stop)
        target, ascending = int(table[ramped.start]), False
    ramp = np.linspace(0, target, ramped.stop - ramped.start).round().astype(np.uint8)
    table[ramped] = ramp if ascending else ramp[::-1]
    return ramped


def _tissue_beside_padding(words: Words, padding: np.ndarray, ramped: slice) -> bool:
    """Whether real values, and not only the wavelet's mixtures at the rim of the padding, are nearly padding."""
    rim = cv2.dilate(padding[words].astype(np.uint8), np.ones((7, 7), np.uint8))
    doubtful = (words >= ramped.start) & (words < ramped.stop) & (rim == 0)
    return bool(np.count_nonzero(doubtful) > _MOST_DOUBTFUL * words.size)


def _aligned(shown: Shown, pixels: PixelDescription, reduction: int, size: tuple[int, int]) -> Shown:
    """`shown` on the grid of a thumbnail of `size`: the wavelet's samples are centred on every 2**reduction-th
    pixel (T.800 F.3), a thumbnail's on the middle of the area that it averages."""
    step = 1 << reduction
    across, down = pixels.columns / size[1], pixels.rows / size[0]
    to_source = np.array(
        [[across / step, 0, (across - 1) / 2 / step], [0, down / step, (down - 1) / 2 / step]], np.float64
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(shown, to_source, size[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.uint8)
