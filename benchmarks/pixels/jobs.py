"""The measurements that render: each in turn with its peers, so that a drifting machine drifts for all of them."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import figures
from benchmarks.pixels import peers
from benchmarks.pixels.ours import JOB, Ours, Run
from benchmarks.pixels.peers import Spent
from benchmarks.pixels.samples import UNCOMPRESSED, Sample, Samples
from mammogram_viewer.imaging.order import RenderOrder

# Times ours, at least.
NAIVE_TARGETS = {UNCOMPRESSED: 15, "jpeg_lossless": 10, "htj2k": 10, "jpeg_ls": 6, "jpeg_2000": 3.5}
DCMTK_TARGETS = {UNCOMPRESSED: 20}
FLOOR_TARGET = 2.3
THUMBNAIL_TARGET_MS = 25.0
THUMBNAILS = (UNCOMPRESSED, "jpeg_2000", "htj2k")
THROUGHPUT_TARGET = 1.7
_AT_ONCE = 2
_JOBS_OF_EACH = 2
_WARM_UPS = 1


async def whole_job(folder: Path, ours: Ours, samples: Samples, rounds: int) -> dict[str, Any]:
    """File to 8-bit PNG, 16-bit PNG and 512-px thumbnail, by everyone who can."""
    return {file.name: await _one_encoding(folder, ours, file, samples, rounds) for file in samples.files}


async def _one_encoding(folder: Path, ours: Ours, file: Sample, samples: Samples, rounds: int) -> dict[str, Any]:
    others = _others(file, samples)
    runs: list[Run] = []
    spent: dict[str, list[Spent]] = defaultdict(list)
    for _ in range(_WARM_UPS):
        await ours.run(file.path, RenderOrder(kinds=JOB))
    with ours.unreported(runs) as unreported:
        for number in range(rounds):
            sides = ["ours", *others]
            for side in sides[:: 1 if number % 2 else -1]:
                if side == "ours":
                    runs.append(await ours.run(file.path, RenderOrder(kinds=JOB)))
                else:
                    spent[side].append(_in_a_folder(folder, others[side], file.path))
    spent["ours"] = [Spent(run.wall_ms, run.cpu_ms + unreported[0]) for run in runs]
    result: dict[str, Any] = {side: _summary(each) for side, each in spent.items()}
    result["ours"]["peak_rss_mb"] = round(max(run.cost.peak_rss_mb for run in runs), 1)
    result["targets"] = _verdicts(file.name, spent)
    return result


def _others(file: Sample, samples: Samples) -> dict[str, Callable[[Path, Path], None]]:
    """Everyone but ours, each taking a file and a folder."""
    found: dict[str, Callable[[Path, Path], None]] = {"naive": peers.naive}
    if program := peers.dcmtk_program(file.transfer_syntax_uid):
        found["dcmtk"] = lambda source, folder: peers.dcmtk(program, source, folder)
    if file.name == UNCOMPRESSED:
        found["floor"] = lambda source, folder: peers.floor(source, folder, samples.words, samples.shown)
    return found


def _in_a_folder(folder: Path, work: Callable[[Path, Path], None], source: Path) -> Spent:
    with tempfile.TemporaryDirectory(dir=folder) as output:
        return peers.timed(lambda: work(source, Path(output)))


def _summary(spent: list[Spent]) -> dict[str, Any]:
    return {
        "wall_ms": figures.summary([each.wall_ms for each in spent]),
        "cpu_ms": figures.summary([each.cpu_ms for each in spent]),
    }


def _verdicts(name: str, spent: dict[str, list[Spent]]) -> dict[str, Any]:
    """Ratios by wall and by CPU; a target is met when both reach it, since a second core must not hide work."""
    verdicts = {
        "naive_over_ours": _at_least(spent["naive"], spent["ours"], NAIVE_TARGETS[name]),
    }
    if "dcmtk" in spent:
        verdicts["dcmtk_over_ours"] = _at_least(spent["dcmtk"], spent["ours"], DCMTK_TARGETS.get(name))
    if "floor" in spent:
        ratios = _ratios(spent["ours"], spent["floor"])
        met = max(each["median_of_pairs"] for each in ratios.values()) <= FLOOR_TARGET
        verdicts["ours_over_floor"] = {**ratios, "target": {"at_most": FLOOR_TARGET}, "met": met}
    return verdicts


def _at_least(theirs: list[Spent], mine: list[Spent], target: float | None) -> dict[str, Any]:
    """`met` is None where nothing was promised."""
    ratios = _ratios(theirs, mine)
    least = min(each["median_of_pairs"] for each in ratios.values())
    return {**ratios, "target": {"at_least": target}, "met": None if target is None else least >= target}


def _ratios(above: list[Spent], below: list[Spent]) -> dict[str, dict[str, float]]:
    return {
        "wall": figures.ratio([each.wall_ms for each in above], [each.wall_ms for each in below]),
        "cpu": figures.ratio([each.cpu_ms for each in above], [each.cpu_ms for each in below]),
    }


async def thumbnail_alone(ours: Ours, samples: Samples, rounds: int) -> dict[str, Any]:
    """The 512-px thumbnail and nothing else; CPU of the task, the child's start apart."""
    measured = {}
    for file in samples.files:
        runs = [await ours.run(file.path, RenderOrder(kinds=("thumbnail512",))) for _ in range(rounds + _WARM_UPS)]
        cpu_ms = figures.summary([run.cost.task_cpu_ms for run in runs[_WARM_UPS:]])
        promised = file.name in THUMBNAILS
        measured[file.name] = {
            "cpu_ms": cpu_ms,
            "wall_with_child_ms": figures.summary([run.wall_ms for run in runs[_WARM_UPS:]]),
            "target": {"cpu_ms_at_most": THUMBNAIL_TARGET_MS if promised else None},
            "met": cpu_ms["median"] <= THUMBNAIL_TARGET_MS if promised else None,
        }
    return measured


