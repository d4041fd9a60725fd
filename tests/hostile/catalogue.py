"""All hostile files of a seed, and a sample that has some of every class."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable

from hostile.archives import archive_files
from hostile.bombs import bomb_files
from hostile.clean import clean_files
from hostile.counts import count_files
from hostile.files import CLEAN, HostileFile
from hostile.grey import grey_files
from hostile.lengths import length_files
from hostile.mismatched import mismatched_files
from hostile.mutations import mutated_files
from hostile.pictures import picture_files
from hostile.polyglots import polyglot_files
from hostile.strings import overlay_files, string_files
from hostile.truncated import truncated_files
from hostile.vrs import vr_files

SEED = 3
_MAKERS = (
    truncated_files, length_files, count_files, bomb_files, vr_files, mismatched_files, grey_files, mutated_files,
    polyglot_files, string_files, overlay_files, picture_files, archive_files,
)  # fmt: skip


def hostile_files(seed: int = SEED) -> list[HostileFile]:
    """Every file, the clean twins first: the same seed gives the same files in the same order."""
    found = [*clean_files(seed), *(file for make in _MAKERS for file in make(seed))]
    assert len({file.name for file in found}) == len(found), "two files have one name"
    return found


def with_twins(chosen: Iterable[HostileFile], everything: list[HostileFile]) -> list[HostileFile]:
    """The chosen files and the clean ones that they are compared with, in the catalogue's order."""
    names = {name for file in chosen for name in (file.name, file.twin)}
    return [file for file in everything if file.name in names]


def sample(everything: list[HostileFile], count: int, seed: int = SEED) -> list[HostileFile]:
    """`count` quick hostile files by seed, taken in turn from every class, and their twins."""
    classes: dict[str, list[HostileFile]] = defaultdict(list)
    for file in everything:
        if file.allowed is not CLEAN and not file.slow:
            classes["/".join(file.name.split("/")[:2])].append(file)
    dice = random.Random(seed)
    piles = [dice.sample(pile, len(pile)) for _, pile in sorted(classes.items())]
    # One of each family first, then of each of its parts.
    families: dict[str, HostileFile] = {}
    for pile in piles:
        families.setdefault(pile[0].family, pile.pop())
    chosen = list(families.values())
    rest = [pile for pile in piles if pile]
    dice.shuffle(rest)
    while len(chosen) < count:
        for pile in [pile for pile in rest if pile][: count - len(chosen)]:
            chosen.append(pile.pop())
    return with_twins(chosen, everything)
