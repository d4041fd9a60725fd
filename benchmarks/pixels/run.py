"""All of the benchmark: `measure` and the command line."""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from PIL import Image
from rich.console import Console

from benchmarks import machine
from benchmarks.pixels import jobs, peers
from benchmarks.pixels.ours import Ours
from benchmarks.pixels.samples import UNCOMPRESSED, Samples, make_samples
from benchmarks.pixels.tables import print_results
from benchmarks.stage import work_folder

RESULTS = Path(__file__).parents[1] / "results" / "pixels.json"
ROUNDS = 9
PNG_TARGET = 1.15
MEMORY_TARGET_MB = 300.0
PACKAGES = ("imagecodecs", "isal", "numpy", "opencv-python-headless", "pillow", "pydicom")


async def measure(scale: float, rounds: int) -> dict[str, Any]:
    """Everything, at `scale` of the image's area (1: the real thing; tests take a hundredth)."""
    with work_folder() as folder:
        facts = machine.facts(folder)
        facts["versions"] |= {name: version(name) for name in PACKAGES} | {"dcmtk": peers.dcmtk_version()}
        ours = Ours(folder)
        try:
            samples = await make_samples(folder, ours, scale)
            measured = {
                "job": await jobs.whole_job(folder, ours, samples, rounds),
                "thumbnail": await jobs.thumbnail_alone(ours, samples, rounds),
                "upload": await jobs.upload(ours, samples, max(2, rounds // 2)),
                "throughput": await jobs.throughput(ours, samples, max(2, rounds // 2)),
            }
            naive_mb = _naive_memory(folder, samples)
            shared_mb = ours.server_rss_mb
            sizes = _files(samples)
        finally:
            ours.close()
    return {
        **facts,
        "scale": scale,
        "rounds": rounds,
        "image": {"rows": samples.words.shape[0], "columns": samples.words.shape[1], "bits": 12},
        "files": sizes,
        **measured,
        "png_size": _png_size(samples),
        "memory": _memory(measured["job"], naive_mb, shared_mb),
    }


def _files(samples: Samples) -> dict[str, Any]:
    return {
        file.name: {
            "transfer_syntax_uid": file.transfer_syntax_uid,
            "bytes": file.path.stat().st_size,
            "decoder_of_naive": peers.naive_decoder(file.transfer_syntax_uid),
            "program_of_dcmtk": peers.dcmtk_program(file.transfer_syntax_uid),
        }
        for file in samples.files
    }


def _png_size(samples: Samples) -> dict[str, Any]:
    """Ours against Pillow's default of the same pixels."""
    sizes = {}
    for kind, pixels in (("png8", samples.shown), ("png16", samples.words)):
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        ours, pillow = samples.png_bytes[kind], buffer.tell()
        ratio = round(ours / pillow, 3)
        sizes[kind] = {
            "ours_bytes": ours,
            "pillow_bytes": pillow,
            "ratio": ratio,
            "target": {"ratio_at_most": PNG_TARGET},
            "met": ratio <= PNG_TARGET,
        }
    return sizes


def _naive_memory(folder: Path, samples: Samples) -> float:
    source = next(file.path for file in samples.files if file.name == UNCOMPRESSED)
    with tempfile.TemporaryDirectory(dir=folder) as output:
        command = [sys.executable, "-m", "benchmarks.pixels.naive_process", str(source), output]
        told = subprocess.run(command, cwd=machine.ROOT, capture_output=True, text=True, check=True, timeout=120)
    return float(told.stdout)


def _memory(measured: dict[str, Any], naive_mb: float, shared_mb: float) -> dict[str, Any]:
    """Peaks of the children that made both PNGs and the thumbnail, pages shared with the fork server counted."""
    peaks = {name: each["ours"]["peak_rss_mb"] for name, each in measured.items()}
    return {
        "child_peak_mb": peaks,
        "of_which_shared_mb": round(shared_mb, 1),
        "naive_peak_mb": naive_mb,
        "target": {"child_peak_mb_at_most": MEMORY_TARGET_MB},
        "met": max(peaks.values()) <= MEMORY_TARGET_MB,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how files become pictures on this machine.")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the image; 1 is the real thing")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the results go")
    parser.add_argument("--rounds", type=int, help=f"how often; {ROUNDS} times the scale, but twice at least")
    chosen = parser.parse_args()
    rounds = chosen.rounds or max(2, round(ROUNDS * chosen.scale))
    results = asyncio.run(measure(chosen.scale, rounds))
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    chosen.output.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
    # Piped into a file or a log there is no width to obey, and a folded table cannot be read.
    print_results(results, Console(width=None if sys.stdout.isatty() else 150))


if __name__ == "__main__":
    main()
