"""What honest children do, many files in one, for the tests of their confinement."""

from __future__ import annotations

from pathlib import Path

from mammogram_viewer.imaging.order import RenderOrder
from mammogram_viewer.imaging.render import RenderLimits
from mammogram_viewer.intake.unpack import UnpackLimits, unpack_zip
from mammogram_viewer.renditions.task import render_task


def render_all(sources: list[list[str]], folder: str) -> dict[str, str]:
    """What became of each (path, file type): "rendered", or the reason's code."""
    told = {}
    for number, (source, file_type) in enumerate(sources):
        own = Path(folder, str(number))
        own.mkdir()
        answer = render_task(source, str(own), file_type, RenderLimits(), RenderOrder())
        told[Path(source).name] = answer.rejected.code if answer.rejected else "rendered"
    return told


def unpack_all(sources: list[str], folder: str) -> dict[str, str]:
    limits = UnpackLimits(files=10, file_bytes=10_000_000, total_bytes=10_000_000)
    told = {}
    for number, source in enumerate(sources):
        own = Path(folder, str(number))
        own.mkdir()
        unpacked = unpack_zip(source, str(own), limits)
        told[Path(source).name] = unpacked.code or ",".join(file.file_type or file.code for file in unpacked.files)
    return told
