"""Wire shapes of the image list."""

from __future__ import annotations

from mammogram_viewer.archive.schemas import ImageAnswer
from mammogram_viewer.foundation.wire import Wire


class ImagePage(Wire, frozen=True):
    """A keyset page, newest first in both directions; cursors are null at the ends."""

    images: list[ImageAnswer]
    next_cursor: str | None
    prev_cursor: str | None
    has_more: bool
    limit: int


class NumberedImagePage(Wire, frozen=True):
    """The older offset mode."""

    images: list[ImageAnswer]
    total: int
    page: int
    limit: int
