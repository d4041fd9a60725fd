"""A real S3 over HTTP (moto, a process of its own), and two things that stand in its way: a relay that cuts a
connection, and a server that always refuses."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import obstore
import pytest
from obstore.store import S3Store

from mammogram_viewer.adapters.storage.s3 import S3Storage
from mammogram_viewer.foundation.settings import MIB, Settings
from product import free_port

ACCESS_KEY = "AKIACANARYACCESSKEY"
SECRET = "canary-secret-of-the-bucket"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}
# Quick to give up, and with the smallest parts that S3 allows.
QUICK = Settings(s3_request_seconds=5, s3_connect_seconds=1, s3_retries=1, s3_retry_seconds=2, s3_part_bytes=5 * MIB)


@dataclass
class Bucket:
    """A bucket of the test's own, looked at past the product."""

    endpoint: str
    name: str
    store: S3Store = field(init=False)

    def __post_init__(self) -> None:
        self.store = S3Store(
            self.name,
            prefix="archive",
            endpoint=self.endpoint,
            client_options={"allow_http": True},
            access_key_id=ACCESS_KEY,
            secret_access_key=SECRET,
            region="us-east-1",
        )

    @property
    def url(self) -> str:
        return f"s3://{self.name}/archive"

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to use it."""
        return {**CREDENTIALS, "STORAGE_URL": self.url, "AWS_ENDPOINT_URL": self.endpoint}

    def objects(self, prefix: str = "") -> list[str]:
        return sorted(found["path"] for chunk in obstore.list(self.store, prefix or None) for found in chunk)

    def storage(self, settings: Settings = QUICK, endpoint: str = "") -> S3Storage:
        return S3Storage(self.url, settings, endpoint=endpoint or self.endpoint)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of moto's server; the standard variables name its credentials meanwhile."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    log: Path = tmp_path_factory.mktemp("moto") / "moto.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", "from moto.server import main; main()", "-H", "127.0.0.1", "-p", str(port)],
            stdout=output,
            stderr=output,
        )
    os.environ.update(CREDENTIALS)
    try:
        deadline = time.monotonic() + 60
        while not _answers(endpoint):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, "moto does not answer"
            time.sleep(0.1)
        yield endpoint
    finally:
        for name in CREDENTIALS:
            os.environ.pop(name, None)
        process.terminate()
        process.wait(10)


def _answers(endpoint: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{endpoint}/moto-api/", timeout=5).status_code < 500
    return False


@pytest.fixture
def bucket(s3_server: str) -> Bucket:
    """New and empty."""
    name = f"mammograms-{uuid.uuid4().hex[:12]}"
    assert httpx.put(f"{s3_server}/{name}", timeout=30).status_code == 200
    return Bucket(s3_server, name)


@dataclass
class Relay:
    """Passes bytes on to S3 and back, and counts them. `cut_after` ends every connection that has sent so much."""

    endpoint: str = ""
    cut_after: int | None = None
    sent: int = 0
    received: int = 0
    beginning: bytes = b""

    @contextlib.asynccontextmanager
    async def to(self, endpoint: str) -> AsyncIterator[Relay]:
        host, _, port = endpoint.removeprefix("http://").partition(":")
        connections: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            connections.add(task)
            upstream_reader, upstream_writer = await asyncio.open_connection(host, int(port))
            try:
                with contextlib.suppress(OSError, asyncio.CancelledError):
                    back = asyncio.create_task(self._pass_back(upstream_reader, writer))
                    while piece := await reader.read(65536):
                        self.sent += len(piece)
                        self.beginning += piece[: 4096 - len(self.beginning)]
                        if self.cut_after is not None and self.sent > self.cut_after:
                            break
                        upstream_writer.write(piece)
                        await upstream_writer.drain()
                    back.cancel()
            finally:
                upstream_writer.close()
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        self.endpoint = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for task in connections:
                task.cancel()

    async def _pass_back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(65536):
                self.received += len(piece)
                writer.write(piece)
                await writer.drain()


@contextlib.contextmanager
def refusing(status: int, code: str) -> Iterator[str]:
    """The address of a server that answers every request so, and quotes the access key as S3 does."""
    body = f"<Error><Code>{code}</Code><AWSAccessKeyId>{ACCESS_KEY}</AWSAccessKeyId></Error>".encode()

    class Refuse(BaseHTTPRequestHandler):
        def _refuse(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _refuse

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refuse)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
