"""A window for images that carry none: the spread of the breast, without the air around it.

A min–max stretch would let one label or dead pixel flatten the breast."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

LOW_SHARE, HIGH_SHARE = 0.005, 0.998  # of breast pixels; dense tissue and calcifications are at the top
AIR_BINS = 256
SAMPLE_STEP = 4  # every fourth row and column is plenty for a histogram


def breast_window(
    words: npt.NDArray[np.unsignedinteger],
    modality: npt.NDArray[np.float64],
    padding: npt.NDArray[np.bool_],
    *,
    air_is_high: bool,
) -> tuple[float, float]:
    """Center and width (LINEAR_EXACT) in modality units; `modality` and `padding` are per word."""
    step = SAMPLE_STEP if min(words.shape) > 16 * SAMPLE_STEP else 1
    counts = np.bincount(words[::step, ::step].reshape(-1), minlength=len(modality))
    counts[padding] = 0
    present = np.flatnonzero(counts)
    if not len(present):
        return float(modality.mean()), max(float(np.ptp(modality)), 1.0)
    order = present[np.argsort(modality[present], kind="stable")]
    levels, weights = modality[order], counts[order]
    breast = _without_air(levels, weights, air_is_high=air_is_high)
    if weights[breast].sum() >= 0.01 * weights.sum():
        levels, weights = levels[breast], weights[breast]
    share = np.cumsum(weights) / weights.sum()
    low = float(levels[np.searchsorted(share, LOW_SHARE)])
    high = float(levels[min(np.searchsorted(share, HIGH_SHARE), len(levels) - 1)])
    return (low + high) / 2, max(high - low, 1.0)


def _without_air(
    levels: npt.NDArray[np.float64], weights: npt.NDArray[np.int64], *, air_is_high: bool
) -> npt.NDArray[np.bool_]:
    """Air is the tallest bin in the dark third (bright third for MONOCHROME1) and all up to where its hill
    ends."""
    low, high = levels[0], levels[-1]
    if high == low:
        return np.ones(len(levels), bool)
    bins = np.minimum((levels - low) * AIR_BINS / (high - low), AIR_BINS - 1).astype(int)
    if air_is_high:
        bins = AIR_BINS - 1 - bins
    hill = np.bincount(bins, weights, AIR_BINS)
    peak = int(np.argmax(hill[: AIR_BINS // 3]))
    end = peak
    # The hill ends where a bin is below a fiftieth of the peak or starts to rise again.
    while end < AIR_BINS - 1 and hill[end + 1] > hill[peak] / 50 and hill[end + 1] < hill[end]:
        end += 1
    return bins > end
