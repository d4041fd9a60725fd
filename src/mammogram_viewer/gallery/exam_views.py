"""Which mammographic views an exam holds, and which exams together look like one. Pure: tallies in, words out.

All of this says what is there, and nothing about whether it should be: a breast that was removed counts as missing."""

from __future__ import annotations

import msgspec

from mammogram_viewer.archive.exam_models import Candidate, Counts, Exam, counts_of

SLOTS = ("R CC", "L CC", "R MLO", "L MLO")
_WHOLE = ("shown", "processing", "tomosynthesis")


class Views(msgspec.Struct, frozen=True, kw_only=True):
    """Sides and views such as `R CC`. `extra` adds what makes them so: `R CC spot_compression`."""

    present: list[str]
    missing: list[str]
    repeated: list[str]
    extra: list[str]


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    study_ids: list[int]
    reason: str


def views_of(counts: Counts) -> Views:
    """By the keys of migration 0015: `shown`, `processing` (raw values for the same picture), `tomosynthesis`, and
    `special` with the modifiers of its view.

    A picture for processing beside its twin for presentation is no repeat, nor is tomosynthesis of the same view; a
    spot or magnification is an extra, not the view itself."""
    shown, processing, tomosynthesis, special = (_some(counts, kind) for kind in (*_WHOLE, "special"))
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


def is_mammographic(views: Views) -> bool:
    return bool(views.present or views.missing)


def _some(counts: Counts, kind: str) -> dict[str, int]:
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


def suggest(exam: Exam, views: Views, candidates: list[Candidate]) -> Suggestion | None:
    """Exams that together with this one come closer to the four views, and repeat none. Only a hint: a person groups.

    Never across patients: candidates share the patient, or nobody's is known and then uploader and name must agree."""
    together, chosen = set(views.present), []
    for candidate in candidates:
        counts = counts_of(candidate.tally)
        added = set(views_of(counts).present)
        if added and not added & together and _may_be_one(exam.counts(), counts, candidate):
            together |= added
            chosen.append(candidate)
    if not chosen:
        return None
    return Suggestion(study_ids=[one.id for one in chosen], reason=_reason(chosen, together))


def _may_be_one(counts: Counts, others: Counts, other: Candidate) -> bool:
    patients = _some(counts, "patient").keys() | _some(others, "patient").keys()
    names = _some(counts, "name").keys() | _some(others, "name").keys()
    if len(patients) > 1:
        return False
    if other.same_patient and other.same_days:
        return True
    uploaders = _some(counts, "by").keys()
    return len(names) <= 1 and len(uploaders) == 1 and uploaders == _some(others, "by").keys()


def _reason(chosen: list[Candidate], together: set[str]) -> str:
    whose = "Of the same patient" if all(one.same_patient for one in chosen) else "Patient unknown"
    when = "taken at about the same time" if all(one.same_days for one in chosen) else "sent by one person in one go"
    missing = [slot for slot in SLOTS if slot not in together]
    what = f"together they lack only {', '.join(missing)}" if missing else "together they have all four views"
    return f"{whose}, {when}; {what}."
