"""What each operation of the API demands. Every route handler names exactly one policy in its `opt`:

    @get("/api/images", opt={"policy": policy.READ_IMAGES})

`enforce` is the one guard that reads it; an operation without a policy answers 500 and fails the build
(tests/features/test_authorization_matrix.py). Which *rows* a caller sees is decided in the queries of the
feature, by `Principal.sees_every_image` and ownership; what one may not see answers 404."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from mammogram_viewer.accounts.models import Principal, Role, Scope
from mammogram_viewer.foundation.errors import Forbidden, Unauthenticated

Ownership = Literal["none", "own", "image"]


@dataclass(frozen=True, kw_only=True)
class Policy:
    """`roles` None: open to all. `ownership`: "own" acts on the caller's own things alone; "image" follows who
    may see the image (the owner, and the roles that see every image)."""

    name: str
    roles: frozenset[Role] | None
    scope: Scope = "read"
    ownership: Ownership = "none"
    loopback_too: bool = False  # metrics may also be read without signing in from the machine itself


_EVERYBODY: frozenset[Role] = frozenset({"admin", "radiologist", "technologist", "user"})
_UPLOADERS: frozenset[Role] = frozenset({"admin", "technologist", "user"})
_CORRECTORS: frozenset[Role] = frozenset({"admin", "technologist", "user"})
_EXAM_GROUPERS: frozenset[Role] = frozenset({"admin", "technologist"})
_QUALITY_READERS: frozenset[Role] = frozenset({"admin", "radiologist"})
_ADMIN: frozenset[Role] = frozenset({"admin"})

PUBLIC = Policy(name="public", roles=None)
# The link itself says that somebody who may see the image was given it (archive/rendition_links.py).
SIGNED_LINK = Policy(name="signed link", roles=None, ownership="image")
OWN_ACCOUNT = Policy(name="own account", roles=_EVERYBODY, ownership="own")
CHANGE_OWN_ACCOUNT = Policy(name="change own account", roles=_EVERYBODY, scope="write", ownership="own")
READ_IMAGES = Policy(name="read images", roles=_EVERYBODY, ownership="image")
NOTE_VIEWS = Policy(name="note views", roles=_EVERYBODY, scope="write", ownership="image")
ANNOTATE_IMAGES = Policy(name="annotate images", roles=_EVERYBODY, scope="write", ownership="image")
EXPORT_IMAGES = Policy(name="export images", roles=_EVERYBODY, scope="write", ownership="image")
READ_OWN_EXPORTS = Policy(name="read own exports", roles=_EVERYBODY, ownership="own")
UPLOAD_IMAGES = Policy(name="upload images", roles=_UPLOADERS, scope="write")
# An exam's list and numbers are made from the images that the caller may see.
FIND_EXAMS = Policy(name="find exams", roles=_EVERYBODY)
GROUP_EXAMS = Policy(name="group exams", roles=_EXAM_GROUPERS, scope="write", ownership="image")
CORRECT_IMAGES = Policy(name="correct images", roles=_CORRECTORS, scope="write", ownership="image")
DELETE_IMAGES = Policy(name="delete own images", roles=_UPLOADERS, scope="write", ownership="own")
READ_ANALYTICS = Policy(name="read analytics", roles=_ADMIN)
READ_OWN_ANALYTICS = Policy(name="read own analytics", roles=_EVERYBODY, ownership="own")
UPDATE_ANALYTICS = Policy(name="update analytics", roles=_ADMIN, scope="write")
READ_QUALITY = Policy(name="read imaging quality", roles=_QUALITY_READERS)
ADMINISTER = Policy(name="administer", roles=_ADMIN, scope="admin")
READ_METRICS = Policy(name="read metrics", roles=_ADMIN, scope="admin", loopback_too=True)

_LOOPBACK = {"127.0.0.1", "::1"}
_FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip")


def allows(policy: Policy, principal: Principal) -> bool:
    """Whether role and scopes suffice; what the page may offer, and what `enforce` lets through."""
    return policy.roles is None or (principal.role in policy.roles and policy.scope in principal.scopes)


def policy_of(handler: BaseRouteHandler) -> Policy:
    """The policy an operation declares; one without any is a fault of ours."""
    policy = handler.opt.get("policy")
    if not isinstance(policy, Policy):
        raise TypeError(f"{handler} declares no policy")
    return policy


def is_the_frameworks_own(handler: BaseRouteHandler) -> bool:
    """Operations that Litestar adds by itself, open to all: OPTIONS of each path, and the OpenAPI description."""
    return (getattr(handler.fn, "__module__", None) or "").startswith("litestar.")


def enforce(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Role, then token scope; called for every request once the authentication has set `connection.scope["user"]`."""
    if is_the_frameworks_own(handler):
        return
    policy = policy_of(handler)
    if policy.roles is None:
        return
    principal: Principal | None = connection.scope.get("user")
    if principal is None:
        if policy.loopback_too and _is_from_this_machine(connection):
            return
        raise Unauthenticated("Sign in to continue.")
    if principal.role not in policy.roles:
        raise Forbidden("Your role does not allow this. An administrator can change it.")
    if policy.scope not in principal.scopes:
        raise Forbidden(f"This API token lacks the scope “{policy.scope}”.", code="missing_scope")


def _is_from_this_machine(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """From loopback, and not merely through a proxy there: that one speaks for the whole world."""
    if connection.client is None or connection.client.host not in _LOOPBACK:
        return False
    return not any(name in connection.headers for name in _FORWARDED)
