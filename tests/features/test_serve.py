"""`serve` as a person meets it: one command, everything up, nothing left behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from processes import are_gone, command, family_of, processes_of, wait_until

# Second start to "ready" on the development machine: 1.7 s; machines that run other tests at the time are slower.
SECOND_START_SECONDS = 6.0
MIB = 1024 * 1024


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Served:
    """A running `serve` and its output so far."""

    process: subprocess.Popen[str]
    data_dir: Path
    port: int
    output: Path

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            return answer.read()

    def answers(self) -> bool:
        try:
            return bool(self.get("/health/live"))
        except (OSError, urllib.error.URLError):
            return False

    def part(self, name: str) -> psutil.Process:
        """The child that runs this part now."""
        wanted = {"redis": "valkey-server"}.get(name, name)
        for child in psutil.Process(self.process.pid).children():
            try:
                if child.name() == wanted or child.cmdline()[-1:] == [wanted]:
                    return child
            except psutil.Error:
                continue
        raise LookupError(name)


def start(data_dir: Path, port: int, **environ: str) -> Served:
    """Start `serve` without waiting for it."""
    output = data_dir.parent / f"output-{time.monotonic_ns()}"
    with output.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "mammogram_viewer", "serve"],
            env={**os.environ, "DATA_DIR": str(data_dir), "PORT": str(port), **environ},
            cwd=data_dir.parent,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            text=True,
        )
    return Served(process, data_dir, port, output)


def wait_ready(served: Served, seconds: float = 60) -> Served:
    def is_ready() -> bool:
        assert served.process.poll() is None, served.said()
        return "is ready" in served.said()

    wait_until(is_ready, seconds=seconds, what=f"ready (so far: {served.said()})")
    return served


def stop(served: Served, number: signal.Signals = signal.SIGINT) -> None:
    family = family_of(served.process.pid)
    served.process.send_signal(number)
    assert served.process.wait(60) == 0, served.said()
    wait_until(lambda: are_gone(family), what="the end of every child")


@pytest.fixture(scope="module")
def folder():
    """A short path with a space, shared by this file: the first start is the dear one."""
    path = Path(tempfile.mkdtemp(prefix="mv serve "))
    yield path
    for process in processes_of(path):
        process.kill()
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def served(folder):
    """A running `serve`, stopped at the end."""
    started = wait_ready(start(folder / "data", free_port()))
    yield started
    if started.process.poll() is None:
        stop(started)


def test_the_first_start_prints_the_address_and_a_set_up_link_and_ctrl_c_leaves_nothing(folder):
    served = wait_ready(start(folder / "data", free_port()))
    said = served.said()
    assert f"http://localhost:{served.port}" in said
    assert re.search(rf"http://localhost:{served.port}/setup\?token=\S{{40,}}", said)
    assert str(folder / "data") in said
    assert json.loads(served.get("/health"))["status"] == "ok"
    stop(served)
    assert processes_of(folder) == []
    assert "Stopped. Nothing is left running." in served.said()


def test_the_second_start_is_quick_and_sigterm_ends_it_too(folder):
    began = time.monotonic()
    served = wait_ready(start(folder / "data", free_port()))
    assert time.monotonic() - began < SECOND_START_SECONDS
    stop(served, signal.SIGTERM)


@pytest.mark.parametrize("name", ["postgres", "redis", "api", "worker"])
def test_a_killed_part_comes_back(served, name):
    before = served.part(name)
    before.kill()

    def is_back() -> bool:
        try:
            return served.part(name).pid != before.pid and json.loads(served.get("/health"))["status"] == "ok"
        except (LookupError, OSError):
            return False

    wait_until(is_back, seconds=30, what=f"the return of {name}")
    assert f"{name} ended unexpectedly" in served.said()
    assert served.process.poll() is None


def test_a_killed_supervisor_leaves_nothing_and_the_next_start_works(served):
    family = family_of(served.process.pid)
    assert len(family) >= 4
    served.process.kill()
    served.process.wait(10)
    # At once, while the former servers and the former API are still going down.
    again = wait_ready(start(served.data_dir, served.port))
    wait_until(lambda: are_gone(family), seconds=40, what="the end of the killed one's children")
    assert again.answers()
    stop(again)


def test_a_second_serve_on_the_same_folder_is_refused_in_one_line(served):
    answer = command(served.data_dir, "serve", PORT=str(free_port()))
    assert answer.returncode == 78
    assert answer.stderr.count("\n") == 1
    assert f"already runs on {served.data_dir} (pid {served.process.pid})" in answer.stderr


def test_a_port_in_use_is_refused_in_one_line(folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = command(folder / "other", "serve", PORT=str(port))
    assert answer.returncode == 78
    assert answer.stderr.count("\n") == 1
    assert f"Port {port} is in use" in answer.stderr
    assert f"PORT={port + 1}" in answer.stderr


def test_without_an_administrator_only_loopback_is_served(folder):
    answer = command(folder / "data", "serve", HOST="0.0.0.0", PORT=str(free_port()))
    assert answer.returncode == 78
    assert "user add EMAIL --role admin" in answer.stderr
    assert processes_of(folder) == []


def test_a_data_dir_that_is_a_file_is_refused_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    for data_dir in (tmp_path / "file", tmp_path / "file" / "below"):
        answer = command(tmp_path / "x", "serve", DATA_DIR=str(data_dir), PORT=str(free_port()))
        assert answer.returncode == 78
        assert answer.stderr.count("\n") == 1
        assert "Set DATA_DIR to a folder" in answer.stderr


@pytest.fixture
def small_disk():
    """A disk of 64 MiB: enough for a first start, and soon full."""
    disk = Path(tempfile.mkdtemp(prefix="mv disk "))
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk], capture_output=True)
    if mounted.returncode:
        pytest.skip("LOUD: no tmpfs can be mounted here (root only), so the full disk was NOT tested")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)
    disk.rmdir()


def fill(disk: Path, *, leave_bytes: int) -> None:
    (disk / "other people's files").write_bytes(b"x" * (shutil.disk_usage(disk).free - leave_bytes))


@pytest.mark.parametrize("leave_bytes", [0, 20 * MIB])
def test_a_first_start_on_a_full_disk_is_refused_in_one_line(small_disk, leave_bytes):
    fill(small_disk, leave_bytes=leave_bytes)
    answer = command(small_disk / "data", "serve", PORT=str(free_port()))
    assert answer.returncode == 78
    assert answer.stderr.count("\n") == 1
    assert "is full. Free some space" in answer.stderr


def test_a_disk_that_has_filled_up_is_said_at_the_start(small_disk):
    served = wait_ready(start(small_disk / "data", free_port()))
    stop(served)
    assert re.search(r"Only \d+ MiB are free", served.said())
    fill(small_disk, leave_bytes=0)
    answer = command(small_disk / "data", "serve", PORT=str(free_port()))
    assert answer.returncode == 78
    assert "is full. Free some space" in answer.stderr


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"DATABASE_URL": "postgresql://someone:canary-secret@127.0.0.1:1/absent"}, "DATABASE_URL"),
        ({"REDIS_URL": "redis://:canary-secret@127.0.0.1:1/0"}, "REDIS_HOST"),
        ({"REDIS_HOST": "127.0.0.1", "REDIS_PORT": "1"}, "REDIS_PORT"),
    ],
)
def test_an_unreachable_external_server_is_named_without_credentials(folder, environ, words):
    answer = command(folder / "external", "serve", PORT=str(free_port()), **environ)
    assert answer.returncode in (69, 78)
    assert answer.stderr.count("\n") == 1
    assert words in answer.stderr
    assert "127.0.0.1:1" in answer.stderr
    assert "canary-secret" not in answer.stderr + answer.stdout


def test_every_subcommand_finds_the_running_servers_through_data_dir(served):
    status = command(served.data_dir, "migrate", "--status")
    assert status.returncode == 0
    assert "0001_accounts" in status.stdout
    assert command(served.data_dir, "migrate").stdout == "Nothing to do: every migration is applied.\n"
    stopped = command(served.data_dir.parent / "nothing here", "migrate")
    assert stopped.returncode == 69
    assert "start `mammogram-viewer serve` first" in stopped.stderr


def test_doctor_finds_nothing_wrong_and_its_commands_reach_the_servers(served):
    report = command(served.data_dir, "doctor")
    troubles = [line for line in report.stdout.splitlines() if "✗" in line]
    assert [line for line in troubles if "page is not built" not in line] == []
    (psql,) = (line.strip() for line in report.stdout.splitlines() if "psql" in line)
    asked = subprocess.run(f"{psql} -Atc 'SELECT 1'", shell=True, capture_output=True, text=True, timeout=30)
    assert asked.stdout == "1\n", asked.stderr
    assert f"redis-cli -s '{served.data_dir}/run/redis.sock'" in report.stdout


def test_doctor_names_the_mend_when_nothing_runs(tmp_path):
    report = command(tmp_path / "data", "doctor")
    assert report.returncode == 1
    assert report.stdout.count("start `mammogram-viewer serve` first") == 2


def test_logs_of_all_parts_are_shown_in_the_order_of_their_times(served):
    lines = [json.loads(line) for line in command(served.data_dir, "logs", "-n", "500").stdout.splitlines()]
    assert {"api", "postgres", "redis"} <= {line["part"] for line in lines}
    times = [line["at"] for line in lines]
    assert times == sorted(times)
    only = command(served.data_dir, "logs", "--part", "postgres").stdout.splitlines()
    assert {json.loads(line)["part"] for line in only} == {"postgres"}
    assert command(served.data_dir, "logs", "--part", "nobody").returncode == 2


@pytest.mark.parametrize("name", ["serve", "api", "worker", "migrate", "doctor", "logs", "verify", "demo"])
def test_help_of_every_command_has_an_example(tmp_path, name):
    answer = command(tmp_path / "data", name, "--help")
    assert answer.returncode == 0
    assert "Example" in answer.stdout
