"""System calls and prctl(2) by ctypes, for what Python has no function for. A failure is an OSError with its errno."""

from __future__ import annotations

import ctypes
import os
import struct
import sys

PR_SET_DUMPABLE = 4
PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_CALLS = {"x86_64": (125, 126), "aarch64": (90, 91)}
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_OVERRIDE = 1

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_libc.prctl.restype = ctypes.c_int


def machine() -> str:
    """The processor's kind as the kernel calls it; empty where its calls are not ours: a 32-bit Python, another
    system than Linux."""
    return os.uname().machine if sys.platform == "linux" and ctypes.sizeof(ctypes.c_void_p) == 8 else ""


def system_call(number: int, *arguments: ctypes.Array[ctypes.c_char] | ctypes.c_ulong | None) -> int:
    """syscall(2)."""
    answer: int = _libc.syscall(ctypes.c_long(number), *arguments)
    if answer < 0:
        raise _error(f"system call {number}")
    return answer


def prctl(option: int, value: int = 0) -> None:
    """prctl(2) with one value; the unused ones must be 0."""
    zero = ctypes.c_ulong(0)
    if _libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), zero, zero, zero) < 0:
        raise _error(f"prctl {option}")


def drop_capabilities() -> None:
    """Give up root's powers over other processes, limits and the machine (capabilities(7)). What remains is reading
    past file permissions, as DATA_DIR may belong to another account. Without effect for an ordinary user."""
    capget, capset = _CAPABILITY_CALLS[machine()]
    header = ctypes.create_string_buffer(struct.pack("=II", _CAPABILITY_VERSION_3, 0), 8)
    # Twice 32 capabilities, each: effective, permitted, inheritable.
    sets = ctypes.create_string_buffer(24)
    system_call(capget, header, sets)
    effective, permitted, *_ = struct.unpack("=6I", sets.raw)
    kept = 1 << _CAP_DAC_OVERRIDE
    sets.raw = struct.pack("=6I", effective & kept, permitted & kept, 0, 0, 0, 0)
    system_call(capset, header, sets)


def _error(what: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{what}: {os.strerror(number)}")
