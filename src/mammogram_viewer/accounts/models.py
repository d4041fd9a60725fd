"""Who is asking: the principal that every handler and service receives. And what accounts are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Role = Literal["admin", "radiologist", "technologist", "user"]
UserStatus = Literal["pending", "active", "disabled"]
Scope = Literal["read", "write", "admin"]

ROLES: tuple[Role, ...] = ("admin", "radiologist", "technologist", "user")
STATUSES: tuple[UserStatus, ...] = ("pending", "active", "disabled")
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

    @property
    def owner_filter(self) -> int | None:
        """Whose images this person may see: their own, or None for every image."""
        return None if self.sees_every_image else self.user_id


@dataclass(frozen=True, kw_only=True)
class Found:
    """The principal behind a cookie or token. `is_stale`: its last use was noted long enough ago to note it again."""

    principal: Principal
    is_stale: bool


@dataclass(frozen=True, kw_only=True)
class User:
    """One account as people see it; the password's hash never leaves `queries`."""

    id: int
    email: str
    name: str
    role: Role
    status: UserStatus
    created_at: datetime
    last_login_at: datetime | None
    last_activity_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What a sign-in is judged by."""

    user_id: int
    status: UserStatus
    password_hash: str | None


@dataclass(frozen=True, kw_only=True)
class Session:
    """One signed-in browser."""

    id: int
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ip: str | None
    user_agent: str | None


@dataclass(frozen=True, kw_only=True)
class ApiToken:
    """One API token; its secret was shown once and is kept as a hash alone."""

    id: int
    name: str
    prefix: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
