"""The exam list, one exam, counts for the filters, and what people do with exams."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import asyncpg
from msgspec import structs

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.service import record_audit
from mammogram_viewer.archive import exams as archive
from mammogram_viewer.archive.conflicts import hide_foreign_conflicts
from mammogram_viewer.archive.exam_models import SEES_EVERYTHING, Candidate, Exam, ExamImage
from mammogram_viewer.archive.exam_views import is_incomplete, is_mammographic, views_of
from mammogram_viewer.archive.models import image_from
from mammogram_viewer.archive.rendition_links import RenditionAddress
from mammogram_viewer.archive.schemas import ImageAnswer, image_answer
from mammogram_viewer.archive.selections import SELECT_IMAGE
from mammogram_viewer.foundation.errors import Unavailable
from mammogram_viewer.foundation.keyset import Condition, Cursor, Direction, Page, PageRequest, Query, Walk, page_query
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.foundation.sifting import Sieve, read_filtered_page, read_nearest
from mammogram_viewer.gallery.exam_filters import ExamFilters, conditions_for, search_for, selection_for
from mammogram_viewer.gallery.exam_schemas import (
    ChangedStudies,
    Count,
    Study,
    StudyCounts,
    StudyDetail,
    member_answer,
    study_answer,
    uploader_ids,
)
from mammogram_viewer.gallery.exam_views import suggest

MAY_GROUP = ("admin", "technologist")
_CANDIDATES = 20  # looked at for each exam; more of one patient within a day is no split exam
_FILES_FOUND = 20_000  # images whose names a search finds, before it looks for them exam by exam
_TRIES = 3
_BEFORE_AND_AFTER: tuple[Direction, Direction] = ("prev", "next")
_EXAM_FIELDS = len(Exam.__struct_fields__)
OfExam = TypeVar("OfExam", ExamImage, Candidate)


async def page_after(
    db: asyncpg.Pool,
    request: PageRequest,
    filters: ExamFilters,
    principal: Principal,
    settings: Settings,
    address: RenditionAddress | None = None,
) -> Page[Study]:
    """One page of exams, newest arrival first."""
    # A cursor in whole seconds must not tell when an exam came that the caller has no image of.
    lookup = Query(
        "SELECT created_at FROM exam_tallies WHERE exam_id = $1 AND viewer_id = $2",
        [archive.viewer_of(principal.owner_filter)],
    )
    async with db.acquire() as connection:
        sieve = await sieve_for(connection, filters, principal)
        page = await read_filtered_page(connection, sieve, request, lookup)
        exams = [Exam(*row[:_EXAM_FIELDS]) for row in page.rows]
        return page.with_rows(await _shown(connection, exams, principal, settings, address))


async def neighbours(
    db: asyncpg.Pool, study_id: int, filters: ExamFilters, principal: Principal
) -> tuple[int | None, int | None]:
    """Which exams the list with these filters shows before (newer) and after (older) this one, which need not fit them
    itself; None at the ends. NotFound where the caller has no image in it. Costs the same far down the list."""
    async with db.acquire() as connection:
        exam = await archive.get_exam(connection, study_id, archive.viewer_of(principal.owner_filter))
        sieve = structs.replace(await sieve_for(connection, filters, principal), around="")
        place = Cursor(created_at=exam.created_at, id=exam.id)
        found = [
            await read_nearest(connection, sieve, PageRequest(cursor=place, direction=direction, limit=1))
            for direction in _BEFORE_AND_AFTER
        ]
    before, after = (None if row is None else row["exam_id"] for row in found)
    return before, after


async def sieve_for(connection: Any, filters: ExamFilters, principal: Principal) -> Sieve:
    """The list of exams with what is wanted of it."""
    walk, conditions = await _selection(connection, filters, principal)
    return Sieve(
        base=archive.find_exams(archive.viewer_of(principal.owner_filter)),
        around=archive.SHOW_FOUND_EXAMS,
        conditions=conditions,
        created_at="e.created_at",
        id_column="e.exam_id",
        walk=walk,
    )


async def _selection(connection: Any, filters: ExamFilters, principal: Principal) -> tuple[Walk, list[Condition]]:
    viewer_id = archive.viewer_of(principal.owner_filter)
    search = search_for(filters.q)
    if search is not None:
        found = await archive.list_exams_with_file(connection, search.file, viewer_id, most_images=_FILES_FOUND)
        search = replace(search, exam_ids=found)
    return selection_for(filters, principal, viewer_id, search)


async def get_study(
    db: asyncpg.Pool,
    study_id: int,
    principal: Principal,
    settings: Settings,
    address: RenditionAddress | None = None,
) -> StudyDetail:
    """The exam that the study is, or that it was grouped into; NotFound where the caller has no image in it."""
    viewer_id = archive.viewer_of(principal.owner_filter)
    async with db.acquire() as connection:
        exam = await archive.get_exam(connection, study_id, viewer_id)
        (study,) = await _shown(connection, [exam], principal, settings, address)
        members = await archive.list_members(connection, exam, viewer_id)
        images = await _list_images(connection, exam, principal, settings.exam_images, address)
    # What is not the viewer's own counts for nothing: neither that studies were grouped, nor how many.
    own = {**structs.asdict(study), "member_count": len(members)}
    return StudyDetail(**own, images=images, members=[member_answer(member) for member in members])


async def _list_images(
    connection: Any, exam: Exam, principal: Principal, limit: int, address: RenditionAddress | None
) -> list[ImageAnswer]:
    rows = await connection.fetch(
        f"""{SELECT_IMAGE} WHERE i.study_id = ANY($1::bigint[]) AND ($2::bigint IS NULL OR i.user_id = $2)
            ORDER BY i.created_at, i.id LIMIT $3""",
        exam.study_ids,
        principal.owner_filter,
        limit,
    )
    images = [image_from(row) for row in rows]
    if not principal.sees_every_image:
        images = await hide_foreign_conflicts(connection, images)
    return [image_answer(image, address) for image in images]


async def _shown(
    connection: Any,
    exams: list[Exam],
    principal: Principal,
    settings: Settings,
    address: RenditionAddress | None = None,
) -> list[Study]:
    """With pictures, names and suggestions: one question, whatever the number of exams."""
    if not exams:
        return []
    counts = [exam.counts() for exam in exams]
    views = [views_of(each) for each in counts]
    hanging = [exam for exam, each in zip(exams, views, strict=True) if is_mammographic(each)]
    others = [exam for exam, each in zip(exams, views, strict=True) if not is_mammographic(each)]
    # A whole exam, or one that holds none of the views, is no part of another.
    incomplete = [exam.id for exam, each in zip(exams, views, strict=True) if is_incomplete(each)]
    shown = await archive.list_shown(
        connection,
        hanging=hanging,
        others=others,
        viewer_id=archive.viewer_of(principal.owner_filter),
        user_ids=sorted({user_id for each in counts for user_id in uploader_ids(each)}),
        incomplete=incomplete if principal.role in MAY_GROUP else [],
        days=settings.exam_suggestion_days,
        minutes=settings.exam_suggestion_minutes,
        candidates=_CANDIDATES,
    )
    hung: dict[int, dict[str, ExamImage]] = {}
    for image in shown.hung:
        hung.setdefault(image.exam_id, {})[image.slot or ""] = image
    first = _by_exam(shown.first)
    candidates = _by_exam(shown.candidates)
    return [
        study_answer(
            exam,
            counts[place],
            views[place],
            hung=hung.get(exam.id, {}),
            first=first.get(exam.id, []),
            names=shown.names,
            suggestion=suggest(exam, views[place], candidates.get(exam.id, [])),
            address=address,
        )
        for place, exam in enumerate(exams)
    ]


def _by_exam(found: list[OfExam]) -> dict[int, list[OfExam]]:
    grouped: dict[int, list[OfExam]] = {}
    for one in found:
        grouped.setdefault(one.exam_id, []).append(one)
    return grouped


# --- counts ---------------------------------------------------------------------------------------------------

_GROUPS = {"laterality": "side", "view": "view", "modality": "modality", "status": "status"}


async def count(db: asyncpg.Pool, filters: ExamFilters, principal: Principal, settings: Settings) -> StudyCounts:
    """Exact up to a limit, and labelled beyond it. A filter's own values are counted as if it were not set, so that
    they tell what another choice would find."""
    total, facets = await _tally(db, filters, principal, settings.exam_count_limit)
    counts: dict[str, dict[str, Count]] = {}
    for name, kind in _GROUPS.items():
        found = facets
        if getattr(filters, name) is not None:
            _, found = await _tally(db, structs.replace(filters, **{name: None}), principal, settings.exam_count_limit)
        counts[name] = {facet[len(kind) + 1 :]: n for facet, n in found.items() if facet.startswith(f"{kind} ")}
    return StudyCounts(total=total, **counts)


async def _tally(
    db: asyncpg.Pool, filters: ExamFilters, principal: Principal, limit: int
) -> tuple[Count, dict[str, Count]]:
    """How many exams, and how many of them have each facet, among the first `limit` that are met."""
    found = page_query(
        archive.find_exams(archive.viewer_of(principal.owner_filter)).replace("e.*", "e.facets"),
        conditions_for(*await _selection(db, filters, principal)),
        PageRequest(limit=limit),
        created_at="e.created_at",
        id_column="e.exam_id",
    )
    rows = await db.fetch(
        f"""WITH found AS MATERIALIZED ({found.sql})
            SELECT NULL AS facet, count(*) AS n FROM found
            UNION ALL
            SELECT facet, count(*) FROM (SELECT facets FROM found LIMIT {limit:d}) f, unnest(f.facets) AS facet
            WHERE facet NOT LIKE 'at %' AND facet NOT LIKE 'by %' GROUP BY facet""",
        *found.values,
    )
    numbers: dict[str | None, int] = {row["facet"]: row["n"] for row in rows}
    counted = numbers.pop(None)
    capped = counted > limit
    facets = {facet: Count(count=n, capped=capped) for facet, n in sorted(numbers.items(), key=str) if facet}
    return Count(count=min(counted, limit), capped=capped), facets


# --- acts -----------------------------------------------------------------------------------------------------


async def group(
    db: asyncpg.Pool, study_id: int, study_ids: list[int], principal: Principal, actor: Actor, settings: Settings
) -> ChangedStudies:
    """Make studies one exam. Grouping what is grouped already changes and records nothing."""

    async def act(connection: Any) -> list[int]:
        fresh = await archive.group(connection, study_id, study_ids, most_members=settings.exam_members)
        if fresh:
            await record_audit(connection, actor, "studies_grouped", "study", study_id, {"studyIds": fresh})
        return fresh

    changed = await _in_transaction(db, act)
    return await _changed(db, study_id, changed, principal, settings)


async def ungroup(
    db: asyncpg.Pool, study_id: int, study_ids: list[int], principal: Principal, actor: Actor, settings: Settings
) -> ChangedStudies:
    """Let studies stand alone again, each where it was in the list."""

    async def act(connection: Any) -> list[int]:
        gone = await archive.ungroup(connection, study_id, study_ids)
        if gone:
            await record_audit(connection, actor, "studies_ungrouped", "study", study_id, {"studyIds": gone})
        return gone

    changed = await _in_transaction(db, act)
    return await _changed(db, study_id, changed, principal, settings)


async def dismiss(db: asyncpg.Pool, study_id: int, study_ids: list[int], actor: Actor, *, again: bool) -> int:
    """Suggest these no more, or `again`; answers how many that changes."""

    async def act(connection: Any) -> int:
        number = await archive.dismiss(connection, study_id, study_ids, again=again)
        if number:
            name = "suggestion_allowed" if again else "suggestion_dismissed"
            await record_audit(connection, actor, name, "study", study_id, {"studyIds": study_ids})
        return number

    return await _in_transaction(db, act)


async def _in_transaction(db: asyncpg.Pool, act: Any) -> Any:
    """Again, should PostgreSQL have ended it for standing in a circle with filings of the same exams."""
    for _ in range(_TRIES):
        try:
            async with db.acquire() as connection, connection.transaction():
                return await act(connection)
        except asyncpg.DeadlockDetectedError:
            continue
    raise Unavailable("Images are being filed under these exams right now. Try again.", retry_after_seconds=2)


async def _changed(
    db: asyncpg.Pool, study_id: int, changed: list[int], principal: Principal, settings: Settings
) -> ChangedStudies:
    async with db.acquire() as connection:
        exam = await archive.get_exam(connection, study_id, SEES_EVERYTHING)
        (study,) = await _shown(connection, [exam], principal, settings)
    return ChangedStudies(changed=changed, study=study)
