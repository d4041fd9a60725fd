"""`/api/studies`: exams, one row each, and what people do with them."""

from __future__ import annotations

from typing import Annotated

from litestar import get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from mammogram_viewer.accounts import dependencies, policy
from mammogram_viewer.activity.reads import ReadDatabase
from mammogram_viewer.archive.models import ImageStatus
from mammogram_viewer.archive.rendition_links import RenditionLinks
from mammogram_viewer.foundation.keyset import parse_page_request
from mammogram_viewer.gallery import exam_service
from mammogram_viewer.gallery.exam_filters import DAY, ExamFilters, parse_day
from mammogram_viewer.gallery.exam_schemas import (
    ChangedStudies,
    Dismissed,
    DismissRequest,
    StudyCounts,
    StudyDetail,
    StudyIds,
    StudyNeighbours,
    StudyPage,
)
from mammogram_viewer.gallery.filters import MOMENT, parse_moment

From = Annotated[str | None, QueryParameter(name="from", description=f"Arrival of the exam. {MOMENT}")]
To = Annotated[str | None, QueryParameter(name="to", description=f"Arrival of the exam. {MOMENT} Exclusive.")]
StudyFrom = Annotated[str | None, QueryParameter(name="studyFrom", description=DAY)]
StudyTo = Annotated[str | None, QueryParameter(name="studyTo", description=f"{DAY} Exclusive.")]
UserId = Annotated[int | None, QueryParameter(name="userId")]


def exam_filters(
    q: FromQuery[str | None] = None,
    created_from: From = None,
    created_to: To = None,
    study_from: StudyFrom = None,
    study_to: StudyTo = None,
    laterality: FromQuery[str | None] = None,
    view: FromQuery[str | None] = None,
    modality: FromQuery[str | None] = None,
    status: FromQuery[ImageStatus | None] = None,
    user_id: UserId = None,
) -> ExamFilters:
    """What the list and its counts are asked for, by the same parameters."""
    return ExamFilters(
        created_from=parse_moment("from", created_from),
        created_to=parse_moment("to", created_to),
        study_from=parse_day("studyFrom", study_from),
        study_to=parse_day("studyTo", study_to),
        laterality=laterality,
        view=view,
        modality=modality,
        status=status,
        user_id=user_id,
        q=q,
    )


_FILTERED = {"filters": Provide(exam_filters, sync_to_thread=False)}


@get(
    "/api/studies",
    opt={"policy": policy.FIND_EXAMS},
    dependencies=_FILTERED,
    tags=["exams"],
    summary="List exams, newest arrival first",
)
async def list_studies(
    read_db: NamedDependency[ReadDatabase],
    rendition_links: NamedDependency[RenditionLinks],
    settings: dependencies.Settings,
    principal: dependencies.Principal,
    filters: NamedDependency[ExamFilters],
    cursor: FromQuery[str | None] = None,
    direction: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
) -> StudyPage:
    """Always a keyset page. An exam is found when one of its images, of those that the caller may see, is."""
    wanted = parse_page_request(cursor, direction, limit)
    address = await rendition_links.addresses()
    page = await read_db.read_page(
        principal.user_id,
        wanted,
        lambda db: exam_service.page_after(db, wanted, filters, principal, settings, address),
    )
    return StudyPage(
        studies=page.rows,
        next_cursor=page.next_cursor,
        prev_cursor=page.prev_cursor,
        has_more=page.has_more,
        limit=page.limit,
    )


@get(
    "/api/studies/counts",
    opt={"policy": policy.FIND_EXAMS},
    dependencies=_FILTERED,
    tags=["exams"],
    summary="Count exams by filter",
)
async def count_studies(
    read_db: NamedDependency[ReadDatabase],
    settings: dependencies.Settings,
    principal: dependencies.Principal,
    filters: NamedDependency[ExamFilters],
) -> StudyCounts:
    """Exact up to a limit; a `capped` count means at least so many."""
    return await read_db.read(principal.user_id, lambda db: exam_service.count(db, filters, principal, settings))


@get(
    "/api/studies/{study_id:int}",
    opt={"policy": policy.READ_IMAGES},
    tags=["exams"],
    summary="One exam with its images",
)
async def get_study(
    study_id: FromPath[int],
    db: dependencies.Db,
    rendition_links: NamedDependency[RenditionLinks],
    settings: dependencies.Settings,
    principal: dependencies.Principal,
) -> StudyDetail:
    """Of a study that was grouped into another, that one: old addresses stay good."""
    return await exam_service.get_study(db, study_id, principal, settings, await rendition_links.addresses())


@get(
    "/api/studies/{study_id:int}/neighbours",
    opt={"policy": policy.READ_IMAGES},
    dependencies=_FILTERED,
    tags=["exams"],
    summary="The exams before and after one in the list",
)
async def get_neighbours(
    study_id: FromPath[int],
    db: dependencies.Db,
    principal: dependencies.Principal,
    filters: NamedDependency[ExamFilters],
) -> StudyNeighbours:
    """With the filters of the list, or with none. The exam itself need not fit them: its place in the order counts."""
    before, after = await exam_service.neighbours(db, study_id, filters, principal)
    return StudyNeighbours(previous=before, next=after)


@post(
    "/api/studies/{study_id:int}/group",
    opt={"policy": policy.GROUP_EXAMS},
    tags=["exams"],
    summary="Make studies one exam",
    status_code=200,
)
async def group_studies(
    study_id: FromPath[int],
    data: JSONBody[StudyIds],
    db: dependencies.Db,
    settings: dependencies.Settings,
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> ChangedStudies:
    """409 with `different_patients`, `same_exam`, `is_member`, `already_grouped`, `has_members` or `too_many_members`
    when they cannot be one. Repeating it changes nothing."""
    return await exam_service.group(db, study_id, data.study_ids, principal, actor, settings)


@post(
    "/api/studies/{study_id:int}/ungroup",
    opt={"policy": policy.GROUP_EXAMS},
    tags=["exams"],
    summary="Let studies stand alone again",
    status_code=200,
)
async def ungroup_studies(
    study_id: FromPath[int],
    data: JSONBody[StudyIds],
    db: dependencies.Db,
    settings: dependencies.Settings,
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> ChangedStudies:
    """Each comes back as it was, at its place in the list. Repeating it changes nothing."""
    return await exam_service.ungroup(db, study_id, data.study_ids, principal, actor, settings)


@post(
    "/api/studies/{study_id:int}/dismiss-suggestion",
    opt={"policy": policy.GROUP_EXAMS},
    tags=["exams"],
    summary="Suggest these exams no more as one",
    status_code=200,
)
async def dismiss_suggestion(
    study_id: FromPath[int], data: JSONBody[DismissRequest], db: dependencies.Db, actor: dependencies.Actor
) -> Dismissed:
    """With `again: true` they may be suggested again."""
    changed = await exam_service.dismiss(db, study_id, data.study_ids, actor, again=data.again)
    return Dismissed(changed=changed)


handlers = [list_studies, count_studies, get_study, get_neighbours, group_studies, ungroup_studies, dismiss_suggestion]
