"""Samples to greys by what `greyScale` says, as a viewer paints them: the formulas of PS3.3 C.11, in numpy."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np


def paint(samples: np.ndarray, scale: dict[str, Any], voi_id: str | None = None) -> np.ndarray:
    """(rows, columns) of stored values to uint8; by the default, or the VOI with this id."""
    values = _modality(samples.astype(np.int64), scale["modality"])
    voi = next(one for one in scale["voi"] if (one["isDefault"] if voi_id is None else one["id"] == voi_id))
    shown = _windowed(values, voi) if voi["lut"] is None else _curved(values, voi["lut"])
    painted = np.floor(np.clip(shown, 0, 255) + 0.5 + 1e-9)
    if scale["inverted"]:
        painted = 255 - painted
    if scale["padding"] is not None:
        painted[(samples >= scale["padding"]["low"]) & (samples <= scale["padding"]["high"])] = 0
    return painted.astype(np.uint8)


def _modality(stored: np.ndarray, modality: dict[str, Any]) -> np.ndarray:
    if modality["slope"] is None:
        return _looked_up(stored, modality["lut"]).astype(np.float64)
    return stored * float(modality["slope"]) + modality["intercept"]


def _looked_up(values: np.ndarray, lut: dict[str, Any]) -> np.ndarray:
    entries = np.frombuffer(base64.b64decode(lut["entries"]), "<u2")
    index = np.floor(values + 0.5 + 1e-9).astype(np.int64) - lut["first"]
    return entries[np.clip(index, 0, len(entries) - 1)]


def _curved(values: np.ndarray, lut: dict[str, Any]) -> np.ndarray:
    return _looked_up(values, lut) * 255.0 / ((1 << lut["bits"]) - 1)


def _windowed(values: np.ndarray, voi: dict[str, Any]) -> np.ndarray:
    center, width = voi["center"], voi["width"]
    if voi["function"] == "SIGMOID":
        return 255 / (1 + np.exp(-4 * (values - center) / width))
    if voi["function"] == "LINEAR":
        return ((values - (center - 0.5)) / (width - 1) + 0.5) * 255 if width > 1 else 255.0 * (values > center - 0.5)
    return ((values - center) / width + 0.5) * 255
