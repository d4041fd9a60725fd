"""The layers that stand between a child and everything that is not its file
(docs/decisions/0008-children-are-confined.md).

Which ones this machine has is found out once, when the nursery is made, and handed to each child; a child that cannot
put on one of them does not begin. In the order in which they are put on:

- it gives up root's powers, and cannot be looked into by its siblings,
- Landlock: it opens its one file, its own folder and the libraries, nothing else,
- seccomp: it starts no process, opens no socket, and reaches no other process."""

from __future__ import annotations

import functools
import os
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mammogram_viewer.adapters.confinement import kernel, landlock, seccomp
from mammogram_viewer.foundation.errors import StartupProblem

MODES = ("auto", "require", "off")
# What C libraries read while they work: other libraries, and how many processors they may use.
_SYSTEM = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/etc/ld.so.cache",
    "/dev/null",
    "/dev/urandom",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
    "/sys/fs/cgroup",
)


@dataclass(frozen=True)
class Layers:
    """What is put on. `landlock_version` is 0 without Landlock; both empty: nothing is."""

    system_calls: bool = False
    landlock_version: int = 0

    @property
    def complete(self) -> bool:
        return self.system_calls and self.landlock_version > 0

    def told(self) -> str:
        """For people, in one line."""
        calls = "system calls yes" if self.system_calls else "system calls no (no seccomp filter for this machine)"
        if self.landlock_version:
            return f"{calls}, file system yes (Landlock {self.landlock_version})"
        return f"{calls}, file system no (kernel without Landlock)"


def available() -> Layers:
    """What this machine can do."""
    if not kernel.machine():
        return Layers()
    return Layers(seccomp.is_available(), landlock.version())


def choose(mode: str) -> Layers:
    """The layers for a setting: `auto` what there is, `require` all or a StartupProblem, `off` none."""
    if mode not in MODES:
        raise StartupProblem(f"MAMMOGRAM_VIEWER_CONFINE_DECODERS={mode!r} must be one of {', '.join(MODES)}.")
    if mode == "off":
        return Layers()
    found = available()
    if mode == "require" and not found.complete:
        raise StartupProblem(
            f"Decoders cannot be confined here: {found.told()}. Use Linux 5.13 or later with Landlock switched on, or "
            "set MAMMOGRAM_VIEWER_CONFINE_DECODERS=auto to take what there is."
        )
    return found


def put_on(layers: Layers, *, readable: Iterable[str], own_folder: str) -> None:
    """Confine this process for the rest of its life. Raises OSError when the kernel refuses a layer: then nothing
    may be decoded. Cost: half a millisecond."""
    if layers == Layers():
        return
    if len(list(Path("/proc/self/task").iterdir())) != 1:
        raise OSError("another thread would stay outside")
    hide()
    kernel.drop_capabilities()
    if layers.landlock_version:
        landlock.restrict(
            layers.landlock_version,
            readable=(*readable, *library_paths(), "/proc/self"),
            own_folder=own_folder,
        )
    if layers.system_calls:
        seccomp.restrict()


def hide() -> None:
    """Close this process to others of the same account: its memory, its environment, and what it has open. No core
    dumps either; a debugger needs root. Root's own processes are closed to those without CAP_SYS_PTRACE."""
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)


@functools.cache
def library_paths() -> tuple[str, ...]:
    """Where Python, its packages and C libraries lie, for what is loaded late. Found from what *is* loaded and never
    from `sys.path`, which may name a folder with DATA_DIR in it."""
    folders = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    for name, module in list(sys.modules.items()):
        if "." not in name:
            packages = [str(folder) for folder in getattr(module, "__path__", ())]
            # Wheels keep their own C libraries beside the package.
            folders.update((*packages, *(f"{folder}.libs" for folder in packages)))
    paths = (path for path in (*folders, *_SYSTEM) if path)
    # Path.exists raises for what lies in a folder of another account.
    real = {os.path.realpath(path) for path in paths if os.path.exists(path)}  # noqa: PTH110 - see above
    return tuple(sorted(path for path in real if not any(path.startswith(f"{other}/") for other in real)))
