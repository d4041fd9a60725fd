"""`make bench-upload`: durable uploads beside a socket sink, memory under twenty uploads at once, and the gallery's
page beside Express. Prints tables and writes benchmarks/results/upload.json; takes about three minutes."""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import durable, express_peer, lists, machine, memory
from benchmarks.sender import COLUMNS, ROWS, Mammogram
from benchmarks.stage import api, servers, sign_in, work_folder
from benchmarks.tables import print_results

RESULTS = Path(__file__).parent / "results" / "upload.json"
ROUNDS = 25
LIST_ROUNDS = 7
LIST_SECONDS = 3


async def measure(scale: float) -> dict[str, Any]:
    """Everything, at `scale` of its size (1: the real thing; tests take a hundredth)."""
    file = Mammogram(round(ROWS * math.sqrt(scale)), round(COLUMNS * math.sqrt(scale)))
    with work_folder() as folder:
        facts = machine.facts(folder)
        async with servers(folder) as stage:
            # A fresh process for each part, so that none works in the memory that another left behind.
            with api(stage) as running:
                held = memory.measure(running, sign_in(running), file)
            with api(stage) as running:
                uploads = durable.measure(stage, running, sign_in(running), file, max(2, round(ROUNDS * scale)))
            with api(stage) as running:
                pages = await lists.measure(
                    stage,
                    running,
                    sign_in(running),
                    images=round(lists.IMAGES * scale),
                    rounds=max(1, round(LIST_ROUNDS * scale)),
                    seconds=max(1, round(LIST_SECONDS * scale)),
                )
    facts["versions"] |= express_peer.versions()
    return {
        **facts,
        "scale": scale,
        "parts_running": "api, embedded PostgreSQL (fsync on) and Valkey; no worker",
        "upload": {"file_bytes": file.byte_count, **uploads},
        "memory": {"file_bytes": file.byte_count, **held},
        "lists": pages,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure uploads and the image list on this machine.")
    parser.add_argument("--scale", type=float, default=1.0, help="size of everything; 1 is the real thing")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the results go")
    chosen = parser.parse_args()
    results = asyncio.run(measure(chosen.scale))
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    chosen.output.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
    # Piped into a file or a log there is no width to obey, and a folded table cannot be read.
    print_results(results, Console(width=None if sys.stdout.isatty() else 150))


if __name__ == "__main__":
    main()
