"""What lies below the paths that somebody named: files worth sending, and what cannot be read."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# What systems and media put beside images; sending it would only make refusals.
_CLUTTER = {".DS_Store", "Thumbs.db", "desktop.ini", "DICOMDIR", "__MACOSX", ".git"}


@dataclass(frozen=True)
class FoundFile:
    """As it was when it was found; `modified_ns` and `byte_count` tell whether it still is."""

    path: Path
    byte_count: int
    modified_ns: int


@dataclass(frozen=True)
class Trouble:
    """A file or folder that is not sent, and why."""

    path: Path
    reason: str


def walk(roots: list[Path]) -> Iterator[FoundFile | Trouble]:
    """Folders to their ends, links followed, each folder and file once however many ways lead to it."""
    seen: set[tuple[int, int]] = set()
    open_paths = [root.absolute() for root in reversed(roots)]
    while open_paths:
        path = open_paths.pop()
        try:
            state = path.stat()
        except OSError as problem:
            yield Trouble(path, why_unreadable(problem))
            continue
        if (state.st_dev, state.st_ino) in seen:
            continue
        seen.add((state.st_dev, state.st_ino))
        if stat.S_ISDIR(state.st_mode):
            try:
                children = sorted(path.iterdir(), reverse=True)
            except OSError as problem:
                yield Trouble(path, why_unreadable(problem))
                continue
            open_paths += [child for child in children if child.name not in _CLUTTER]
        elif stat.S_ISREG(state.st_mode):
            yield FoundFile(path, state.st_size, state.st_mtime_ns)
        else:
            yield Trouble(path, "It is no ordinary file.")


def why_unreadable(problem: OSError) -> str:
    """In words, without the path."""
    if isinstance(problem, FileNotFoundError):
        return "It is not there any more, or a link leads nowhere."
    if isinstance(problem, PermissionError):
        return "It may not be read; change its permissions."
    return f"It cannot be read: {problem.strerror}."


def shown(path: Path) -> str:
    """A path for the terminal: names from elsewhere may carry control characters and broken text."""
    text = os.fsencode(path).decode("utf-8", "replace")
    return "".join(c if unicodedata.category(c) not in {"Cc", "Cf"} else "\N{REPLACEMENT CHARACTER}" for c in text)
