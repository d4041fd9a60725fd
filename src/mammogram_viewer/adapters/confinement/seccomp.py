"""What a child may ask of the kernel (seccomp(2)): a list of what is allowed, and all else answers EPERM.

A list of what is forbidden would be shorter and would let through whatever the kernel learns next. The decoders are
loaded and warm when the filter comes, so what they still need is little and known (`syscalls.py`). A library that
tries something else in passing sees an error and goes another way; what only an attacker calls ends the child by
SIGSYS, which `job_attempts` shows as exit code -31.

The filter is a program for the kernel's classic BPF machine: 8 bytes an instruction, jumps forward only."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Sequence

from mammogram_viewer.adapters.confinement import kernel, syscalls
from mammogram_viewer.adapters.confinement.syscalls import Numbers

# The processors whose calls we know: the column in `syscalls.py`, and AUDIT_ARCH of linux/audit.h.
_COLUMN = {"x86_64": 0, "aarch64": 1}
_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_X32 = 0x40000000  # a second set of calls on x86_64, under the same architecture
_NEWER = 448  # unknown to us: ENOSYS lets a C library fall back, where EPERM would be the end of it

_SET_MODE_FILTER, _GET_ACTION_AVAIL = 1, 2
_ON_ALL_THREADS = 1
_KILL_PROCESS, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000

# linux/bpf_common.h
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
# struct seccomp_data: nr, arch, instruction pointer, six arguments of 64 bits; both processors are little endian.
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16

_CLONE_THREAD = 0x00010000
_CLONE_NEW_SOMETHING = 0x7E020080  # namespaces
_HARMLESS_FCNTL = (0, 1, 2, 3, 4, 1030)  # duplicates and flags; F_SETOWN would send signals to others
_HARMLESS_IOCTL = (0x5401, 0x5450, 0x5451)  # TCGETS, by which Python asks for a terminal, FIONCLEX, FIOCLEX

_Program = list[bytes]


def is_available() -> bool:
    """Whether this processor is known, and this kernel filters and can end a process by a filter."""
    name = kernel.machine()
    if name not in _COLUMN:
        return False
    try:
        for action in (_KILL_PROCESS, _ERRNO):
            wanted = ctypes.create_string_buffer(struct.pack("=I", action), 4)
            kernel.system_call(_SECCOMP[name], ctypes.c_ulong(_GET_ACTION_AVAIL), ctypes.c_ulong(0), wanted)
    except OSError:
        return False
    return True


def restrict() -> None:
    """Never again anything but what is allowed. Raises OSError when the kernel refuses."""
    name = kernel.machine()
    program = filter_program(name, os.getpid())
    code = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: the number of instructions, padding, where they are.
    header = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    answer = kernel.system_call(
        _SECCOMP[name],
        ctypes.c_ulong(_SET_MODE_FILTER),
        ctypes.c_ulong(_ON_ALL_THREADS),
        ctypes.create_string_buffer(header, len(header)),
    )
    if answer != 0:  # the number of a thread that could not be filtered
        raise OSError(errno.EBUSY, "a thread could not be filtered")


def filter_program(machine: str, pid: int) -> bytes:
    """The filter for the process `pid`, which may send signals to itself alone."""
    column = _COLUMN[machine]

    def number(numbers: Numbers) -> int:
        found = numbers[column]
        assert found is not None
        return found

    program = [
        _instruction(_LOAD, _ARCHITECTURE_AT),
        _instruction(_EQUAL, _ARCHITECTURE[machine], when_true=1),
        _return(_KILL_PROCESS),
        _instruction(_LOAD, _NUMBER_AT),
    ]
    if machine == "x86_64":
        program += [_instruction(_AT_LEAST, _X32, when_false=1), _return(_KILL_PROCESS)]
    for numbers in syscalls.ALLOWED.values():
        program += _when(numbers[column], [_return(_ALLOW)])
    for numbers in syscalls.HOSTILE.values():
        program += _when(numbers[column], [_return(_KILL_PROCESS)])
    program += _when(number(syscalls.CLONE), _threads_only())
    program += _when(number(syscalls.CLONE3), [_return(_ERRNO | errno.ENOSYS)])  # its flags lie behind a pointer
    program += _when(number(syscalls.KILL), _one_of(0, [pid]))
    program += _when(number(syscalls.TGKILL), _one_of(0, [pid]))
    program += _when(number(syscalls.FCNTL), _one_of(1, _HARMLESS_FCNTL))
    program += _when(number(syscalls.IOCTL), _one_of(1, _HARMLESS_IOCTL))
    program += _when(number(syscalls.PRLIMIT), _asking_only(pid))
    program += [_instruction(_AT_LEAST, _NEWER, when_false=1), _return(_ERRNO | errno.ENOSYS)]
    program += [_return(_ERRNO | errno.EPERM)]
    return b"".join(program)


def _when(number: int | None, then: _Program) -> _Program:
    """`then`, which must return, when the call is this one; the next instruction otherwise."""
    return [] if number is None else [_instruction(_EQUAL, number, when_false=len(then)), *then]


def _threads_only() -> _Program:
    """clone(2) for another thread, never for another process."""
    return [
        _instruction(_LOAD, _low_half(0)),
        _instruction(_ANY_BIT, _CLONE_NEW_SOMETHING, when_true=1),
        _instruction(_ANY_BIT, _CLONE_THREAD, when_true=1),
        _return(_ERRNO | errno.EPERM),
        _return(_ALLOW),
    ]


def _one_of(argument: int, values: Sequence[int]) -> _Program:
    """For these values of an argument that the kernel takes as 32 bits."""
    program = [_instruction(_LOAD, _low_half(argument))]
    for value in values:
        program += [_instruction(_EQUAL, value, when_false=1), _return(_ALLOW)]
    return [*program, _return(_ERRNO | errno.EPERM)]


def _asking_only(pid: int) -> _Program:
    """prlimit64(2) on itself (0 or its pid) with no new limit: the third argument is a null pointer."""
    return [
        _instruction(_LOAD, _low_half(0)),
        _instruction(_EQUAL, 0, when_true=1),
        _instruction(_EQUAL, pid, when_false=4),
        _instruction(_LOAD, _low_half(2)),
        _instruction(_EQUAL, 0, when_false=2),
        _instruction(_LOAD, _low_half(2) + 4),
        _instruction(_EQUAL, 0, when_true=1),
        _return(_ERRNO | errno.EPERM),
        _return(_ALLOW),
    ]


def _low_half(argument: int) -> int:
    return _ARGUMENTS_AT + 8 * argument


def _instruction(code: int, operand: int, *, when_true: int = 0, when_false: int = 0) -> bytes:
    """One instruction; a jump passes over as many as it is told."""
    return struct.pack("=HBBI", code, when_true, when_false, operand)


def _return(action: int) -> bytes:
    return _instruction(_RETURN, action)
