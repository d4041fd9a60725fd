"""A window for images that carry none: the spread of the breast, without air, labels and markers.

A min–max stretch would let one lead marker or dead pixel flatten the breast."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

LOW_SHARE, HIGH_SHARE = 0.005, 0.998  # of breast pixels; dense tissue and calcifications are at the top
AIR_BINS = 256
SAMPLE_STEP = 4  # every fourth row and column is plenty for a histogram
# Air is one narrow hill at the dark end; what is broader is tissue, and then the air was padding, or was cut away. As
# a share of the way to the middle of what is brighter: a marker or a dead pixel does not move that one.
BROADEST_AIR = 0.15
LEAST_SHARE = 0.01  # a breast smaller than this share of the picture is no breast; then all pixels count

Words = npt.NDArray[np.unsignedinteger]


def breast_window(
    words: Words, modality: npt.NDArray[np.float64], padding: npt.NDArray[np.bool_], *, air_is_high: bool
) -> tuple[float, float]:
    """Center and width (LINEAR_EXACT) in modality units; `modality` and `padding` are per word."""
    step = SAMPLE_STEP if min(words.shape) > 16 * SAMPLE_STEP else 1
    sample = words[::step, ::step]
    # From here on bright is dense, whatever the photometric interpretation.
    brightness = -modality if air_is_high else modality
    present = np.flatnonzero((np.bincount(sample.reshape(-1), minlength=len(modality)) > 0) & ~padding)
    if not len(present):
        return float(modality.mean()), max(float(np.ptp(modality)), 1.0)
    shown = brightness[sample[~padding[sample]]]
    air_end = _air_end(shown)
    breast = _largest_part((brightness > air_end) & ~padding, sample)
    if np.count_nonzero(breast) >= LEAST_SHARE * sample.size:
        shown = brightness[sample[breast]]
    low, high = np.quantile(shown, [LOW_SHARE, HIGH_SHARE])
    center = float(low + high) / 2
    return (-center if air_is_high else center), max(float(high - low), 1.0)


def _air_end(shown: npt.NDArray[np.float64]) -> float:
    """The brightness where air ends: the tallest bin of the dark third, and on to the foot of its hill. Below every
    pixel when there is no air."""
    low, high = float(shown.min()), float(shown.max())
    if high == low:
        return low
    hill, edges = np.histogram(shown, AIR_BINS, (low, high))
    end = int(np.argmax(hill[: AIR_BINS // 3]))
    peak = hill[end]
    # The foot is where a bin is below a fiftieth of the peak, or the next one rises again.
    while end < AIR_BINS - 1 and peak / 50 < hill[end + 1] < hill[end]:
        end += 1
    air_end = float(edges[end + 1])
    brighter = shown[shown > air_end]
    is_narrow = len(brighter) > 0 and air_end - low <= BROADEST_AIR * (float(np.median(brighter)) - low)
    return air_end if is_narrow else -np.inf


def _largest_part(chosen: npt.NDArray[np.bool_], sample: Words) -> npt.NDArray[np.bool_]:
    """Of the pixels whose word is chosen, the largest connected region: the breast, not the marker beside it."""
    count, labels, areas, _ = cv2.connectedComponentsWithStats(chosen[sample].astype(np.uint8), connectivity=4)
    if count < 2:
        return np.zeros(sample.shape, bool)
    return labels == 1 + int(np.argmax(areas[1:, cv2.CC_STAT_AREA]))
