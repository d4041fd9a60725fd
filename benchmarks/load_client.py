"""The load generator for machines without wrk: raw keep-alive sockets in one event loop, no HTTP library.

Run by `load.py` as a process of its own with one JSON argument; prints the same line as its wrk script."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.figures import percentile


async def _keep_asking(asked: dict[str, Any], cursors: list[str], deadline: float) -> tuple[list[float], int]:
    """One connection: the seconds of each answer, and how many were not 200."""
    reader, writer = await asyncio.open_connection("127.0.0.1", asked["port"])
    choose = random.Random(asked["seed"]).choice
    name, value = asked["header"]
    rest = f" HTTP/1.1\r\nHost: 127.0.0.1\r\n{name}: {value}\r\n\r\n"
    times: list[float] = []
    errors = 0
    while (started := time.perf_counter()) < deadline:
        writer.write(f"GET {asked['path']}&cursor={choose(cursors)}{rest}".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        await reader.readexactly(int(lengths[0].split(b":")[1]))
        times.append(time.perf_counter() - started)
        errors += not head.startswith(b"HTTP/1.1 200")
    writer.close()
    return times, errors


async def main(asked: dict[str, Any]) -> None:
    cursors = Path(asked["cursors"]).read_text().split()
    started = time.perf_counter()
    deadline = started + asked["seconds"]
    each = [{**asked, "seed": asked["seed"] + number} for number in range(asked["connections"])]
    results = await asyncio.gather(*(_keep_asking(one, cursors, deadline) for one in each))
    times = [seconds for answered, _ in results for seconds in answered]
    counted = {
        "requests": len(times),
        "microseconds": round((time.perf_counter() - started) * 1e6),
        "p50_us": round(percentile(times, 50) * 1e6),
        "p95_us": round(percentile(times, 95) * 1e6),
        "errors": sum(errors for _, errors in results),
    }
    print(json.dumps(counted))


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
