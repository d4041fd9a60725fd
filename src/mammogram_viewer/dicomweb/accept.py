"""Whether a caller takes what we give (RFC 9110, 12.5.1; PS3.18 8.7). Each thing has one form, so the question is only
whether the Accept header leaves it out."""

from __future__ import annotations

import re

from mammogram_viewer.foundation.errors import NotAcceptable

HTJ2K_LOSSLESS_RPCL = "1.2.840.10008.1.2.4.202"
FRAME_TYPE = f"image/jphc;transfer-syntax={HTJ2K_LOSSLESS_RPCL}"
HEADER_TYPE = "application/dicom+json"
_MAX_CHARACTERS = 4096
# Commas within quotes part nothing: multipart/related; type="image/jphc", …
_RANGES = re.compile(r'(?:[^,"]|"[^"]*")+')
_PARAMETERS = re.compile(r'(?:[^;"]|"[^"]*")+')


def demand_frame_type(header: str | None) -> None:
    """NotAcceptable unless the caller takes a single-part HTJ2K codestream.

    `multipart/related` is read as what it is to contain: a frame comes as one part without the wrapping, which is all
    that our viewer asks for."""
    _demand(header, "image/jphc", f"Frames are image/jphc, transfer syntax {HTJ2K_LOSSLESS_RPCL}, only.")


def demand_header_type(header: str | None) -> None:
    """NotAcceptable unless the caller takes DICOM JSON."""
    _demand(header, HEADER_TYPE, f"Headers are {HEADER_TYPE} only.")


def _demand(header: str | None, ours: str, detail: str) -> None:
    if header is None or not header.strip():
        return
    found: tuple[int, float] | None = None
    for media_range in _RANGES.findall(header[:_MAX_CHARACTERS]):
        judged = _judge(media_range, ours)
        # The most specific range that speaks of our type decides; of equals the kinder one.
        if judged is not None and (found is None or judged > found):
            found = judged
    if found is None or found[1] <= 0:
        raise NotAcceptable(detail)


def _judge(media_range: str, ours: str) -> tuple[int, float] | None:
    """How specific the range is and how much it is wanted; None when it does not speak of our type."""
    name, *rest = [part.strip() for part in _PARAMETERS.findall(media_range)] or [""]
    parameters = dict(_parameter(part) for part in rest)
    wrapped = name.lower() == "multipart/related"
    name = parameters.get("type", "*/*").lower() if wrapped else name.lower()
    syntax = parameters.get("transfer-syntax")
    # What viewers ask for who do not mind: bulk bytes, whatever their syntax.
    if name == "application/octet-stream" and syntax == "*":
        name = "*/*"
    main = ours.partition("/")[0]
    names = {"*/*": 0, f"{main}/*": 1, ours: 2}
    if ours == HEADER_TYPE:
        names["application/json"] = 2
    if name not in names or syntax not in (None, "*", HTJ2K_LOSSLESS_RPCL):
        return None
    specific = 2 * names[name] + (syntax not in (None, "*"))
    return specific, _quality(parameters.get("q"))


def _parameter(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name.strip().lower(), value.strip().strip('"')


def _quality(text: str | None) -> float:
    """From 0 to 1; 1 for one that cannot be read."""
    return float(text) if text is not None and re.fullmatch(r"[01](\.\d{0,3})?", text, re.ASCII) else 1.0
