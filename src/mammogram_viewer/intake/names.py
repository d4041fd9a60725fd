"""File names from outside: for people to read, never part of a path."""

from __future__ import annotations

import re
import unicodedata

MAX_CHARACTERS = 255
# Control and format characters: line breaks would forge log lines, right-to-left marks would disguise endings.
_HOSTILE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def clean_name(raw: str | bytes | None) -> str:
    """The last path component, normalised, without control characters; `unnamed` when nothing is left."""
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw or ""
    text = re.split(r"[/\\]", unicodedata.normalize("NFC", text))[-1]
    text = "".join(c for c in text if unicodedata.category(c) not in _HOSTILE).strip(". ")
    return text[:MAX_CHARACTERS] or "unnamed"
