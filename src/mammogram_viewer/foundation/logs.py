"""Structured logs: one JSON object a line, an event name and fields. No patient identifiers, no file names.

The parts' stdout is a pipe to the supervisor, which keeps it under DATA_DIR/logs; see `cli/serve.py`."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec

from mammogram_viewer.foundation.tracebacks import without_messages

_STANDARD = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "color_message"}


class JsonFormatter(logging.Formatter):
    """`{"at": …, "level": …, "logger": …, "event": …, …fields}`; line breaks are escaped by JSON itself."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self.part = part

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "part": self.part,
            "logger": record.name,
            "event": record.getMessage(),
        }
        line.update({k: v for k, v in record.__dict__.items() if k not in _STANDARD and not k.startswith("_")})
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = without_messages(record.exc_info[1])
        return msgspec.json.encode(line, enc_hook=str).decode()


class _AccessLine(msgspec.Struct):
    """One request; the same fields, in the same order, as any other line."""

    at: datetime
    level: str
    part: str
    logger: str
    event: str
    request_id: str
    method: str
    path: str
    status: int
    duration_ms: float


# They log whole addresses and headers; a webhook's may carry a secret.
_TALKATIVE = ("httpx", "httpcore")
_part = ""
_writes_access_lines = False
_access_encoder = msgspec.json.Encoder()


def write_access_line(*, request_id: str, method: str, path: str, status: int, duration_ms: float) -> None:
    """One line for each request, straight to stderr: a LogRecord would cost a tenth of a short answer."""
    if not _writes_access_lines:
        return
    now = datetime.now(UTC)
    line = _AccessLine(
        now.replace(microsecond=now.microsecond // 1000 * 1000),
        "info",
        _part,
        "mammogram_viewer.access",
        "request",
        request_id,
        method,
        path,
        status,
        duration_ms,
    )
    sys.stderr.buffer.write(_access_encoder.encode(line) + b"\n")
    sys.stderr.buffer.flush()


def configure(part: str, level: str = "info") -> None:
    """Send every logger of this process to stderr as JSON lines, replacing whatever was configured."""
    global _part, _writes_access_lines
    _part, _writes_access_lines = part, level.lower() in ("debug", "info")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(part))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
