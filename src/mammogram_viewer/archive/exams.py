"""Exams: what they hold for a viewer, and how a person puts studies together that are one.

Invariants: a tally equals a count of its images after every commit (migration 0015); a group is one level deep; an
exam never holds two known patients. Nothing in a file or an image changes by grouping, and ungrouping brings back each
study as it was, at its place in the list."""

from __future__ import annotations

from mammogram_viewer.archive import exam_queries as queries
from mammogram_viewer.archive.exam_models import (
    SEES_EVERYTHING,
    Exam,
    ExamMember,
    ExamsShown,
    StudyToGroup,
)
from mammogram_viewer.archive.queries import Connection, Database
from mammogram_viewer.dicom.view_text import patient_alone
from mammogram_viewer.foundation.errors import Conflict, NotFound

ABSENT = "This exam does not exist, or you may not see it."
find_exams = queries.find_exams
SHOW_FOUND_EXAMS = queries.SHOW_FOUND_EXAMS
FIRST_PICTURES = 4


def viewer_of(owner_filter: int | None) -> int:
    """Whose tallies count: those of the images that this person may see."""
    return SEES_EVERYTHING if owner_filter is None else owner_filter


async def get_exam(db: Database, study_id: int, viewer_id: int) -> Exam:
    """The exam that a study is, or that it was grouped into; NotFound where the viewer has no image."""
    exam = await queries.find_exam(db, study_id, viewer_id)
    if exam is None:
        raise NotFound(ABSENT)
    return exam


async def list_exams_with_file(db: Database, pattern: str, viewer_id: int, *, most_images: int) -> list[int] | None:
    """Exams that hold a file whose name is like `pattern` (LIKE, whatever the case); None when too many are."""
    return await queries.list_exams_with_file(db, pattern, viewer_id, most_images)


async def list_parts(db: Database, study_id: int) -> list[int]:
    """A study and those grouped into it; of one that is grouped itself, it alone."""
    return await queries.list_parts(db, study_id)


async def list_members(db: Database, exam: Exam, viewer_id: int) -> list[ExamMember]:
    return await queries.list_members(db, exam.study_ids, viewer_id)


async def list_shown(
    db: Database,
    *,
    hanging: list[Exam],
    others: list[Exam],
    viewer_id: int,
    user_ids: list[int],
    incomplete: list[int],
    days: float,
    minutes: float,
    candidates: int,
) -> ExamsShown:
    """What the rows of a list show beside their tallies: at most four pictures an exam (of `others` the first), names,
    and for each of `incomplete` exams that may belong to it by patient and time alone, up to `candidates` by each of
    these; who suggests looks at the views."""
    return await queries.list_shown(
        db,
        hanging=hanging,
        others=others,
        viewer_id=viewer_id,
        user_ids=user_ids,
        incomplete=incomplete,
        days=days,
        minutes=minutes,
        first=FIRST_PICTURES,
        candidates=candidates,
    )


async def group(connection: Connection, head_id: int, study_ids: list[int], *, most_members: int) -> list[int]:
    """Make studies part of the exam `head_id`; answers those that were not yet. Conflict, with a code that says which,
    when they cannot be; NotFound when one does not exist."""
    locked = {study.id: study for study in await queries.lock_studies(connection, [head_id, *study_ids])}
    await _demand_known(connection, [head_id, *study_ids])
    if head_id in study_ids:
        raise Conflict("An exam cannot be grouped with itself.", code="same_exam")
    if locked[head_id].grouped_into is not None:
        raise Conflict("This study is part of another exam; group with that one.", code="is_member")
    fresh = [study_id for study_id in study_ids if locked[study_id].grouped_into != head_id]
    for study_id in fresh:
        _demand_free(locked[study_id])
    members = [study for study in locked.values() if study.grouped_into == head_id]
    parts = [locked[head_id], *members, *(locked[study_id] for study_id in fresh)]
    if len({(patient_alone(part.patient_id), part.issuer) for part in parts if part.patient_id is not None}) > 1:
        raise Conflict("These are exams of different patients and stay apart.", code="different_patients")
    if len(parts) > most_members:
        raise Conflict(f"An exam holds at most {most_members} studies.", code="too_many_members")
    if fresh:
        await queries.set_group(connection, fresh, head_id)
        await queries.recount(connection, [head_id, *fresh])
    return fresh


def _demand_free(study: StudyToGroup) -> None:
    if study.grouped_into is not None:
        raise Conflict("One of these studies is part of another exam; take it out there first.", code="already_grouped")
    if study.has_members:
        raise Conflict("One of these exams is a group itself; take it apart first.", code="has_members")


async def ungroup(connection: Connection, head_id: int, study_ids: list[int]) -> list[int]:
    """Let members stand alone again; answers those that were members. NotFound when one does not exist."""
    locked = {study.id: study for study in await queries.lock_studies(connection, [head_id, *study_ids])}
    await _demand_known(connection, [head_id, *study_ids])
    if head_id in study_ids:
        raise Conflict("The exam itself cannot be taken out; take out the others.", code="same_exam")
    if any(locked[study_id].grouped_into not in (None, head_id) for study_id in study_ids):
        raise Conflict("One of these studies is part of another exam.", code="already_grouped")
    members = [study_id for study_id in study_ids if locked[study_id].grouped_into == head_id]
    if members:
        await queries.set_group(connection, members, None)
        await queries.recount(connection, [head_id, *members])
    return members


async def dismiss(connection: Connection, exam_id: int, study_ids: list[int], *, again: bool) -> int:
    """Suggest these no more together with the exam, or `again`; answers how many that changes."""
    await _demand_known(connection, [exam_id, *study_ids])
    if exam_id in study_ids:
        raise Conflict("An exam is not suggested for itself.", code="same_exam")
    pairs = [(min(exam_id, other), max(exam_id, other)) for other in study_ids]
    return await (queries.suggest_again if again else queries.dismiss)(connection, pairs)


async def _demand_known(connection: Connection, study_ids: list[int]) -> None:
    if await queries.list_known_studies(connection, study_ids) != set(study_ids):
        raise NotFound(ABSENT)