async def upload(ours: Ours, samples: Samples, rounds: int) -> dict[str, Any]:
    """What every upload gets (png8, both thumbnails, HTJ2K for the viewer, tags); nothing is promised of it here."""
    measured = {}
    for file in samples.files:
        runs = [await ours.run(file.path, RenderOrder()) for _ in range(rounds)]
        measured[file.name] = {
            "wall_ms": figures.summary([run.wall_ms for run in runs]),
            "cpu_ms": figures.summary([run.cpu_ms for run in runs]),
            "peak_rss_mb": round(max(run.cost.peak_rss_mb for run in runs), 1),
        }
    return measured


async def throughput(ours: Ours, samples: Samples, rounds: int) -> dict[str, Any]:
    """The same files one after the other and two at once, in turn."""
    files = [file.path for file in samples.files] * _JOBS_OF_EACH
    seconds: dict[int, list[float]] = {1: [], _AT_ONCE: []}
    for number in range(rounds):
        for at_once in (1, _AT_ONCE)[:: 1 if number % 2 else -1]:
            seconds[at_once].append(await _through(ours, files, at_once))
    ratio = figures.ratio(seconds[1], seconds[_AT_ONCE])
    return {
        "files": len(files),
        "one_at_a_time_s": figures.summary(seconds[1]),
        "two_at_once_s": figures.summary(seconds[_AT_ONCE]),
        "ratio": ratio,
        "target": {"at_least": THROUGHPUT_TARGET},
        "met": ratio["median_of_pairs"] >= THROUGHPUT_TARGET,
    }


async def _through(ours: Ours, files: list[Path], at_once: int) -> float:
    places = asyncio.Semaphore(at_once)

    async def one(path: Path) -> None:
        async with places:
            await ours.run(path, RenderOrder(kinds=JOB))

    started = time.perf_counter()
    await asyncio.gather(*(one(path) for path in files))
    return time.perf_counter() - started
