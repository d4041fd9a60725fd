"""Pages of the list of users: by status, role and the beginning of a name or address."""

from __future__ import annotations

import functools
from typing import Any

import asyncpg

from benchmarks.gallery.pages import Page, path_of, requests_at
from mammogram_viewer.accounts.users import list_users
from mammogram_viewer.foundation.keyset import Cursor, PageRequest

_CHOSEN: tuple[dict[str, Any], ...] = (
    {},
    {"status": "active"},
    {"status": "pending"},
    {"status": "disabled"},
    {"role": "user"},
    {"role": "radiologist"},
    {"role": "admin"},
    {"status": "pending", "role": "technologist"},
    {"q": "uploader77"},
    {"q": "Noor"},
    {"q": "a"},
    {"q": "zzqqxx"},
    {"q": "Mia J", "status": "disabled"},
)


async def pages(pool: asyncpg.Pool) -> list[Page]:
    rows = await pool.fetch("SELECT created_at, id FROM users ORDER BY created_at DESC, id DESC")
    middle, last = (
        Cursor(created_at=row["created_at"], id=row["id"]) for row in (rows[len(rows) // 2], rows[-min(len(rows), 21)])
    )
    made = []
    for chosen in _CHOSEN:
        words = " ".join(f"{name}={value}" for name, value in chosen.items()) or "none"
        for place, request in requests_at(middle, last).items():
            path = path_of("/api/admin/users", chosen, request)
            made.append(Page(words, "users", place, path, functools.partial(_read, request=request, chosen=chosen)))
    return made


async def _read(db: Any, *, request: PageRequest, chosen: dict[str, Any]) -> object:
    return await list_users(db, request, status=chosen.get("status"), role=chosen.get("role"), prefix=chosen.get("q"))
