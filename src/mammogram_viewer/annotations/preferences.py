"""How a person likes the viewer: an object that the page alone understands, kept within bounds."""

from __future__ import annotations

from typing import Any

import asyncpg
import msgspec

from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.service import record_audit
from mammogram_viewer.annotations import queries
from mammogram_viewer.foundation.errors import Invalid, TooLarge
from mammogram_viewer.foundation.settings import Settings

_MOST_KEYS = 64
_DEEPEST = 4
_LONGEST_KEY = 200  # characters

get_preferences = queries.find_preferences


async def keep_preferences(
    db: asyncpg.Pool, settings: Settings, user_id: int, wanted: dict[str, Any], actor: Actor
) -> dict[str, Any]:
    """All of them anew; keys that this version does not know are kept. Saying the same again records nothing."""
    most = settings.viewer_preferences_bytes
    if len(msgspec.json.encode(wanted)) > most:
        raise TooLarge(f"Preferences have at most {most} bytes.", code="preferences_too_large")
    _check(wanted, 1)
    async with db.acquire() as connection, connection.transaction():
        if wanted != await queries.find_preferences(connection, user_id):
            await queries.save_preferences(connection, user_id, wanted)
            await record_audit(connection, actor, "viewer_preferences_changed", "user", user_id)
    return wanted


def _check(value: Any, depth: int) -> None:
    """Invalid for more than 64 keys in an object, more than four levels, or what PostgreSQL cannot store."""
    if isinstance(value, str) and "\0" in value:
        raise Invalid("Preferences hold no NUL.", code="invalid_preferences")
    if not isinstance(value, dict | list):
        return
    if depth > _DEEPEST:
        raise Invalid(f"Preferences are at most {_DEEPEST} levels deep.", code="invalid_preferences")
    if isinstance(value, dict):
        if len(value) > _MOST_KEYS or any(len(key) > _LONGEST_KEY for key in value):
            raise Invalid(
                f"An object of preferences has at most {_MOST_KEYS} keys, each at most {_LONGEST_KEY} characters long.",
                code="invalid_preferences",
            )
        for key in value:
            _check(key, depth)
    for one in value.values() if isinstance(value, dict) else value:
        _check(one, depth + 1)
