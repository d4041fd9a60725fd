"""Pages of the list of exams, whose places its own cursors lead to."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import asyncpg

from benchmarks.gallery.answers import Client
from benchmarks.gallery.pages import FIRST, LIMIT, MIDDLE, Page
from mammogram_viewer.foundation.keyset import cursor_text

_PATH = "/api/studies"
_CHOSEN: tuple[dict[str, Any], ...] = (
    {},
    {"from": "2025-11-01", "to": "2025-12-01"},
    {"studyFrom": "2023-01-01", "studyTo": "2023-07-01"},
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


async def pages(pool: asyncpg.Pool, client: Client) -> list[Page]:
    """By HTTP alone, none where the API has no such list. The middle is the exam in the middle of time."""
    if client.get(_PATH)[0] != 200:
        return []
    row = await pool.fetchrow(
        """SELECT created_at, id FROM studies ORDER BY created_at DESC, id DESC
           OFFSET (SELECT count(*) / 2 FROM studies) LIMIT 1"""
    )
    middle = cursor_text(row["created_at"], row["id"]) if row is not None else ""
    people = await pool.fetch("SELECT user_id FROM images GROUP BY user_id ORDER BY count(*) DESC, user_id LIMIT 100")
    by_person = [("userId=many", people[0]["user_id"]), ("userId=few", people[-1]["user_id"])]
    chosen = [(_words(each), each) for each in _CHOSEN]
    chosen += [(words, {"userId": user_id}) for words, user_id in by_person]
    return [page for words, each in chosen for page in _places(words, each, middle, client)]


def _places(words: str, chosen: dict[str, Any], middle: str, client: Client) -> list[Page]:
    places = {
        FIRST: {},
        "oldest": {"direction": "prev"},
        MIDDLE: {"cursor": middle},
        f"back from {MIDDLE}": {"cursor": middle, "direction": "prev"},
    }
    status, body, _ = client.get(_path({**chosen, "direction": "prev", "limit": LIMIT}))
    oldest = json.loads(body) if status == 200 else {}
    if oldest.get("prevCursor"):
        places["back from last"] = {"cursor": oldest["prevCursor"], "direction": "prev"}
    return [
        Page(words, "exams", place, _path({**chosen, **asked, "limit": LIMIT}), read=None)
        for place, asked in places.items()
    ]


def _path(parameters: dict[str, Any]) -> str:
    return f"{_PATH}?{urlencode(parameters)}"


def _words(chosen: dict[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in chosen.items()) or "none"
