"""Medians, percentiles and ratios of interleaved runs.

Machines drift while a benchmark runs, so a ratio is taken pair by pair, from two runs beside each other in time, and
the median of those ratios is what counts; absolute numbers are for orientation."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def percentile(values: Sequence[float], percent: float) -> float:
    """By linear interpolation between the two nearest runs."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def summary(values: Sequence[float]) -> dict[str, float]:
    """min, median, p95 and max, rounded to what is worth reading."""
    return {
        "min": round(min(values), 2),
        "median": round(statistics.median(values), 2),
        "p95": round(percentile(values, 95), 2),
        "max": round(max(values), 2),
    }


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> dict[str, float]:
    """Ours divided by theirs: of each pair (quartiles show the noise), and of the two medians."""
    pairs = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    return {
        "median_of_pairs": round(statistics.median(pairs), 3),
        "p25": round(percentile(pairs, 25), 3),
        "p75": round(percentile(pairs, 75), 3),
        "of_medians": round(statistics.median(ours) / statistics.median(theirs), 3),
    }
