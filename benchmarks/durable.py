"""How long one durable upload takes, ours beside the sink's, run by run in turn: A B, B A, A B, …"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import figures
from benchmarks.sender import Mammogram, Upload
from benchmarks.stage import Credentials, Peer, Stage, free_port, peer

WARM_UPS = 3
TARGET_MS = 200
TARGETS = {"raw": 1.5, "multipart": 2.0}
Shape = Callable[..., Upload]
_SHAPES: dict[str, Shape] = {"raw": Upload.raw, "multipart": Upload.multipart}
# The answer's background task (waking a worker) and the removal of the sink's file belong to nobody's next run.
_PAUSE_SECONDS = 0.03


def measure(stage: Stage, api: Peer, credentials: Credentials, file: Mammogram, rounds: int) -> dict[str, Any]:
    """Each kind of body against the sink; milliseconds from connect to the last byte of the answer."""
    folder = stage.folder / "sink"
    folder.mkdir()
    port = free_port()
    command: list[str | Path] = [sys.executable, Path(__file__).parent / "peers" / "sink.py", str(port), folder]
    with peer(command, port, {}, stage.folder, stage.output) as sink:
        times = _interleaved(api, sink, credentials, file, rounds)
    return {
        kind: _verdict(times[kind, "api"], times[kind, "sink"], target_ratio) for kind, target_ratio in TARGETS.items()
    }


def _interleaved(
    api: Peer, sink: Peer, credentials: Credentials, file: Mammogram, rounds: int
) -> dict[tuple[str, str], list[float]]:
    times: dict[tuple[str, str], list[float]] = {(kind, side): [] for kind in _SHAPES for side in ("api", "sink")}
    for number in range(-WARM_UPS, rounds):
        # Who goes first changes, so that neither side always follows the other's disk work.
        sides = [("api", api), ("sink", sink)][:: 1 if number % 2 else -1]
        for kind, shape in _SHAPES.items():
            for side, server in sides:
                taken_ms = _timed(shape(file.another(), credentials.authorization), server)
                if number >= 0:
                    times[kind, side].append(taken_ms)
    return times


def _timed(upload: Upload, server: Peer) -> float:
    time.sleep(_PAUSE_SECONDS)
    started = time.perf_counter()
    upload.send(server.port)
    return (time.perf_counter() - started) * 1000


def _verdict(ours: list[float], theirs: list[float], target_ratio: float) -> dict[str, Any]:
    ratio = figures.ratio(ours, theirs)
    return {
        "runs": len(ours),
        "api_ms": figures.summary(ours),
        "sink_ms": figures.summary(theirs),
        "ratio": ratio,
        "target": {"ratio_at_most": target_ratio, "median_ms_below": TARGET_MS},
        "met": ratio["median_of_pairs"] <= target_ratio and figures.summary(ours)["median"] < TARGET_MS,
    }
