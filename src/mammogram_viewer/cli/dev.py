"""`dev`: the same process tree as `serve`, plus Vite with hot reload; `api` and `worker` begin anew when a Python
file or a migration changes."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path
from typing import IO

from mammogram_viewer.adapters import children
from mammogram_viewer.cli.serve import serve
from mammogram_viewer.cli.supervisor import Supervisor
from mammogram_viewer.foundation.errors import StartupProblem
from mammogram_viewer.foundation.settings import Settings

_PACKAGE = Path(__file__).resolve().parents[1]
_FRONTEND = _PACKAGE.parents[1] / "frontend"
_VITE_PORT = 5173


class VitePart:
    """Vite's own server, which passes /api on to ours."""

    name = "vite"
    stop_signal = signal.SIGTERM

    def prepare(self) -> None:
        if not (_FRONTEND / "node_modules" / "vite").is_dir() or shutil.which("node") is None:
            raise StartupProblem("`dev` works in a checkout with the page's packages: run `make install` first.")

    def start(self, output: IO[bytes] | int) -> subprocess.Popen[bytes]:
        # Node itself, not npm: the death signal must reach the process that holds the port.
        command = ["node", "node_modules/vite/bin/vite.js", "--port", str(_VITE_PORT), "--strictPort"]
        return children.spawn(command, death_signal=self.stop_signal, cwd=_FRONTEND, output=output)

    def is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        return process.poll() is None


class _Watch:
    """Restarts the parts that run Python when a source file is newer than at the last look."""

    def __init__(self) -> None:
        self._newest = _newest_change()

    def __call__(self, supervisor: Supervisor) -> None:
        newest = _newest_change()
        if newest > self._newest:
            self._newest = newest
            print("A source file changed; starting api and worker again.", flush=True)
            for name in ("api", "worker"):
                supervisor.restart(name)


def dev(settings: Settings) -> None:
    """Run until Ctrl-C."""
    print(f"  Page with hot reload: http://localhost:{_VITE_PORT}", flush=True)
    serve(settings, further_parts=[VitePart()], on_tick=_Watch())


def _newest_change() -> float:
    files = (file for kind in ("*.py", "*.sql") for file in _PACKAGE.rglob(kind))
    return max(file.stat().st_mtime for file in files)
