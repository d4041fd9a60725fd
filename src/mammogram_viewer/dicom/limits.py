"""The budgets of one original, checked before anything is decoded. The settings `max_*` fill them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RenderLimits:
    """Plain numbers, so that it pickles into the disposable child."""

    megapixels: int = 64  # of one frame
    frames: int = 512
    elements: int = 100_000  # data elements, items and fragments at every depth
    nesting: int = 64  # sequences inside sequences
    inflated_bytes: int = 1024 * 1024 * 1024  # of a deflated data set
    tiles: int = 16_384  # of a JPEG 2000 frame, and of their parts
    seconds: float = 15.0  # by the clock, of an object of one frame or a picture; 0 is no limit
    multiframe_seconds: float = 30.0
    packets: int = 4_000_000  # of a JPEG 2000 frame: layers × resolutions × precincts × components × tiles
