"""The least server that keeps an upload: reads the body off the socket into a file, fsyncs it, answers.

No parsing, no digest, no permission, no database: what the kernel and one event loop cost, and nothing else.
Run as `python sink.py PORT FOLDER`; plain asyncio, one process."""

from __future__ import annotations

import asyncio
import os
import sys
import uuid
from pathlib import Path

_ANSWER = b"HTTP/1.1 202 Accepted\r\ncontent-type: text/plain\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"


class Sink(asyncio.Protocol):
    """One connection, one upload; bytes go to the file in the pieces in which the loop reads them."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / uuid.uuid4().hex
        self._head = bytearray()
        self._missing = -1
        self._descriptor = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._descriptor < 0:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            self._missing = _content_length(bytes(self._head[:end]))
            self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            data = bytes(self._head[end + 4 :])
        view = memoryview(data)
        self._missing -= len(view)
        while view:
            view = view[os.write(self._descriptor, view) :]
        if self._missing <= 0:
            os.fsync(self._descriptor)
            self._transport.write(_ANSWER)
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's signature
        """After the answer, so outside the measured time: the disk must not fill up."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._path.unlink()


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError("no Content-Length")


async def main(port: int, folder: Path) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Sink(folder), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
