"""How this process keeps memory and looks for garbage: for bodies in large pieces, and for short answers."""

from __future__ import annotations

import ctypes
import gc

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3
_KEPT_BYTES = 32 * 1024 * 1024
_OBJECTS_BETWEEN_COLLECTIONS = 10_000  # Python's own choice, 700, is reached within a few answers


def keep_freed_memory() -> None:
    """Let glibc keep what an upload has freed for its next piece (mallopt(3)). By default it gives each piece back to
    the kernel and asks for it again; the page faults cost a fifth of an upload's time."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # other C libraries have none
        mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_TOP_PAD, _KEPT_BYTES // 2)


def collect_garbage_rarely() -> None:
    """Call once all modules are imported and the application is made: what lives as long as the process is not looked
    through again, and the rest less often. Cycles are rare here (a refused request's traceback); looking for them cost
    a list two percent of its time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 20, 20)
