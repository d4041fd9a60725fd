"""What the API process holds while many uploads arrive at once: resident memory before, at its peak, and the growth.

The process is fresh, so that whatever the first upload loads counts as growth too."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.sender import Mammogram, Upload
from benchmarks.stage import Credentials, Peer

UPLOADS = 20
TARGET_MB = 60.0
_SAMPLE_SECONDS = 0.005


def measure(api: Peer, credentials: Credentials, file: Mammogram) -> dict[str, Any]:
    """Twenty multipart uploads in flight together."""
    before_mb = resident_mb(api, "VmRSS")
    peak_is_the_kernels = forget_peak(api)
    uploads = [Upload.multipart(file.another(), credentials.authorization) for _ in range(UPLOADS)]
    watch = Watch(api)
    with watch, ThreadPoolExecutor(UPLOADS) as senders:
        started = time.perf_counter()
        list(senders.map(lambda upload: upload.send(api.port), uploads))
        seconds = time.perf_counter() - started
    peak_mb = max(watch.peak_mb, resident_mb(api, "VmHWM") if peak_is_the_kernels else 0.0)
    return {
        "uploads_at_once": UPLOADS,
        "before_mb": round(before_mb, 1),
        "peak_mb": round(peak_mb, 1),
        "after_mb": round(resident_mb(api, "VmRSS"), 1),
        "growth_mb": round(peak_mb - before_mb, 1),
        "seconds": round(seconds, 2),
        "target": {"growth_mb_below": TARGET_MB},
        "met": peak_mb - before_mb < TARGET_MB,
    }


class Watch(threading.Thread):
    """Samples the resident size; between the samples the kernel's own high-water mark tells."""

    def __init__(self, api: Peer) -> None:
        super().__init__(daemon=True)
        self._api = api
        self._over = threading.Event()
        self.peak_mb = 0.0

    def run(self) -> None:
        while not self._over.wait(_SAMPLE_SECONDS):
            self.peak_mb = max(self.peak_mb, resident_mb(self._api, "VmRSS"))

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()


def forget_peak(api: Peer) -> bool:
    """Start the kernel's high-water mark anew (proc(5), clear_refs); False where that is not allowed."""
    try:
        Path(f"/proc/{api.process.pid}/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def resident_mb(api: Peer, field: str) -> float:
    """A size of /proc/PID/status, in MB of 10^6 bytes."""
    for line in Path(f"/proc/{api.process.pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024 / 1e6
    raise SystemExit(f"/proc gives no {field}; this benchmark needs Linux.")
