"""How any process reaches Redis: the configured one, else the embedded one of the same DATA_DIR."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from mammogram_viewer.adapters import sockets
from mammogram_viewer.adapters.redis.embedded import SOCKET_NAME, socket_url
from mammogram_viewer.foundation.errors import Unavailable
from mammogram_viewer.foundation.settings import Settings


def redis_url(settings: Settings) -> str:
    """The URL to connect to; Unavailable when the embedded server does not run. No connection is made."""
    if settings.redis_url:
        return settings.redis_url
    if settings.redis_host:
        return f"redis://{settings.redis_host}:{settings.redis_port}/0"
    folder = sockets.socket_dir(settings.data_dir)
    if not sockets.answers(folder / SOCKET_NAME):
        raise Unavailable(
            f"The embedded Redis of {settings.data_dir} does not run; start `mammogram-viewer serve` first.",
            code="redis_unavailable",
        )
    return socket_url(folder)


def describe(url: str) -> str:
    """`host:port` or the socket's path, for messages: never the user, never the password."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return unquote(parts.path)
    return f"{parts.hostname or 'localhost'}:{parts.port or 6379}"
