"""A small dose of `make drill`: every kind of fault under load, and the invariants afterwards."""

from __future__ import annotations

from pathlib import Path

from drills.house import House
from drills.storm import Plan, Storm
from product import FAST


def test_a_small_storm_of_kills_loses_doubles_and_half_makes_nothing(tmp_path: Path) -> None:
    plan = Plan(
        seed=7,
        uploads=60,
        large_uploads=0,
        kills=10,
        flushes=1,
        freezes=1,
        rounds_of_crash_points=1,
        away_seconds=3,
        freeze_seconds=4,
        limit_seconds=120,
    )
    said: list[str] = []
    with House(tmp_path / "data", FAST, {"fsync": "off", "shared_buffers": "64MB"}, seed=plan.seed) as house:
        outcome = Storm(plan, house, said.append).run()
    assert outcome.troubles == [], "\n".join([*outcome.troubles, *said])
    assert outcome.counts["acknowledged"] >= 60
    assert len(house.kills) >= 13
