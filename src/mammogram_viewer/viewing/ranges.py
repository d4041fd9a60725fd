"""HTTP byte ranges (RFC 9110, 14.2), one range at a time; a flood of ranges is answered with the whole."""

from __future__ import annotations

import re

from mammogram_viewer.foundation.errors import RangeNotSatisfiable

_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


def parse_range(header: str | None, byte_count: int) -> tuple[int, int] | None:
    """`(start, stop)` with `stop` exclusive, or None for the whole file.

    Several ranges or an unknown unit may be ignored by a server; a single one beyond the end may not."""
    match = _ONE_RANGE.fullmatch((header or "").replace(" ", ""))
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if first == "":
        start, stop = max(0, byte_count - int(last)), byte_count
        if int(last) == 0:
            raise _beyond(byte_count)
    else:
        start = int(first)
        stop = min(int(last) + 1, byte_count) if last else byte_count
        if last and int(last) < start:
            return None
    if start >= byte_count:
        raise _beyond(byte_count)
    return start, stop


def _beyond(byte_count: int) -> RangeNotSatisfiable:
    return RangeNotSatisfiable(f"The file has {byte_count} bytes; the range lies outside.", byte_count=byte_count)


def etag_matches(header: str | None, etag: str) -> bool:
    """If-None-Match against our quoted ETag (weak comparison)."""
    if header is None:
        return False
    return header.strip() == "*" or etag in [part.strip().removeprefix("W/") for part in header.split(",")]
