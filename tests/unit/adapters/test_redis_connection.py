"""How BullMQ's connections notice that the other side is gone."""

from __future__ import annotations

import socket

from mammogram_viewer.adapters.redis.connection import bullmq_connection


def test_a_connection_over_the_network_is_kept_alive() -> None:
    options = bullmq_connection("redis://host:6379/0")
    assert options["socket_keepalive"] is True
    assert options["socket_keepalive_options"] == {
        socket.TCP_KEEPIDLE: 10,
        socket.TCP_KEEPINTVL: 5,
        socket.TCP_KEEPCNT: 3,
    }
    assert options["socket_timeout"] is None


def test_a_unix_socket_has_nothing_to_keep_alive() -> None:
    assert "socket_keepalive" not in bullmq_connection("unix:///run/redis.sock")
