"""All of the benchmark: `measure` and the command line."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console

from benchmarks import express_peer, machine, seed
from benchmarks import lists as express_lists
from benchmarks.gallery import answers, browser, database, depth, exam_pages, image_pages, indexes, lists, user_pages
from benchmarks.gallery.answers import Client
from benchmarks.gallery.tables import print_results
from benchmarks.stage import ADMINISTRATOR, Peer, Stage, add_person, api, servers, sign_in, work_folder
from mammogram_viewer.adapters.database.pool import open_pool

RESULTS = Path(__file__).parents[1] / "results" / "gallery.json"
IMAGES, EXAMS, USERS = 1_000_000, 50_000, 10_000
DATABASE_ROUNDS, API_ROUNDS, DEPTH_ROUNDS = 7, 40, 150
EXPRESS_ROUNDS, EXPRESS_SECONDS, EXPRESS_TARGET = 5, 2, 1.1
FILES, OPENINGS = 1000, 9
SCREENS = 440  # a hundred of the pages that the wall reads, sixty images each


async def measure(scale: float, *, with_browser: bool) -> dict[str, Any]:
    """Everything, at `scale` of its size (1: the real thing; tests take a hundredth)."""

    def scaled(count: int, least: int) -> int:
        return max(least, round(count * scale))

    images = scaled(IMAGES, 2000)
    with work_folder() as folder:
        facts = machine.facts(folder)
        async with servers(folder) as stage:
            await add_person(stage.database_url, ADMINISTRATOR, "admin")
            started = time.perf_counter()
            await seed.fill(stage.database_url, images, exams=scaled(EXAMS, 100), users=scaled(USERS, 100))
            seeded_seconds = time.perf_counter() - started
            pool = await open_pool(stage.database_url, size=2, application_name="benchmark")
            try:
                measured = await _at_the_servers(stage, pool, images, scaled)
                if with_browser:
                    wanted = browser.Browsing(scaled(OPENINGS, 2), scaled(FILES, 20), scaled(SCREENS, 10))
                    measured["browser"] = await browser.measure(stage, pool, wanted)
                measured["unused"] = await indexes.unused(pool)
            finally:
                await pool.close()
    facts["versions"] |= {**express_peer.versions(), "playwright": version("playwright")}
    sizes = {"images": images, "exams": scaled(EXAMS, 100), "users": scaled(USERS, 100)}
    return {**facts, "scale": scale, **sizes, "seeded_seconds": round(seeded_seconds, 1), **measured}


async def _at_the_servers(stage: Stage, pool: asyncpg.Pool, images: int, scaled: Any) -> dict[str, Any]:
    """Database and API; a process of the API for itself, whose memory nothing else has filled."""
    await indexes.forget(pool)
    with api(stage) as running:
        credentials = sign_in(running, ADMINISTRATOR)
        pages = [part for each in (image_pages, exam_pages, user_pages) for part in await each.pages(pool)]
        with Client(running, credentials.cookie) as client:
            costs = await database.measure(pool, pages, scaled(DATABASE_ROUNDS, 1))
            taken = answers.measure(client, pages, scaled(API_ROUNDS, 2))
            deep = await depth.measure(pool, client, pages, images, scaled(DEPTH_ROUNDS, 3))
        express = await _beside_express(stage, running, scaled)
    return {
        "lists": lists.judged(costs, taken),
        "depth": deep,
        "express": express,
        "indexes": await indexes.measure(pool, costs),
    }


async def _beside_express(stage: Stage, running: Peer, scaled: Any) -> dict[str, Any]:
    return await express_lists.compare(
        stage,
        running,
        sign_in(running),
        rounds=scaled(EXPRESS_ROUNDS, 1),
        seconds=scaled(EXPRESS_SECONDS, 1),
        target=EXPRESS_TARGET,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the lists and the gallery on this machine.")
    parser.add_argument("--scale", type=float, default=1.0, help="size of everything; 1 is the real thing")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the results go")
    parser.add_argument("--without-browser", action="store_true", help="leave the minutes in Chromium out")
    chosen = parser.parse_args()
    results = asyncio.run(measure(chosen.scale, with_browser=not chosen.without_browser))
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    chosen.output.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
    # Piped into a file or a log there is no width to obey, and a folded table cannot be read.
    print_results(results, Console(width=None if sys.stdout.isatty() else 170))


if __name__ == "__main__":
    main()
