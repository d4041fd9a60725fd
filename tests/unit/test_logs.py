"""What a line of the log says of an exception."""

from __future__ import annotations

import json
import logging
import sys

from mammogram_viewer.foundation.logs import JsonFormatter


def test_an_exception_is_logged_with_its_place_and_without_its_message() -> None:
    quoted = "Failing row contains (SYN-000001, Doe^Jane)."
    try:
        raise ValueError(quoted)
    except ValueError:
        record = logging.LogRecord("tests", logging.ERROR, __file__, 1, "walk_failed", None, sys.exc_info())
    text = JsonFormatter("worker").format(record)
    line = json.loads(text)
    assert line["event"] == "walk_failed"
    assert line["exception"].startswith("ValueError")
    assert "test_logs.py" in line["exception"]
    assert "Doe" not in text
