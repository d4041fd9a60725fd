"""What asyncpg raises when PostgreSQL is not there: not yet, no longer, or gone between two messages."""

from __future__ import annotations

import asyncpg

AWAY = (
    OSError,  # no such socket, connection refused
    TimeoutError,
    asyncpg.PostgresConnectionError,  # class 08
    asyncpg.OperatorInterventionError,  # class 57: starting up, shutting down, crashed
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,  # the connection is closed
    asyncpg.InternalClientError,  # the server died between two of its messages
)
