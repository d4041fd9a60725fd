"""The one mammogram of the benchmark in five encodings, and the proof that ours reads them all alike."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.pixels.ours import JOB, Ours
from mammogram_viewer.dicom.syntaxes import (
    EXPLICIT_LITTLE_ENDIAN,
    HTJ2K_LOSSLESS_RPCL,
    JPEG_2000_LOSSLESS,
    JPEG_LOSSLESS_FIRST_ORDER,
    JPEG_LS_LOSSLESS,
)
from mammogram_viewer.imaging.order import RenderOrder
from mammogram_viewer.synthetic.mammogram import DETECTOR_70_UM, SyntheticMammogram, stored_words, write_mammogram

UNCOMPRESSED = "uncompressed"
SYNTAXES = {
    UNCOMPRESSED: EXPLICIT_LITTLE_ENDIAN,
    "jpeg_lossless": JPEG_LOSSLESS_FIRST_ORDER,
    "jpeg_ls": JPEG_LS_LOSSLESS,
    "jpeg_2000": JPEG_2000_LOSSLESS,
    "htj2k": HTJ2K_LOSSLESS_RPCL,
}


@dataclass(frozen=True)
class Sample:
    name: str
    transfer_syntax_uid: str
    path: Path


@dataclass(frozen=True)
class Samples:
    """`words` are what every file stores, `shown` is how ours shows them; both (rows, columns)."""

    files: tuple[Sample, ...]
    words: npt.NDArray[np.uint16]
    shown: npt.NDArray[np.uint8]
    png_bytes: dict[str, int]


async def make_samples(folder: Path, ours: Ours, scale: float) -> Samples:
    """Write the files, render each once. Ends the run when two encodings give different pictures."""
    wanted = SyntheticMammogram(
        seed=1,
        rows=round(DETECTOR_70_UM.rows * math.sqrt(scale)),
        columns=round(DETECTOR_70_UM.columns * math.sqrt(scale)),
    )
    words = stored_words(wanted).astype(np.uint16)
    files = tuple(
        Sample(name, uid, write_mammogram(folder / f"{name}.dcm", replace(wanted, transfer_syntax_uid=uid)))
        for name, uid in SYNTAXES.items()
    )
    shown, sizes = None, {}
    for file in files:
        with tempfile.TemporaryDirectory(dir=folder) as output:
            await ours.run_in(Path(output), file.path, RenderOrder(kinds=JOB))
            pictures = {kind: Path(output, f"{kind}.png") for kind in ("png8", "png16")}
            eight, sixteen = (np.asarray(Image.open(path)) for path in pictures.values())
            sizes = {kind: path.stat().st_size for kind, path in pictures.items()}
        shown = eight if shown is None else shown
        if not (np.array_equal(eight, shown) and np.array_equal(sixteen, words)):
            raise SystemExit(f"{file.name} gives other pixels than were stored; a comparison would say nothing.")
    assert shown is not None
    return Samples(files, words, shown, sizes)
