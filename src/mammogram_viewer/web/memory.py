"""How this process keeps memory, chosen for bodies that arrive in pieces of a quarter of a megabyte."""

from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3
_KEPT_BYTES = 32 * 1024 * 1024


def keep_freed_memory() -> None:
    """Let glibc keep what an upload has freed for its next piece (mallopt(3)). By default it gives each piece back to
    the kernel and asks for it again; the page faults cost a fifth of an upload's time."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # other C libraries have none
        mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_TOP_PAD, _KEPT_BYTES // 2)
