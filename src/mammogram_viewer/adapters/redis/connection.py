"""How BullMQ and our own few commands reach Redis."""

from __future__ import annotations

import socket
from typing import Any

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff
from redis.connection import parse_url

# First question after 10 s of silence, then every 5 s; gone after three without an answer.
_KEEPALIVE = {socket.TCP_KEEPIDLE: 10, socket.TCP_KEEPINTVL: 5, socket.TCP_KEEPCNT: 3}


def bullmq_connection(url: str) -> dict[str, Any]:
    """Connection options for BullMQ. Never a socket time-out: redis-py's own would break its blocking reads
    without any error (a delayed job then sleeps for ever). Keep-alive notices instead, within half a minute, that
    the other side is gone without a word."""
    options = {**_options(url), "socket_timeout": None, "socket_connect_timeout": 5}
    if "unix_socket_path" not in options:
        options |= {"socket_keepalive": True, "socket_keepalive_options": _KEEPALIVE}
    return options


def open_client(url: str, *, timeout_seconds: float = 2.0) -> redis.Redis:
    """A client for short commands that must never hang a request: no retries, short time-outs."""
    return redis.Redis(
        **_options(url),
        decode_responses=True,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        retry=Retry(ConstantBackoff(0), 0),
    )


def _options(url: str) -> dict[str, Any]:
    options = dict(parse_url(url))
    # parse_url answers a connection class for unix:// and rediss://; Redis() wants their plain options.
    connection_class = options.pop("connection_class", None)
    if "path" in options:
        options["unix_socket_path"] = options.pop("path")
    if connection_class is not None and "SSL" in connection_class.__name__:
        options["ssl"] = True
    return options
