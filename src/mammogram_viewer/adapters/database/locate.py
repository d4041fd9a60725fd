"""How any process reaches the database: the configured one, else the embedded one of the same DATA_DIR."""

from __future__ import annotations

from mammogram_viewer.adapters import sockets
from mammogram_viewer.adapters.database.embedded import PORT, socket_dsn
from mammogram_viewer.foundation.errors import Unavailable
from mammogram_viewer.foundation.settings import Settings


def database_dsn(settings: Settings) -> str:
    """The DSN to connect to; Unavailable when the embedded server does not run. No connection is made."""
    if settings.database_url:
        return settings.database_url
    folder = sockets.socket_dir(settings.data_dir)
    if not sockets.answers(folder / f".s.PGSQL.{PORT}"):
        raise Unavailable(
            f"The embedded PostgreSQL of {settings.data_dir} does not run; start `mammogram-viewer serve` first.",
            code="database_unavailable",
        )
    return socket_dsn(folder)
