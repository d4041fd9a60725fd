"""Filters of the image list: which index its page walks, and what is sifted on the way. SQL is built from the filters
that are present."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.foundation.errors import Forbidden, Invalid
from mammogram_viewer.foundation.keyset import EVERYTHING, MAX_BIGINT, Condition, Walk

_LATERALITIES = ("R", "L", "B")
_MAY_FILTER_BY_USER = ("admin", "radiologist")
_MAX_TEXT = 200
_MAX_CODE = 64  # a view or modality as DICOM writes it has 16 characters at most
# What the search index (migrations/0014) finds in the middle of a text, because it holds one of its trigrams: three
# letters or digits in a row, or two at the beginning or end of a word. (One at its beginning is in the index too, but
# far too many words begin with it.)
_TRIGRAM = re.compile(r"[^\W_]{3}|[\W_][^\W_]{2}|[^\W_]{2}[\W_]")
_LETTER = re.compile(r"[^\W_]")
_SEARCHED = ("i.original_name", "i.patient_id", "i.patient_name")
_BEGINS_SO = " OR ".join(f"starts_with(lower({name}), lower({{}}::text))" for name in _SEARCHED)
# The words of the index in migrations/0021.
_BEGINNINGS = f"ARRAY[{', '.join(f'left(lower({name}), {n})' for name in _SEARCHED for n in (1, 2))}]"

# The indexes that walk a filter in the list's own order, the best first where several would do.
_WALKS = (
    ("i.study_id",),
    ("i.user_id", "i.status"),
    ("i.user_id", "i.file_type"),
    ("i.view_position", "i.laterality"),
    ("i.user_id",),
    ("i.view_position",),
    ("i.modality",),
    ("i.laterality",),
    ("i.status",),
    ("i.file_type",),
)
MOMENT = "ISO 8601; without a zone UTC, without a time the day's beginning."


class ImageFilters(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller asked for; None: not asked. A Struct, because each request makes one: a frozen dataclass of ten
    fields costs five times as much."""

    file_type: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    user_id: int | None = None
    status: str | None = None
    laterality: str | None = None
    view: str | None = None
    modality: str | None = None
    study_id: int | None = None
    study_parts: list[int] | None = None  # the studies that were grouped into `study_id`, itself among them
    q: str | None = None


_NOTHING_ASKED = ImageFilters()


def parse_moment(name: str, text: str | None) -> datetime | None:
    """`2024-01-15T10:30:00Z`, with any zone or fraction, or `2024-01-15`."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid(f"{name} must be a moment like 2024-01-15T10:30:00Z, or a date.", code="invalid_filter") from None


def selection_for(filters: ImageFilters, principal: Principal) -> tuple[Walk, list[Condition]]:
    """The index to walk on `images i`, and the conditions to sift by; what the caller may see at all is in one of them.
    No conditions are left over when an index serves the filters as they are."""
    if filters == _NOTHING_ASKED:
        return (EVERYTHING if principal.sees_every_image else Walk(columns=(("i.user_id", principal.user_id),))), []
    _check(filters)
    equal = _equalities(filters, principal)
    names = next((names for names in _WALKS if all(name in equal for name in names)), ())
    walk = Walk(
        columns=tuple((name, equal.pop(name)) for name in names),
        since=filters.created_from,
        before=filters.created_to,
    )
    conditions = [Condition(f"{name} = {{}}", value) for name, value in equal.items()]
    if filters.study_parts is not None:
        conditions.append(Condition("i.study_id = ANY({}::bigint[])", filters.study_parts))
    text = (filters.q or "").strip()
    return walk, [*conditions, _matches(text)] if text else conditions


def conditions_for(filters: ImageFilters, principal: Principal) -> list[Condition]:
    """The same selection as conditions alone, for what is counted and not walked."""
    walk, conditions = selection_for(filters, principal)
    equal = [Condition(f"{name} = {{}}", value) for name, value in walk.columns]
    ends = [("i.created_at >= {}", walk.since), ("i.created_at < {}", walk.before)]
    return [*equal, *conditions, *(Condition(sql, at) for sql, at in ends if at is not None)]


def _equalities(filters: ImageFilters, principal: Principal) -> dict[str, Any]:
    user_id = filters.user_id
    if user_id is not None and user_id != principal.user_id and principal.role not in _MAY_FILTER_BY_USER:
        raise Forbidden("Only administrators and radiologists may filter by another user.")
    plain = {
        "i.user_id": user_id if principal.sees_every_image else principal.user_id,
        "i.file_type": filters.file_type,
        "i.status": filters.status,
        "i.laterality": filters.laterality,
        "i.view_position": filters.view,
        "i.modality": filters.modality,
        "i.study_id": filters.study_id if filters.study_parts is None else None,
    }
    return {name: value for name, value in plain.items() if value is not None}


def _check(filters: ImageFilters) -> None:
    if filters.laterality is not None and filters.laterality not in _LATERALITIES:
        raise Invalid("laterality must be R, L or B.", code="invalid_filter")
    for name, number in (("userId", filters.user_id), ("studyId", filters.study_id)):
        if number is not None and not 1 <= number <= MAX_BIGINT:
            raise Invalid(f"{name} is no id.", code="invalid_filter")
    for name, text, longest in (
        ("view", filters.view, _MAX_CODE),
        ("modality", filters.modality, _MAX_CODE),
        ("q", filters.q, _MAX_TEXT),
    ):
        if text is not None and len(text) > longest:
            raise Invalid(f"{name} is longer than {longest} characters.", code="invalid_filter")
        if text is not None and "\0" in text:
            raise Invalid(f"{name} holds a NUL character.", code="invalid_filter")
    # Said, not answered with an empty page: nobody asks for that, and "no images" would be believed.
    if (
        filters.created_from is not None
        and filters.created_to is not None
        and filters.created_from > filters.created_to
    ):
        raise Invalid("from lies after to; exchange them.", code="invalid_filter")


def _matches(text: str) -> Condition:
    """Patient id or name by prefix, file name by part; wildcards in the text are ordinary characters. Text of one
    or two letters finds file names by prefix too, and text without a letter or digit finds nothing: no index finds
    that."""
    if not _LETTER.search(text):
        return Condition("false")
    if not _TRIGRAM.search(text):
        # Looked at in this order: what begins otherwise is passed over before the array is made. The search index
        # knows only that a word begins so, and is kept out: PostgreSQL would read half of the table for "4".
        return Condition(f"({_BEGINS_SO}) AND {_BEGINNINGS} && ARRAY[left(lower({{}}::text), 2)]", *[text] * 4)
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return Condition(
        "i.original_name ILIKE {} OR i.patient_id ILIKE {} OR i.patient_name ILIKE {}",
        f"%{escaped}%",
        f"{escaped}%",
        f"{escaped}%",
    )
