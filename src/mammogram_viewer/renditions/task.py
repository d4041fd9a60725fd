"""What the disposable child runs, and the shape of its answer. Everything that decodes is imported from here, so
that the fork server has it loaded before the first file."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mammogram_viewer.imaging.order import RenderOrder
from mammogram_viewer.imaging.render import Rejected, Rendered, RenderLimits, render_original

PRELOAD = ["mammogram_viewer.renditions.warm"]


@dataclass(frozen=True)
class RenderAnswer:
    """One of the two."""

    rendered: Rendered | None = None
    rejected: Rejected | None = None


def render_task(
    source: str, output_folder: str, file_type: str, limits: RenderLimits, order: RenderOrder
) -> RenderAnswer:
    """`imaging.render.render_original`, with its answer in a shape that travels as JSON.

    The process ends by SIGALRM when `limits.seconds` have passed, or `limits.multiframe_seconds` where there is more
    than one frame: how many there are is known here first."""
    with _time_limit(limits) as extend:
        outcome = render_original(source, output_folder, file_type, limits, order, extend)
    if isinstance(outcome, Rejected):
        return RenderAnswer(rejected=outcome)
    return RenderAnswer(rendered=outcome)


@contextlib.contextmanager
def _time_limit(limits: RenderLimits) -> Iterator[Callable[[], None]]:
    """The answer gives the time of a multi-frame object. Leaves the timer as it was found."""
    started = time.monotonic()
    before = signal.setitimer(signal.ITIMER_REAL, limits.seconds)

    def extend() -> None:
        left = max(limits.multiframe_seconds - (time.monotonic() - started), 0.001)
        signal.setitimer(signal.ITIMER_REAL, left if limits.multiframe_seconds else 0)

    try:
        yield extend
    finally:
        signal.setitimer(signal.ITIMER_REAL, *before)
