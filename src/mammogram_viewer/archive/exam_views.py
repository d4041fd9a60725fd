"""Which mammographic views an exam holds, by its tally. Pure.

All of this says what is there, and nothing about whether it should be: a breast that was removed counts as missing."""

from __future__ import annotations

import msgspec

from mammogram_viewer.archive.exam_models import Counts

SLOTS = ("R CC", "L CC", "R MLO", "L MLO")
_WHOLE = ("shown", "processing", "tomosynthesis")


class Views(msgspec.Struct, frozen=True, kw_only=True):
    """Sides and views such as `R CC`. `extra` adds what makes them so: `R CC spot_compression`."""

    present: list[str]
    missing: list[str]
    repeated: list[str]
    extra: list[str]


def views_of(counts: Counts) -> Views:
    """By the keys of migration 0015: `shown`, `processing` (raw values for the same picture), `tomosynthesis`, and
    `special` with the modifiers of its view.

    A picture for processing beside its twin for presentation is no repeat, nor is tomosynthesis of the same view; a
    spot or magnification is an extra, not the view itself."""
    shown, processing, tomosynthesis, special = (some(counts, kind) for kind in (*_WHOLE, "special"))
    flat = shown.keys() | processing.keys()
    whole = flat | tomosynthesis.keys()
    if not whole and not special:
        return Views(present=[], missing=[], repeated=[], extra=[])
    extra = {view for view in whole if view not in SLOTS} | special.keys()
    extra |= {f"{view} tomosynthesis" for view in tomosynthesis if view in flat}
    return Views(
        present=[slot for slot in SLOTS if slot in whole],
        missing=[slot for slot in SLOTS if slot not in whole],
        repeated=_ordered(
            {view for taken in (shown, processing, tomosynthesis) for view, count in taken.items() if count > 1}
        ),
        extra=_ordered(extra),
    )


def repeats_of(counts: Counts) -> int:
    """How many pictures were taken of a side and view that there was one of already. Raw values and their picture are
    one exposure."""
    return sum(count - 1 for taken in _taken(counts) for count in taken.values())


def exposures_of(counts: Counts) -> int:
    """How many exposures there are in all, spots and magnifications too."""
    return sum(sum(taken.values()) for taken in (*_taken(counts), some(counts, "special")))


def _taken(counts: Counts) -> tuple[dict[str, int], dict[str, int]]:
    """Exposures by view, flat ones and tomosynthesis."""
    shown, processing, tomosynthesis = (some(counts, kind) for kind in _WHOLE)
    flat = {view: max(shown.get(view, 0), processing.get(view, 0)) for view in shown.keys() | processing.keys()}
    return flat, tomosynthesis


def is_mammographic(views: Views) -> bool:
    return bool(views.present or views.missing)


def some(counts: Counts, kind: str) -> dict[str, int]:
    """How many images have each value of a kind of key, of those that some have."""
    return {value: count for value, count in counts.get(kind, {}).items() if count > 0}


def _ordered(views: set[str]) -> list[str]:
    """The four in their order, then the others, right before left."""
    if len(views) < 2:
        return list(views)
    return sorted(
        views, key=lambda view: (SLOTS.index(view) if view in SLOTS else len(SLOTS), view[2:], view[0] == "L")
    )


def is_incomplete(views: Views) -> bool:
    """Whether another exam could add to it."""
    return bool(views.present and views.missing)
