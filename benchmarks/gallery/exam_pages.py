"""Pages of the list of exams: no filter, each filter alone, and texts."""

from __future__ import annotations

import functools
from datetime import UTC, date, datetime
from typing import Any

import asyncpg

from benchmarks.gallery.image_pages import READER, find_known
from benchmarks.gallery.pages import LIMIT, Page, path_of, requests_at
from mammogram_viewer.foundation.keyset import Cursor, PageRequest
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.gallery.exam_filters import ExamFilters
from mammogram_viewer.gallery.exam_service import page_after

_NAMES = {
    "created_from": "from",
    "created_to": "to",
    "study_from": "studyFrom",
    "study_to": "studyTo",
    "user_id": "userId",
}
_CHOSEN: tuple[dict[str, Any], ...] = (
    {},
    {"created_from": datetime(2025, 11, 1, tzinfo=UTC), "created_to": datetime(2025, 12, 1, tzinfo=UTC)},
    {"study_from": date(2023, 1, 1), "study_to": date(2023, 7, 1)},
    {"laterality": "R"},
    {"laterality": "B"},
    {"view": "MLO"},
    {"view": "XCCL"},
    {"modality": "MG"},
    {"modality": "OT"},
    {"status": "ready"},
    {"status": "failed"},
    {"q": "FISCHER"},
    {"q": "BENCH-19"},
    {"q": "IM00123"},
    {"q": "a"},
    {"q": "zzqqxx"},
)


async def pages(pool: asyncpg.Pool) -> list[Page]:
    """Each at the first page, in the middle of time and at its end."""
    known = await find_known(pool)
    chosen = [(_words(values), values) for values in _CHOSEN]
    chosen += [(f"userId={name}", {"user_id": getattr(known, name)}) for name in ("many", "few")]
    exams = await pool.fetchval("SELECT count(*) FROM studies")
    places = [
        Cursor(created_at=row["created_at"], id=row["id"])
        for offset in (exams // 2, max(0, exams - LIMIT - 1))
        for row in await pool.fetch(
            "SELECT created_at, id FROM studies ORDER BY created_at DESC, id DESC OFFSET $1 LIMIT 1", offset
        )
    ]
    return [
        Page(
            filters=words,
            kind="exams",
            place=place,
            path=path_of(
                "/api/studies", {_NAMES.get(name, name): _text(each) for name, each in values.items()}, request
            ),
            read=functools.partial(_read, request=request, filters=ExamFilters(**values)),
        )
        for words, values in chosen
        for place, request in requests_at(*places).items()
    ]


async def _read(db: Any, *, request: PageRequest, filters: ExamFilters) -> object:
    return await page_after(db, request, filters, READER, Settings())


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _words(values: dict[str, Any]) -> str:
    shown = {name: f"{value:%Y-%m-%d}" if isinstance(value, date) else value for name, value in values.items()}
    return " ".join(f"{_NAMES.get(name, name)}={value}" for name, value in shown.items()) or "none"
