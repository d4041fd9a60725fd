"""What a child may open (landlock(7)): the files named, its own folder, the libraries. Nothing else, whatever the
permissions say, and whoever it runs as.

A rule is bound to the file or folder that stands at the path when the rule is made, and to all below it. Newer
kernels forbid more; what ours does not know is left out, and told by its version."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path

from mammogram_viewer.adapters.confinement import kernel

# The same numbers on every processor.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_GET_VERSION = 1
_PATH_BENEATH = 1

# linux/landlock.h. Rights over a file:
_EXECUTE, _WRITE_FILE, _READ_FILE, _TRUNCATE, _IOCTL_DEV = 1 << 0, 1 << 1, 1 << 2, 1 << 14, 1 << 15
# and over a folder; making devices, sockets, pipes and links is granted nowhere.
_READ_DIR, _REMOVE_DIR, _REMOVE_FILE = 1 << 3, 1 << 4, 1 << 5
_MAKE_CHAR, _MAKE_DIR, _MAKE_REG, _MAKE_SOCK, _MAKE_FIFO, _MAKE_BLOCK, _MAKE_SYM = (1 << bit for bit in range(6, 13))
_REFER = 1 << 13
_SINCE_1 = (1 << 13) - 1
_SINCE = {2: _REFER, 3: _TRUNCATE, 5: _IOCTL_DEV}
_READ = _READ_FILE | _READ_DIR
_OWN = _READ | _WRITE_FILE | _TRUNCATE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_BIND_AND_CONNECT_TCP = 3  # since version 4
_ABSTRACT_SOCKETS_AND_SIGNALS = 3  # since version 6


def version() -> int:
    """The version of Landlock in this kernel; 0 when there is none, or it is switched off or forbidden."""
    try:
        return kernel.system_call(_CREATE_RULESET, None, ctypes.c_ulong(0), ctypes.c_ulong(_GET_VERSION))
    except OSError:
        return 0


def restrict(known_version: int, *, readable: Iterable[str], own_folder: str) -> None:
    """Never again anything but reading `readable` (files, or folders and what is in them; missing ones are passed
    over) and working in `own_folder`. Of this thread and what it starts. Raises OSError when the kernel refuses."""
    handled = _SINCE_1
    for since, rights in _SINCE.items():
        handled |= rights if known_version >= since else 0
    network = _BIND_AND_CONNECT_TCP if known_version >= 4 else 0
    scoped = _ABSTRACT_SOCKETS_AND_SIGNALS if known_version >= 6 else 0
    # Older kernels take a longer structure as long as what they do not know is 0.
    attributes = struct.pack("QQQ", handled, network, scoped)
    ruleset = kernel.system_call(
        _CREATE_RULESET, _buffer(attributes), ctypes.c_ulong(len(attributes)), ctypes.c_ulong(0)
    )
    try:
        for path in readable:
            _allow(ruleset, path, _READ & handled, missing_ok=True)
        _allow(ruleset, own_folder, _OWN & handled, missing_ok=False)
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        kernel.system_call(_RESTRICT_SELF, ctypes.c_ulong(ruleset), ctypes.c_ulong(0))
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int, *, missing_ok: bool) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        if missing_ok:
            return
        raise
    try:
        if not Path(path).is_dir():
            rights &= _OF_FILES
        rule = _buffer(struct.pack("=Qi", rights, descriptor))
        kernel.system_call(_ADD_RULE, ctypes.c_ulong(ruleset), ctypes.c_ulong(_PATH_BENEATH), rule, ctypes.c_ulong(0))
    finally:
        os.close(descriptor)


def _buffer(content: bytes) -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer(content, len(content))
