"""What became of a file, and whether that was allowed."""

from __future__ import annotations

import hashlib
import io
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from PIL import Image

from hostile.files import CHILD_ENDS, CLEAN, HostileFile
from mammogram_viewer.foundation.reasons import REASONS

State = Literal["refused", "rejected", "failed", "ready"]
_WHOLLY_READ_PIXELS = 2_000_000  # larger pictures are judged by their header alone


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The end of one image, or of an upload that was refused. `picture` is the digest of its PNG; `troubles` are
    broken promises that hold for every file, whatever its class."""

    state: State
    code: str | None = None
    picture: str = ""
    voi_source: str | None = None
    warnings: frozenset[str] = frozenset()
    troubles: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        return f"{self.state} {self.code}" if self.code else self.state


def judge(file: HostileFile, outcomes: list[Outcome], twins: Mapping[str, Outcome]) -> list[str]:
    """Sentences about what was not allowed; empty when all was."""
    found = [trouble for outcome in outcomes for trouble in outcome.troubles]
    for outcome in outcomes:
        if outcome.state == "ready":
            found += _judge_ready(file, outcome, twins.get(file.twin))
        else:
            found += _judge_refused(file, outcome)
    return list(dict.fromkeys(found))  # the images of an archive often fail alike


def _judge_refused(file: HostileFile, outcome: Outcome) -> list[str]:
    allowed = file.allowed
    if not allowed.refused:
        return [f"{outcome}, but it must be shown"]
    if outcome.state == "rejected" and outcome.code not in REASONS:
        return [f"{outcome}: no reason of the closed list"]
    if outcome.state == "failed" and outcome.code not in CHILD_ENDS:
        return [f"{outcome}: neither a crash, a timeout nor exhausted memory"]
    if allowed.codes and outcome.code not in allowed.codes:
        return [f"{outcome}, but only these codes are allowed: {', '.join(sorted(allowed.codes))}"]
    return []


def _judge_ready(file: HostileFile, outcome: Outcome, twin: Outcome | None) -> list[str]:
    allowed = file.allowed.ready
    if allowed == "never":
        return ["READY, but it must fail"]
    if allowed == "any" or file.allowed is CLEAN:
        return []
    if twin is None or twin.state != "ready":
        return [f"its twin {file.twin} was not shown"]
    if outcome.picture == twin.picture:
        return []
    said = outcome.warnings - twin.warnings or outcome.voi_source != twin.voi_source
    if allowed == "said" and said:
        return []
    return ["ready with another picture than its twin" + (", and without a word" if allowed == "said" else "")]


def digest_of_png(png: bytes, rows: int | None, columns: int | None) -> tuple[str, list[str]]:
    """The digest, and what is wrong with the PNG as a rendition of an image of that size."""
    troubles = []
    if png[:8] != b"\x89PNG\r\n\x1a\n" or png[12:16] != b"IHDR":
        return "", ["the rendition is no PNG"]
    width, height = struct.unpack_from(">LL", png, 16)
    if (height, width) != (rows, columns):
        troubles.append(f"the PNG has {width} × {height} pixels, the record says {columns} × {rows}")
    if width * height <= _WHOLLY_READ_PIXELS:
        try:
            with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
                picture.load()
        except (OSError, SyntaxError, ValueError) as trouble:
            troubles.append(f"the PNG cannot be read: {trouble}")
    return hashlib.sha256(png).hexdigest(), troubles
