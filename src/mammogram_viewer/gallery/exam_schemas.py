"""Wire shapes of exams."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from mammogram_viewer.archive.exam_models import Counts, Exam, ExamImage, ExamMember
from mammogram_viewer.archive.exam_views import SLOTS, Views
from mammogram_viewer.archive.models import ImageStatus
from mammogram_viewer.archive.rendition_links import RenditionAddress
from mammogram_viewer.archive.schemas import ImageAnswer, ImageLinks, links_of
from mammogram_viewer.foundation.keyset import MAX_BIGINT
from mammogram_viewer.foundation.wire import Wire, WireRequest
from mammogram_viewer.gallery.exam_views import Suggestion

ExamState = Literal["processing", "ready", "troubled"]


class StatusCounts(Wire, frozen=True):
    pending: int
    processing: int
    ready: int
    rejected: int
    failed: int


class ExamViews(Wire, frozen=True):
    """Of a mammographic exam, such as `R CC`; all empty for others."""

    present: list[str]
    missing: list[str]
    repeated: list[str]
    extra: list[str]


class ExamPicture(Wire, frozen=True):
    """As much of an image as its thumbnail needs."""

    id: int
    status: ImageStatus
    laterality: str | None
    view_position: str | None
    links: ImageLinks
    thumbnail_width: int | None
    thumbnail_height: int | None


class HangingPlace(Wire, frozen=True):
    """One of `R CC`, `L CC`, `R MLO`, `L MLO`, and the best picture for it."""

    slot: str
    image: ExamPicture | None


class Uploader(Wire, frozen=True):
    id: int
    name: str


class ExamSuggestion(Wire, frozen=True):
    """Exams that seem to be one with this; nothing is grouped before a person does it."""

    study_ids: list[int]
    reason: str


class Study(Wire, frozen=True):
    """One exam, as far as the caller may see its images. `state`: `processing` while one is under way, `troubled` when
    one was rejected or has failed. `others`: the first four pictures of an exam without mammographic views."""

    id: int
    study_instance_uid: str | None
    created_at: datetime
    study_at: datetime | None
    study_description: str | None
    accession_number: str | None
    patient_id: str | None
    patient_name: str | None
    modalities: list[str]
    image_count: int
    status_counts: StatusCounts
    state: ExamState
    views: ExamViews
    hanging: list[HangingPlace]
    others: list[ExamPicture]
    member_count: int
    uploaders: list[Uploader]
    suggestion: ExamSuggestion | None


class StudyMember(Wire, frozen=True):
    id: int
    study_instance_uid: str
    study_at: datetime | None
    study_description: str | None
    image_count: int


class StudyDetail(Study, frozen=True):
    """An exam with its images, as they came, and the studies it is made of, its own first. Of a very large exam the
    first images; `imageCount` tells how many there are, and the list of images has them all by `studyId`."""

    images: list[ImageAnswer]
    members: list[StudyMember]


class StudyPage(Wire, frozen=True):
    """A keyset page, newest first in both directions; cursors are null at the ends."""

    studies: list[Study]
    next_cursor: str | None
    prev_cursor: str | None
    has_more: bool
    limit: int


class StudyNeighbours(Wire, frozen=True):
    """Ids of the exams that a list shows around one: `previous` is newer, `next` older; null at its ends."""

    previous: int | None
    next: int | None


class Count(Wire, frozen=True):
    """`capped`: at least so many; counting went no further."""

    count: int
    capped: bool


class StudyCounts(Wire, frozen=True):
    """How many exams the filters leave. For the values of a filter: how many would be left with that value instead."""

    total: Count
    laterality: dict[str, Count]
    view: dict[str, Count]
    modality: dict[str, Count]
    status: dict[str, Count]


StudyIdList = Annotated[
    list[Annotated[int, msgspec.Meta(ge=1, le=MAX_BIGINT)]], msgspec.Meta(min_length=1, max_length=100)
]


class StudyIds(WireRequest, frozen=True):
    study_ids: StudyIdList


class DismissRequest(WireRequest, frozen=True):
    """`again` takes an earlier dismissal back."""

    study_ids: StudyIdList
    again: bool = False


class ChangedStudies(Wire, frozen=True):
    """The exam after the act, and which of the named studies it changed."""

    changed: list[int]
    study: Study


class Dismissed(Wire, frozen=True):
    changed: int


def picture_answer(image: ExamImage, address: RenditionAddress | None = None) -> ExamPicture:
    return ExamPicture(
        id=image.id,
        status=image.status,
        laterality=image.laterality,
        view_position=image.view_position,
        links=links_of(image, address),
        thumbnail_width=image.thumbnail_width,
        thumbnail_height=image.thumbnail_height,
    )


def member_answer(member: ExamMember) -> StudyMember:
    return StudyMember(**msgspec.structs.asdict(member))


def state_of(counts: StatusCounts) -> ExamState:
    if counts.pending or counts.processing:
        return "processing"
    return "troubled" if counts.rejected or counts.failed else "ready"


def study_answer(
    exam: Exam,
    counts: Counts,
    views: Views,
    *,
    hung: dict[str, ExamImage],
    first: list[ExamImage],
    names: dict[int, str],
    suggestion: Suggestion | None,
    address: RenditionAddress | None = None,
) -> Study:
    statuses = counts.get("status", {})
    status_counts = StatusCounts(
        pending=statuses.get("pending", 0),
        processing=statuses.get("processing", 0),
        ready=statuses.get("ready", 0),
        rejected=statuses.get("rejected", 0),
        failed=statuses.get("failed", 0),
    )
    return Study(
        id=exam.id,
        study_instance_uid=exam.study_instance_uid,
        created_at=exam.created_at,
        study_at=exam.study_at,
        study_description=exam.study_description,
        accession_number=exam.accession_number,
        patient_id=exam.patient_id,
        patient_name=exam.patient_name,
        modalities=sorted(counts.get("modality", ())),
        image_count=sum(statuses.values()),
        status_counts=status_counts,
        state=state_of(status_counts),
        views=ExamViews(present=views.present, missing=views.missing, repeated=views.repeated, extra=views.extra),
        hanging=[
            HangingPlace(slot=slot, image=picture_answer(hung[slot], address) if slot in hung else None)
            for slot in SLOTS
        ],
        others=[picture_answer(image, address) for image in first],
        member_count=len(exam.study_ids),
        uploaders=[Uploader(id=user_id, name=names.get(user_id, "")) for user_id in uploader_ids(counts)],
        suggestion=None
        if suggestion is None
        else ExamSuggestion(study_ids=suggestion.study_ids, reason=suggestion.reason),
    )


def uploader_ids(counts: Counts) -> list[int]:
    return sorted(map(int, counts.get("by", ())))
