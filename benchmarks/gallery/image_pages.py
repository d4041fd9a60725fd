"""Pages of the image list: no filter, each filter of the API alone, the pairs that people use, sparse combinations, and
texts. Common and rare values, also such that find nothing."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg

from benchmarks.gallery.pages import LIMIT, Kind, Page, path_of, requests_at
from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.foundation.keyset import Cursor, PageRequest, page_query
from mammogram_viewer.gallery.filters import ImageFilters, conditions_for
from mammogram_viewer.gallery.service import page_after

READER = Principal(user_id=1, email="", name="", role="admin")
_PLACE = "SELECT i.created_at, i.id FROM images i"
_NAMES = {
    "file_type": "fileType",
    "created_from": "from",
    "created_to": "to",
    "user_id": "userId",
    "study_id": "studyId",
}


@dataclass(frozen=True)
class Known:
    """People and an exam that the filters speak of."""

    many: int  # sent a fifth of all images
    few: int
    study_id: int


async def find_known(pool: asyncpg.Pool) -> Known:
    people = await pool.fetch("SELECT user_id, count(*) AS images FROM images GROUP BY user_id ORDER BY 2 DESC, 1")
    few = next((row for row in people if row["images"] <= 3 * LIMIT), people[-1])
    study_id = await pool.fetchval(
        "SELECT id FROM studies ORDER BY id OFFSET (SELECT count(*) / 3 FROM studies) LIMIT 1"
    )
    return Known(people[0]["user_id"], few["user_id"], study_id)


def combinations(known: Known) -> list[tuple[Kind, str, ImageFilters]]:
    """Kind, words for people, filters."""
    year, month, before = (
        datetime(2025, 1, 1, tzinfo=UTC),
        datetime(2025, 11, 1, tzinfo=UTC),
        datetime(2025, 12, 1, tzinfo=UTC),
    )
    many, few, january = known.many, known.few, {"created_from": month, "created_to": before}
    chosen: list[tuple[Kind, dict[str, Any]]] = [
        ("none", {}),
        *(("filter", {"file_type": kind}) for kind in ("dicom", "png", "tiff")),
        *(("filter", {"user_id": user}) for user in (many, few)),
        *(("filter", {"status": status}) for status in ("ready", "pending", "failed", "processing")),
        ("filter", {"created_from": year}),
        ("filter", {"created_to": year}),
        ("filter", january),
        *(("filter", {"laterality": side}) for side in ("R", "B")),
        *(("filter", {"view": view}) for view in ("CC", "XCCL")),
        *(("filter", {"modality": modality}) for modality in ("MG", "OT")),
        ("filter", {"study_id": known.study_id}),
        *(("pair", {"user_id": user, "file_type": kind}) for user in (many, few) for kind in ("dicom", "tiff")),
        *(("pair", {"user_id": user, "status": status}) for user in (many, few) for status in ("ready", "failed")),
        *(("pair", {**january, "file_type": kind}) for kind in ("dicom", "tiff")),
        *(("pair", {"view": view, "laterality": side}) for view, side in (("CC", "R"), ("ML", "B"), ("XCCL", "R"))),
        ("sparse", {"user_id": many, "status": "processing", "file_type": "dicom"}),
        ("sparse", {"modality": "OT", "view": "MLO"}),
        ("sparse", {"modality": "MR", "status": "failed"}),
        ("sparse", {"file_type": "png", "modality": "MG"}),
        ("sparse", {"status": "pending", "laterality": "B"}),
        ("sparse", {**january, "user_id": few, "status": "rejected", "file_type": "tiff"}),
        ("sparse", {"laterality": "B", "modality": "DX", "user_id": many}),
        ("sparse", {"created_from": datetime(2030, 1, 1, tzinfo=UTC)}),
        *(
            ("q", {"q": text})
            for text in ("BENCH-1997", "FISCHER^EV", "IM00123", "Film 98765", "a", "4", "zzqqxx", "%")
        ),
        ("q", {"q": "scr_1", "user_id": many}),
        ("q", {"q": "QUINN", "status": "failed"}),
        ("q", {"q": "zzqqxx", "user_id": few}),
    ]
    return [(kind, _words(values, known), ImageFilters(**values)) for kind, values in chosen]


def _words(values: dict[str, Any], known: Known) -> str:
    """For people: users and exams by their nature, moments by their day."""
    named = {known.many: "many", known.few: "few"}
    words = []
    for name, value in values.items():
        if name == "user_id":
            shown = named[value]
        elif name == "study_id":
            shown = "one"
        else:
            shown = f"{value:%Y-%m-%d}" if isinstance(value, datetime) else value
        words.append(f"{_NAMES.get(name, name)}={shown}")
    return " ".join(words) or "none"


async def pages(pool: asyncpg.Pool) -> list[Page]:
    """Every combination at every place."""
    everywhere = await _places(pool, ImageFilters())
    made = []
    for kind, words, filters in combinations(await find_known(pool)):
        # Where few or none match, any place is as far away as another.
        places = everywhere if kind in ("sparse", "q") else await _places(pool, filters)
        for place, request in requests_at(*places).items():
            made.append(
                Page(
                    filters=words,
                    kind=kind,
                    place=place,
                    path=path_of("/api/images", {"useCursor": "true", **_parameters(filters)}, request),
                    read=functools.partial(_read, request=request, filters=filters),
                )
            )
    return made


async def _read(db: Any, *, request: PageRequest, filters: ImageFilters) -> object:
    return await page_after(db, request, filters, READER)


def _parameters(filters: ImageFilters) -> dict[str, Any]:
    values = {_NAMES.get(name, name): getattr(filters, name) for name in filters.__struct_fields__}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
        if value is not None
    }


async def _places(pool: asyncpg.Pool, filters: ImageFilters) -> tuple[Cursor | None, Cursor | None]:
    """The row in the middle of what matches, and the one before its last page; None where one page holds all."""
    query = page_query(
        _PLACE, conditions_for(filters, READER), PageRequest(limit=1), created_at="i.created_at", id_column="i.id"
    )
    where = query.sql.removeprefix(_PLACE).partition(" ORDER BY ")[0]
    matches = await pool.fetchval(f"SELECT count(*) FROM images i{where}", *query.values)
    if matches <= LIMIT:
        return None, None
    offsets = (matches // 2, (matches - 1) // LIMIT * LIMIT - 1)
    rows = [await pool.fetchrow(f"{query.sql} OFFSET {offset}", *query.values) for offset in offsets]
    middle, last = (Cursor(created_at=row["created_at"], id=row["id"]) for row in rows if row is not None)
    return middle, last
