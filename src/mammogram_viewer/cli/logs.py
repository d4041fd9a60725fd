"""`logs`: the parts' logs in one stream, in the order of their times."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from mammogram_viewer.cli.log_files import PARTS
from mammogram_viewer.foundation.errors import Invalid
from mammogram_viewer.foundation.settings import Settings

_FOLLOW_SECONDS = 0.25
# JSON's own fields; what else a line carries is shown as name=value.
_SHOWN_FIRST = ("at", "level", "part", "logger", "event", "exception")


def logs(settings: Settings, *, part: str | None, follow: bool, line_count: int) -> None:
    """Print the last lines of all parts or of one; as JSON lines when stdout is not a terminal."""
    if part is not None and part not in PARTS:
        raise Invalid(f"There is no part {part!r}. Choose one of {', '.join(PARTS)}.")
    files = [settings.logs_dir / f"{name}.log" for name in ([part] if part else PARTS)]
    for line in last_lines(files, line_count):
        _show(line)
    if not any(file.exists() for file in files):
        print(f"No logs yet in {settings.logs_dir}.", file=sys.stderr)
    if follow:
        for line in followed(files):
            _show(line)


def last_lines(files: list[Path], count: int) -> list[str]:
    """The newest `count` lines of these logs together, oldest first; rotated files are read when needed."""
    lines: list[str] = []
    for file in files:
        own: list[str] = []
        for candidate in (file, *(file.with_name(f"{file.name}.{number}") for number in range(1, 10))):
            if len(own) >= count or not candidate.exists():
                break
            own = candidate.read_text(encoding="utf-8", errors="replace").splitlines() + own
        lines += own[-count:]
    return sorted(lines, key=_at)[-count:] if count else []


def followed(files: list[Path]) -> Iterator[str]:
    """New lines as they come, for ever; a rotated file is noticed by its inode."""
    tails = {file: _Tail(file, at_end=True) for file in files}
    while True:
        fresh = [line for tail in tails.values() for line in tail.read()]
        yield from sorted(fresh, key=_at)
        if not fresh:
            time.sleep(_FOLLOW_SECONDS)


class _Tail:
    """Reads what is appended to one file, across rotations."""

    def __init__(self, path: Path, *, at_end: bool) -> None:
        self._path = path
        self._file: IO[str] | None = None
        self._rest = ""
        self._open(at_end=at_end)

    def read(self) -> list[str]:
        if self._file is None:
            self._open(at_end=False)
            if self._file is None:
                return []
        text = self._rest + self._file.read()
        if not text and self._was_rotated():
            self._file.close()
            self._file = None
            return []
        *lines, self._rest = text.split("\n")
        return lines

    def _open(self, *, at_end: bool) -> None:
        if self._path.exists():
            self._file = self._path.open(encoding="utf-8", errors="replace")
            if at_end:
                self._file.seek(0, 2)

    def _was_rotated(self) -> bool:
        assert self._file is not None
        try:
            return self._path.stat().st_ino != Path(f"/proc/self/fd/{self._file.fileno()}").stat().st_ino
        except OSError:
            return True


def _at(line: str) -> str:
    try:
        return json.loads(line)["at"]
    except (ValueError, KeyError, TypeError):
        return ""


def _show(line: str) -> None:
    print(_readable(line) if sys.stdout.isatty() else line, flush=True)


def _readable(line: str) -> str:
    """One line for a person: time, part, level, event, then the other fields."""
    try:
        entry = json.loads(line)
        fields = " ".join(f"{name}={value}" for name, value in entry.items() if name not in _SHOWN_FIRST)
        text = f"{entry['at'][11:23]} {entry['part']:<8} {entry['level']:<7} {entry['event']} {fields}".rstrip()
        return f"{text}\n{entry['exception']}" if entry.get("exception") else text
    except (ValueError, KeyError, TypeError, AttributeError):  # not a line of ours
        return line
