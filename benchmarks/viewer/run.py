"""All of the benchmark: `measure` and the command line."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from playwright.async_api import StorageState
from pydicom import dcmread
from rich.console import Console

from benchmarks import machine
from benchmarks.stage import PASSWORD, TECHNOLOGIST, Peer, Stage, api, servers, sign_in, work_folder
from benchmarks.viewer import beside, exams, ohif, reading
from benchmarks.viewer.browser import chromium
from benchmarks.viewer.tables import print_results
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.synthetic.mammogram import DETECTOR_70_UM, Detector

RESULTS = Path(__file__).parents[1] / "results" / "viewer.json"
PARTS = ("loopback", "line", "next", "drag", "memory", "gallery")
_APART = 4  # an open exam fetches those beside it ahead: those that are opened must stand further from each other


@dataclass(frozen=True)
class Dose:
    """How much of it."""

    exams: int
    rounds: int
    in_a_row: int
    detector: Detector


WHOLE = Dose(exams=6, rounds=5, in_a_row=50, detector=DETECTOR_70_UM)
QUICK = Dose(exams=2, rounds=1, in_a_row=4, detector=Detector(512, 416, 0.56))


@dataclass(frozen=True)
class Archive:
    """What is there: files, the ids that ours gave to copies of their exams, and the files' own study UIDs."""

    folder: Path
    files: list[list[Path]]
    copies: list[int]
    signed_in: StorageState

    def opened(self, count: int) -> tuple[list[int], list[str]]:
        """`count` exams for ours, and the studies of the same files for OHIF."""
        places = [(number * _APART) for number in range(count)]
        uids = [
            str(dcmread(self.files[at % len(self.files)][0], stop_before_pixels=True).StudyInstanceUID) for at in places
        ]
        return [self.copies[at] for at in places], uids


async def measure(dose: Dose, parts: tuple[str, ...]) -> dict[str, Any]:
    """Every part that is wanted, over one archive."""
    started = time.perf_counter()
    with work_folder() as folder:
        facts = machine.facts(folder)
        async with servers(folder) as stage:
            with api(stage) as running:
                archive = await _filled(stage, running, dose)
                prepared = time.perf_counter() - started
                measured = await _beside_ohif(stage, running, archive, dose, parts)
                measured |= await _alone(running, archive, dose, parts)
    facts["versions"] |= {"@ohif/app": ohif.VERSION, "playwright": version("playwright"), "chromium": await _chromium()}
    seconds = {"prepared_seconds": round(prepared, 1), "seconds": round(time.perf_counter() - started, 1)}
    size = {"rows": dose.detector.rows, "columns": dose.detector.columns, "views": exams.VIEWS}
    return {**facts, "images": size, "rounds": dose.rounds, **seconds, **measured}


async def _filled(stage: Stage, running: Peer, dose: Dose) -> Archive:
    files = exams.write(stage.folder / "exams", dose.exams, dose.detector)
    pool = await open_pool(stage.database_url, size=2, application_name="benchmark")
    try:
        with exams.worker(stage):
            originals = await exams.upload(running, sign_in(running), files, pool)
        wanted = max(dose.in_a_row + 5, (dose.rounds + 1) * _APART + 1)
        copies = await exams.copies(stage, pool, originals, wanted)
    finally:
        await pool.close()
    return Archive(stage.folder / "exams", files, copies, await _signed_in(running))


async def _signed_in(running: Peer) -> StorageState:
    async with chromium() as browser, beside.fresh(browser) as context:
        address = f"{running.base_url}/api/auth/login"
        answer = await context.request.post(address, data={"email": TECHNOLOGIST, "password": PASSWORD})
        if not answer.ok:
            raise SystemExit(f"signing in answered {answer.status}")
        return await context.storage_state()


async def _beside_ohif(
    stage: Stage, running: Peer, archive: Archive, dose: Dose, parts: tuple[str, ...]
) -> dict[str, Any]:
    measured: dict[str, Any] = {}
    if not {"loopback", "line"} & set(parts):
        return measured
    ids, uids = archive.opened(dose.rounds + 1)
    with beside.ohif_server(stage, archive.folder) as other:
        if "loopback" in parts:
            measured["loopback"] = await beside.measure(running, other, ids, uids, archive.signed_in, dose.rounds)
        if "line" in parts:
            with beside.line(stage, running) as near, beside.line(stage, other) as far:
                told = await beside.measure(near, far, ids, uids, archive.signed_in, dose.rounds)
                raw = [_raw_frames(far, archive.files[number % len(archive.files)]) for number in range(dose.rounds)]
                told["uncompressed"] = await beside.uncompressed(far, raw, told["ours"]["full_ms"]["median"])
                measured["line"] = {"megabits": beside.MEGABITS, "round_trip_ms": beside.ROUND_TRIP_MS, **told}
    return measured


def _raw_frames(far: Peer, files: list[Path]) -> list[str]:
    addresses = []
    for file in files:
        header = dcmread(file, stop_before_pixels=True)
        series = f"{header.SeriesInstanceUID}.{header.InstanceNumber}"
        where = f"studies/{header.StudyInstanceUID}/series/{series}/instances/{header.SOPInstanceUID}"
        addresses.append(f"{far.base_url}/raw/{where}/frames/1")
    return addresses


async def _alone(running: Peer, archive: Archive, dose: Dose, parts: tuple[str, ...]) -> dict[str, Any]:
    """Each in a browser of its own. The newest exam comes first, and `n` goes to the next older one."""
    newest = f"{running.base_url}/studies/{archive.copies[-1]}/read"
    measured: dict[str, Any] = {}
    async with _visiting(archive) as (_, context):
        if "gallery" in parts:
            measured["gallery"] = await reading.gallery_weight(context, running.base_url)
        if "next" in parts:
            measured["next"] = await reading.next_exam(context, newest, dose.rounds)
        if "drag" in parts:
            measured["drag"] = await reading.dragging(context, newest, dose.rounds)
    if "memory" in parts:
        async with _visiting(archive) as (browser, context):
            measured["memory"] = await reading.memory(browser, context, newest, dose.in_a_row)
    return measured


@contextlib.asynccontextmanager
async def _visiting(archive: Archive) -> AsyncIterator[tuple[Any, Any]]:
    async with chromium() as browser, beside.fresh(browser, archive.signed_in) as context:
        yield browser, context


async def _chromium() -> str:
    async with chromium() as browser:
        return browser.version


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the viewer beside OHIF on this machine.")
    parser.add_argument("--quick", action="store_true", help="small exams, once each: shows that it runs, says nothing")
    parser.add_argument("--only", choices=PARTS, action="append", help="this part alone; may be repeated")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the results go")
    chosen = parser.parse_args()
    results = asyncio.run(measure(QUICK if chosen.quick else WHOLE, tuple(chosen.only or PARTS)))
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    chosen.output.write_text(json.dumps(results, indent=2, ensure_ascii=False) + os.linesep)
    # Piped into a file or a log there is no width to obey, and a folded table cannot be read.
    print_results(results, Console(width=None if sys.stdout.isatty() else 170))


if __name__ == "__main__":
    main()
