"""A hundred and fifty hostile files of all classes, by seed, through the running product: everything ends as it may.

`make drill-hostile` sends all of them."""

from __future__ import annotations

import pytest

from hostile.catalogue import SEED, hostile_files, sample
from hostile.files import CLEAN, HostileFile
from hostile.trial import Report, Trial
from product import Product

COUNT = 150
FILES = sample(hostile_files(), COUNT)


@pytest.fixture(scope="module")
def report(product: Product) -> Report:
    return Trial(product).run(FILES)


def test_no_file_that_must_fail_is_shown(report: Report) -> None:
    shown = [(name, said) for name, said in report.violations if "must fail" in said]
    assert shown == [], f"seed {SEED}"


def test_every_outcome_is_allowed(report: Report) -> None:
    assert report.violations == [], f"seed {SEED}"


def test_nothing_dies_but_children_and_these_within_their_limits(report: Report) -> None:
    assert report.troubles == []
    assert report.most["worker"].children > 0, "the watch saw no child"


def test_the_sample_has_some_of_every_class() -> None:
    everything = hostile_files()
    assert len([file for file in everything if file.allowed is not CLEAN]) >= 600
    assert len([file for file in FILES if file.allowed is not CLEAN]) == COUNT
    assert {file.family for file in FILES} == {file.family for file in everything}


def test_the_same_seed_gives_the_same_bytes() -> None:
    again = {file.name: file for file in sample(hostile_files(), COUNT)}
    assert {file.name: file.make() for file in FILES} == {name: file.make() for name, file in again.items()}
    assert mutations(SEED) != mutations(SEED + 1)


def mutations(seed: int) -> list[bytes]:
    chosen: list[HostileFile] = [file for file in hostile_files(seed) if file.name.startswith("mutated/rle")]
    return [file.make() for file in chosen]
