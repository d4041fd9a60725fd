"""Read single values out of a data set that may lie: cleaned strings, bounded numbers, lenient dates.

Strings in DICOM are hostile until cleaned here: NUL, control characters and direction marks go."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from mammogram_viewer.dicom.reader import PYDICOM_TROUBLE

# C0 and C1 controls, direction marks and overrides, the byte order mark, and lone surrogates (not valid
# UTF-8).
_UNWANTED = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
MAX_TEXT_CHARACTERS = 256  # twice that, in UTF-8, still fits an index entry of PostgreSQL (2704 bytes)
INT32 = range(-(2**31), 2**31)


def clean_text(value: object, *, max_characters: int = MAX_TEXT_CHARACTERS) -> str:
    """Printable text without padding, at most `max_characters` long."""
    return _UNWANTED.sub("", str(value)).strip()[:max_characters]


def raw_value(dataset: Dataset, keyword: str) -> Any:
    """The value as pydicom gives it, or None where it is absent or cannot be read."""
    try:
        return dataset.get(keyword)
    except PYDICOM_TROUBLE:
        return None


def has_value(dataset: Dataset, keyword: str) -> bool:
    """Whether the element is there and not empty, be it readable or not; an empty one says nothing (PS3.5 7.4.2)."""
    try:
        element = dataset.get_item(keyword)
    except PYDICOM_TROUBLE:
        return False
    value = getattr(element, "value", None)
    if isinstance(value, bytes):
        return bool(value.strip(b" \0"))
    if isinstance(value, str):
        return bool(value.strip(" \0"))
    return value is not None and (not isinstance(value, MultiValue | list | tuple) or len(value) > 0)


def values(dataset: Dataset, keyword: str) -> list[Any]:
    """All values of a multi-valued element; empty when absent."""
    value = raw_value(dataset, keyword)
    if value is None or value == "":
        return []
    if isinstance(value, MultiValue | list | tuple):
        return list(value)
    return [value]


def text(dataset: Dataset, keyword: str) -> str | None:
    """The cleaned first value; several values keep the backslash between them. None when empty."""
    return clean_text("\\".join(str(value) for value in values(dataset, keyword))) or None


def code_string(dataset: Dataset, keyword: str) -> str:
    """The first value of a CS element in capitals, empty when absent."""
    found = values(dataset, keyword)
    return clean_text(found[0]).upper() if found else ""


def integer(dataset: Dataset, keyword: str) -> int | None:
    """A whole number that fits 32 bits, else None; text that holds one counts."""
    number = real(dataset, keyword)
    if number is None or number != int(number) or int(number) not in INT32:
        return None
    return int(number)


def real(dataset: Dataset, keyword: str) -> float | None:
    """A finite number, else None."""
    found = reals(dataset, keyword)
    return found[0] if found else None


def reals(dataset: Dataset, keyword: str) -> list[float]:
    """Every value as a finite number; empty when one of them is none."""
    try:
        numbers = [float(value) for value in values(dataset, keyword)]
    except (TypeError, ValueError, OverflowError):
        return []
    return numbers if all(map(math.isfinite, numbers)) else []


def items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """The items of a sequence; empty when it is absent or no sequence."""
    value = raw_value(dataset, keyword)
    try:
        found = list(value) if value is not None and not isinstance(value, bytes | str) else []
    except PYDICOM_TROUBLE:
        return []
    return [item for item in found if isinstance(item, Dataset)]


def frame_items(dataset: Dataset, keyword: str) -> Iterator[Dataset]:
    """The items of a functional group `keyword` (C.7.6.16), shared by all frames and of every frame."""
    for groups in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        for group in items(dataset, groups):
            yield from items(group, keyword)[:1]


def yes_no(dataset: Dataset, keyword: str) -> bool | None:
    """True for YES, False for NO, None where the file is silent or says something else."""
    return {"YES": True, "NO": False}.get(code_string(dataset, keyword))


def calendar_date(dataset: Dataset, keyword: str) -> date | None:
    """A DA value; the old forms with dots and dashes are read too."""
    return _parse_date(text(dataset, keyword) or "")


def moment(dataset: Dataset, date_keyword: str, time_keyword: str) -> datetime | None:
    """DA and TM together; midnight when only the date is there."""
    day = calendar_date(dataset, date_keyword)
    if day is None:
        return None
    return datetime.combine(day, _parse_time(text(dataset, time_keyword) or "") or time())


def date_time(dataset: Dataset, keyword: str) -> datetime | None:
    """A DT value as local time; its zone suffix is dropped, since the unit's clock is what people compare."""
    value = re.sub(r"[+-]\d{4}$", "", text(dataset, keyword) or "")
    day = _parse_date(value[:8])
    return datetime.combine(day, _parse_time(value[8:]) or time()) if day else None


def _parse_date(value: str) -> date | None:
    match = re.fullmatch(r"(\d{4})([.\-/]?)(\d{2})\2(\d{2})", value.strip())
    if not match:
        return None
    try:
        return date(int(match[1]), int(match[3]), int(match[4]))
    except ValueError:
        return None


def _parse_time(value: str) -> time | None:
    match = re.fullmatch(r"(\d{2}):?(\d{2})?:?(\d{2})?(?:\.(\d{1,6})\d*)?", value.strip())
    if not match:
        return None
    try:
        # A leap second is stored as 60; no clock of ours shows it.
        second = min(int(match[3] or 0), 59) if int(match[3] or 0) <= 60 else 60
        return time(int(match[1]), int(match[2] or 0), second, int((match[4] or "0").ljust(6, "0")))
    except ValueError:
        return None
