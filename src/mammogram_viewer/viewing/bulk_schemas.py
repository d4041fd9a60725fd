"""Wire shapes of correcting many images at once."""

from __future__ import annotations

import msgspec

from mammogram_viewer.foundation.refusals import Refusal
from mammogram_viewer.foundation.wire import Wire, WireRequest


class BulkCorrection(WireRequest, frozen=True):
    """What is left out stays; null takes corrections back."""

    image_ids: list[int]
    laterality: str | msgspec.UnsetType | None = msgspec.UNSET
    view_position: str | msgspec.UnsetType | None = msgspec.UNSET


class CorrectedImages(Wire, frozen=True):
    """`corrected` are those that say now what was wanted, also where they said it before."""

    corrected: list[int]
    refused: list[Refusal]
