"""A small tus client for tests: it speaks the headers plainly, so that a test can send wrong ones too."""

from __future__ import annotations

import base64
import hashlib
import socket
from typing import Any

import httpx

from product import Product

PATH = "/api/uploads/resumable"
VERSION = {"tus-resumable": "1.0.0"}
BODY = {**VERSION, "content-type": "application/offset+octet-stream"}


def metadata(**values: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())


def checksum(body: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, body).digest()).decode()}"


def create(client: httpx.Client, byte_count: int, *, query: str = "", **values: str) -> str:
    """The path of a new upload."""
    headers = {**VERSION, "upload-length": str(byte_count)}
    if values:
        headers["upload-metadata"] = metadata(**values)
    answer = client.post(PATH + query, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


def send(client: httpx.Client, path: str, offset: int, body: bytes, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.patch(path, content=body, headers={**BODY, "upload-offset": str(offset), **named})


def offset(client: httpx.Client, path: str) -> int:
    answer = client.head(path, headers=VERSION)
    assert answer.status_code == 200, answer.status_code
    return int(answer.headers["upload-offset"])


def outcome(client: httpx.Client, path: str) -> dict[str, Any]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def begin_sending(
    product: Product, path: str, start: int, announced: int, body: bytes, **headers: str
) -> socket.socket:
    """A PATCH whose body stays unfinished; the caller cuts the line."""
    cookie = "; ".join(f"{k}={v}" for k, v in product.client().cookies.items())
    sent = {
        "Host": f"127.0.0.1:{product.port}",
        "Cookie": cookie,
        **BODY,
        "Upload-Offset": str(start),
        "Content-Length": str(announced),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    head = "".join([f"PATCH {path} HTTP/1.1\r\n", *(f"{name}: {value}\r\n" for name, value in sent.items()), "\r\n"])
    connection = socket.create_connection(("127.0.0.1", product.port), timeout=30)
    connection.sendall(head.encode() + body)
    return connection
