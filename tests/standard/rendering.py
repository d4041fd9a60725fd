"""What the product makes of a data set: renders it through a file and takes the renditions apart."""

from __future__ import annotations

import io
import struct
import tempfile
import zlib
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt
from PIL import Image
from pydicom.dataset import Dataset

from mammogram_viewer.dicom.header import ImageHeader
from mammogram_viewer.imaging.order import BaseKind, RenderOrder
from mammogram_viewer.imaging.render import Rejected, RenderLimits, render_original
from standard.building import written


@dataclass(frozen=True)
class Outcome:
    """Renditions by kind, as bytes, and what the header tells."""

    contents: dict[str, bytes]
    frame_offsets: tuple[int, ...]
    header: ImageHeader

    def picture(self, kind: str = "png8") -> npt.NDArray[Any]:
        """A PNG or WebP as an array, (rows, columns) or (rows, columns, 3)."""
        return np.asarray(Image.open(io.BytesIO(self.contents[kind])))

    def htj2k_frames(self) -> list[npt.NDArray[Any]]:
        """Each frame decoded by OpenJPEG, which is not the library that encodes them."""
        whole = self.contents["htj2k"]
        return [imagecodecs.jpeg2k_decode(whole[start:end]) for start, end in pairwise(self.frame_offsets)]


def render(ds: Dataset, *kinds: BaseKind, **order: Any) -> Outcome:
    """All `kinds` in one order; a refusal fails the test with its reason."""
    outcome = outcome_of(ds, *kinds, **order)
    assert isinstance(outcome, Outcome), f"rejected: {outcome.code} {outcome.detail}"
    return outcome


def outcome_of(ds: Dataset, *kinds: BaseKind, **order: Any) -> Outcome | Rejected:
    wanted = RenderOrder(kinds=kinds or ("png8",), **order)
    with written(ds) as path:
        return render_file(path, wanted)


def render_file(path: Path, wanted: RenderOrder) -> Outcome | Rejected:
    with tempfile.TemporaryDirectory() as folder:
        rendered = render_original(str(path), folder, "dicom", RenderLimits(), wanted)
        if isinstance(rendered, Rejected):
            return rendered
        contents = {file.kind: (Path(folder) / file.file_name).read_bytes() for file in rendered.files}
        offsets = [file.frame_offsets for file in rendered.files if file.frame_offsets]
        return Outcome(contents, offsets[0] if offsets else (), rendered.header)


def png8(ds: Dataset, **order: Any) -> npt.NDArray[np.uint8]:
    """The 8-bit PNG, whatever choices its name carries."""
    outcome = render(ds, "png8", **order)
    return outcome.picture(RenderOrder(kinds=("png8",), **order).kind("png8"))


def chunks(png: bytes) -> dict[bytes, bytes]:
    """Chunks of a PNG by type, their checksums verified (PNG specification, 5.3)."""
    found, at = {}, 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        content = png[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + content) == struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0]
        found[kind] = content
        at += 12 + length
    return found


def physical_values(png: bytes) -> list[Fraction]:
    """Modality values that a 16-bit PNG stands for, row by row: its samples, or those of its pCAL chunk, p0 + p1 x
    sample / (x1 - x0) (extensions to the PNG specification, 3.3)."""
    samples = [int(sample) for sample in np.asarray(Image.open(io.BytesIO(png))).flat]
    calibration = chunks(png).get(b"pCAL")
    if calibration is None:
        return [Fraction(sample) for sample in samples]
    _, rest = calibration.split(b"\0", 1)
    x0, x1, equation, count = struct.unpack(">iiBB", rest[:10])
    assert (x0, x1, equation, count) == (0, 65535, 0, 2)
    _, p0, p1 = rest[10:].split(b"\0")
    return [Fraction(p0.decode()) + Fraction(p1.decode()) * sample / 65535 for sample in samples]
