"""What is known of an exam: a study, or several that a person has grouped, as one viewer may see it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from mammogram_viewer.archive.models import ImageStatus, ObjectKind

# A viewer who sees every image; others have the id of the person who sees their own alone.
SEES_EVERYTHING = 0


# By the kind of key, as `status` or `modality`: how many images have each of its values.
Counts = dict[str, dict[str, int]]


def counts_of(tally: dict[str, int]) -> Counts:
    """A tally taken apart, in one walk over its keys."""
    counts: Counts = {}
    for key, count in tally.items():
        kind, _, value = key.partition(" ")
        if kind in counts:
            counts[kind][value] = count
        else:
            counts[kind] = {value: count}
    return counts


class Exam(msgspec.Struct, frozen=True, gc=False):
    """One row of `exam_tallies` with the studies it is made of, and what the viewer's first image says of patient and
    study: the shared rows might tell somebody else's file."""

    id: int
    created_at: datetime
    tally: dict[str, int]
    study_ids: list[int]  # the exam's own first
    study_instance_uid: str | None
    study_at: datetime | None
    study_description: str | None
    accession_number: str | None
    patient_id: str | None
    patient_name: str | None

    def counts(self) -> Counts:
        return counts_of(self.tally)


class ExamImage(msgspec.Struct, frozen=True, gc=False):
    """One picture of an exam, as much as a thumbnail needs. `slot` as in `R CC`; None outside the hanging."""

    exam_id: int
    slot: str | None
    id: int
    status: ImageStatus
    object_kind: ObjectKind
    laterality: str | None
    view_position: str | None
    recipe_version: int | None
    has_tags: bool
    thumbnail_width: int | None
    thumbnail_height: int | None


class ExamMember(msgspec.Struct, frozen=True, kw_only=True):
    """One of the studies that an exam is made of, as the viewer may see it."""

    id: int
    study_instance_uid: str
    study_at: datetime | None
    study_description: str | None
    image_count: int


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """An exam that may be the other half of `exam_id`. `same_patient`: known to be; else nobody knows either's."""

    exam_id: int
    id: int
    tally: dict[str, int]
    same_patient: bool
    same_days: bool


class ExamsShown(msgspec.Struct, frozen=True, kw_only=True):
    """What rows of a list show beside their tallies. `names` of people by id; `candidates` in the order of ids."""

    hung: list[ExamImage]
    first: list[ExamImage]
    names: dict[int, str]
    candidates: list[Candidate]


class StudyToGroup(msgspec.Struct, frozen=True, kw_only=True):
    """What decides whether a study may be grouped; locked. `patient_id` is the file's, by `issuer`."""

    id: int
    patient_id: str | None
    issuer: str | None
    grouped_into: int | None
    has_members: bool
    has_images: bool
