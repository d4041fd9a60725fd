"""The JSON bodies of accounts. Instants travel as text with all six digits (`keyset.instant_text`)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from mammogram_viewer.accounts import models, policy
from mammogram_viewer.accounts.models import Principal, Role, Scope, UserStatus
from mammogram_viewer.foundation.keyset import Page, instant_text
from mammogram_viewer.foundation.wire import Wire, WireRequest

Instant = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
# Longer than any valid value, so that the clear error of the service comes first; a bound all the same.
Text = Annotated[str, Meta(max_length=4096)]


# --- requests -------------------------------------------------------------------------------------------------


class Login(WireRequest, frozen=True):
    email: Text
    password: Text


class Registration(WireRequest, frozen=True):
    email: Text
    name: Text
    password: Text


class PasswordChange(WireRequest, frozen=True):
    current_password: Text
    new_password: Text


class NewToken(WireRequest, frozen=True):
    name: Text
    scopes: list[Scope]
    days: int | None = None


class Setup(WireRequest, frozen=True):
    token: Text
    email: Text
    name: Text
    password: Text


class NewUser(WireRequest, frozen=True):
    email: Text
    name: Text
    role: Role
    password: Text | None = None


class UserPatch(WireRequest, frozen=True):
    """`status` takes active (approve, enable) and disabled."""

    role: Role | None = None
    status: UserStatus | None = None
    name: Text | None = None
    password: Text | None = None


# --- answers --------------------------------------------------------------------------------------------------


class User(Wire, frozen=True):
    id: int
    email: str
    name: str
    role: Role
    status: UserStatus
    created_at: Instant
    last_login_at: Instant | None
    last_activity_at: Instant | None


class UserAnswer(Wire, frozen=True):
    user: User


class UserPage(Wire, frozen=True):
    users: list[User]
    next_cursor: str | None
    prev_cursor: str | None
    has_more: bool
    limit: int


class Registered(Wire, frozen=True):
    """No id: an address that already has an account gets the same answer."""

    email: str
    name: str
    status: Literal["pending"] = "pending"


class RegistrationAnswer(Wire, frozen=True):
    user: Registered


class RegistrationState(Wire, frozen=True):
    open: bool
    setup_needed: bool


class Capabilities(Wire, frozen=True):
    """What the page may offer to this user."""

    upload: bool
    correct: bool
    administer: bool
    sees_every_image: bool


class Me(Wire, frozen=True):
    user: User
    authentication: Literal["session", "token"]
    capabilities: Capabilities


class Session(Wire, frozen=True):
    id: int
    created_at: Instant
    last_seen_at: Instant
    expires_at: Instant
    ip: str | None
    user_agent: str | None
    current: bool


class SessionList(Wire, frozen=True):
    sessions: list[Session]


class ApiToken(Wire, frozen=True):
    id: int
    name: str
    prefix: str
    scopes: list[Scope]
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Instant | None


class ApiTokenList(Wire, frozen=True):
    api_tokens: list[ApiToken]


class CreatedToken(Wire, frozen=True):
    """`token` is shown this once."""

    token: str
    api_token: ApiToken


class SetupState(Wire, frozen=True):
    valid: bool


# --- from models ----------------------------------------------------------------------------------------------


def _instant(at: datetime | None) -> str | None:
    return None if at is None else instant_text(at)


def user_from(user: models.User) -> User:
    return User(
        id=user.id,
        email=user.email,
        name=user.name,
        role=user.role,
        status=user.status,
        created_at=instant_text(user.created_at),
        last_login_at=_instant(user.last_login_at),
        last_activity_at=_instant(user.last_activity_at),
    )


def user_page_from(page: Page[models.User]) -> UserPage:
    return UserPage(
        users=[user_from(user) for user in page.rows],
        next_cursor=page.next_cursor,
        prev_cursor=page.prev_cursor,
        has_more=page.has_more,
        limit=page.limit,
    )


def session_from(session: models.Session, principal: Principal) -> Session:
    return Session(
        id=session.id,
        created_at=instant_text(session.created_at),
        last_seen_at=instant_text(session.last_seen_at),
        expires_at=instant_text(session.expires_at),
        ip=session.ip,
        user_agent=session.user_agent,
        current=session.id == principal.session_id,
    )


def api_token_from(token: models.ApiToken) -> ApiToken:
    return ApiToken(
        id=token.id,
        name=token.name,
        prefix=token.prefix,
        scopes=list(token.scopes),
        created_at=instant_text(token.created_at),
        expires_at=_instant(token.expires_at),
        last_used_at=_instant(token.last_used_at),
    )


def capabilities_of(principal: Principal) -> Capabilities:
    return Capabilities(
        upload=policy.allows(policy.UPLOAD_IMAGES, principal),
        correct=policy.allows(policy.CORRECT_IMAGES, principal),
        administer=policy.allows(policy.ADMINISTER, principal),
        sees_every_image=principal.sees_every_image,
    )
