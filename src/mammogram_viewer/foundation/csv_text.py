"""CSV as RFC 4180 writes it, safe to open in a spreadsheet program. Pure: values in, text out.

Invariant: no cell that came from a person or a file begins as a formula does. Whoever opens the file reads what was
meant, with an apostrophe before it, and nothing is computed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from math import isfinite

CsvValue = str | int | float | bool | date | datetime | None

# What spreadsheet programs take for a formula; the full-width signs are taken for the plain ones by East Asian ones.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_QUOTED = ('"', ",", ";", "\r", "\n")


def csv_row(values: Iterable[CsvValue]) -> str:
    """One record with its end (CRLF). None is an empty cell, never 0; instants are UTC, numbers keep a dot."""
    return ",".join(csv_cell(value) for value in values) + "\r\n"


def csv_cell(value: CsvValue) -> str:
    """One cell. A number that is negative stays a number; a text that begins with a minus is made harmless."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value) if isfinite(value) else ""
    if isinstance(value, datetime):
        # An instant; a time without a zone is the unit's own and stays as it was written.
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}" if value.tzinfo else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return _text(value)


def _text(text: str) -> str:
    if text.startswith(FORMULA_SIGNS):
        text = f"'{text}"
    # Spaces at the ends, too: some readers drop them outside of quotes.
    if any(sign in text for sign in _QUOTED) or text != text.strip():
        return '"' + text.replace('"', '""') + '"'
    return text
