"""How far an import is: a bar at a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import time
from dataclasses import dataclass
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

_LINE_SECONDS = 5.0
_MB = 1_000_000


@dataclass
class Tally:
    """Files and bytes, done and in all; done is what was sent, known or refused. What an earlier run did says nothing
    about this one's pace."""

    files: int
    byte_count: int
    files_done: int = 0
    bytes_done: int = 0
    bytes_before: int = 0


class ImportProgress:
    """`with ImportProgress(…) as progress`: `tally` is changed by whoever works, `show` is called after it."""

    def __init__(self, console: Console, files: int, byte_count: int) -> None:
        self.tally = Tally(files, byte_count)
        self._console = console
        self._started_at = self._told_at = time.monotonic()
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def __enter__(self) -> ImportProgress:
        if self._console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.fields[files]}"),
                BarColumn(),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeRemainingColumn(),
                console=self._console,
            )
            self._bar.start()
            self._task = self._bar.add_task("", total=max(1, self.tally.byte_count), files=self._files())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        else:
            self._console.print(self.line(), highlight=False, soft_wrap=True)

    def show(self) -> None:
        if self._bar is not None:
            self._bar.update(self._task, completed=self.tally.bytes_done, files=self._files())
        elif time.monotonic() - self._told_at > _LINE_SECONDS:
            self._told_at = time.monotonic()
            self._console.print(self.line(), highlight=False, soft_wrap=True)

    def begin(self) -> None:
        """What an earlier run did has been counted; from here on it is measured."""
        self.tally.bytes_before = self.tally.bytes_done
        self._started_at = time.monotonic()
        if self._bar is not None:
            self._bar.reset(self._task, completed=self.tally.bytes_done, files=self._files())

    def _files(self) -> str:
        return f"{self.tally.files_done} of {self.tally.files} files"

    def line(self) -> str:
        """`412 of 10000 files, 8210.4 of 200100.0 MB, 35.2 MB/s, 5450 s left`."""
        tally, seconds = self.tally, max(0.001, time.monotonic() - self._started_at)
        rate = (tally.bytes_done - tally.bytes_before) / seconds
        text = (
            f"{self._files()}, {tally.bytes_done / _MB:.1f} of {tally.byte_count / _MB:.1f} MB, {rate / _MB:.1f} MB/s"
        )
        left = tally.byte_count - tally.bytes_done
        return f"{text}, {left / rate:.0f} s left" if rate > 0 and left > 0 else text
