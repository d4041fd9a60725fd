"""Operators by pseudonym: the same person is always the same, and nobody is named.

A pseudonym is a keyed hash (HMAC-SHA256) of the name. The key is a secret of this installation that never leaves the
server (migration 0025): without it names cannot be tried out against an answer."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mammogram_viewer.foundation.errors import Invalid
from mammogram_viewer.quality import queries
from mammogram_viewer.quality.models import UNKNOWN

_KEY_LENGTH = 12  # hexadecimal digits: a chance of one in a million that two of 20,000 people fall together
_SHOWN = 4


def key_of(secret: bytes, person: str) -> str:
    """Twelve hexadecimal digits for a person."""
    return hmac.new(secret, person.encode(), hashlib.sha256).hexdigest()[:_KEY_LENGTH].upper()


@dataclass(frozen=True)
class Operators:
    """`keys` by person, `names` as headers give them by key; those of nobody under `UNKNOWN`."""

    keys: Mapping[str, str]
    names: Mapping[str, list[str]]

    def key(self, person: str | None) -> str | None:
        return None if person is None else self.keys[person]

    def label(self, person: str | None) -> str | None:
        """`Operator 3F2A`; the whole key where another person's begins alike."""
        if person is None:
            return None
        key = self.keys[person]
        alike = sum(other.startswith(key[:_SHOWN]) for other in self.keys.values())
        return f"Operator {key[:_SHOWN] if alike == 1 else key}"

    def names_of(self, key: str) -> list[str]:
        """What headers call the person behind a key. Invalid `unknown_operator`."""
        if key == UNKNOWN:
            return [UNKNOWN, *self.names.get(UNKNOWN, [])]
        if key not in self.names:
            raise Invalid(
                "There is no such operator. Take one of those that /api/quality lists.", code="unknown_operator"
            )
        return self.names[key]


async def read_operators(db: Any) -> Operators:
    secret = await queries.read_secret(db)
    keys: dict[str, str] = {}
    names: dict[str, list[str]] = {}
    for row in await queries.list_operators(db):
        person = row["person"]
        key = UNKNOWN if person is None else keys.setdefault(person, key_of(secret, person))
        names.setdefault(key, []).append(row["name"])
    return Operators(keys, names)
