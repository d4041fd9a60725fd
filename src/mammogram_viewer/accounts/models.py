"""Who is asking: the principal that every handler and service receives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["admin", "radiologist", "technologist", "user"]
UserStatus = Literal["pending", "active", "disabled"]
Scope = Literal["read", "write", "admin"]

SCOPES: tuple[Scope, ...] = ("read", "write", "admin")
# Roles that see every image; a plain `user` sees only their own uploads.
SEES_EVERY_IMAGE: frozenset[Role] = frozenset({"admin", "radiologist", "technologist"})


@dataclass(frozen=True, kw_only=True)
class Principal:
    """An active user behind this request, by session or by API token (then `scopes` limits it)."""

    user_id: int
    email: str
    name: str
    role: Role
    session_id: int | None = None
    token_id: int | None = None
    scopes: frozenset[Scope] = frozenset(SCOPES)

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"

    @property
    def sees_every_image(self) -> bool:
        return self.role in SEES_EVERY_IMAGE
