"""Children that crash, hang, eat memory, lie or snoop: each is an outcome of its own file, and nothing more."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import psutil
import pytest

from mammogram_viewer.adapters.nursery import ChildDied, ChildRaised, Nursery
from mammogram_viewer.foundation.errors import Unavailable
from mammogram_viewer.foundation.settings import MIB, Settings
from unit.adapters import hostile_tasks as hostile

WALL_SECONDS = 1.5
SECRETS = {"DATABASE_URL": "postgresql://canary-secret@host/db", "MY_SECRET": "canary-secret-too"}
SETTINGS = Settings(child_wall_seconds=WALL_SECONDS, child_memory_bytes=1024 * MIB, decoder_processes=4)


@pytest.fixture(scope="module")
async def nursery() -> AsyncIterator[Nursery]:
    """One fork server for the process: made while secrets are in the environment, as in a worker."""
    kept = dict(os.environ)
    os.environ.update(SECRETS)
    made = Nursery(SETTINGS, [hostile.__name__])
    yield made
    made.close()
    os.environ.clear()
    os.environ.update(kept)


@pytest.fixture
async def run(nursery: Nursery, tmp_path: Path) -> AsyncIterator[Any]:
    """Run a hostile task; whatever it did, a decent one works afterwards."""
    folders = iter(range(1000))

    async def go(
        task: Any, *args: object, answer_type: Any = int, own_folder: bool = False, wall_seconds: float | None = None
    ) -> Any:
        folder = tmp_path / str(next(folders))
        folder.mkdir()
        words = (str(folder), *args) if own_folder else args
        limits = {"folder": folder, "answer_type": answer_type, "wall_seconds": wall_seconds}
        return await asyncio.wait_for(nursery.run(task, *words, **limits), 10 + (wall_seconds or 0))

    yield go
    assert await go(hostile.add, 2, 3) == 5


async def test_a_decent_child_answers(run: Any) -> None:
    assert await run(hostile.add, 40, 2) == 42


@pytest.mark.parametrize(
    ("task", "args", "exit_code"),
    [
        (hostile.segfault, (), -signal.SIGSEGV),
        (hostile.leave, (3,), 3),
        (hostile.end_by_signal, (signal.SIGABRT,), -signal.SIGABRT),
        (hostile.end_by_signal, (signal.SIGKILL,), -signal.SIGKILL),
    ],
)
async def test_a_crash_is_an_outcome_with_its_exit_code(run: Any, task: Any, args: Any, exit_code: int) -> None:
    assert await run(task, *args) == ChildDied("decoder_crash", exit_code)


async def test_an_endless_loop_is_ended_by_the_wall_time(run: Any) -> None:
    started = time.monotonic()
    outcome = await run(hostile.spin)
    assert outcome.code == "decoder_timeout"
    assert time.monotonic() - started < WALL_SECONDS + 2


@pytest.mark.parametrize("task", [lambda: (hostile.allocate, 4096 * MIB), lambda: (hostile.allocate_until_the_end,)])
async def test_a_memory_bomb_meets_its_limit_and_not_the_machine(run: Any, task: Any) -> None:
    # A busy machine may take longer than the short wall time to touch a gigabyte.
    outcome = await run(*task(), wall_seconds=20)
    assert isinstance(outcome, ChildDied)
    assert outcome.code == "out_of_memory"


async def test_answers_that_are_too_long_or_no_answers_are_crashes(run: Any) -> None:
    crash = ChildDied("decoder_crash", 0)
    assert await run(hostile.long_answer, 8 * MIB, answer_type=str) == crash
    assert await run(hostile.write_a_large_answer, 100_000_000, own_folder=True, answer_type=str) == crash
    assert await run(hostile.leave, 0) == crash
    for garbage in (b"", b"\x80\x04\x95x", b"{", b'{"answer": "text"}', b'{"answer": {"a": 1}}', b"null", b"[" * 9999):
        assert await run(hostile.write_as_answer, garbage, own_folder=True) == crash, garbage


async def test_a_child_that_leaves_a_link_or_a_pipe_as_answer_is_hindered(run: Any) -> None:
    for task in (lambda: (hostile.link_as_answer, "/etc/passwd"), lambda: (hostile.pipe_as_answer,)):
        with pytest.raises(ChildRaised, match="PermissionError"):
            await run(*task(), own_folder=True)


# And should it succeed, where nothing confines it:


@pytest.fixture
async def loose(tmp_path: Path) -> AsyncIterator[Any]:
    """Run a hostile task that no layer hinders."""
    nursery = Nursery(replace(SETTINGS, confine_decoders="off"), [hostile.__name__])

    async def go(task: Any, *args: object) -> Any:
        folder = tmp_path / "loose"
        folder.mkdir()
        return await asyncio.wait_for(nursery.run(task, str(folder), *args, folder=folder, answer_type=int), 10)

    yield go
    nursery.close()


@pytest.mark.parametrize("target", ["/dev/zero", "/etc/passwd", "/nowhere"])
async def test_an_answer_that_points_elsewhere_is_not_followed(loose: Any, target: str) -> None:
    assert await loose(hostile.link_as_answer, target) == ChildDied("decoder_crash", 0)


async def test_a_link_to_another_childs_answer_is_not_followed(loose: Any, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.json"
    foreign.write_bytes(b'{"answer": 7}')
    assert await loose(hostile.link_as_answer, str(foreign)) == ChildDied("decoder_crash", 0)


async def test_a_pipe_as_answer_does_not_block_the_worker(loose: Any) -> None:
    assert await loose(hostile.pipe_as_answer) == ChildDied("decoder_crash", 0)


async def test_a_child_sees_no_credentials(run: Any) -> None:
    assert os.environ["MY_SECRET"] == SECRETS["MY_SECRET"]
    for seen in (
        str(await run(hostile.environment, answer_type=dict[str, str])),
        await run(hostile.initial_environment, answer_type=str),
    ):
        assert "canary-secret" not in seen
        assert "DATABASE_URL" not in seen


async def test_a_child_inherits_no_socket_and_no_file_of_ours(run: Any, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as ours, (tmp_path / "open file").open("w"):
        os.set_inheritable(ours.fileno(), True)
        names = await run(hostile.open_descriptors, answer_type=list[str])
    assert not [name for name in names if "open file" in name]
    assert not [name for name in names if name.startswith(("socket:", "pipe:"))], names
    assert set(names) == {"/dev/null"}, names


async def test_what_a_task_raises_is_told_without_its_message(run: Any) -> None:
    with pytest.raises(ChildRaised) as raised:
        await run(hostile.raise_with_a_secret, "CANARY^NAME")
    assert "ValueError" in str(raised.value)
    assert "raise_with_a_secret" in str(raised.value)
    assert "CANARY" not in str(raised.value).replace("raise_with_a_secret", "")


async def test_a_full_disk_is_not_blamed_on_the_file(run: Any) -> None:
    outcome = await run(hostile.disk_full)
    assert isinstance(outcome, ChildDied)
    assert outcome.code == "storage_full"


def pid_in(file: Path) -> int | None:
    return int(file.read_text()) if file.exists() and file.read_text() else None


async def until(condition: Any, what: str, seconds: float = 5) -> Any:
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        await asyncio.sleep(0.02)
    return answer


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def test_cancelling_the_task_ends_its_child(nursery: Nursery, run: Any, tmp_path: Path) -> None:
    pid_file = tmp_path / "0" / "pid"
    task = asyncio.create_task(run(hostile.sleep_on_a_mission, own_folder=True))
    pid = await until(lambda: pid_in(pid_file), "the child runs")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: is_gone(pid), "the child is gone")


async def test_cancelling_while_the_child_is_being_started_leaves_none_behind(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid_file = tmp_path / "0" / "pid"
    begun = threading.Event()
    start = ForkServerProcess.start

    def slow_start(self: Any) -> None:
        begun.set()
        time.sleep(0.3)
        start(self)

    monkeypatch.setattr(ForkServerProcess, "start", slow_start)
    task = asyncio.create_task(run(hostile.sleep_on_a_mission, own_folder=True))
    await until(begun.is_set, "the start has begun")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    monkeypatch.undo()
    await asyncio.sleep(0.5)  # a child that was left behind has written its file by now
    pid = pid_in(pid_file)
    assert pid is None or is_gone(pid)


async def test_a_fork_server_that_was_killed_is_started_anew_without_our_environment(run: Any) -> None:
    server = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined] - there is no public name
    os.kill(server, signal.SIGKILL)
    await until(lambda: is_gone(server), "the fork server is gone")
    seen = await run(hostile.initial_environment, answer_type=str)
    assert "canary-secret" not in seen
    assert os.environ["MY_SECRET"] == SECRETS["MY_SECRET"]


async def test_a_child_that_ends_with_its_fork_server_is_not_blamed_on_its_file(run: Any, tmp_path: Path) -> None:
    await run(hostile.add, 1, 1)
    server = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined] - there is no public name
    pid_file = tmp_path / "1" / "pid"
    running = asyncio.create_task(run(hostile.sleep_on_a_mission, own_folder=True))
    await until(pid_file.exists, "the child runs")
    os.kill(server, signal.SIGKILL)
    with pytest.raises(Unavailable):
        await running


async def test_a_fork_server_that_is_just_dying_is_waited_for_and_replaced(run: Any) -> None:
    """Its socket is closed a moment before it can be waited for: whoever calls just then is not to be turned away."""
    for number in range(15):
        assert await run(hostile.add, 1, number) == 1 + number
        os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)  # type: ignore[attr-defined] - as above


PARENT = """
import asyncio, sys
from pathlib import Path
from mammogram_viewer.adapters.nursery import Nursery
from mammogram_viewer.foundation.settings import Settings
from unit.adapters import hostile_tasks

async def main():
    folder = Path(sys.argv[1])
    await Nursery(Settings(child_wall_seconds=50), []).run(
        hostile_tasks.sleep_on_a_mission, str(folder), folder=folder, answer_type=int)

if __name__ == "__main__":
    asyncio.run(main())
"""


async def test_no_child_outlives_a_parent_that_was_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    tests = str(Path(__file__).parents[2])
    parent = subprocess.Popen([sys.executable, str(script), str(tmp_path)], env={**os.environ, "PYTHONPATH": tests})
    try:
        pid = await until(lambda: pid_in(tmp_path / "pid"), "the child runs", 15)
        family = psutil.Process(parent.pid).children(recursive=True)
        assert pid in [process.pid for process in family]
    finally:
        parent.kill()
        parent.wait()
    await until(lambda: all(is_gone(process.pid) for process in family), "every descendant is gone", 10)
