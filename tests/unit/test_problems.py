"""What an unexpected error is told as."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest

from mammogram_viewer.web.problems import unexpected_problem


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.DeadlockDetectedError("deadlock detected"),
        ConnectionRefusedError(111, "Connection refused"),
        RuntimeError("unable to perform operation on <UnixTransport closed=True>; the handler is closed"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_database_that_is_going_or_gone_is_503_and_can_be_tried_again(error: Exception) -> None:
    request: Any = SimpleNamespace(scope={"path": "/api/images"})
    answer = unexpected_problem(request, error)
    assert (answer.status_code, answer.content["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"]


def test_a_fault_of_ours_stays_a_500() -> None:
    request: Any = SimpleNamespace(scope={"path": "/api/images"})
    assert unexpected_problem(request, RuntimeError("something else")).status_code == 500
    assert unexpected_problem(request, KeyError("x")).status_code == 500
