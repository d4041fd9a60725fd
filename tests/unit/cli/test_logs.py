"""`logs`: the parts' files as one stream."""

from __future__ import annotations

import json
import threading

import pytest

from mammogram_viewer.cli.log_files import LogFile
from mammogram_viewer.cli.logs import _readable, followed, last_lines


def line(at: str, part: str, event: str) -> str:
    return json.dumps({"at": at, "level": "info", "part": part, "event": event})


def events(lines: list[str]) -> list[str]:
    return [json.loads(text)["event"] for text in lines]


def test_lines_of_several_parts_are_merged_by_time_and_rotated_files_are_read(tmp_path):
    api, worker = tmp_path / "api.log", tmp_path / "worker.log"
    (tmp_path / "api.log.1").write_text(line("2024-01-01T00:00:01", "api", "1") + "\n")
    api.write_text(line("2024-01-01T00:00:03", "api", "3") + "\n")
    worker.write_text(line("2024-01-01T00:00:02", "worker", "2") + "\n")
    assert events(last_lines([api, worker], 10)) == ["1", "2", "3"]
    assert events(last_lines([api, worker], 2)) == ["2", "3"]
    assert last_lines([api, worker], 0) == []
    assert last_lines([tmp_path / "absent.log"], 10) == []


def test_following_goes_on_across_a_rotation(tmp_path):
    path = tmp_path / "api.log"
    path.write_text("before\n")
    lines = followed([path])

    def write() -> None:
        with path.open("a") as file:
            file.write("one\n")
        path.rename(tmp_path / "api.log.1")
        path.write_text("two\n")

    writer = threading.Timer(0.2, write)
    writer.start()
    assert [next(lines), next(lines)] == ["one", "two"]
    writer.join()


def test_a_log_rotates_and_keeps_what_it_was_told(tmp_path, monkeypatch):
    monkeypatch.setattr("mammogram_viewer.cli.log_files._MAX_BYTES", 2000)
    log = LogFile(tmp_path, "api")
    for number in range(300):
        log.write_event(f"event {number}")
    log.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["api.log", *(f"api.log.{n}" for n in range(1, 6))]
    assert all(path.stat().st_size <= 2000 for path in tmp_path.iterdir())
    assert events(last_lines([tmp_path / "api.log"], 3)) == ["event 297", "event 298", "event 299"]


@pytest.mark.parametrize("text", ["no JSON", '{"at": 1}', "[1]", ""])
def test_a_line_that_is_not_ours_is_shown_as_it_is(text):
    assert _readable(text) == text


def test_a_line_for_a_terminal_has_time_part_event_and_fields():
    text = json.dumps({"at": "2024-01-01T10:20:30.123Z", "level": "info", "part": "api", "event": "went", "ms": 3})
    assert _readable(text) == "10:20:30.123 api      info    went ms=3"
