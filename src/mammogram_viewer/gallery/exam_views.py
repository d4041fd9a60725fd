"""Which mammographic views an exam holds, and which exams together look like one. Pure: tallies in, words out.

All of this says what is there, and nothing about whether it should be: a breast that was removed counts as missing."""

from __future__ import annotations

from dataclasses import dataclass

from mammogram_viewer.archive.exam_models import Candidate, Exam

SLOTS = ("R CC", "L CC", "R MLO", "L MLO")
_WHOLE = ("shown", "processing", "tomosynthesis")


@dataclass(frozen=True, kw_only=True)
class Views:
    """Sides and views such as `R CC`. `extra` adds what makes them so: `R CC spot_compression`."""

    present: list[str]
    missing: list[str]
    repeated: list[str]
    extra: list[str]


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    study_ids: list[int]
    reason: str


def views_of(tally: dict[str, int]) -> Views:
    """By the keys of migration 0015: `shown`, `processing` (raw values for the same picture), `tomosynthesis`, and
    `special` with the modifiers of its view.

    A picture for processing beside its twin for presentation is no repeat, nor is tomosynthesis of the same view; a
    spot or magnification is an extra, not the view itself."""
    counts = {kind: _counts(tally, kind) for kind in (*_WHOLE, "special")}
    whole = {view for kind in _WHOLE for view in counts[kind]}
    if not whole and not counts["special"]:
        return Views(present=[], missing=[], repeated=[], extra=[])
    flat = counts["shown"].keys() | counts["processing"].keys()
    extra = {view for view in whole if view not in SLOTS} | counts["special"].keys()
    extra |= {f"{view} tomosynthesis" for view in counts["tomosynthesis"] if view in flat}
    return Views(
        present=[slot for slot in SLOTS if slot in whole],
        missing=[slot for slot in SLOTS if slot not in whole],
        repeated=_ordered({view for kind in _WHOLE for view, count in counts[kind].items() if count > 1}),
        extra=_ordered(extra),
    )


def is_mammographic(views: Views) -> bool:
    return bool(views.present or views.missing)


def _counts(tally: dict[str, int], kind: str) -> dict[str, int]:
    start = len(kind) + 1
    return {key[start:]: count for key, count in tally.items() if key.startswith(f"{kind} ") and count > 0}


def _ordered(views: set[str]) -> list[str]:
    """The four in their order, then the others, right before left."""
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
        added = set(views_of(candidate.tally).present)
        if added and not added & together and _may_be_one(exam.tally, candidate):
            together |= added
            chosen.append(candidate)
    if not chosen:
        return None
    return Suggestion(study_ids=[one.id for one in chosen], reason=_reason(chosen, together))


def _may_be_one(tally: dict[str, int], other: Candidate) -> bool:
    patients = _counts(tally, "patient").keys() | _counts(other.tally, "patient").keys()
    names = _counts(tally, "name").keys() | _counts(other.tally, "name").keys()
    if len(patients) > 1:
        return False
    if other.same_patient and other.same_days:
        return True
    uploaders = _counts(tally, "by").keys()
    return len(names) <= 1 and len(uploaders) == 1 and uploaders == _counts(other.tally, "by").keys()


def _reason(chosen: list[Candidate], together: set[str]) -> str:
    whose = "Of the same patient" if all(one.same_patient for one in chosen) else "Patient unknown"
    when = "taken at about the same time" if all(one.same_days for one in chosen) else "sent by one person in one go"
    missing = [slot for slot in SLOTS if slot not in together]
    what = f"together they lack only {', '.join(missing)}" if missing else "together they have all four views"
    return f"{whose}, {when}; {what}."
