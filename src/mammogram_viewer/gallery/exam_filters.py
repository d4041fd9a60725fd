"""Filters of the exam list as conditions of its keyset page. SQL is built from the filters that are present."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.archive.models import ImageStatus
from mammogram_viewer.foundation.errors import Forbidden, Invalid
from mammogram_viewer.foundation.keyset import MAX_BIGINT, Condition, Walk

DAY = "A date like 2024-01-15, of the exam itself, as the unit's clock said."
_LATERALITIES = ("R", "L", "B")
_MAY_FILTER_BY_USER = ("admin", "radiologist")
_MAX_TEXT = 200
# What an index of trigrams finds in the middle of a text.
_WORD = re.compile(r"[^\W_]{3}")
# Code strings (PS3.5 6.2), wide enough for what files hold; nothing that would end a literal of SQL.
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.+-]{0,63}", re.ASCII)


class ExamFilters(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller asked for; None: not asked. An exam is found when one of its images is."""

    created_from: datetime | None = None
    created_to: datetime | None = None
    study_from: date | None = None
    study_to: date | None = None  # exclusive, as created_to is
    laterality: str | None = None
    view: str | None = None
    modality: str | None = None
    status: ImageStatus | None = None
    user_id: int | None = None
    q: str | None = None


def parse_day(name: str, text: str | None) -> date | None:
    """`2024-01-15`."""
    if text is None:
        return None
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Invalid(f"{name} must be a date like 2024-01-15.", code="invalid_filter")


@dataclass(frozen=True, kw_only=True)
class Search:
    """What `q` finds: LIKE patterns for a patient's line and a file's name; exams by the latter once they are known."""

    patient: str
    file: str
    exam_ids: list[int] | None = None


def search_for(q: str | None) -> Search | None:
    """Patient id or name by prefix, file name by part; wildcards in the text are ordinary characters. Text without
    three letters or digits in a row finds file names by prefix too: no index finds it in their middle."""
    text = (q or "").strip()
    if len(text) > _MAX_TEXT:
        raise Invalid(f"q is longer than {_MAX_TEXT} characters.", code="invalid_filter")
    if "\0" in text:
        raise Invalid("q holds a NUL character.", code="invalid_filter")
    if not text:
        return None
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    before = "%" if _WORD.search(text) else ""
    return Search(patient=f"%\n{escaped}%", file=f"{before}{escaped}%")


def selection_for(
    filters: ExamFilters, principal: Principal, viewer_id: int, search: Search | None
) -> tuple[Walk, list[Condition]]:
    """How far to walk on the viewer's rows of `exam_tallies e`, and what is sifted by.

    Facets stand in the text of the query, not among its values: how rare one is decides how PostgreSQL looks for it,
    and it only knows when it sees it. Each is checked here first."""
    before, after = filters.created_from, filters.created_to
    if before is not None and after is not None and before > after:
        raise Invalid("from lies after to; exchange them.", code="invalid_filter")
    if filters.study_from is not None and filters.study_to is not None and filters.study_from > filters.study_to:
        raise Invalid("studyFrom lies after studyTo; exchange them.", code="invalid_filter")
    conditions = []
    facets = _facets(filters, principal)
    if facets:
        listed = ", ".join(f"'{facet}'" for facet in facets)
        conditions.append(Condition(f"e.facets @> ARRAY[{listed}]"))
    if filters.study_from is not None:
        conditions.append(Condition(f"e.study_on >= '{filters.study_from.isoformat()}'"))
    if filters.study_to is not None:
        conditions.append(Condition(f"e.study_on < '{filters.study_to.isoformat()}'"))
    if search is not None:
        conditions.append(_matches(search, viewer_id))
    return Walk(since=before, before=after), conditions


def conditions_for(walk: Walk, conditions: list[Condition]) -> list[Condition]:
    """The same selection as conditions alone, for what is counted and not walked."""
    ends = [("e.created_at >= {}", walk.since), ("e.created_at < {}", walk.before)]
    return [*conditions, *(Condition(sql, at) for sql, at in ends if at is not None)]


def _matches(search: Search, viewer_id: int) -> Condition:
    if search.exam_ids is not None:
        return Condition("e.patients ILIKE {} OR e.exam_id = ANY({}::bigint[])", search.patient, search.exam_ids)
    # So many files are called so that one of the next exams has one. OFFSET 0 keeps PostgreSQL from looking through all
    # files first.
    own = "" if viewer_id == 0 else f"AND i.user_id = {viewer_id:d}"
    return Condition(
        f"""e.patients ILIKE {{}} OR EXISTS (
            SELECT FROM studies s JOIN images i ON i.study_id = s.id
            WHERE (s.id = e.exam_id OR s.grouped_into = e.exam_id) AND i.original_name ILIKE {{}} {own} OFFSET 0)""",
        search.patient,
        search.file,
    )


def _facets(filters: ExamFilters, principal: Principal) -> list[str]:
    if filters.laterality is not None and filters.laterality not in _LATERALITIES:
        raise Invalid("laterality must be R, L or B.", code="invalid_filter")
    for name, code in (("view", filters.view), ("modality", filters.modality)):
        if code is not None and not _CODE.fullmatch(code):
            raise Invalid(f"{name} must be a code such as CC or MG.", code="invalid_filter")
    facets = []
    if filters.laterality and filters.view:
        facets.append(f"at {filters.laterality} {filters.view}")  # of one image, as the list of images has it
    elif filters.laterality:
        facets.append(f"side {filters.laterality}")
    elif filters.view:
        facets.append(f"view {filters.view}")
    if filters.modality:
        facets.append(f"modality {filters.modality}")
    if filters.status:
        facets.append(f"status {filters.status}")
    if filters.user_id is not None:
        if principal.role not in _MAY_FILTER_BY_USER and filters.user_id != principal.user_id:
            raise Forbidden("Only administrators and radiologists may filter by another user.")
        if not 0 < filters.user_id <= MAX_BIGINT:
            raise Invalid("userId must be the id of a user.", code="invalid_filter")
        facets.append(f"by {filters.user_id}")
    return facets
