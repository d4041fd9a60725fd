"""DATA_DIR/logs: one rotating file of JSON lines per part. The supervisor writes, `logs` and people read."""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, Any

PARTS = ("serve", "api", "worker", "postgres", "redis")
_MAX_BYTES = 10 * 1024 * 1024
_OLD_FILES = 5
_LAST_LINES = 40
_LONGEST_LINE_BYTES = 256 * 1024

# A full disk must not turn every log line into a traceback on the terminal.
logging.raiseExceptions = False


class LogFile:
    """The rotating log of one part, and its last lines for messages. Safe to use from several threads."""

    def __init__(self, folder: Path, part: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.part = part
        self.path = folder / f"{part}.log"
        self.last_lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._handler = RotatingFileHandler(
            self.path, maxBytes=_MAX_BYTES, backupCount=_OLD_FILES, encoding="utf-8", errors="replace"
        )

    def write_line(self, line: str) -> None:
        """Keep one line; what is not JSON already (PostgreSQL, Valkey) is wrapped."""
        if not line.strip():
            return
        self.last_lines.append(line)
        text = line if line.startswith("{") else wrapped(self.part, line)
        self._handler.handle(logging.makeLogRecord({"msg": text}))

    def write_event(self, event: str, level: str = "info", **fields: Any) -> None:
        """Keep an event of the supervisor itself."""
        self.write_line(wrapped(self.part, event, level, **fields))

    def follow(self, stream: IO[bytes]) -> threading.Thread:
        """Read a child's output until it ends, in a thread of its own that dies with us."""
        thread = threading.Thread(target=self._pump, args=(stream,), name=f"log-{self.part}", daemon=True)
        thread.start()
        return thread

    def _pump(self, stream: IO[bytes]) -> None:
        with stream:
            while line := stream.readline(_LONGEST_LINE_BYTES):
                self.write_line(line.decode(errors="replace").rstrip("\n"))

    def close(self) -> None:
        self._handler.close()


def wrapped(part: str, event: str, level: str = "info", **fields: Any) -> str:
    """One JSON line in the shape that `foundation/logs.py` writes."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    return json.dumps({"at": at, "level": level, "part": part, "event": event, **fields}, ensure_ascii=False)
