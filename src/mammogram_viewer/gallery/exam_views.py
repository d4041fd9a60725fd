"""Which exams together look like one. Pure: tallies in, words out."""

from __future__ import annotations

import msgspec

from mammogram_viewer.archive.exam_models import Candidate, Counts, Exam, counts_of
from mammogram_viewer.archive.exam_views import SLOTS, Views, some, views_of


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    study_ids: list[int]
    reason: str


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
    patients = some(counts, "patient").keys() | some(others, "patient").keys()
    names = some(counts, "name").keys() | some(others, "name").keys()
    if len(patients) > 1:
        return False
    if other.same_patient and other.same_days:
        return True
    uploaders = some(counts, "by").keys()
    return len(names) <= 1 and len(uploaders) == 1 and uploaders == some(others, "by").keys()


def _reason(chosen: list[Candidate], together: set[str]) -> str:
    whose = "Of the same patient" if all(one.same_patient for one in chosen) else "Patient unknown"
    when = "taken at about the same time" if all(one.same_days for one in chosen) else "sent by one person in one go"
    missing = [slot for slot in SLOTS if slot not in together]
    what = f"together they lack only {', '.join(missing)}" if missing else "together they have all four views"
    return f"{whose}, {when}; {what}."
