"""All of the benchmark: `measure` and the command line."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import machine
from benchmarks.jobs import answers, bookkeeping, lists, recovery, retry
from benchmarks.jobs.tables import print_results
from benchmarks.stage import servers, work_folder

RESULTS = Path(__file__).parents[1] / "results" / "jobs.json"


async def measure(scale: float, *, with_recovery: bool) -> dict[str, Any]:
    """Everything, at `scale` of its size (1: the real thing; tests take a hundredth)."""

    def scaled(count: int, least: int) -> int:
        return max(least, round(count * scale))

    with work_folder() as folder:
        facts = machine.facts(folder)
        async with servers(folder) as stage:
            measured = {
                "answers": await answers.measure(stage, scaled(answers.ROUNDS, 5)),
                "bookkeeping": await bookkeeping.measure(
                    stage, scaled(bookkeeping.JOBS, 50), scaled(bookkeeping.ROUNDS, 2)
                ),
                # Takes the place of the rows of those above.
                "lists": await lists.measure(stage, scaled(lists.ROWS, 10_000), scaled(lists.ROUNDS, 1)),
            }
        # Beside a million dead rows the next part would measure their vacuum.
        retry_folder = folder / "retry"
        retry_folder.mkdir()
        async with servers(retry_folder) as stage:
            measured["retry"] = await retry.measure(stage, scaled(retry.JOBS, 100), scaled(retry.ROUNDS, 1))
        if with_recovery:
            measured["recovery"] = recovery.measure(folder)
    facts["versions"] |= {name: version(name) for name in ("bullmq", "redis")}
    return {**facts, "scale": scale, **measured}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the queue on this machine.")
    parser.add_argument("--scale", type=float, default=1.0, help="size of everything; 1 is the real thing")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the results go")
    parser.add_argument("--without-recovery", action="store_true", help="leave the minutes of kills and FLUSHALL out")
    chosen = parser.parse_args()
    results = asyncio.run(measure(chosen.scale, with_recovery=not chosen.without_recovery))
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    chosen.output.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
    # Piped into a file or a log there is no width to obey, and a folded table cannot be read.
    print_results(results, Console(width=None if sys.stdout.isatty() else 150))


if __name__ == "__main__":
    main()
