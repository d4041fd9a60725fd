"""What the disposable child runs, and the shape of its answer. Everything that decodes is imported from here, so
that the fork server has it loaded before the first file."""

from __future__ import annotations

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
    """`imaging.render.render_original`, with its answer in a shape that travels as JSON."""
    outcome = render_original(source, output_folder, file_type, limits, order)
    if isinstance(outcome, Rejected):
        return RenderAnswer(rejected=outcome)
    return RenderAnswer(rendered=outcome)
