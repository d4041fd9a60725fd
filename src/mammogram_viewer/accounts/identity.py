"""E-mail addresses and names as people type them: cleaned once, here, before anything is stored or compared."""

from __future__ import annotations

import re
import unicodedata

from mammogram_viewer.foundation.errors import Invalid

MAX_EMAIL_LENGTH = 254  # RFC 5321, 4.5.3.1.3, less the angle brackets
MAX_NAME_LENGTH = 200
_EMAIL = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,253}")


def find_email(text: str) -> str | None:
    """The address in its stored form; None when the text cannot be one. Case is kept; comparison ignores it."""
    email = unicodedata.normalize("NFC", text.strip())
    if len(email) > MAX_EMAIL_LENGTH or not email.isprintable() or _EMAIL.fullmatch(email) is None:
        return None
    return email


def clean_email(text: str) -> str:
    email = find_email(text)
    if email is None:
        raise Invalid("This is not an e-mail address, as in name@clinic.example.", code="invalid_email")
    return email


def clean_name(text: str) -> str:
    name = unicodedata.normalize("NFC", " ".join(text.split()))
    if len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise Invalid(
            f"A name has at most {MAX_NAME_LENGTH} characters, without control characters.", code="invalid_name"
        )
    return name
