"""Exceptions as they may be logged: what kind, where, and never their messages.

A message may quote what it is about: PostgreSQL gives the failing row in its DETAIL, asyncpg the value it could not
encode, a decoder the element it could not read. All of that can be patient data."""

from __future__ import annotations

import traceback

_MAX_CHARACTERS = 8000


def without_messages(problem: BaseException) -> str:
    """Kinds and frames of an exception and of those behind it, the last one first."""
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = problem
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = "".join(traceback.format_list(traceback.extract_tb(current.__traceback__)))
        parts.append(f"{type(current).__name__} {_safe_details(current)}\n{frames}")
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "caused by ".join(parts)[:_MAX_CHARACTERS]


def _safe_details(problem: BaseException) -> str:
    """What is known to quote nothing: PostgreSQL's names, and what an exception declares as such."""
    names = ("sqlstate", "table_name", "constraint_name", "safe_detail")
    return " ".join(str(value) for name in names if (value := getattr(problem, name, None)))
