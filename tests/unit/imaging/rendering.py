"""Render a data set in a test and look at what came out."""

from __future__ import annotations

import shutil
import struct
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from pydicom.dataset import FileDataset

from mammogram_viewer.imaging.order import RenderOrder
from mammogram_viewer.imaging.render import Rejected, Rendered, RenderedFile, RenderLimits, render_original
from unit.dicom.builders import write


class Outcome:
    """What one order made of one file."""

    def __init__(self, folder: Path, rendered: Rendered) -> None:
        self._folder = folder
        self.header = rendered.header
        self.files = {file.kind: file for file in rendered.files}

    def bytes_of(self, kind: str) -> bytes:
        return (self._folder / self.files[kind].file_name).read_bytes()

    def picture(self, kind: str = "png8") -> np.ndarray:
        """The pixels as OpenCV reads them, colour as RGB."""
        found = cv2.imread(str(self._folder / self.files[kind].file_name), cv2.IMREAD_UNCHANGED)
        assert found is not None
        return np.ascontiguousarray(found[..., ::-1]) if found.ndim == 3 else found

    def frames(self) -> list[bytes]:
        """The codestreams of htj2k."""
        file: RenderedFile = self.files["htj2k"]
        assert file.frame_offsets is not None
        content = self.bytes_of("htj2k")
        assert (file.frame_offsets[0], file.frame_offsets[-1]) == (0, len(content))
        pairs = zip(file.frame_offsets, file.frame_offsets[1:], strict=False)
        return [content[start:stop] for start, stop in pairs]


def answer(
    source: FileDataset | str, order: RenderOrder, folder: Path, file_type: str = "dicom"
) -> Rendered | Rejected:
    path = source if isinstance(source, str) else write(folder / "image.dcm", source)
    return render_original(path, str(folder), file_type, RenderLimits(), order)


@contextmanager
def rendered(source: FileDataset | str, *kinds: Any, file_type: str = "dicom", **choices: Any) -> Iterator[Outcome]:
    """The order's outcome, which must not be a rejection; the folder goes when the context ends."""
    folder = Path(tempfile.mkdtemp())
    try:
        found = answer(source, RenderOrder(kinds=kinds or ("png8",), **choices), folder, file_type)
        assert isinstance(found, Rendered), found
        yield Outcome(folder, found)
    finally:
        shutil.rmtree(folder)


def rejection(source: FileDataset | str, *kinds: Any, file_type: str = "dicom", **choices: Any) -> Rejected:
    """The order's rejection."""
    with tempfile.TemporaryDirectory() as folder:
        found = answer(source, RenderOrder(kinds=kinds or ("png8",), **choices), Path(folder), file_type)
        assert isinstance(found, Rejected), found
        return found


def png_chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    """Kind and body of each chunk, its check sum verified."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    position, found = 8, []
    while position < len(content):
        (length,) = struct.unpack_from(">L", content, position)
        kind, body = content[position + 4 : position + 8], content[position + 8 : position + 8 + length]
        assert content[position + 8 + length : position + 12 + length] == struct.pack(">L", zlib.crc32(kind + body))
        found.append((kind, body))
        position += 12 + length
    return found
