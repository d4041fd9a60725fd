"""What a child does whose decoder never comes back."""

from __future__ import annotations

import threading
from typing import NoReturn

from mammogram_viewer.imaging import object_renderer
from mammogram_viewer.imaging.order import RenderOrder
from mammogram_viewer.imaging.render import RenderLimits
from mammogram_viewer.renditions.task import RenderAnswer, render_task


def render_with_a_decoder_that_hangs(source: str, folder: str, limits: RenderLimits) -> RenderAnswer:
    object_renderer.decode_frame = _hang
    return render_task(source, folder, "dicom", limits, RenderOrder())


def _hang(*_: object) -> NoReturn:
    threading.Event().wait()
    raise AssertionError("nobody sets the event")
