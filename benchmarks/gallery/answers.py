"""How soon the API answers one client: a raw keep-alive socket, so that hardly anything but the answer is measured."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from types import TracebackType

from benchmarks.gallery.pages import Page
from benchmarks.stage import Peer

_SLOW_SECONDS = 0.2
_TIMEOUT_SECONDS = 120


class Client:
    """One connection, one person."""

    def __init__(self, api: Peer, cookie: str) -> None:
        self._port = api.port
        self._connect()
        self._rest = f" HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n"

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=_TIMEOUT_SECONDS)
        self._file = self._socket.makefile("rb")

    def _close(self) -> None:
        self._file.close()
        self._socket.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self._close()

    def get(self, path: str) -> tuple[int, bytes, float]:
        """Status, body, and milliseconds from the request to the last byte."""
        request = f"GET {path}{self._rest}".encode()
        started = time.perf_counter()
        self._socket.sendall(request)
        first_line = self._file.readline()
        if not first_line:  # closed while nothing was asked for some seconds
            self._close()
            self._connect()
            started = time.perf_counter()
            self._socket.sendall(request)
            first_line = self._file.readline()
        status = int(first_line.split()[1])
        length = 0
        while (line := self._file.readline()) != b"\r\n":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = self._file.read(length)
        return status, body, (time.perf_counter() - started) * 1000


def measure(client: Client, pages: Sequence[Page], rounds: int) -> dict[Page, list[float]]:
    """Milliseconds of each page's answers; all pages in turn, so that a slow second befalls them alike."""
    taken: dict[Page, list[float]] = {page: [] for page in pages}
    slow: set[Page] = set()
    for number in range(-1, rounds):
        for page in pages:
            if page in slow and number >= 3:
                continue
            status, body, milliseconds = client.get(page.path)
            if status != 200:
                raise SystemExit(f"{page.path} answered {status}: {body[:500]!r}; its time would say nothing.")
            if milliseconds > _SLOW_SECONDS * 1000:
                slow.add(page)
            if number >= 0:
                taken[page].append(milliseconds)
    return taken
