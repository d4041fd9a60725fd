"""The window of an image that carries none: over the breast, whatever its air is."""

from __future__ import annotations

import numpy as np
import pytest

from mammogram_viewer.imaging.percentile import breast_window
from mammogram_viewer.synthetic.mammogram import SyntheticMammogram, stored_words

MODALITY = np.arange(65_536, dtype=float)
EVERY = [(side, view, seed) for seed in range(4, 12) for side, view in (("R", "MLO"), ("L", "CC"))]


def window(words: np.ndarray, *padding: int) -> tuple[float, float]:
    is_padding = np.isin(np.arange(65_536), padding)
    return breast_window(words, MODALITY, is_padding, air_is_high=False)


@pytest.mark.parametrize(("side", "view", "seed"), EVERY)
def test_it_is_the_same_whether_air_is_padding_or_plain_zero(side, view, seed):
    words = stored_words(SyntheticMammogram(seed=seed, laterality=side, view=view, voi="none", rows=1024, columns=800))
    assert window(words, 0) == window(words)


@pytest.mark.parametrize(("side", "view", "seed"), EVERY)
def test_hardly_any_of_the_breast_is_black_or_white(side, view, seed):
    words = stored_words(SyntheticMammogram(seed=seed, laterality=side, view=view, voi="none", rows=1024, columns=800))
    center, width = window(words, 0)
    breast = words[words > 0].astype(float)
    assert (breast <= center - width / 2).mean() < 0.02
    assert (breast > center + width / 2).mean() < 0.02


def test_a_lead_marker_far_brighter_than_the_breast_does_not_hide_it():
    words = stored_words(SyntheticMammogram(seed=4, laterality="R", view="MLO", voi="none", rows=1024, columns=800))
    marked = words.copy()
    marked[20:80, 20:120] = 16_383
    center, width = window(marked, 0)
    plain_center, plain_width = window(words, 0)
    assert abs(center - plain_center) < 0.02 * plain_width
    assert abs(width - plain_width) < 0.02 * plain_width
