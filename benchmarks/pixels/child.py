"""What runs in the disposable child here: the worker's own task, and what it cost. Imports nothing that the worker's
children have not loaded."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass

from mammogram_viewer.dicom.limits import RenderLimits
from mammogram_viewer.imaging.order import RenderOrder
from mammogram_viewer.renditions.task import render_task


@dataclass(frozen=True)
class Cost:
    """Of one task. `life_cpu_ms` counts from the fork; `peak_rss_mb` counts pages shared with the fork server, too."""

    refused: str | None
    task_cpu_ms: float
    life_cpu_ms: float
    peak_rss_mb: float


def measured_render(source: str, folder: str, limits: RenderLimits, order: RenderOrder) -> Cost:
    """`render_task` on a DICOM file. CPU is that of all threads, in the program and in the kernel."""
    before = time.process_time()
    answer = render_task(source, folder, "dicom", limits, order)
    after = time.process_time()
    return Cost(
        refused=answer.rejected.code if answer.rejected else None,
        task_cpu_ms=(after - before) * 1000,
        life_cpu_ms=after * 1000,
        peak_rss_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    )
