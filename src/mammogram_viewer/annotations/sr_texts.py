"""Texts of people as DICOM values take them (PS3.5 6.2)."""

from __future__ import annotations

import re
from typing import Any

_CONTROL = re.compile(r"[\x00-\x09\x0b\x0e-\x1f\x7f-\x9f]")  # LF, FF and CR may stand in a UT
_ANY_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\\]")
_LONGEST_NAME = 64  # characters of a component group


def free_text(text: str) -> str:
    """As UT: of any length, with line ends."""
    return _CONTROL.sub(" ", text).strip()


def short_text(text: str, longest: int) -> str:
    """As LO or SH: one line, cut."""
    return _ANY_CONTROL.sub(" ", text).strip()[:longest]


def person_name(name: str) -> str:
    """A display name as a single component; what would part components is a space."""
    return short_text(re.sub(r"[\^=]", " ", name), _LONGEST_NAME)


def header_text(header: dict[str, Any], tag: str, longest: int) -> str:
    """The first value of an element of a DICOM JSON header; empty where it is absent or no text."""
    element = header.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    first = values[0] if isinstance(values, list) and values else ""
    if isinstance(first, dict):  # a person's name: up to three groups (PS3.18 F.2.2)
        groups = [str(first.get(group, "")) for group in ("Alphabetic", "Ideographic", "Phonetic")]
        return "=".join(short_text(group.replace("=", " "), _LONGEST_NAME) for group in groups).rstrip("=")
    return short_text(first, longest) if isinstance(first, str) else ""


def header_match(header: dict[str, Any], tag: str, pattern: str) -> str:
    """As `header_text`, where it has the form that its value representation asks for; else empty."""
    text = header_text(header, tag, _LONGEST_NAME)
    return text if re.fullmatch(pattern, text) else ""
