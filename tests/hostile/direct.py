"""The short way: sniff, unpack and render in the product's own disposable children, without servers.

For whoever works on readers and decoders; the drill and the tests go the whole way."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hostile.files import HostileFile
from hostile.judge import Outcome, digest_of_png
from mammogram_viewer.adapters.nursery import ChildDied, Nursery
from mammogram_viewer.foundation.errors import MammogramViewerError
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.imaging.order import RenderOrder
from mammogram_viewer.imaging.render import RenderLimits
from mammogram_viewer.intake.archives import PRELOAD as UNPACK_PRELOAD
from mammogram_viewer.intake.sniff import HEAD_BYTES, sniff
from mammogram_viewer.intake.unpack import Unpacked, UnpackLimits, unpack_zip
from mammogram_viewer.renditions.task import PRELOAD, RenderAnswer, render_task


class Direct:
    """Takes files one at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._settings = Settings(data_dir=folder)
        self._nursery = Nursery(self._settings, [*PRELOAD, *UNPACK_PRELOAD])

    async def outcomes(self, file: HostileFile) -> list[Outcome]:
        """What becomes of the file; of an archive, what becomes of each image in it."""
        body = file.make()
        try:
            file_type = sniff(body[:HEAD_BYTES], len(body))
        except MammogramViewerError as refusal:
            return [Outcome(state="refused", code=refusal.code)]
        with tempfile.TemporaryDirectory(dir=self._folder) as scratch:
            source = Path(scratch, "source")
            source.write_bytes(body)
            if file_type != "zip":
                return [await self._render(source, file_type)]
            inside = Path(scratch, "inside")
            inside.mkdir()
            unpacked = await self._unpack(source, inside)
            if isinstance(unpacked, ChildDied) or unpacked.code:
                return [Outcome(state="refused", code=getattr(unpacked, "code", "archive_broken"))]
            return [
                Outcome(state="refused", code=entry.code)
                if entry.file_type is None
                else await self._render(inside / entry.file_name, entry.file_type)
                for entry in unpacked.files
            ]

    async def _unpack(self, source: Path, inside: Path) -> Unpacked | ChildDied:
        settings = self._settings
        limits = UnpackLimits(
            files=settings.max_files_per_request,
            file_bytes=settings.max_upload_bytes,
            total_bytes=settings.max_request_bytes,
        )
        return await self._nursery.run(
            unpack_zip, str(source), str(inside), limits, folder=inside, readable=[source],
            answer_type=Unpacked, wall_seconds=settings.unpack_wall_seconds,
        )  # fmt: skip

    async def _render(self, source: Path, file_type: str) -> Outcome:
        with tempfile.TemporaryDirectory(dir=self._folder) as scratch:
            answer = await self._nursery.run(
                render_task, str(source), scratch, file_type, RenderLimits(), RenderOrder(),
                folder=Path(scratch), readable=[source], answer_type=RenderAnswer,
                wall_seconds=self._settings.child_multiframe_wall_seconds,
            )  # fmt: skip
            if isinstance(answer, ChildDied):
                return Outcome(state="failed", code=answer.code)
            if answer.rejected is not None:
                return Outcome(state="rejected", code=answer.rejected.code)
            assert answer.rendered is not None
            header = answer.rendered.header
            png = next(Path(scratch, made.file_name) for made in answer.rendered.files if made.kind == "png8")
            picture, troubles = digest_of_png(png.read_bytes(), header.rows, header.columns)
        return Outcome(
            state="ready", picture=picture, voi_source=header.voi_source, warnings=frozenset(header.warnings),
            troubles=tuple(troubles),
        )  # fmt: skip
