"""A child whose decoder hangs ends itself: soon for a single frame, later for several."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import numpy as np
import pytest

from mammogram_viewer.adapters.nursery import ChildDied, Nursery
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.imaging.order import RenderOrder
from mammogram_viewer.imaging.render import RenderLimits
from mammogram_viewer.renditions.task import RenderAnswer, render_task
from unit.dicom.builders import image_dataset, write
from unit.renditions.hanging_tasks import render_with_a_decoder_that_hangs

LIMITS = RenderLimits(seconds=0.5, multiframe_seconds=3.0)
WORDS = np.zeros((2, 8, 8), np.uint8)


def written(folder: Path, frames: int) -> str:
    ds = image_dataset(WORDS[0], NumberOfFrames=frames)
    ds.PixelData = WORDS[:frames].tobytes()
    return write(folder / f"{frames}.dcm", ds)


@pytest.mark.parametrize(("frames", "least", "most"), [(1, 0.5, 3.0), (2, 3.0, 30.0)])
async def test_a_decoder_that_hangs_ends_with_the_time_of_its_kind_of_file(frames, least, most, tmp_path):
    source = Path(written(tmp_path, frames))
    own = tmp_path / "own"
    own.mkdir()
    nursery = Nursery(Settings(), [])
    started = time.monotonic()
    try:
        answer = await nursery.run(
            render_with_a_decoder_that_hangs, str(source), str(own), LIMITS,
            folder=own, readable=[source], answer_type=RenderAnswer, wall_seconds=60,
        )  # fmt: skip
    finally:
        nursery.close()
    assert answer == ChildDied("decoder_timeout", -signal.SIGALRM)
    took = time.monotonic() - started
    # The modules are loaded in this child, before its time begins to run.
    assert least <= took < most + 20


def test_the_timer_is_left_as_it_was(tmp_path):
    render_task(written(tmp_path, 2), str(tmp_path), "dicom", RenderLimits(), RenderOrder())
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
