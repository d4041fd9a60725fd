"""What a decoder that a hostile file has taken over might do; run in children of the nursery."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import time
from pathlib import Path


def add(one: int, other: int) -> int:
    return one + other


def segfault() -> int:
    ctypes.string_at(0)
    return 0


def leave(code: int) -> int:
    os._exit(code)


def end_by_signal(number: int) -> int:
    os.kill(os.getpid(), number)
    time.sleep(30)
    return 0


def spin() -> int:
    while True:
        pass


def sleep_on_a_mission(folder: str) -> int:
    """Deaf to every signal that can be ignored."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    Path(folder, "pid").write_text(str(os.getpid()))
    time.sleep(60)
    return 0


def allocate(byte_count: int) -> int:
    return len(bytearray(byte_count))


def allocate_until_the_end() -> int:
    kept = []
    while True:
        kept.append(bytearray(16 * 1024 * 1024))


def long_answer(byte_count: int) -> str:
    return "x" * byte_count


def write_as_answer(folder: str, content: bytes) -> int:
    Path(folder, "answer.json").write_bytes(content)
    os._exit(0)


def write_a_large_answer(folder: str, byte_count: int) -> int:
    with Path(folder, "answer.json").open("wb") as file:
        file.write(b'{"answer": "')
        for _ in range(byte_count // 1_000_000):
            file.write(b"x" * 1_000_000)
        file.write(b'"}')
    os._exit(0)


def link_as_answer(folder: str, target: str) -> int:
    Path(folder, "answer.json").symlink_to(target)
    os._exit(0)


def pipe_as_answer(folder: str) -> int:
    os.mkfifo(Path(folder, "answer.json"))
    os._exit(0)


def environment() -> dict[str, str]:
    return dict(os.environ)


def initial_environment() -> str:
    """As the kernel keeps it, whatever Python has changed since. A hidden process may not even read its own, unless
    it is root's."""
    try:
        return Path("/proc/self/environ").read_bytes().decode("latin-1")
    except PermissionError:
        return "closed"


def open_descriptors() -> list[str]:
    names = []
    for entry in os.listdir("/proc/self/fd"):
        try:
            names.append(os.readlink(f"/proc/self/fd/{entry}"))
        except OSError:
            continue
    return names


def raise_with_a_secret(secret: str) -> int:
    raise ValueError(f"cannot read {secret}")


def disk_full() -> int:
    raise OSError(errno.ENOSPC, "No space left on device")
