"""The program's own parts (`api`, `worker`) as children of `serve`: the commands that production runs."""

from __future__ import annotations

import errno
import http.client
import os
import signal
import socket
import subprocess
import sys
from typing import IO

from mammogram_viewer.adapters import children
from mammogram_viewer.foundation.settings import Settings


class ProgramPart:
    """`python -m mammogram_viewer NAME` with this process's environment."""

    stop_signal = signal.SIGTERM

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self._settings = settings

    def prepare(self) -> None:
        """Nothing to make: the servers below it are there already."""

    def start(self, output: IO[bytes] | int) -> subprocess.Popen[bytes]:
        # -P: a file that happens to lie in the working folder must not shadow a module.
        return children.spawn(
            [sys.executable, "-P", "-m", "mammogram_viewer", self.name],
            death_signal=self.stop_signal,
            environ={**os.environ, "DATA_DIR": str(self._settings.data_dir)},
            output=output,
        )

    def is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        """The worker is ready as soon as it lives: it waits for its servers itself."""
        return process.poll() is None


class ApiPart(ProgramPart):
    """The API is ready once /health/live answers."""

    def __init__(self, settings: Settings) -> None:
        super().__init__("api", settings)

    def is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        if process.poll() is not None:
            return False
        connection = http.client.HTTPConnection(local_host(self._settings.host), self._settings.port, timeout=2)
        try:
            connection.request("GET", "/health/live")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def local_host(host: str) -> str:
    """The address at which this machine reaches a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - only looked up


def port_is_free(host: str, port: int) -> bool:
    """Whether the API could listen there now. OSError when the address itself is wrong."""
    family, kind, protocol, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as trouble:
            if trouble.errno == errno.EADDRINUSE:
                return False
            raise
    return True
