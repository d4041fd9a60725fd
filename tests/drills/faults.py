"""`make drill`: the whole product under load while its parts are killed, Redis is emptied and taken away, and the power
is cut at every named step; then a disk that is full. Afterwards every invariant is examined. `--help` tells how to run
a part of it; the same seed gives the same faults, if not at the same moments."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))  # as pytest does

from drills.full_disk import drill_full_disk
from drills.house import House
from drills.recovery import measure_recovery
from drills.storm import Outcome, Plan, Storm, forget_environment
from product import FAST

_SCALE = Plan()  # the full drill; smaller ones keep its proportions


def main(words: list[str]) -> int:
    """The exit code: 0 when every invariant holds, and with --recovery when both targets are met."""
    asked = _parser().parse_args(words)
    forget_environment()
    folder = Path(tempfile.mkdtemp(prefix="fault drill "))
    keep = asked.keep
    try:
        told = _recovery(asked, folder) if asked.recovery else _drill(asked, folder)
        keep = keep or bool(told["troubles"])
    except BaseException:
        keep = True
        raise
    finally:
        if keep:
            _say(f"everything is kept in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if asked.output:
        asked.output.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    for trouble in told["troubles"]:
        _say(f"✗ {trouble}")
    _say("FAILED" if told["troubles"] else "Passed: nothing lost, nothing doubled, nothing half-made.")
    return 1 if told["troubles"] else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.drills.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="other files, other faults (default: %(default)s)")
    parser.add_argument(
        "--uploads",
        type=int,
        default=_SCALE.uploads,
        help="of up to 1 MB; 27 MB: one in a hundred (default: %(default)s)",
    )
    parser.add_argument("--kills", type=int, default=_SCALE.kills, help="kill -9, of each part (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=60, help="fails when it lasts longer (default: %(default)s)")
    parser.add_argument("--away", type=float, default=_SCALE.away_seconds, metavar="SECONDS", help="without Redis")
    parser.add_argument("--fast", action="store_true", help="the tests' short locks and pauses, not production's")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of API and workers")
    parser.add_argument("--recovery", action="store_true", help="measure recovery after kill -9 and FLUSHALL, only")
    parser.add_argument("--keep", action="store_true", help="keep data and logs; they are kept after a failure anyway")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write what was measured as JSON")
    return parser


def _drill(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    plan = Plan(
        seed=asked.seed,
        uploads=asked.uploads,
        large_uploads=asked.uploads * _SCALE.large_uploads // _SCALE.uploads,
        kills=asked.kills,
        flushes=max(1, asked.kills * _SCALE.flushes // _SCALE.kills),
        freezes=max(1, asked.kills * _SCALE.freezes // _SCALE.kills),
        away_seconds=asked.away,
        limit_seconds=asked.minutes * 60,
    )
    with House(folder / "data", _settings(asked), seed=plan.seed) as house:
        outcome = Storm(plan, house, _say).run()
        by_part: dict[str, int] = {}
        for kill in house.kills:
            by_part[kill.part] = by_part.get(kill.part, 0) + 1
        outcome.counts |= {f"faults: {part}": count for part, count in sorted(by_part.items())}
        for trouble in outcome.troubles:
            _say(f"✗ {trouble}")
        _say("the disk fills …")
        drill_full_disk(house, folder, plan.seed, outcome, _say)
    _table(outcome)
    return {
        "seed": plan.seed,
        "troubles": outcome.troubles,
        "counts": outcome.counts,
        **outcome.numbers,
    }


def _settings(asked: argparse.Namespace) -> dict[str, str]:
    return {**(FAST if asked.fast else {}), **dict(word.split("=", 1) for word in asked.set)}


def _recovery(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    outcome = measure_recovery(folder, _settings(asked), _say)
    _table(outcome)
    return {"troubles": outcome.troubles, "counts": outcome.counts, **outcome.numbers}


def _table(outcome: Outcome) -> None:
    _say("")
    for name, count in outcome.counts.items():
        _say(f"{name:45} {count:8}")
    recovery = outcome.numbers.get("recovery", {})
    if recovery:
        _say(f"\n{'seconds from the fault':55} {'count':>6} {'median':>8} {'p95':>8} {'max':>8}")
    for name, row in recovery.items():
        _say(f"{name:55} {row['count']:6} {row['median']:8.2f} {row['p95']:8.2f} {row['max']:8.2f}")
    _say("")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
