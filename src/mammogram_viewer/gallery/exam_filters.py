"""Filters of the exam list as conditions of its keyset page. SQL is built from the filters that are present."""

from __future__ import annotations

import re
from datetime import date, datetime

import msgspec

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.archive.models import ImageStatus
from mammogram_viewer.foundation.errors import Forbidden, Invalid
from mammogram_viewer.foundation.keyset import MAX_BIGINT, Condition

DAY = "A date like 2024-01-15, of the exam itself, as the unit's clock said."
_LATERALITIES = ("R", "L", "B")
_MAY_FILTER_BY_USER = ("admin", "radiologist")
_MAX_TEXT = 200
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


def conditions_for(filters: ExamFilters, principal: Principal, viewer_id: int) -> list[Condition]:
    """Conditions on `exam_tallies e`, beginning with what the caller may see at all.

    Facets stand in the text of the query, not among its values: how rare one is decides between walking the list and
    reading the index of facets, and PostgreSQL only knows when it sees it. Each is checked here first."""
    conditions = [Condition("e.viewer_id = {}", viewer_id), Condition("e.image_count > 0")]
    facets = _facets(filters, principal)
    if facets:
        listed = ", ".join(f"'{facet}'" for facet in facets)
        conditions.append(Condition(f"e.facets @> ARRAY[{listed}]"))
    if filters.created_from is not None:
        conditions.append(Condition("e.created_at >= {}", filters.created_from))
    if filters.created_to is not None:
        conditions.append(Condition("e.created_at < {}", filters.created_to))
    if filters.study_from is not None:
        conditions.append(Condition(f"e.study_on >= '{filters.study_from.isoformat()}'"))
    if filters.study_to is not None:
        conditions.append(Condition(f"e.study_on < '{filters.study_to.isoformat()}'"))
    if filters.q:
        conditions.append(_matches(filters.q, viewer_id))
    return conditions


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


def _matches(text: str, viewer_id: int) -> Condition:
    """Patient id or name by prefix, file name by part; wildcards in the text are ordinary characters."""
    if len(text) > _MAX_TEXT:
        raise Invalid(f"q is longer than {_MAX_TEXT} characters.", code="invalid_filter")
    if "\0" in text:
        raise Invalid("q holds a NUL character.", code="invalid_filter")
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    own = "" if viewer_id == 0 else f"AND i.user_id = {viewer_id:d} "
    return Condition(
        f"""e.exam_id IN (SELECT coalesce(s.grouped_into, s.id) FROM images i JOIN studies s ON s.id = i.study_id
            WHERE (i.original_name ILIKE {{}} OR i.patient_id ILIKE {{}} OR i.patient_name ILIKE {{}}) {own})""",
        f"%{escaped}%",
        f"{escaped}%",
        f"{escaped}%",
    )
