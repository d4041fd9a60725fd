"""One hostile file, and what may become of it.

The outcomes are data, so that a reader can ask of every class what it promises; `judge` compares."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

# never: no picture may be shown. same: only the picture of the undamaged twin. said: that picture, or another one with
# a word on the record (a warning or another voiSource than the twin's). any: whatever picture comes out.
Ready = Literal["never", "same", "said", "any"]
CHILD_ENDS = frozenset({"decoder_crash", "decoder_timeout", "out_of_memory"})


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """A class of outcomes. `refused` covers the door (4xx with a code), `rejected` and the ends of a child;
    `codes` narrows them down, empty means any of the closed list."""

    name: str
    why: str
    ready: Ready
    refused: bool = True
    codes: frozenset[str] = frozenset()


MUST_FAIL = Allowed(name="must fail", why="the damage or the lie can be seen from the bytes", ready="never")
MUST_STOP_AT_THE_DOOR = Allowed(
    name="must fail",
    why="nothing of it is an image, or an archive breaks a budget",
    ready="never",
    codes=frozenset(
        {"not_an_image", "unsupported", "svg_refused", "empty_file", "archive_broken", "archive_nested",
         "archive_encrypted", "archive_empty", "archive_too_large", "too_many_files", "too_large", "all_files_refused"}
    ),
)  # fmt: skip
SAME_OR_REFUSED = Allowed(name="same or refused", why="may be read leniently if the picture is certain", ready="same")
SAID_OR_REFUSED = Allowed(name="said or refused", why="a guess is allowed when the record tells of it", ready="said")
HARMLESS = Allowed(name="harmless", why="a valid picture that must be shown as it is", ready="same", refused=False)
WITHIN_LIMITS = Allowed(name="within limits", why="costly but valid: any end that keeps to the limits", ready="any")
NO_REDUNDANCY = Allowed(
    name="no redundancy",
    why="neither the format nor the codec has a check value: other bits are another valid picture",
    ready="any",
)
VALID_NONSENSE = Allowed(name="valid nonsense", why="the standard says what to make of the odd value", ready="any")
CLEAN = Allowed(name="clean", why="an undamaged twin", ready="any", refused=False)


@dataclass(frozen=True, kw_only=True)
class HostileFile:
    """`name` is `<class>/<what>`; `twin` names the clean file whose picture a shown one must have."""

    name: str
    allowed: Allowed
    make: Callable[[], bytes]
    file_name: str = "image.dcm"
    twin: str = ""
    slow: bool = False  # more than a second or many megabytes: for the drill, not for the sample

    @property
    def family(self) -> str:
        return self.name.partition("/")[0]


def dice(seed: int, name: str) -> random.Random:
    """Randomness that depends on the seed and the file's name alone, so that one file can be made again."""
    return random.Random(seed << 32 | zlib.crc32(name.encode()))
