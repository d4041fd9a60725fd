"""Filters of the image list as conditions of its keyset page. SQL is built from the filters that are present."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.foundation.errors import Forbidden, Invalid
from mammogram_viewer.foundation.keyset import Condition

_LATERALITIES = ("R", "L", "B")
_MAY_FILTER_BY_USER = ("admin", "radiologist")
_MAX_TEXT = 200
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
    q: str | None = None


def parse_moment(name: str, text: str | None) -> datetime | None:
    """`2024-01-15T10:30:00Z`, with any zone or fraction, or `2024-01-15`."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid(f"{name} must be a moment like 2024-01-15T10:30:00Z, or a date.", code="invalid_filter") from None


def conditions_for(filters: ImageFilters, principal: Principal) -> list[Condition]:
    """Conditions on `images i`, beginning with what the caller may see at all."""
    conditions: list[Condition] = []
    if not principal.sees_every_image:
        conditions.append(Condition("i.user_id = {}", principal.user_id))
    if filters.user_id is not None:
        if principal.role not in _MAY_FILTER_BY_USER and filters.user_id != principal.user_id:
            raise Forbidden("Only administrators and radiologists may filter by another user.")
        conditions.append(Condition("i.user_id = {}", filters.user_id))
    if filters.laterality is not None and filters.laterality not in _LATERALITIES:
        raise Invalid("laterality must be R, L or B.", code="invalid_filter")
    plain = {
        "i.file_type": filters.file_type,
        "i.status": filters.status,
        "i.laterality": filters.laterality,
        "i.view_position": filters.view,
        "i.modality": filters.modality,
        "i.study_id": filters.study_id,
    }
    conditions += [Condition(f"{column} = {{}}", value) for column, value in plain.items() if value is not None]
    if filters.created_from is not None:
        conditions.append(Condition("i.created_at >= {}", filters.created_from))
    if filters.created_to is not None:
        conditions.append(Condition("i.created_at < {}", filters.created_to))
    if filters.q:
        conditions.append(_matches(filters.q))
    return conditions


def _matches(text: str) -> Condition:
    """Patient id or name by prefix, file name by part; wildcards in the text are ordinary characters."""
    if len(text) > _MAX_TEXT:
        raise Invalid(f"q is longer than {_MAX_TEXT} characters.", code="invalid_filter")
    if "\0" in text:
        raise Invalid("q holds a NUL character.", code="invalid_filter")
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return Condition(
        "i.original_name ILIKE {} OR i.patient_id ILIKE {} OR i.patient_name ILIKE {}",
        f"%{escaped}%",
        f"{escaped}%",
        f"{escaped}%",
    )
