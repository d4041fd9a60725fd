"""All of the benchmark: `measure` and the command line."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console

from benchmarks import machine
from benchmarks.analytics import charts, csv_rows, dashboards, folding, kept, lists, paint, seed, tracking
from benchmarks.analytics.tables import print_results
from benchmarks.gallery.answers import Client
from benchmarks.stage import ADMINISTRATOR, Stage, api, sign_in, work_folder
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.foundation.settings import load_settings

RESULTS = Path(__file__).parents[1] / "results" / "analytics.json"
DASHBOARD_ROUNDS, CHART_ROUNDS, LIST_ROUNDS, PICTURE_ROUNDS = 40, 9, 60, 1500
STATS_DAYS, FOLD_ROUNDS, OPENINGS, CSV_ROUNDS = 60, 7, 15, 3
SEED_SECONDS = 600.0
_PARTS = ("dashboard", "charts", "lists", "folding", "statistics", "tracking", "csv", "paint")


async def measure(scale: float, parts: list[str]) -> dict[str, Any]:
    """`parts` of it, at `scale` of its size (1: the real thing, kept for the next run; tests take a hundredth)."""

    def scaled(count: int, least: int) -> int:
        return max(least, round(count * scale))

    size = seed.Size().scaled(scale)
    async with _stage(scale, size) as (stage, note):
        facts = machine.facts(stage.folder)
        pool = await open_pool(stage.database_url, size=4, application_name="benchmark")
        try:
            measured = await _measured(stage, pool, parts, scaled)
        finally:
            await pool.close()
    facts["versions"] |= {"playwright": version("playwright")}
    seeding = {
        "seconds": note["seconds"],
        "kept": note["kept"],
        "target": {"seconds_at_most": SEED_SECONDS},
        "met": note["seconds"] <= SEED_SECONDS,
    }
    sizes = {"images": size.images, "users": size.users, "views": size.views, "activities": size.activities}
    return {**facts, "scale": scale, **sizes, "days": seed.DAYS, "seeding": seeding, **measured}


@contextlib.asynccontextmanager
async def _stage(scale: float, size: seed.Size) -> AsyncIterator[tuple[Stage, dict[str, Any]]]:
    """The kept one, or for less than the real thing one that goes at the end."""
    started = time.perf_counter()

    def tell(what: str) -> None:
        print(f"{time.perf_counter() - started:6.0f} s  {what}", file=sys.stderr, flush=True)

    with contextlib.ExitStack() as stack:
        folder = kept.kept_folder() if scale == 1 else stack.enter_context(work_folder())
        async with kept.kept_servers(folder, size, tell) as staged:
            yield staged


async def _measured(stage: Stage, pool: asyncpg.Pool, parts: list[str], scaled: Any) -> dict[str, Any]:
    """What leaves rows behind comes last, but for folding, which wants to be alone."""
    measured: dict[str, Any] = {}
    today = datetime.now(UTC).date()
    if "folding" in parts:
        measured["folding"] = await folding.measure(pool, scaled(FOLD_ROUNDS, 1), scaled(folding.EVENTS, 1000))
    if "statistics" in parts:
        measured["statistics"] = await folding.daily_statistics(pool, today, scaled(STATS_DAYS, 3))
    if "charts" in parts:
        settings = load_settings({"DATA_DIR": str(stage.folder), "DATABASE_URL": stage.database_url}, Path("/nowhere"))
        measured["charts"] = await charts.measure(pool, settings, scaled(CHART_ROUNDS, 2))
    # A process for each: what ranges of one's own leave to be done goes on for a while, and takes a core.
    if "dashboard" in parts:
        await _forget_boards(pool)
        with api(stage) as running, Client(running, sign_in(running, ADMINISTRATOR).cookie) as client:
            measured["dashboard"] = dashboards.measure(client, today, scaled(DASHBOARD_ROUNDS, 2))
    if "lists" in parts:
        await _forget_boards(pool)
        with api(stage) as running, Client(running, sign_in(running, ADMINISTRATOR).cookie) as client:
            rounds = scaled(LIST_ROUNDS, 2)
            measured["most_viewed"] = await lists.most_viewed(client, pool, today, rounds)
            measured["feed"] = await lists.feed(client, pool, rounds)
    if "tracking" in parts:
        measured["tracking"] = await tracking.measure(stage, pool, scaled(PICTURE_ROUNDS, 20))
    if "csv" in parts:
        rows, rounds = scaled(csv_rows.ROWS, 1000), scaled(CSV_ROUNDS, 1)
        measured["csv"] = await csv_rows.measure(stage, pool, today, rows, rounds)
    if "paint" in parts:
        measured["paint"] = await paint.measure(stage, pool, scaled(OPENINGS, 2))
    return measured


async def _forget_boards(pool: asyncpg.Pool) -> None:
    """Those of ranges that have ended: a first time is to be one, whatever an earlier run has asked for."""
    await pool.execute("DELETE FROM view_boards WHERE to_at < now()")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure analytics over ten million activities on this machine.")
    parser.add_argument("--scale", type=float, default=1.0, help="size of everything; 1 is the real thing, and kept")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the results go")
    parser.add_argument("--without-browser", action="store_true", help="leave the part in Chromium out")
    parser.add_argument("--only", choices=_PARTS, action="append", help="measure nothing else (to be repeated)")
    chosen = parser.parse_args()
    parts = [part for part in chosen.only or _PARTS if not (chosen.without_browser and part == "paint")]
    results = asyncio.run(measure(chosen.scale, parts))
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    chosen.output.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
    # Piped into a file or a log there is no width to obey, and a folded table cannot be read.
    print_results(results, Console(width=None if sys.stdout.isatty() else 170))


if __name__ == "__main__":
    main()
