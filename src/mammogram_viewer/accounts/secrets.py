"""Secrets that we hand out: session cookies, API tokens, set-up links. 256 random bits each; we keep SHA-256 alone.

A fast hash is right here, unlike for passwords: 256 random bits cannot be guessed from their digest."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets

SECRET_BYTES = 32
TOKEN_MARK = "mv_"  # noqa: S105 - a mark by which secret scanners find leaked tokens, no secret
_SHAPE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def new_secret() -> str:
    """A fresh secret as 43 URL-safe characters."""
    return base64.urlsafe_b64encode(secrets.token_bytes(SECRET_BYTES)).rstrip(b"=").decode()


def digest_of(secret: str) -> bytes | None:
    """SHA-256 of the secret's bytes, as the database holds it; None for what cannot be one of ours."""
    if _SHAPE.fullmatch(secret) is None:
        return None
    return hashlib.sha256(base64.urlsafe_b64decode(secret + "=")).digest()


def digest_of_new(secret: str) -> bytes:
    """The digest of a secret that `new_secret` just made."""
    digest = digest_of(secret)
    assert digest is not None
    return digest
