"""The supervisor with parts that are a few lines of shell: its rules, without the weight of the real ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from mammogram_viewer.adapters import children
from mammogram_viewer.cli import supervisor as supervising
from mammogram_viewer.cli.supervisor import Supervisor
from mammogram_viewer.foundation.errors import StartupProblem
from processes import are_gone, family_of, wait_until


class ShellPart:
    """A part that runs a line of shell."""

    stop_signal = signal.SIGTERM

    def __init__(self, name: str, line: str) -> None:
        self.name = name
        self.line = line
        self.starts = 0

    def prepare(self) -> None:
        self.starts += 1

    def start(self, output):
        return children.spawn(["/bin/sh", "-c", self.line], death_signal=signal.SIGKILL, output=output)

    def is_ready(self, process) -> bool:
        return process.poll() is None


def run_until(supervisor: Supervisor, reached, *, seconds: float = 10) -> None:
    """Let the supervisor tend its parts until something is reached."""
    deadline = time.monotonic() + seconds

    def look(_: Supervisor) -> None:
        assert time.monotonic() < deadline
        if reached():
            os.kill(os.getpid(), signal.SIGTERM)

    supervisor.run(look)


def test_a_part_that_dies_is_started_again_at_once(tmp_path):
    part = ShellPart("worker", "exec sleep 60")
    said: list[str] = []
    with Supervisor(tmp_path, announce=said.append) as supervisor:
        supervisor.start(part)
        supervisor.wait_ready(["worker"])
        first = supervisor._children["worker"].process
        first.kill()
        began = time.monotonic()
        run_until(supervisor, lambda: part.starts == 2)
        assert time.monotonic() - began < 3
        second = supervisor._children["worker"].process
    assert first.pid != second.pid
    assert said == ["worker ended unexpectedly (exit code -9); starting it again."]
    assert second.returncode == -signal.SIGTERM


def test_a_part_that_keeps_dying_ends_the_program_with_its_last_words(tmp_path, monkeypatch):
    monkeypatch.setattr(supervising, "_LONGEST_DELAY_SECONDS", 0.02)
    with (
        pytest.raises(StartupProblem, match=r"worker died 10 times within a minute.*exit code 3.*no such colour"),
        Supervisor(tmp_path) as supervisor,
    ):
        supervisor.start(ShellPart("worker", "echo no such colour; exit 3"))
        supervisor.run()


def test_a_trouble_that_is_understood_ends_the_start_without_further_attempts(tmp_path):
    part = ShellPart("postgres", "echo 'No space left on device' >&2; sleep 0.1; exit 1")
    part.is_ready = lambda _: False
    with (
        pytest.raises(StartupProblem, match="the disk is full"),
        Supervisor(tmp_path, explain=lambda said: "the disk is full" if "No space" in said else None) as supervisor,
    ):
        supervisor.start(part)
        supervisor.wait_ready(["postgres"])
    assert part.starts == 1


def test_a_part_that_never_gets_ready_is_named(tmp_path):
    part = ShellPart("api", "echo thinking; exec sleep 60")
    part.is_ready = lambda _: False
    with pytest.raises(StartupProblem, match="api did not get ready"), Supervisor(tmp_path) as supervisor:
        supervisor.start(part)
        supervisor.wait_ready(["api"], timeout_seconds=0.3)
    assert "thinking" in (tmp_path / "api.log").read_text()


def test_parts_are_stopped_in_the_reverse_order_of_their_start(tmp_path):
    order = tmp_path / "order"
    line = "trap 'echo {0} >> \"{1}\"; exit 0' TERM; while :; do sleep 0.05; done"
    with Supervisor(tmp_path / "logs") as supervisor:
        for name in ("postgres", "api", "worker"):
            supervisor.start(ShellPart(name, line.format(name, order)))
        supervisor.wait_ready(["postgres", "api", "worker"])
        time.sleep(0.2)  # each shell must have set its trap
    assert order.read_text().split() == ["worker", "api", "postgres"]


def test_a_part_that_does_not_end_in_its_grace_time_is_killed(tmp_path):
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(ShellPart("worker", "trap '' TERM; while :; do sleep 0.05; done"), grace_seconds=0.3)
        supervisor.wait_ready(["worker"])
        time.sleep(0.2)
        process = supervisor._children["worker"].process
    assert process.returncode == -signal.SIGKILL


def test_lines_that_are_not_json_are_wrapped_and_others_kept(tmp_path):
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(ShellPart("redis", """echo '{"event": "kept"}'; echo 'plain "words"'; exec sleep 60"""))
        wait_until(lambda: "plain" in (tmp_path / "redis.log").read_text())
    first, second = (tmp_path / "redis.log").read_text().splitlines()
    assert first == '{"event": "kept"}'
    assert '"part": "redis", "event": "plain \\"words\\""' in second


def start_supervisor(folder: Path, line: str) -> subprocess.Popen[str]:
    """A supervisor in a process of its own, with one part."""
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        sys.path.insert(0, sys.argv[1])
        from unit.cli.test_supervisor import ShellPart
        from mammogram_viewer.cli.supervisor import Supervisor
        with Supervisor(Path(sys.argv[2])) as supervisor:
            supervisor.start(ShellPart("worker", sys.argv[3]), grace_seconds=60)
            print("ready", flush=True)
            supervisor.run()
        """
    )
    tests = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tests), str(folder), line],
        env={**os.environ, "PYTHONPATH": str(tests)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_second_ctrl_c_ends_everything_hard(tmp_path):
    process = start_supervisor(tmp_path, "trap '' TERM; echo deaf; while :; do sleep 0.05; done")
    wait_until(lambda: "deaf" in (tmp_path / "worker.log").read_text())
    family = family_of(process.pid)
    process.send_signal(signal.SIGINT)
    wait_until(lambda: (process.send_signal(signal.SIGINT), process.poll() is not None)[1], what="the hard end")
    assert process.returncode == 130
    wait_until(lambda: are_gone(family))


def test_a_killed_supervisor_leaves_no_child(tmp_path):
    process = start_supervisor(tmp_path, "exec sleep 60")
    family = family_of(process.pid)
    assert family
    process.kill()
    process.wait(10)
    wait_until(lambda: are_gone(family))
