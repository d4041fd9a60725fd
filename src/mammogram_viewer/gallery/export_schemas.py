"""Wire shapes of ZIP exports."""

from __future__ import annotations

import msgspec

from mammogram_viewer.foundation.wire import Wire, WireRequest


class ExportWish(WireRequest, frozen=True):
    """Either images or whole exams."""

    image_ids: list[int] | msgspec.UnsetType = msgspec.UNSET
    study_ids: list[int] | msgspec.UnsetType = msgspec.UNSET


class ExportTicket(Wire, frozen=True):
    """A ZIP that can be downloaded from `url` until it expires. Images that one may not see are not counted."""

    id: str
    url: str
    image_count: int
    byte_count: int
    expires_at: str
