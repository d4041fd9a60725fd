"""What ours is measured against: the way of most scripts, DCMTK's programs, and the floor."""

from __future__ import annotations

import resource
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import imagecodecs
import numpy as np
import numpy.typing as npt
import pydicom
from isal import isal_zlib
from PIL import Image
from pydicom.encaps import get_frame
from pydicom.pixels import apply_voi_lut, get_decoder
from pydicom.uid import UID

from mammogram_viewer.dicom.syntaxes import transfer_syntax

SIDE = 512
# Where pydicom finds no decoder that may be shipped, the nearest one: the same as ours, which flatters the peer.
_NEAREST: dict[str, Callable[[bytes], npt.NDArray[np.unsignedinteger]]] = {
    "jpeg": lambda stream: imagecodecs.jpeg8_decode(stream),
    "jpegls": lambda stream: imagecodecs.jpegls_decode(stream),
    "htj2k": lambda stream: imagecodecs.jpeg2k_decode(stream),
}
_DCMTK = {"native": "dcmj2pnm", "jpeg": "dcmj2pnm", "jpegls": "dcml2pnm"}
_DCMTK_STEPS = (("+Wi", "1", "+on"), ("+on2",), ("+Wi", "1", "+Syv", str(SIDE), "+on"))


@dataclass(frozen=True)
class Spent:
    wall_ms: float
    cpu_ms: float


def timed(work: Callable[[], object]) -> Spent:
    """What `work` cost in this process and in the processes that it started and waited for."""
    cpu, wall = _cpu_ms(), time.perf_counter()
    work()
    return Spent((time.perf_counter() - wall) * 1000, _cpu_ms() - cpu)


def _cpu_ms() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (time.process_time() + children.ru_utime + children.ru_stime) * 1000


def naive_decoder(transfer_syntax_uid: str) -> str:
    """Who decodes in the naive pipeline, in words."""
    if not UID(transfer_syntax_uid).is_encapsulated:
        return "pydicom"
    plugins = get_decoder(transfer_syntax_uid).available_plugins
    return f"pydicom with {plugins[0]}" if plugins else "imagecodecs; pydicom finds none without GPL code or gdcm"


def naive(source: Path, folder: Path) -> None:
    """pixel_array, apply_voi_lut, a stretch to 8 bits, three times Pillow with its defaults."""
    ds = pydicom.dcmread(source)
    uid = ds.file_meta.TransferSyntaxUID
    if naive_decoder(uid).startswith("pydicom"):
        pixels = ds.pixel_array
    else:
        pixels = _NEAREST[transfer_syntax(uid).codec](get_frame(ds.PixelData, 0, number_of_frames=1))
    shown = apply_voi_lut(pixels, ds)
    low, high = shown.min(), shown.max()
    picture = Image.fromarray(((shown - low) / (high - low) * 255).astype(np.uint8))
    picture.save(folder / "png8.png")
    Image.fromarray(pixels.astype(np.uint16)).save(folder / "png16.png")
    picture.thumbnail((SIDE, SIDE))
    picture.save(folder / "thumbnail.webp")


def dcmtk_program(transfer_syntax_uid: str) -> str | None:
    """The program that reads it, if it is installed; DCMTK reads no JPEG 2000."""
    program = _DCMTK.get(transfer_syntax(transfer_syntax_uid).codec)
    return program if program and shutil.which(program) else None


def dcmtk(program: str, source: Path, folder: Path) -> None:
    """Three processes: 8-bit PNG, 16-bit PNG, scaled PNG."""
    for number, options in enumerate(_DCMTK_STEPS):
        command = [program, "-q", *options, str(source), str(folder / f"{number}.png")]
        subprocess.run(command, check=True, timeout=120, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def dcmtk_version() -> str:
    if not shutil.which("dcmj2pnm"):
        return ""
    told = subprocess.run(["dcmj2pnm", "--version"], capture_output=True, text=True, timeout=30).stdout
    return told.split()[2] if len(told.split()) > 2 else ""


def floor(source: Path, folder: Path, words: npt.NDArray[np.uint16], shown: npt.NDArray[np.uint8]) -> None:
    """Read the cached file, copy both pictures, deflate them by ISA-L's level 0, write them."""
    source.read_bytes()
    for name, pixels in (("8", shown), ("16", words)):
        (folder / name).write_bytes(isal_zlib.compress(pixels.copy(), 0))
