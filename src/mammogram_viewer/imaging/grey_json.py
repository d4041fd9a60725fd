"""The grey scale of one image as numbers, for a viewer that paints the stored values itself.

What `display` works out on the way to a picture, with every correction made, so that a viewer that follows it shows the
picture's own greys: stored value → modality value → VOI → inversion, and padding black. Tables are given as base64 of
little-endian uint16."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import numpy as np
import numpy.typing as npt

from mammogram_viewer.dicom.header import VoiCandidate
from mammogram_viewer.imaging.display import GreyScale
from mammogram_viewer.imaging.modality import Modality
from mammogram_viewer.imaging.voi import Curve, Window

STAND_IN = "auto"  # the id of the window that we chose ourselves; `?voi=` does not know it, for it is the default then


def grey_json(scale: GreyScale, stand_in: Window | None, frame: int) -> bytes:
    """UTF-8 JSON of the scale of one frame (from 1). `stand_in`: what the picture is shown with where the file offers
    no VOI."""
    stored = scale.modality.stored
    padding = stored[scale.padding]
    voi = [_voi(one.candidate, one.transformation) for one in scale.voi]
    if stand_in is not None:
        candidate = VoiCandidate(
            id=STAND_IN, function=stand_in.function, center=stand_in.center, width=stand_in.width, is_default=True
        )
        voi.append(_voi(candidate, stand_in))
    model = {
        "frame": frame,
        "bits": 8 if len(stored) == 256 else 16,
        "signed": bool(stored.min() < 0),
        "least": int(stored.min()),
        "greatest": int(stored.max()),
        "padding": {"low": int(padding.min()), "high": int(padding.max())} if len(padding) else None,
        "inverted": scale.inverted,
        "modality": _modality(scale.modality),
        "voi": voi,
    }
    return json.dumps(model, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _modality(modality: Modality) -> dict[str, Any]:
    lut = None
    if modality.slope is None:
        values, words = np.unique(modality.stored, return_index=True)
        lut = _table(int(values[0]), 16, modality.output[words])
    return {"slope": modality.slope, "intercept": modality.intercept, "unit": modality.unit, "lut": lut}


def _voi(candidate: VoiCandidate, transformation: Window | Curve) -> dict[str, Any]:
    lut = None
    if isinstance(transformation, Curve):
        table = transformation.table
        lut = _table(table.first, table.bits, table.entries)
    return {
        "id": candidate.id,
        "explanation": candidate.explanation,
        "function": candidate.function,
        "center": candidate.center,
        "width": candidate.width,
        "isDefault": candidate.is_default,
        "lut": lut,
    }


def _table(first: int, bits: int, entries: npt.NDArray[np.float64]) -> dict[str, Any]:
    return {"first": first, "bits": bits, "entries": b64encode(entries.astype("<u2").tobytes()).decode()}
