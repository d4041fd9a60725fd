"""The gallery's keyset page beside Express 5 and pg: requests a second and latencies, in turn, on the same PostgreSQL.

Before anything is timed both must give the same JSON for the same cursors."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import httpx

from benchmarks import figures, load
from benchmarks.express_peer import LIMIT, express
from benchmarks.load import Answered, Load
from benchmarks.seed import fill, random_cursors
from benchmarks.stage import Credentials, Peer, Stage

PATH = f"/api/images?useCursor=true&limit={LIMIT}"
IMAGES = 100_000
CONNECTIONS = (1, 8)
TARGET = 1.0
_CURSORS = 5000
_COMPARED = 20


async def measure(
    stage: Stage, api: Peer, credentials: Credentials, *, images: int, rounds: int, seconds: int
) -> dict[str, Any]:
    """Every combination of sign-in and connections, on an archive of its own making."""
    await fill(stage.database_url, images)
    return {"images": images, **await compare(stage, api, credentials, rounds=rounds, seconds=seconds, target=TARGET)}


async def compare(
    stage: Stage, api: Peer, credentials: Credentials, *, rounds: int, seconds: int, target: float
) -> dict[str, Any]:
    """The same on what is there."""
    cursors = await random_cursors(stage.database_url, _CURSORS)
    file = stage.folder / "cursors.txt"
    file.write_text("\n".join(cursors))
    headers = {"bearer": ("Authorization", credentials.authorization), "session": ("Cookie", credentials.cookie)}
    async with express(stage) as other:
        for header in headers.values():
            _demand_same_answers(api, other, header, cursors[:_COMPARED])
            _warm_up(api, other, file, header)
        measured = {
            sign_in: {
                str(connections): _in_turn(api, other, Load(PATH, file, header, connections, seconds), rounds)
                for connections in CONNECTIONS
            }
            for sign_in, header in headers.items()
        }
    return {
        "path": PATH + "&cursor=…",
        "load_generator": load.generator(),
        "seconds_a_run": seconds,
        "target": {"ratio_at_least": target},
        "met": all(each["ratio"]["median_of_pairs"] >= target for kind in measured.values() for each in kind.values()),
        "by_sign_in_and_connections": measured,
    }


def _demand_same_answers(api: Peer, other: Peer, header: tuple[str, str], cursors: list[str]) -> None:
    with httpx.Client(headers=dict([header]), timeout=30) as client:
        for cursor in cursors:
            ours, theirs = (
                client.get(f"{server.base_url}{PATH}", params={**_params(), "cursor": cursor})
                for server in (api, other)
            )
            if ours.status_code != 200 or ours.json() != theirs.json():
                raise SystemExit(f"The two sides answer differently at {cursor}; a comparison would say nothing.")


def _params() -> dict[str, str]:
    """httpx replaces a URL's query by its parameters, so all of them are given."""
    return dict(part.split("=") for part in PATH.partition("?")[2].split("&"))


def _warm_up(api: Peer, other: Peer, cursors: Path, header: tuple[str, str]) -> None:
    for server in (api, other):
        load.run(Load(PATH, cursors, header, max(CONNECTIONS), 1), server, seed=0)


def _in_turn(api: Peer, other: Peer, wanted: Load, rounds: int) -> dict[str, Any]:
    answered: dict[str, list[Answered]] = {"api": [], "express": []}
    for number in range(rounds):
        sides = [("api", api), ("express", other)][:: 1 if number % 2 else -1]
        for side, server in sides:
            answered[side].append(load.run(wanted, server, seed=number))
    rates = {side: [run.requests_per_second for run in runs] for side, runs in answered.items()}
    return {
        "runs": rounds,
        **{side: _summary(runs) for side, runs in answered.items()},
        "ratio": figures.ratio(rates["api"], rates["express"]),
    }


def _summary(runs: list[Answered]) -> dict[str, Any]:
    return {
        "requests_per_second": figures.summary([run.requests_per_second for run in runs]),
        "p50_ms": round(statistics.median(run.p50_ms for run in runs), 2),
        "p95_ms": round(statistics.median(run.p95_ms for run in runs), 2),
    }
