"""The renditions of one original in the child's output folder.

Nothing is fsynced here: a child may die at any time and its folder with it, and storage makes durable what it takes
over (`LocalStorage.adopt`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mammogram_viewer.imaging.grey16 import Grey16
from mammogram_viewer.imaging.order import BaseKind, RenderOrder
from mammogram_viewer.imaging.png import png_parts
from mammogram_viewer.imaging.thumbnail import SIDES, Shown, encode_webp, thumbnail, thumbnail_size

_THUMBNAILS: dict[int, BaseKind] = {512: "thumbnail512", 256: "thumbnail256"}


@dataclass(frozen=True)
class RenderedFile:
    """One rendition in the output folder. Sizes are None for what is no picture.

    `frame_offsets` belong to htj2k: frame i (from 0) is bytes [frame_offsets[i], frame_offsets[i + 1])."""

    kind: str
    file_name: str
    content_type: str
    byte_count: int
    width: int | None
    height: int | None
    frame_offsets: tuple[int, ...] | None = None


class OutputFolder:
    """Writes what `order` asks for and keeps account of it."""

    def __init__(self, folder: Path, order: RenderOrder) -> None:
        self.path = folder
        self.order = order
        self.files: list[RenderedFile] = []

    def write_tags(self, tags: bytes) -> None:
        self._write("tags", "tags.json", "application/dicom+json", [tags])

    def write_shown(self, shown: Shown) -> None:
        """Those of png8 and the thumbnails that are wanted; `shown` is (rows, columns[, 3]) uint8."""
        if "png8" in self.order.kinds:
            self._write("png8", "png8.png", "image/png", png_parts(shown), shown.shape)
        self.write_thumbnails(shown, shown.shape[:2])

    def write_thumbnails(self, shown: Shown, full_size: tuple[int, ...]) -> None:
        """Of a picture whose full size is rows and columns of `full_size`; `shown` may already be the largest one.

        Each is made from the next larger one, whether that is wanted or not, so that it always comes out the same."""
        rows, columns = full_size
        for side in SIDES:
            shown = thumbnail(shown, thumbnail_size(rows, columns, side))
            base = _THUMBNAILS[side]
            if base in self.order.kinds:
                self._write(base, f"{base}.webp", "image/webp", [encode_webp(shown)], shown.shape)

    def write_png16(self, words: npt.NDArray[np.unsignedinteger], grey: Grey16) -> None:
        """`words` (rows, columns) through the table of `grey`."""
        parts = png_parts(words, table=grey.table, calibration=grey.calibration)
        self._write("png16", "png16.png", "image/png", parts, words.shape)

    def write_grey_scale(self, text: bytes) -> None:
        self._write("greyscale", "greyscale.json", "application/json", [text])

    def add_htj2k(self, file_name: str, shape: tuple[int, ...], offsets: Iterable[int]) -> None:
        """Take account of a file that was written frame by frame."""
        frame_offsets = tuple(offsets)
        self.files.append(
            RenderedFile("htj2k", file_name, "image/jphc", frame_offsets[-1], shape[1], shape[0], frame_offsets)
        )

    def _write(
        self, base: BaseKind, file_name: str, content_type: str, parts: Iterable[bytes], shape: tuple[int, ...] = ()
    ) -> None:
        with (self.path / file_name).open("wb") as target:
            target.writelines(parts)
            byte_count = target.tell()
        height, width = shape[:2] if shape else (None, None)
        self.files.append(RenderedFile(self.order.kind(base), file_name, content_type, byte_count, width, height))
