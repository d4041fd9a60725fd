"""Keep-alive load on one path with random cursors: wrk where it is installed, else a small client of our own.

wrk (apt-get install wrk) is C and leaves the processor to the servers; our own client is a process of its own too, but
it costs more, so the numbers of both sides come out lower. Which one ran is part of the results."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.stage import Peer

_LUA = """
local cursors = {}
for line in io.lines("CURSORS") do cursors[#cursors + 1] = line end
math.randomseed(SEED)
request = function()
  return wrk.format("GET", "PATH&cursor=" .. cursors[math.random(#cursors)])
end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('{"requests": %d, "microseconds": %d, "p50_us": %d, "p95_us": %d, "errors": %d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(95),
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclass(frozen=True)
class Load:
    """What is asked for: a path that ends in its first parameters, cursors in a file, one header."""

    path: str
    cursors: Path
    header: tuple[str, str]
    connections: int
    seconds: int


@dataclass(frozen=True)
class Answered:
    """One run's requests a second and latencies."""

    requests_per_second: float
    p50_ms: float
    p95_ms: float


def generator() -> str:
    """The client that will be used, with its version."""
    wrk = shutil.which("wrk")
    if wrk is None:
        return "benchmarks.load_client (wrk is not installed)"
    words = subprocess.run([wrk, "-v"], capture_output=True, text=True, timeout=10).stdout.split()
    return " ".join(words[:2])


def run(load: Load, server: Peer, *, seed: int) -> Answered:
    """One run. Any answer but 200 ends the benchmark: fast errors would look like a fast list."""
    wrk = shutil.which("wrk")
    if wrk is not None:
        command = _wrk_command(wrk, load, server, seed)
    else:
        asked = {**vars(load), "cursors": str(load.cursors), "port": server.port, "seed": seed}
        command = [sys.executable, "-m", "benchmarks.load_client", json.dumps(asked)]
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=load.seconds + 60, check=True)
    counted = json.loads(done.stdout.splitlines()[-1])
    if counted["errors"] or not counted["requests"]:
        raise SystemExit(f"{counted['errors']} of {counted['requests']} requests failed; the run says nothing.")
    return Answered(
        requests_per_second=counted["requests"] / (counted["microseconds"] / 1e6),
        p50_ms=counted["p50_us"] / 1000,
        p95_ms=counted["p95_us"] / 1000,
    )


def _wrk_command(wrk: str, load: Load, server: Peer, seed: int) -> list[str]:
    script = load.cursors.with_suffix(".lua")
    script.write_text(_LUA.replace("CURSORS", str(load.cursors)).replace("SEED", str(seed)).replace("PATH", load.path))
    name, value = load.header
    return [
        *(wrk, "--threads", "1", "--connections", str(load.connections), "--duration", f"{load.seconds}s"),
        *("--script", str(script), "--header", f"{name}: {value}", server.base_url),
    ]
